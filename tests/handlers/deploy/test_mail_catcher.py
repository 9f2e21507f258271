"""The mail catcher: on disk before 250, one letter per Message-ID, and nothing in a letter can do harm in the page."""

import asyncio
import os
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage
from multiprocessing.pool import ThreadPool

import httpx
import pytest

from deploy.mail_catcher import Letters, pages


def letter(message_id: str = "<hn-1042.a@hypernode.example>", html: str | None = None) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "support@hypernode.example", "Jannie de Vries <jannie@winkel.example>"
    message["Subject"] = "Uw vraag [HN-1042] <script>alert(1)</script>"
    message["Message-ID"] = message_id
    message.set_content("Beste Jannie,\n\nWe kijken ernaar. €\n")
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def get(letters: Letters, path: str) -> httpx.Response:
    async def ask():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(pages(letters)), base_url="http://catcher"
        ) as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_letter_that_comes_again_is_the_same_letter_counted_once_more(tmp_path):
    letters = Letters(tmp_path)
    with ThreadPool(4) as senders:
        keys = set(senders.map(lambda _: letters.keep(letter(), "a@b.example", ["c@d.example"]), range(4)))
    letters.keep(letter("<hn-1042.b@hypernode.example>"), "a@b.example", ["c@d.example"])
    assert len(keys) == 1
    assert sorted(found["count"] for found in Letters(tmp_path).newest(10)) == [1, 4]


def test_a_letter_is_shown_with_its_envelope_text_and_headers(tmp_path):
    letters = Letters(tmp_path)
    key = letters.keep(letter(), "bounce@hypernode.example", ["jannie@winkel.example"])
    (listed,) = get(letters, "/api/letters").json()
    assert listed["message_id"] == "<hn-1042.a@hypernode.example>"
    shown = get(letters, f"/api/letters/{key}").json()
    assert "We kijken ernaar. €" in shown["text"]
    assert ["Delivered-To", "jannie@winkel.example"] in shown["headers"]
    assert get(letters, "/api/letters/nothing").status_code == 404
    assert get(letters, "/api/letters/..%2Fcounts").status_code == 404


def test_html_of_a_letter_is_shown_only_in_a_sandbox(tmp_path):
    letters = Letters(tmp_path)
    key = letters.keep(letter(html='<p>Hi</p>"><script>alert(2)</script>'), "", ["c@d.example"])
    for path in ("/", f"/letters/{key}"):
        page = get(letters, path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<iframe sandbox" in get(letters, f"/letters/{key}").text


@pytest.fixture
def catcher(tmp_path):
    """A real catcher: its process and its SMTP port."""
    with socket.create_server(("127.0.0.1", 0)) as smtp, socket.create_server(("127.0.0.1", 0)) as web:
        ports = {
            "SCOPEDESK_CATCHER_SMTP_PORT": str(smtp.getsockname()[1]),
            "SCOPEDESK_CATCHER_WEB_PORT": str(web.getsockname()[1]),
        }
    environment = os.environ | ports | {"SCOPEDESK_DATA_DIR": str(tmp_path)}
    argv = [sys.executable, "-m", "deploy.mail_catcher"]
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert "mail catcher started" in process.stderr.readline()
        yield process, int(ports["SCOPEDESK_CATCHER_SMTP_PORT"])
        process.terminate()


def test_what_was_answered_with_250_is_there_after_a_kill(catcher, tmp_path):
    process, port = catcher
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("support@hypernode.example", ["jannie@winkel.example"], letter())
        process.kill()
        process.wait()
    (kept,) = Letters(tmp_path / "letters").newest(10)
    assert kept["to"] == "Jannie de Vries <jannie@winkel.example>"


def test_the_catcher_stops_when_it_is_told_to(catcher):
    process, _ = catcher
    process.terminate()
    assert process.wait(30) == 0
