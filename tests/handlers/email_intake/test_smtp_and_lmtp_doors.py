"""Who may hand over mail, how many at a time, with TLS, and by LMTP with an answer for each recipient."""

import asyncio
import smtplib
import ssl
import subprocess

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services.email_intake import store
from services.email_intake.gateway import smtp
from services.email_intake.gateway.protocols import Gate, LmtpProtocol, Protocol
from services.email_intake.settings import EmailIntakeSettings
from shared.errors import Misconfigured

MAIL = b"From: jan@klant.example\r\nTo: support@hypernode.example\r\nSubject: x\r\n\r\nhelp\r\n"
HYPERNODE, LUXCLOUD = "support@hypernode.example", "support@luxcloud.example"


def with_port(talk, session=Protocol, **changes):
    """Run `talk(port)` in a thread against a listener; gives what it gives."""

    async def run():
        wanted = EmailIntakeSettings(smtp_port=0, lmtp_port=0, **changes)
        intake = smtp.Intake(wanted)
        server = await smtp.listen(wanted, intake, session)
        try:
            return await asyncio.to_thread(talk, server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await intake.finish()

    return asyncio.run(run())


def by_lmtp(*recipients, raw=MAIL, **changes):
    """The answers to a mail, one for each recipient that was taken."""

    def talk(port):
        with smtplib.LMTP("127.0.0.1", port, timeout=20) as client:
            client.ehlo()
            client.mail("jan@klant.example")
            taken = [client.rcpt(recipient)[0] for recipient in recipients]
            client.putcmd("data")
            client.getreply()
            client.send(raw + b".\r\n")
            answers = [client.getreply()[0] for code in taken if code == 250]
            assert client.noop()[0] == 250  # and no answer too many
            return taken, answers

    return with_port(talk, LmtpProtocol, **changes)


def test_lmtp_answers_for_each_recipient(session):
    tagged = "support+later@hypernode.example"
    taken, answers = by_lmtp(HYPERNODE, "nobody@hypernode.example", LUXCLOUD, tagged)
    assert (taken, answers) == ([250, 550, 250, 250], [250, 250, 250])
    found = session.scalars(text("select recipient from email_intake.arrival order by recipient")).all()
    assert found == [HYPERNODE, LUXCLOUD]


def test_lmtp_tells_which_recipient_must_be_tried_again(session, monkeypatch):
    keep = store.store_email

    def fails_for_luxcloud(raw, mailbox, **options):
        if mailbox == LUXCLOUD:
            raise OperationalError("insert", {}, Exception("gone"))
        return keep(raw, mailbox, **options)

    monkeypatch.setattr(store, "store_email", fails_for_luxcloud)
    assert by_lmtp(LUXCLOUD, HYPERNODE)[1] == [451, 250]
    assert store.counts(session)["received"] == 1


def test_lmtp_refuses_what_is_too_large_for_each_recipient(session):
    large = MAIL + b"word word word\r\n" * (1 << 17)
    assert by_lmtp(HYPERNODE, LUXCLOUD, raw=large, size_limit=1 << 20)[1] == [552, 552]
    assert store.counts(session)["received"] == 0


def test_lmtp_does_not_speak_smtp():
    def talk(port):
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            return client.ehlo()[0], client.helo()[0]

    assert with_port(talk, LmtpProtocol) == (500, 500)


def test_the_size_limit_is_announced_and_no_login_is_offered():
    def talk(port):
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.ehlo()
            return client.esmtp_features

    features = with_port(talk, size_limit=2 << 20)
    assert features["size"] == str(2 << 20)
    assert "auth" not in features
    assert "starttls" not in features


@pytest.fixture
def certificate(tmp_path):
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-days", "2", *names, *files], check=True, capture_output=True)
    return {"smtp_certificate": tmp_path / "cert.pem", "smtp_certificate_key": tmp_path / "key.pem"}


def test_with_a_certificate_mail_comes_over_tls(session, certificate):
    trusting = ssl.create_default_context(cafile=certificate["smtp_certificate"])

    def talk(port):
        with smtplib.SMTP("localhost", port, timeout=20) as client:
            client.starttls(context=trusting)
            client.ehlo()
            assert "auth" not in client.esmtp_features
            client.sendmail("jan@klant.example", [HYPERNODE], MAIL)
        with smtplib.SMTP("localhost", port, timeout=20) as client:  # the place of the first is free again
            return client.noop()[0]

    assert with_port(talk, smtp_max_connections=1, **certificate) == 250
    assert store.counts(session)["received"] == 1


def test_a_certificate_that_cannot_be_used_is_named_with_its_setting(tmp_path):
    with pytest.raises(Misconfigured, match="EMAIL_INTAKE_SMTP_CERTIFICATE"):
        with_port(lambda port: None, smtp_certificate=tmp_path / "gone.pem")


def greeting(port):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            return client.noop()[0]
    except smtplib.SMTPConnectError as refused:
        return refused.smtp_code


def test_only_relays_on_the_list_may_hand_over_mail():
    assert with_port(greeting, smtp_relays=("10.0.0.0/8",)) == 554
    assert with_port(greeting, smtp_relays=("10.0.0.0/8", "127.0.0.1")) == 250
    assert with_port(greeting) == 250


def test_a_relay_is_known_in_every_spelling_of_its_address():
    gate = Gate(EmailIntakeSettings(smtp_relays=("192.0.2.0/24", "fe80::/10")))
    asked = ("192.0.2.7", "::ffff:192.0.2.7", "fe80::1%eth0", "192.0.3.7", "2001:db8::1")
    assert [gate.refusal(host) is None for host in asked] == [True, True, True, False, False]


def test_more_connections_than_allowed_are_put_off_until_one_ends():
    def talk(port):
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as first:
            first.ehlo()
            put_off = greeting(port)
        while (later := greeting(port)) == 421:  # the server may see the end a moment later
            pass
        return put_off, later

    assert with_port(talk, smtp_max_connections=1) == (421, 250)
