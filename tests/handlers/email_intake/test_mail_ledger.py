"""The ledger of what was taken from mail servers, on a real database; no mail server is asked."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services.email_intake import store
from services.email_intake.store import ledger
from services.email_intake.store.ledger import Place
from services.email_intake.tasks import worker
from shared.errors import Transient
from shared.events import EmailQuarantined, EmailStored

BOX = "support@hypernode.example"
MAIL = b"From: jan@klant.example\r\nTo: support@hypernode.example\r\nSubject: x\r\n\r\nhelp\r\n"


def take(uid, raw=MAIL, *, account=BOX, folder="INBOX", epoch=1, too_large=None):
    return ledger.store_fetched(
        Place(account, folder, epoch, uid), raw, BOX, received_at=None, too_large=too_large, limit=1000
    )


def test_what_was_taken_is_known_by_its_place(database):
    take(1)
    take(2, MAIL + b"more")
    assert ledger.taken(BOX, "INBOX", 1, [1, 2, 3], limit=1000) == {1: False, 2: False}
    ledger.settle(BOX, "INBOX", 1, [2])
    assert ledger.taken(BOX, "INBOX", 1, [1, 2, 3], limit=1000) == {1: False, 2: True}
    for other in ((BOX, "INBOX", 2), (BOX, "Other", 1), ("other", "INBOX", 1)):
        assert ledger.taken(*other, [1, 2, 3], limit=1000) == {}


def test_the_same_bytes_are_one_arrival_wherever_the_server_puts_them(said):
    first = take(1)
    assert {take(1), take(7), take(1, epoch=2), take(3, folder="Other")} == {first}
    assert len(said(EmailStored)) == 1


def test_the_same_bytes_in_another_mailbox_are_another_arrival(said):
    assert take(1) != take(1, account="support@luxcloud.example")
    assert len(said(EmailStored)) == 2


def test_two_readers_of_one_mailbox_store_an_email_once(said):
    readers = [threading.Thread(target=take, args=(uid,)) for uid in (1, 2, 1, 2, 1, 2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(said(EmailStored)) == 1


def test_an_email_is_never_received_in_the_future(session):
    ledger.store_fetched(
        Place(BOX, "INBOX", 1, 1), MAIL, BOX, received_at=datetime(2999, 1, 1, tzinfo=UTC), too_large=None, limit=1000
    )
    assert session.scalar(text("select received_at <= now() from email_intake.arrival"))


def test_one_that_was_too_large_is_settled_and_known_until_the_limit_allows_it(session, hear, said):
    arrival = take(1, too_large=5000)
    assert ledger.taken(BOX, "INBOX", 1, [1], limit=1000) == {1: True}
    assert ledger.taken(BOX, "INBOX", 1, [1], limit=6000) == {}
    hear(worker, "read_email")
    [event] = said(EmailQuarantined)
    assert event.arrival_id == arrival
    assert event.reason.startswith("too large: 5000 bytes, and the limit is 1000")
    assert store.counts(session)["quarantined"] == 1


def test_failing_to_commit_leaves_nothing_behind(session, monkeypatch):
    def away(*_):
        raise OperationalError("insert", {}, Exception("gone"))

    monkeypatch.setattr(ledger, "keep", away)
    with pytest.raises(Transient):
        take(1)
    assert session.scalar(text("select count(*) from email_intake.fetched")) == 0
    assert ledger.taken(BOX, "INBOX", 1, [1], limit=1000) == {}


def test_a_mailbox_that_was_cut_off_keeps_the_time_of_its_last_look(session):
    ledger.note_watch(BOX, "INBOX", problem=None, waits_by="IDLE", stuck=0)
    ledger.note_watch(BOX, "INBOX", problem="nothing listens", waits_by=None, stuck=2)
    [watch] = ledger.watches(session)
    assert watch.looked_at
    assert (watch.problem, watch.waits_by, watch.stuck) == ("nothing listens", None, 2)
    session.rollback()
    ledger.forget_other_watches([("other", "INBOX")])
    assert ledger.watches(session) == []
