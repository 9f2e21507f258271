"""What came with a mail, from its bytes to whoever saves it: listed, fetched, and held until a person has looked."""

from base64 import b64encode
from html import unescape

import pytest
from typer.testing import CliRunner

from deploy.cli import tickets as command
from samples import ticket
from services.desk.rules.attachments import disposition
from services.desk.tasks import worker as desk
from services.email_intake.store import store_email
from services.email_intake.tasks import worker as intake
from services.tickets.tasks import worker as tickets
from shared.bus import Transaction
from shared.errors import Permanent
from shared.events import AttachmentReleased, TicketOpened
from shared.vocabulary import AttachedFile
from web_client import TOKEN, WRITE

LIST = "/api/tickets/HN-1001/attachments"
PDF, PROGRAM = b"%PDF-1.7 an offer", b"MZ\x90 a program"


def part(name, data):
    head = f'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="{name}"\r\n'
    return f"--B\r\n{head}Content-Transfer-Encoding: base64\r\n\r\n{b64encode(data).decode()}\r\n"


@pytest.fixture
def filed(hear):
    """A ticket from a mail with a PDF and a program; gives the two files as the API lists them."""

    def file(*more, web):
        raw = (
            "From: anna@winkel.example\r\nTo: support@hypernode.example\r\nSubject: Offerte\r\n"
            "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nzie bijlage\r\n"
            f"{part('offerte mét prijs.pdf', PDF)}{part('../../etc/invoice.pdf.exe', PROGRAM)}{''.join(more)}--B--\r\n"
        )
        store_email(raw.encode(), source="test")
        for worker, handler in ((intake, "read_email"), (tickets, "file_email"), (desk, "show_ticket")):
            hear(worker, handler)
        return web.get(LIST).json()

    return file


def test_files_are_listed_with_clean_names_types_sizes_and_why_they_are_held(filed, web):
    offer, program = filed(web=web)
    assert (offer["name"], offer["content_type"], offer["size"], offer["held"]) == (
        "offerte mét prijs.pdf",
        "application/pdf",
        len(PDF),
        None,
    )
    assert program["name"] == "invoice.pdf.exe"
    assert "can run" in program["held"]
    page = unescape(web.get("/tickets/HN-1001").text)
    assert f'href="{LIST}/{offer["id"]}"' in page
    assert f'href="{LIST}/{program["id"]}"' not in page
    assert program["held"] in page
    assert "⚠ an attachment is held" in page


def test_a_file_is_saved_and_never_shown(filed, web):
    offer, _ = filed(web=web)
    answer = web.get(f"{LIST}/{offer['id']}")
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"offerte m_t prijs.pdf\"; filename*=UTF-8''offerte%20m%C3%A9t%20prijs.pdf"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("name", ['a".html', "a\\", "a%22b", "naïve; filename=x.exe", "文件.txt"])
def test_no_name_of_a_file_gets_out_of_its_header(name):
    header = disposition(name)
    assert header.isascii()
    assert header.count('"') == 2
    assert header.startswith('attachment; filename="')


def test_a_held_file_is_given_out_only_after_a_person_released_it(filed, web, said):
    _, program = filed(web=web)
    one = f"{LIST}/{program['id']}"
    refused = web.get(one)
    assert (refused.status_code, "held" in refused.json()["title"]) == (403, True)
    release = {"agent": "Kim", "reason": "our own tool"}
    assert web.post(f"{one}/release", json=release).status_code == 401
    assert web.post(f"{one}/release", json=release, headers=WRITE).status_code == 202
    assert web.get(one).content == PROGRAM
    assert web.post(f"{one}/release", json=release, headers=WRITE).status_code == 409
    [event] = said(AttachmentReleased)
    assert (event.ticket_id, event.agent, event.reason, event.name) == (
        "HN-1001", "Kim", "our own tool", "invoice.pdf.exe",
    )  # fmt: skip
    page = unescape(web.get("/tickets/HN-1001").text)
    assert "Kim released the attachment invoice.pdf.exe: our own tool." in page
    assert "released by Kim" in page


def test_a_file_is_released_by_the_form_on_the_page_with_the_desks_token(filed, web, said):
    _, program = filed(web=web)
    form = f"/tickets/HN-1001/attachments/{program['id']}/release"
    filled = {"agent": "Kim", "reason": "looked at it", "token": "wrong"}
    assert web.post(form, data=filled).status_code == 401
    assert web.post(form, data={**filled, "token": TOKEN, "reason": " "}).status_code == 422
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert web.post(form, data={**filled, "token": TOKEN}, headers=foreign).status_code == 403
    assert said(AttachmentReleased) == []
    assert web.post(form, data={**filled, "token": TOKEN}).status_code == 303
    assert web.get(f"{LIST}/{program['id']}").status_code == 200


def test_what_is_not_held_not_there_or_too_large_is_told(filed, web):
    offer, _ = filed(web=web)
    release = {"agent": "Kim", "reason": "why not"}
    assert web.post(f"{LIST}/{offer['id']}/release", json=release, headers=WRITE).status_code == 409
    assert web.get(f"{LIST}/none").status_code == 404
    assert web.get("/api/tickets/HN-9/attachments").status_code == 404
    large = AttachedFile(name="dump.sql", content_type="text/plain", size=31 << 20)
    event = TicketOpened(ticket_id="HN-7", arrival_id=offer["arrival_id"], ticket=ticket("HN-7"), text="x",
                         attachments=(large,))  # fmt: skip
    with Transaction.begin("tickets") as tx:
        tx.say(event)


def test_the_command_lists_saves_and_releases(filed, web, tmp_path):
    offer, program = filed(web=web)
    run = CliRunner().invoke
    listed = run(command.app, ["attachments", "list", "hn-1001"])
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [offer["id"], program["id"]]
    save = ["attachments", "save", "HN-1001", offer["id"], "--to", str(tmp_path)]
    assert run(command.app, save).exit_code == 0
    assert (tmp_path / "offerte mét prijs.pdf").read_bytes() == PDF
    assert isinstance(run(command.app, save).exception, Permanent)  # it overwrites nothing
    held = ["attachments", "save", "HN-1001", program["id"], "--to", str(tmp_path)]
    assert "held" in str(run(command.app, held).exception)
    release = ["attachments", "release", "HN-1001", program["id"], "--agent", "Kim", "--reason", "our own tool"]
    assert run(command.app, release).exit_code == 0
    assert run(command.app, held).exit_code == 0
    assert (tmp_path / "invoice.pdf.exe").read_bytes() == PROGRAM
