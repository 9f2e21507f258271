"""The reader of mailboxes as a process: killed, cut off and started again, each e-mail is one arrival."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from dovecot import PASSWORD, POLLED, USER
from services.email_intake.store import ledger

MAILS = 500
"""For each of two mailboxes: a thousand."""
PATIENCE_SECONDS = 50
IDLING, POLLING = "support@hypernode.example", "support@kenotronix.example"


def mail(number, to=IDLING):
    head = f"From: person-{number}@klant.example\r\nTo: {to}\r\nMessage-ID: <{number}@klant.example>\r\n"
    return f"{head}Subject: {number}\r\n\r\nPlease help with {number}.\r\n".encode()


@pytest.fixture
def reader(database, dovecot, monkeypatch):
    """Start the reader on both mailboxes of the server; whatever still runs at the end is killed."""
    described = {"host": "127.0.0.1", "port": dovecot.port, "security": "none", "password": PASSWORD}
    mailboxes = {
        IDLING: described | {"user": USER, "poll_seconds": 5},
        POLLING: described | {"user": POLLED, "idle": False, "poll_seconds": 1, "then": "seen"},
    }
    environment = os.environ | {"SCOPEDESK_EMAIL_INTAKE_IMAP": json.dumps(mailboxes)}
    started = []

    def start():
        command = [sys.executable, "-m", "services.email_intake.gateway.imap"]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def one(session, statement):
    session.rollback()
    return session.execute(text(statement)).scalar_one()


def received(session):
    return one(session, "select count(*) from email_intake.arrival")


def eventually(condition, what):
    """Wait for something that other processes do."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"never came true: {what}"
        time.sleep(0.05)


def test_a_thousand_emails_by_idle_and_by_poll_survive_everything_once(session, dovecot, reader):
    for number in range(MAILS // 2):
        dovecot.deliver(mail(number))
        dovecot.deliver(mail(number, POLLING), POLLED)
    process = reader()
    eventually(lambda: received(session) > MAILS // 4, "some are stored")
    process.kill()
    process.wait()
    process = reader()
    eventually(lambda: received(session) > MAILS // 2, "it goes on where it was")
    dovecot.kill()
    dovecot.number_anew(POLLED)
    for number in range(MAILS // 2, MAILS):
        if number == MAILS - 100:
            dovecot.start()  # the last hundred come while it is read
        dovecot.deliver(mail(number))
        dovecot.deliver(mail(number, POLLING), POLLED)
    eventually(lambda: received(session) >= 2 * MAILS, "all are stored")
    eventually(lambda: dovecot.holds() == 0, "all are moved")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert "klant.example" not in process.stderr.read()
    assert received(session) == 2 * MAILS
    assert one(session, "select count(distinct content_hash) from email_intake.arrival") == 2 * MAILS
    assert one(session, "select count(*) from email_intake.raw") == 2 * MAILS
    assert dovecot.holds("Processed") == MAILS
    assert (
        one(session, "select count(distinct uid_validity) from email_intake.fetched where account like '%keno%'") == 2
    )


def test_a_reader_that_is_killed_between_fetching_and_committing_has_taken_nothing(session, dovecot, reader):
    session.execute(text("lock table email_intake.fetched in access exclusive mode"))
    for number in range(5):
        dovecot.deliver(mail(number))
    waiting = text("select count(*) from pg_locks where not granted and relation = 'email_intake.fetched'::regclass")
    process = reader()
    eventually(lambda: session.scalar(waiting), "the reader is about to commit")
    process.kill()
    process.wait()
    session.rollback()
    assert received(session) == 0
    assert dovecot.holds() == 5
    process = reader()
    eventually(lambda: dovecot.holds("Processed") == 5, "all are taken")
    assert received(session) == 5
    subjects = "select count(distinct key) from email_intake.arrival"
    assert one(session, subjects) == 5


def test_how_a_mailbox_does_is_told_and_a_folder_that_is_not_read_any_more_is_forgotten(session, dovecot, reader):
    ledger.note_watch("old", "INBOX", problem="refused", waits_by=None, stuck=0)
    reader()

    def told():
        session.rollback()
        return {watch.account: (watch.waits_by, watch.problem) for watch in ledger.watches(session)}

    eventually(lambda: told() == {IDLING: ("IDLE", None), POLLING: ("polling", None)}, "both are read")
    dovecot.kill()
    eventually(lambda: all(watch[0] is None and watch[1] for watch in told().values()), "both are cut off")
    dovecot.start()
    eventually(lambda: told() == {IDLING: ("IDLE", None), POLLING: ("polling", None)}, "both are read again")


def test_a_reader_without_a_mailbox_says_how_to_name_one(servers):
    command = [sys.executable, "-m", "services.email_intake.gateway.imap"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "SCOPEDESK_EMAIL_INTAKE_IMAP" in done.stderr
