"""email_intake on a real database: every e-mail ends as exactly one of read, suppressed or quarantined."""

import pytest
from sqlalchemy import text

from samples import TOKENS
from services.email_intake import settings as room_settings
from services.email_intake import store
from services.email_intake.tasks import worker
from shared.bus.worker import Outcome
from shared.errors import Misconfigured
from shared.events import EmailQuarantined, EmailReceived, EmailStored, EmailSuppressed

MAIL = (
    b"Message-ID: <1@klant.example>\r\nFrom: Jan de Vries <Jan@klant.example>\r\nTo: support@hypernode.example\r\n"
    b"Subject: site stuk\r\nReferences: <0@klant.example>\r\n\r\n"
    b"Hij doet niets meer.\r\n\r\nOp 23-11-2026 om 10:12 schreef S:\r\n> oud\r\n"
)


def arrive(raw=MAIL, mailbox="", **options):
    return store.store_email(raw, mailbox, source="test", **options)


def test_a_mail_from_a_person_is_said_with_all_that_a_ticket_needs(session, hear, said):
    arrival = arrive()
    assert hear(worker, "read_email") == [Outcome.DONE]
    [event] = said(EmailReceived)
    assert event.arrival_id == arrival
    assert (event.provider, event.mailbox) == ("hypernode", "support@hypernode.example")
    assert (event.sender.name, event.sender.email) == ("Jan de Vries", "jan@klant.example")
    assert (event.subject, event.text) == ("site stuk", "Hij doet niets meer.")
    assert "> oud" in event.full_text
    assert (event.message_id, event.references) == ("<1@klant.example>", ("<0@klant.example>",))
    assert event.may_acknowledge
    assert not event.sender_verified
    assert event.received_at == session.get(store.Arrival, arrival).received_at
    assert store.counts(session) == {"received": 1, "read": 1, "suppressed": 0, "quarantined": 0, "waiting": 0}


def test_where_a_mail_came_from_is_said_with_its_arrival(said):
    arrive()
    assert [event.source for event in said(EmailStored)] == ["test"]


def test_the_envelope_names_the_mailbox_and_the_ticket(hear, said):
    to = TOKENS.reply_address("support@kenotronix.example", "KX-1042")
    arrive(mailbox=to, envelope_from="jan@klant.example")
    hear(worker, "read_email")
    [event] = said(EmailReceived)
    assert (event.provider, event.mailbox) == ("kenotronix", "support@kenotronix.example")
    assert event.reply_token == "KX-1042"


def test_a_mail_that_comes_twice_is_kept_twice_and_read_once(session, hear, said):
    first = arrive()
    arrive(b"Received: from another.example\r\n" + MAIL)
    arrive()
    hear(worker, "read_email")
    assert len(said(EmailReceived)) == 1
    assert [event.reason for event in said(EmailSuppressed)] == [f"duplicate of arrival {first}"] * 2
    assert store.counts(session) == {"received": 3, "read": 1, "suppressed": 2, "quarantined": 0, "waiting": 0}
    assert session.scalar(text("select count(*) from email_intake.raw")) == 2


def test_one_mail_to_two_mailboxes_is_read_in_both(hear, said):
    arrive(mailbox="support@hypernode.example")
    arrive(mailbox="support@luxcloud.example")
    hear(worker, "read_email")
    assert [event.provider for event in said(EmailReceived)] == ["hypernode", "luxcloud"]


def test_the_same_message_id_with_another_text_is_another_mail(hear, said):
    arrive()
    arrive(MAIL.replace(b"Hij doet", b"En nu doet hij"))
    hear(worker, "read_email")
    assert len(said(EmailReceived)) == 2


def test_what_is_no_mail_is_stored_and_waits_for_a_person(session, hear, said):
    arrival = arrive(b"\x89PNG\0\0 nothing to read \xff")
    arrive(b"")
    hear(worker, "read_email")
    assert [event.reason for event in said(EmailQuarantined)] == ["not an e-mail: it holds binary data", "it is empty"]
    assert store.arrival_to_read(session, arrival)[1].startswith(b"\x89PNG")


def test_an_automatic_mail_is_suppressed_with_its_reason(hear, said):
    arrive(MAIL, envelope_from="")
    hear(worker, "read_email")
    [event] = said(EmailSuppressed)
    assert event.reason == "auto: a null return path (rule 8)"


def test_a_mail_with_what_a_database_cannot_hold_is_read_all_the_same(hear, said):
    arrive(MAIL.replace(b"Hij doet", b"a\0b \xed\xa0\x80 \xff"), envelope_from="a\0b@c.example")
    assert hear(worker, "read_email") == [Outcome.DONE]
    assert said(EmailReceived)[0].text.startswith("ab ")


def test_a_wrong_setting_is_said_in_one_line(monkeypatch):
    for value in ("no json", '{"support": "hypernode"}', "{}"):
        room_settings.settings.cache_clear()
        monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_MAILBOXES", value)
        with pytest.raises(Misconfigured, match="mailboxes"):
            room_settings.settings()
    room_settings.settings.cache_clear()
