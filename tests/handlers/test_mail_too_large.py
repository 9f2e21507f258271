"""A mail that is larger than we take: a person sees its headers, and its sender is told once if that harms nobody."""

from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from samples import TOKENS
from services.email_intake import settings as intake_settings
from services.email_intake import store
from services.email_intake.gateway import files
from services.email_intake.tasks import worker as intake
from services.notifications.settings import notification_settings
from services.notifications.tasks import worker as notifications
from shared.bus.worker import Outcome
from shared.events import EmailQuarantined, EmailTooLarge, LetterSent, LetterWritten

LIMIT = 1 << 20
US = "support@hypernode.example"
BODY = b"word " * 300_000
TRUSTED = "SCOPEDESK_EMAIL_INTAKE_TRUSTED_AUTHSERV_IDS"


class Post:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def post(monkeypatch, free_port):
    """The mail server that letters go to."""
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    monkeypatch.setenv("SCOPEDESK_NOTIFICATIONS_SMTP_PORT", str(controller.port))
    notification_settings.cache_clear()
    yield post
    controller.stop()
    notification_settings.cache_clear()


@pytest.fixture
def feed(database, tmp_path, monkeypatch, hear):
    """Feed a mail that is too large from a file, and let it be read."""
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_SIZE_LIMIT", str(LIMIT))
    intake_settings.settings.cache_clear()

    def feed(*headers, sender="Jan <jan@klant.example>", to=US, number=1):
        head = [f"From: {sender}", f"To: {to}", "Subject: Schermafdrukken", f"Message-ID: <{number}@klant.example>"]
        path = tmp_path / f"{number}.eml"
        path.write_bytes("\r\n".join([*head, *headers]).encode() + b"\r\n\r\n" + BODY)
        [item] = files.ingest([path])
        assert isinstance(item, files.Found)
        assert set(hear(intake, "read_email")) == {Outcome.DONE}

    yield feed
    intake_settings.settings.cache_clear()


def test_it_waits_for_a_person_with_its_headers_and_the_reason(feed, said, session):
    feed()
    [event] = said(EmailQuarantined)
    [head] = session.scalars(text("select bytes from email_intake.raw"))
    assert head.endswith(b"Message-ID: <1@klant.example>\r\n\r\n")
    size = len(head) + len(BODY)
    assert event.reason.startswith(f"too large: {size} bytes, and the limit is {LIMIT}; only its headers were taken")
    assert event.reason.endswith("1.eml")
    assert (event.sender.email, event.subject) == ("jan@klant.example", "Schermafdrukken")
    assert store.counts(session)["quarantined"] == 1


def test_its_sender_is_told_once_by_a_letter_that_no_machine_answers(feed, hear, said, post, session):
    feed()
    feed()  # the same mail again
    assert hear(notifications, "write_size_notice") == [Outcome.DONE]
    assert hear(notifications, "post_letter") == [Outcome.DONE]
    [envelope] = post.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("<>", ["jan@klant.example"])
    letter = message_from_bytes(envelope.content, policy=default)
    assert letter["Subject"] == "Re: Schermafdrukken"
    assert (letter["In-Reply-To"], letter["Auto-Submitted"]) == ("<1@klant.example>", "auto-replied")
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert TOKENS.letter_of(letter["Message-ID"])
    words = letter.get_content()
    assert "1.4 MB, and the limit is 1 MB" in " ".join(words.split())
    assert "1.4 MB, en de grens is 1 MB" in " ".join(words.split())
    assert said(LetterSent) == []  # it belongs to no ticket
    assert session.scalar(text("select state from notifications.letter")) == "sent"


def test_the_letter_comes_back_to_nobody(feed, hear, said, post):
    feed()
    hear(notifications, "write_size_notice")
    hear(notifications, "post_letter")
    store.store_email(post.taken[0].content, US, envelope_from="", source="test")
    hear(intake, "read_email")
    assert len(said(EmailTooLarge)) == 1


@pytest.mark.parametrize(
    ("headers", "changes"),
    [
        (["Auto-Submitted: auto-replied"], {}),
        (["List-Unsubscribe: <mailto:x@y.example>"], {}),
        (["Precedence: junk"], {}),
        (["X-Auto-Response-Suppress: All"], {}),
        (["X-Spam-Flag: YES"], {}),
        ([], {"sender": "noreply@klant.example"}),
        ([], {"sender": "MAILER-DAEMON@klant.example"}),
        ([], {"sender": US}),
        ([], {"to": "nobody@elsewhere.example"}),
    ],
)
def test_whom_no_automatic_letter_may_reach_is_not_told(feed, said, headers, changes):
    feed(*headers, **changes)
    assert len(said(EmailQuarantined)) + len(said(EmailTooLarge)) == 1


@pytest.mark.parametrize(
    ("result", "told"), [("dmarc=pass header.from=klant.example", 1), ("dmarc=fail", 0), (None, 0)]
)
def test_where_a_mail_server_vouches_for_senders_only_those_are_told(feed, said, monkeypatch, result, told):
    monkeypatch.setenv(TRUSTED, '["mx.hypernode.example"]')
    intake_settings.settings.cache_clear()
    feed(*[f"Authentication-Results: mx.hypernode.example; {result}"] if result else [])
    assert len(said(EmailTooLarge)) == told


def test_a_flood_of_them_is_told_within_the_limits_of_an_acknowledgement(feed, hear, said, session):
    for number in range(5):
        feed(number=number)
    hear(notifications, "write_size_notice")
    assert len(said(LetterWritten)) == 3
    states = session.execute(text("select state, reason, count(*) from notifications.letter group by 1, 2 order by 1"))
    assert [tuple(row) for row in states] == [("suppressed", "burst-limit", 2), ("written", None, 3)]


def test_what_a_mail_server_pipes_in_is_refused_so_that_it_tells_the_sender(feed, said, monkeypatch, capsys):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Subject: x\r\n\r\n" + BODY)))
    [item] = files.ingest([files.STDIN], sender="jan@klant.example")
    assert isinstance(item, files.Problem)
    assert item.final
