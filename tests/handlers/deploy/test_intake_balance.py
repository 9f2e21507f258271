"""Everything that arrives is accounted for, by mailbox and call log; a gap is told of loudly and by name."""

import json
from contextlib import suppress
from email.message import EmailMessage
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.balance import Arrived, check_balance, take_balance, weigh
from deploy.cli import app
from services.email_intake.store import store_email
from services.email_intake.store.ledger import Place, store_fetched
from services.email_intake.tasks import worker as email_intake
from services.phone_intake.store import store_call
from services.phone_intake.tasks import worker as phone_intake
from services.tickets.tasks import worker as tickets
from shared.bus import dead_letters
from shared.db import engine
from shared.errors import ScopedeskError

BOX = "support@hypernode.example"


def mail(number, *, to=BOX, automatic=False):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"jan{number}@klant.example", to, f"Problem {number}"
    message["Message-ID"], message["Date"] = f"<{number}@klant.example>", "Mon, 23 Nov 2026 10:00:00 +0100"
    if automatic:
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(f"Our shop number {number} is slow since this morning.")
    return message.as_bytes()


def call(number, *, note="Redis does not answer any more", **changes):
    told = {"call_id": f"c-{number}", "started_at": "2026-11-16T09:41:12+01:00", "direction": "inbound"}
    told |= {"from": f"+312000001{number % 90 + 10}", "did": "+31200000042", "outcome": "answered", "summary": note}
    return told | changes


def fetched(number):
    place = Place(BOX, "INBOX", 1, number + 1)
    store_fetched(place, mail(number), BOX, received_at=None, too_large=None, limit=10**6)


ARRIVALS = {
    "smtp": lambda n: store_email(mail(n), BOX, envelope_from="jan@klant.example", source="smtp"),
    "lmtp": lambda n: store_email(mail(n), "support@luxcloud.example", envelope_from="", source="lmtp"),
    "imap": fetched,
    "pipe": lambda n: store_email(mail(n), BOX, source="pipe"),
    "file": lambda n: store_email(mail(n), source=f"inbox/{n}.eml"),
    "automatic": lambda n: store_email(mail(n, automatic=True), BOX, source="smtp"),
    "for nobody": lambda n: store_email(mail(n, to="who@else.example"), source=f"inbox/{n}.eml"),
    "no mail": lambda n: store_email(b"\0" * (n + 1), BOX, source="smtp"),
    "call": lambda n: store_call(call(n), f"calls.csv, line {n}"),
    "call without a note": lambda n: store_call(call(n, note=""), f"Master.csv, line {n}"),
    "missed call": lambda n: store_call(call(7, note="", outcome="missed", call_id=f"m{n}"), f"Master.csv, line {n}"),
    "call of nobody": lambda n: store_call(call(n, did="+31200000099"), "http"),
    "broken line": lambda n: store_call({"unparsed_line": f"x{n}"}, f"calls.csv, line {n}"),
    "twilio": lambda n: store_call(call(n, leg_id="transcript"), "twilio"),
}
HEARERS = {
    "email_intake.read_email": email_intake,
    "phone_intake.read_call": phone_intake,
    "tickets.file_email": tickets,
    "tickets.file_call": tickets,
}


@pytest.fixture
def work(database):
    """Let hearers do their work on so many deliveries, in an order; what they do is committed or, killed, is not."""

    def work(most, *, backwards=False):
        order = "desc" if backwards else "asc"
        statement = f"select id, hearer from bus.delivery where hearer = any(:all) order by id {order} limit :most"
        with engine().connect() as connection:
            found = connection.execute(text(statement), {"all": list(HEARERS), "most": most}).all()
        for delivery, hearer in found:
            HEARERS[hearer].deliver(hearer, delivery)
        return len(found)

    return work


def execute(statement):
    with engine().begin() as connection:
        connection.execute(text(statement))


STEPS = st.one_of(
    st.tuples(st.sampled_from(sorted(ARRIVALS)), st.integers(0, 5)),
    st.tuples(st.sampled_from(["work", "work backwards", "killed"]), st.integers(1, 6)),
)


@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=20))
def test_any_mixture_of_arrivals_repeats_and_kills_balances(empty_tables, work, monkeypatch, steps):
    empty_tables()
    arrived = 0
    for name, number in steps:
        if name in ARRIVALS:
            ARRIVALS[name](number)
            arrived += 1
        elif name == "killed":
            with monkeypatch.context() as patched:
                patched.setattr("sqlmodel.Session.commit", _killed)
                with suppress(KeyboardInterrupt):
                    work(number)
        else:
            work(number, backwards=name == "work backwards")
        assert check_balance()
    while work(50):
        pass
    balance = take_balance()
    assert balance.holds
    received = sum(account.counted["received"] for account in balance.accounts)
    repeats_at_one_place = arrived - received
    fetched_again = [step for step in steps if step[0] == "imap"]
    assert repeats_at_one_place == len(fetched_again) - len(set(fetched_again))
    assert sum(account.counted["under_way"] for account in balance.accounts) == 0


def _killed(*_):
    raise KeyboardInterrupt


def test_each_source_has_an_account_of_its_own(work):
    for number, arrive in enumerate(ARRIVALS.values()):
        arrive(number)
    while work(50):
        pass
    found = {(account.source, account.place): account.counted for account in take_balance().accounts}
    assert set(found) == {
        ("call log", "Master.csv"),
        ("call log", "calls.csv"),
        ("file", ""),
        ("file", BOX),
        ("http", ""),
        ("imap", BOX),
        ("lmtp", "support@luxcloud.example"),
        ("pipe", BOX),
        ("smtp", BOX),
        ("twilio", ""),
    }
    assert found["smtp", BOX] | {"received": 3} == found["smtp", BOX]
    assert found["imap", BOX]["ticketed"] == 1


@pytest.mark.parametrize(
    ("breaks", "complaint"),
    [
        ("delete from bus.delivery where hearer = 'tickets.file_email'", "1 arrivals have no ending"),
        ("delete from bus.delivery where hearer = 'email_intake.read_email'", "1 arrivals have no ending"),
        ("delete from tickets.message", "1 arrivals have no ending"),
        ("update email_intake.arrival set state = 'suppressed'", "1 arrivals have two endings"),
        ("delete from email_intake.arrival", "1 arrivals were filed but never received"),
    ],
)
def test_what_is_lost_on_purpose_is_named_loudly(work, breaks, complaint):
    arrival = ARRIVALS["smtp"](1)
    if "read_email" not in breaks:
        work(1)
    if "delivery" not in breaks:
        work(1)
    assert check_balance()
    execute(breaks)
    with pytest.raises(ScopedeskError, match=f"{complaint}: {arrival}"):
        check_balance()
    done = CliRunner().invoke(app, ["intake", "balance", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["balanced"] is False
    assert str(arrival) in str(done.exception)


def test_a_loss_does_not_hide_behind_what_was_counted_twice(work):
    lost, _ = ARRIVALS["smtp"](1), ARRIVALS["smtp"](2)
    while work(50):
        pass
    execute(f"delete from tickets.message where arrival_id = '{lost}'")
    execute(f"update email_intake.arrival set state = 'quarantined' where id <> '{lost}'")
    with pytest.raises(ScopedeskError, match=r"1 arrivals have no ending: .*; 1 arrivals have two endings"):
        check_balance()


def test_what_died_is_accounted_for_until_it_is_replayed_or_given_up(work, monkeypatch):
    ARRIVALS["smtp"](1)
    with monkeypatch.context() as patched:
        patched.setattr("services.email_intake.store.arrival_to_read", lambda *_: 1 / 0)
        work(1)
    [letter] = dead_letters.waiting()

    def counted():
        [account] = take_balance().accounts
        return {name for name, number in account.counted.items() if number}

    assert counted() == {"received", "dead"}
    dead_letters.discard(letter.id, "anna")
    assert counted() == {"received", "discarded"}


def test_the_command_shows_the_accounts_and_ends_well(database):
    ARRIVALS["call"](1)
    done = CliRunner().invoke(app, ["intake", "balance"])
    assert done.exit_code == 0
    assert "calls.csv" in done.stdout
    assert "balanced" in done.stdout


ids = st.uuids(version=4)


@given(st.dictionaries(ids, st.sampled_from([True, False, "suppressed", "quarantined", "under_way", "dead", None])))
def test_every_arrival_is_weighed_once(endings: dict[UUID, object]):
    arrived = [
        Arrived(i, "smtp", BOX, str(ending) if ending in {"suppressed", "quarantined"} else "received")
        for i, ending in sorted(endings.items())
    ]
    filed = [(i, ending) for i, ending in sorted(endings.items()) if isinstance(ending, bool)]
    held = {i: str(ending) for i, ending in endings.items() if ending in {"under_way", "dead"}}
    stranger = uuid4()
    balance = weigh(arrived, sorted([*filed, (stranger, True)]), held)
    assert balance.gaps["unknown"] == [stranger]
    assert balance.gaps["missing"] == sorted(i for i, ending in endings.items() if ending is None)[:20]
    assert sum(account.counted["received"] for account in balance.accounts) == len(endings)
