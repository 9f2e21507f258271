"""kill -9 of any one worker while mails are under way: nothing is lost and nothing is doubled."""

import csv
from collections import Counter
from email.message import EmailMessage
from email.utils import format_datetime

import psycopg
import pytest

from running_stack import PATIENCE_SECONDS, eventually
from shared import clock
from shared.settings import Settings
from shared.topology import ROOMS

MAILS = 160
CALLS = 40
WORKER_CONCURRENCY = Settings.model_fields["worker_concurrency"].default

SUBJECTS = (
    ("support@hypernode.example", "Please restore a backup", "Please restore the database from yesterday's backup."),
    ("support@kenotronix.example", "FTP refused", "FTP is refused for every client since this morning."),
    ("support@luxcloud.example", "Outlook settings", "What are the server name and port for my mailbox in Outlook?"),
    ("support@h-sphere.example", "Reverse DNS", "Please set up reverse DNS for our mail server."),
)


@pytest.fixture
def inbox(tmp_path, room):
    """Mails and calls from people who have never written before; every batch is new."""
    batch, batch_number = f"batch-{room}".replace("_", "-"), ROOMS.index(room)
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(MAILS):
        to, subject, words = SUBJECTS[number % len(SUBJECTS)]
        message = EmailMessage()
        message["From"] = f"person-{number}@{batch}-{number}.example"
        message["To"], message["Subject"] = to, f"{subject} ({batch} {number})"
        message["Date"] = format_datetime(clock.now())
        message["Message-ID"] = f"<{batch}.{number}@customer.example>"
        message.set_content(words)
        (folder / f"{number:03}.eml").write_bytes(message.as_bytes())
    calls = tmp_path / "calls.csv"
    with calls.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["call_id", "started_at", "direction", "from", "did", "outcome", "duration_seconds", "summary"])
        for number in range(CALLS):
            words = f"The web server does not answer, {batch} {number}"
            caller = f"+31205{batch_number:02}{number:04}"
            rows.writerow([f"{batch}-{number}", format_iso(), "inbound", caller, "+31200000042", "answered", 90, words])
    return folder, calls


def format_iso():
    return clock.now().isoformat(timespec="seconds")


def rows(stack, statement):
    import json

    url = json.loads((stack.data_dir / "stack.json").read_text())["database_url"]
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def under_way(stack, room):
    return rows(stack, f"select 1 from bus.delivery where room = '{room}' and due_at <= now() limit 1")


@pytest.mark.parametrize("room", ROOMS)
def test_killing_a_worker_loses_nothing_and_doubles_nothing(stack, inbox, room):
    folder, calls = inbox
    before = stack.status()
    letters_before = stack.letters()
    seen_twice = sum(letter["count"] - 1 for letter in letters_before)

    ingests = [stack.begin("ingest", "calls", str(calls)), stack.begin("ingest", "mail", str(folder))]
    eventually(lambda: under_way(stack, room), f"{room} has something to do")
    stack.kill(room)
    assert [ingest.wait(PATIENCE_SECONDS) for ingest in ingests] == [0, 0]
    status = stack.quiet(before["received"] + MAILS + CALLS)

    new = {
        name: status[name] - before[name] for name in ("received", "ticketed", "appended", "suppressed", "quarantined")
    }
    assert new == {
        "received": MAILS + CALLS,
        "ticketed": MAILS + CALLS,
        "appended": 0,
        "suppressed": 0,
        "quarantined": 0,
    }
    assert status["balanced"]
    assert status["dead"] == 0
    assert stack.said("killed by SIGKILL")

    # Each arrival one ticket, each ticket one decision, one routing and one acknowledgement, each quote once.
    assert rows(stack, "select arrival_id from tickets.message group by arrival_id having count(*) > 1") == []
    for fact in ("TicketOpened", "ScopeDecided", "TicketRouted"):
        said = "select ticket_id from bus.event where name = '{}' group by ticket_id having count(*) <> 1"
        assert rows(stack, said.format(fact)) == []
    [(tickets, decided, routed)] = rows(
        stack,
        """select (select count(*) from tickets.ticket),
                  (select count(*) from bus.event where name = 'ScopeDecided'),
                  (select count(*) from bus.event where name = 'TicketRouted')""",
    )
    assert tickets == decided == routed == status["ticketed"]
    assert rows(stack, "select quote_id, version from billing.quote group by 1, 2 having count(*) > 1") == []

    letters = stack.letters()
    assert len(letters) > len(letters_before)
    assert len(letters) == status["sent"]
    # A worker that dies between the mail server's 250 and its own record hands the same letter over again, with the
    # same Message-ID: one that was under way for each of its threads at most, and only where letters are handed over.
    again = sum(letter["count"] - 1 for letter in letters) - seen_twice
    assert again <= (WORKER_CONCURRENCY if room == "notifications" else 0)
    said = "select body->>'message_id' from bus.event where name = 'LetterSent'"
    assert Counter(letter["message_id"] for letter in letters) == Counter(
        message_id for (message_id,) in rows(stack, said)
    )
