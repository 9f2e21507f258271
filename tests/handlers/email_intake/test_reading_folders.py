"""One folder of a real mail server: each e-mail is one arrival, whatever the server, the network or people do."""

import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient
from sqlalchemy import text

from dovecot import PASSWORD, USER, token
from services.email_intake import store
from services.email_intake.gateway.account import Account
from services.email_intake.gateway.connection import check, connect
from services.email_intake.gateway.folder import FLAG, Folder
from services.email_intake.rules.fetching import Troubles
from services.email_intake.store import ledger
from services.email_intake.tasks import worker
from shared.errors import Misconfigured, Transient
from shared.events import EmailQuarantined, EmailReceived

BOX = "support@hypernode.example"
LIMIT = 3 << 20


def mail(subject, body="help"):
    text = f"From: jan@klant.example\r\nTo: {BOX}\r\nMessage-ID: <{subject}@klant.example>\r\nSubject: {subject}\r\n"
    return f"{text}\r\n{body}\r\n".encode()


def account_at(server, **changes):
    described = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": USER, "password": PASSWORD}
    wanted = {name: value for name, value in (described | changes).items() if value is not None}
    return Account(**wanted).named(BOX, BOX)


@contextmanager
def opened(server, troubles=None, limit=LIMIT, **changes):
    """A folder on a connection of its own."""
    account = account_at(server, **changes)
    client = connect(account)
    try:
        yield Folder(
            client,
            account,
            "INBOX",
            limit=limit,
            troubles=troubles if troubles is not None else Troubles(),
            stop=threading.Event(),
        )
    finally:
        client.shutdown()


@contextmanager
def beside(server):
    """Somebody else who has the same mailbox open."""
    client = connect(account_at(server))
    client.select_folder("INBOX")
    try:
        yield client
    finally:
        client.shutdown()


def arrivals(session):
    session.rollback()
    return session.scalars(
        text("select convert_from(bytes, 'utf8') from email_intake.arrival join email_intake.raw using (content_hash)")
    ).all()


def subjects(session):
    return sorted(raw.split("Subject: ")[1].split("\r\n")[0] for raw in arrivals(session))


def test_an_email_is_stored_with_its_route_and_then_moved(session, dovecot):
    dovecot.deliver(mail("one"))
    with opened(dovecot) as folder:
        assert [folder.look(), folder.look()] == [1, 0]
    [arrival] = session.execute(text("select recipient, source, received_at from email_intake.arrival")).all()
    assert arrival.recipient == BOX
    assert arrival.source == f"IMAP {BOX}, INBOX, UID 1"
    assert (dovecot.holds(), dovecot.holds("Processed")) == (0, 1)


def test_an_email_that_somebody_has_read_already_is_taken_and_nobodys_flags_are_touched(session, dovecot):
    dovecot.deliver(mail("read"))
    dovecot.deliver(mail("to be deleted"))
    with beside(dovecot) as colleague, opened(dovecot, then="leave") as folder:
        colleague.noop()
        colleague.add_flags([1], [b"\\Seen"])
        colleague.add_flags([2], [b"\\Deleted"])
        assert [folder.look(), folder.look()] == [2, 0]
        assert {uid: set(flags) - {b"\\Recent"} for uid, flags in colleague.get_flags([1, 2]).items()} == {
            1: {b"\\Seen"},
            2: {b"\\Deleted"},
        }


@pytest.mark.parametrize(("then", "flag"), [("seen", b"\\Seen"), ("flag", FLAG.encode())])
def test_a_stored_email_is_marked_where_that_is_wanted(session, dovecot, then, flag):
    dovecot.deliver(mail("one"))
    with opened(dovecot, then=then) as folder, beside(dovecot) as colleague:
        folder.look()
        colleague.noop()
        assert flag in colleague.get_flags([1])[1]
    assert dovecot.holds() == 1


def test_without_move_an_email_is_copied_and_only_it_is_expunged(session, dovecot):
    with beside(dovecot) as colleague:
        colleague.append("INBOX", mail("a colleague's"), [b"\\Deleted"], datetime(2025, 5, 1, tzinfo=UTC))
    dovecot.deliver(mail("ours"))
    with opened(dovecot, since="2026-01-01") as folder:
        able = folder._client.has_capability
        folder._client.has_capability = lambda name: name != "MOVE" and able(name)
        assert folder.look() == 1
    assert (dovecot.holds(), dovecot.holds("Processed")) == (1, 1)


def test_a_crash_between_storing_and_moving_moves_it_later_and_stores_it_once(session, dovecot, monkeypatch):
    dovecot.deliver(mail("one"))
    with opened(dovecot) as folder, monkeypatch.context() as broken:
        broken.setattr(Folder, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            folder.look()
    assert (dovecot.holds(), len(arrivals(session))) == (1, 1)
    with opened(dovecot) as folder:
        assert folder.look() == 0
    assert (dovecot.holds(), dovecot.holds("Processed"), len(arrivals(session))) == (0, 1, 1)


def test_a_new_uidvalidity_reads_everything_again_and_stores_nothing_twice(session, dovecot):
    for number in range(20):
        dovecot.deliver(mail(f"{number}"))
    with opened(dovecot, then="leave") as folder:
        assert folder.look() == 20
        before = folder.uid_validity
    dovecot.kill()
    dovecot.number_anew()
    dovecot.deliver(mail("new"))
    dovecot.start()
    with opened(dovecot, then="leave") as folder:
        assert folder.look() == 21
        assert folder.uid_validity != before
    assert len(arrivals(session)) == 21
    assert session.scalar(text("select count(*) from email_intake.fetched")) == 41


def test_an_email_that_vanishes_meanwhile_leaves_no_trace_and_holds_up_nobody(session, dovecot):
    for subject in ("first", "vanishes", "last"):
        dovecot.deliver(mail(subject))
    with beside(dovecot) as colleague, opened(dovecot, then="leave") as folder:
        fetch = folder._client.fetch

        def fetch_after_the_colleague(uids, what):
            if "BODY.PEEK[]" in what:
                colleague.delete_messages([2])
                colleague.uid_expunge([2])
            return fetch(uids, what)

        folder._client.fetch = fetch_after_the_colleague
        assert [folder.look(), folder.look()] == [2, 0]
    assert subjects(session) == ["first", "last"]


def test_a_large_email_comes_in_pieces_and_whole(session, dovecot):
    large = mail("large", "word word word\r\n" * 150_000)
    dovecot.deliver(large)
    with opened(dovecot) as folder:
        assert folder.look() == 1
    assert arrivals(session) == [large.decode()]


def test_one_that_is_too_large_waits_for_a_person_and_is_taken_when_the_limit_allows_it(session, dovecot, hear, said):
    dovecot.deliver(mail("small"))
    dovecot.deliver(mail("huge", "word word word\r\n" * 150_000))
    with opened(dovecot, limit=1 << 20) as folder:
        assert [folder.look(), folder.look()] == [2, 0]
    assert dovecot.holds() == 1
    hear(worker, "read_email")
    [event] = said(EmailQuarantined)
    assert "too large: 24" in event.reason
    assert f"still in INBOX of {BOX}" in event.reason
    assert store.counts(session) == {"received": 2, "read": 1, "suppressed": 0, "quarantined": 1, "waiting": 0}
    with opened(dovecot) as folder:
        assert [folder.look(), folder.look()] == [1, 0]
    hear(worker, "read_email")
    assert [event.subject for event in said(EmailReceived)] == ["small", "huge"]
    assert dovecot.holds() == 0


def test_one_that_the_server_cannot_hand_over_blocks_nobody(session, dovecot):
    _, broken, _ = (dovecot.deliver(mail(subject)) for subject in ("first", "broken", "last"))
    os.chown(broken, 0, 0)
    broken.chmod(0)  # the server ends the connection of whoever asks about it
    troubles, lost = Troubles(), 0
    for _ in range(5):
        try:
            with opened(dovecot, troubles, then="leave") as folder:
                folder.look()
        except IMAPClient.AbortError:
            lost += 1
    assert lost == 3
    assert troubles.stuck() == 1
    assert subjects(session) == ["first", "last"]


def test_one_that_cannot_be_stored_blocks_nobody_and_is_tried_again(session, dovecot, monkeypatch):
    for subject in ("first", "poison", "last"):
        dovecot.deliver(mail(subject))
    keep = ledger.store_fetched

    def stumble(place, raw, *arguments, **options):
        if b"poison" in raw:
            raise ValueError("a bug")
        return keep(place, raw, *arguments, **options)

    troubles = Troubles()
    with opened(dovecot, troubles) as folder, monkeypatch.context() as patched:
        patched.setattr(ledger, "store_fetched", stumble)
        assert [folder.look(), folder.look(), folder.look()] == [2, 0, 0]
        assert troubles.stuck() == 1
    assert (subjects(session), dovecot.holds()) == (["first", "last"], 1)
    with opened(dovecot) as folder:
        assert folder.look() == 1
    assert dovecot.holds() == 0


def test_while_the_database_is_away_everything_stays_where_it_is(session, dovecot, monkeypatch):
    dovecot.deliver(mail("one"))

    def away(*_, **__):
        raise Transient("the database does not answer")

    with opened(dovecot) as folder, monkeypatch.context() as patched:
        patched.setattr(ledger, "store_fetched", away)
        with pytest.raises(Transient):
            folder.look()
    assert dovecot.holds() == 1


def test_older_mail_than_wanted_is_left_alone(session, dovecot):
    with beside(dovecot) as colleague:
        colleague.append("INBOX", mail("of last year"), msg_time=datetime(2025, 5, 1, tzinfo=UTC))
        colleague.append("INBOX", mail("of this summer"), msg_time=datetime(2026, 7, 1, 12, tzinfo=UTC))
    with opened(dovecot, since="2026-01-01") as folder:
        assert [folder.look(), folder.look()] == [1, 0]
    assert subjects(session) == ["of this summer"]
    [received] = session.scalars(text("select received_at from email_intake.arrival")).all()
    assert received == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_waiting_ends_at_once_when_mail_comes_or_the_server_goes(dovecot):
    with opened(dovecot, poll_seconds=540) as folder:
        folder.look()
        threading.Timer(0.3, dovecot.deliver, [mail("news")]).start()
        folder.wait()
        assert folder.look() == 1
        threading.Timer(0.3, dovecot.kill).start()
        with pytest.raises((Transient, OSError, folder._client.AbortError)):
            folder.wait()


def test_a_login_goes_by_password_or_token_over_plain_or_protected_connections(dovecot, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    (tmp_path / "token").write_text(token())
    protected = {"host": "localhost", "ca_file": dovecot.home / "cert.pem"}
    for changes in (
        {},
        {"password": None, "password_file": secret},
        {"password": None, "token_file": tmp_path / "token"},
        {"password": None, "token_command": f"cat {tmp_path / 'token'}"},
        {"security": "tls", "port": dovecot.tls_port, **protected},
        {"security": "starttls", **protected},
    ):
        assert "INBOX can be read" in check(account_at(dovecot, **changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "wrong"}, "refuses user desk: check the password"),
        ({"password": None, "token_command": "echo wrong"}, "refuses user desk: check the token"),
        ({"password": None, "token_command": "false"}, "token command ended with 1"),
        ({"password": None, "token_command": "/no/such"}, "token command cannot be run"),
        ({"password": None, "password_file": "/no/such"}, "cannot read /no/such"),
        ({"port": 1}, "nothing listens on 127.0.0.1 port 1"),
        ({"host": "no-such.invalid"}, "no host is named no-such.invalid"),
        ({"security": "tls"}, "does not speak TLS as expected"),
        ({"security": "tls", "ca_file": "/no/such"}, "cannot use /no/such as ca_file"),
        ({"folders": ("Nope",)}, "folder 'Nope' cannot be opened; there are: INBOX"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_said_with_what_to_do(dovecot, changes, said):
    with pytest.raises(Misconfigured, match=said):
        check(account_at(dovecot, **changes))


def test_a_certificate_that_nobody_vouches_for_is_refused(dovecot):
    with pytest.raises(Misconfigured, match=r"is not trusted .*self-signed.*ca_file"):
        check(account_at(dovecot, security="tls", port=dovecot.tls_port, host="localhost"))
