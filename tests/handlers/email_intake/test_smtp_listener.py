"""The SMTP listener with a real client and a real database."""

import asyncio
import signal
import smtplib
import socket
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from samples import TOKENS
from services.email_intake import store
from services.email_intake.gateway import smtp
from services.email_intake.settings import EmailIntakeSettings
from shared.errors import Misconfigured

MAIL = b"From: jan@klant.example\r\nTo: support@hypernode.example\r\nSubject: x\r\n\r\nhelp\r\n"
TO = "support@hypernode.example"
HN_7, HN_1042 = (TOKENS.reply_address(TO, ticket) for ticket in ("HN-7", "HN-1042"))


def with_listener(talk, **changes):
    """Run `talk(client)` in a thread against a listener on a free port; gives what it gives."""

    async def run():
        wanted = EmailIntakeSettings(smtp_port=0, **changes)
        intake = smtp.Intake(wanted)
        server = await smtp.listen(wanted, intake)
        port = server.sockets[0].getsockname()[1]

        def converse():
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
                return talk(client)

        try:
            return await asyncio.to_thread(converse)
        finally:
            server.close()
            await intake.finish()

    return asyncio.run(run())


def test_a_mail_is_stored_byte_for_byte_before_it_is_acknowledged(session):
    odd = MAIL + b"\0\xff caf\xe9 " + b"long " * 5_000 + b"\r\n..dots\r\n"

    def talk(client):
        client.sendmail("jan@klant.example", [HN_1042], odd)
        return store.counts(session)["received"]

    assert with_listener(talk) == 1
    [arrival] = session.execute(text("select recipient, envelope_from, source from email_intake.arrival")).all()
    assert arrival == (HN_1042, "jan@klant.example", "smtp")
    assert session.scalar(text("select bytes from email_intake.raw")) == odd


def test_the_null_return_path_is_kept_as_such(session):
    with_listener(lambda client: client.sendmail("", [TO], MAIL))
    assert session.scalar(text("select envelope_from from email_intake.arrival")) == ""


def test_each_mailbox_gets_one_arrival(session):
    to = [TO, HN_7, "support@luxcloud.example"]
    with_listener(lambda client: client.sendmail("a@b.example", to, MAIL))
    found = session.scalars(text("select recipient from email_intake.arrival order by recipient")).all()
    assert found == [HN_7, "support@luxcloud.example"]


def test_an_unknown_mailbox_is_refused_before_the_mail_is_sent(session):
    def talk(client):
        client.ehlo()
        client.mail("a@b.example")
        return client.rcpt("nobody@hypernode.example")[0], client.rcpt(TO)[0]

    assert with_listener(talk) == (550, 250)
    assert store.counts(session)["received"] == 0


def test_a_mail_that_is_too_large_is_refused_for_good(session):
    def talk(client):
        client.ehlo()
        announced = client.mail("a@b.example", [f"SIZE={1 << 21}"])[0]
        client.mail("a@b.example")
        client.rcpt(TO)
        return announced, client.data(MAIL + b"word word word\r\n" * (1 << 17))[0]

    assert with_listener(talk, size_limit=1 << 20) == (552, 552)
    assert store.counts(session)["received"] == 0


@pytest.mark.parametrize("error", [OperationalError("insert", {}, Exception("gone")), RuntimeError("a bug")])
def test_whenever_storing_is_not_certain_the_sender_is_asked_to_try_again(session, monkeypatch, error):
    def break_down(*_):
        raise error

    monkeypatch.setattr(store, "Transaction", type("Broken", (), {"begin": break_down}))

    def talk(client):
        client.ehlo()
        client.mail("a@b.example")
        client.rcpt(TO)
        return client.data(MAIL)[0]

    assert with_listener(talk) == 451
    assert store.counts(session)["received"] == 0


def test_too_many_recipients_are_put_off():
    def talk(client):
        client.ehlo()
        client.mail("a@b.example")
        return [client.rcpt(TO)[0] for _ in range(3)]

    assert with_listener(talk, smtp_max_recipients=2) == [250, 250, 452]


def test_a_taken_port_is_named_with_the_setting_that_changes_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = EmailIntakeSettings(smtp_port=port)
        with pytest.raises(Misconfigured, match=rf"port {port}: another program has it.*EMAIL_INTAKE_SMTP_PORT"):
            asyncio.run(smtp.serve(wanted))


def test_the_process_stops_cleanly_when_it_is_told_to(servers, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_SMTP_PORT", "0")
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_LMTP_PORT", "0")
    command = [sys.executable, "-m", "services.email_intake.gateway.smtp"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert "listening" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "Traceback" not in process.stderr.read()
