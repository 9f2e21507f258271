"""The books are compared every day and on demand, on real tables; tampering is loud."""

import json
import shlex
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy import doctor
from deploy.cli import billing
from paid_work import KENO_QUOTE, LUX, LUX_QUOTE
from services.billing.settings import billing_settings
from services.billing.store import charges
from services.billing.tasks import books, worker
from services.desk.tasks import worker as desk
from shared import clock
from shared.bus import Transaction
from shared.bus.worker import Outcome
from shared.errors import Misconfigured
from shared.events import BooksCompared, BooksDue, ChargeCredited, ChargeRecorded, TicketOpened, TicketResolved
from shared.money import Money


@pytest.fixture
def reconcile(database):
    def reconcile(*arguments):
        return CliRunner().invoke(billing.app, ["reconcile", *arguments])

    return reconcile


@pytest.fixture
def told_of_bookings(monkeypatch):
    monkeypatch.setenv("SCOPEDESK_BILLING_SYSTEM", "feed")
    billing_settings.cache_clear()
    yield
    billing_settings.cache_clear()


@pytest.fixture
def worked(bought_hour, three_hours, report, say, hear):
    """A bought hour and settled hours: EUR 150 and EUR 120."""
    report("LC-1", 40, LUX_QUOTE)
    report("KX-1", 61, KENO_QUOTE)
    say("desk", TicketResolved(ticket_id="LC-1", agent="Kees"), TicketResolved(ticket_id="KX-1", agent="Kees"))
    assert hear(worker, "settle_ticket") == [Outcome.DONE] * 2


@pytest.fixture
def tamper(session):
    """Change a row behind the back of the database's own refusal, as somebody with all rights could."""

    def tamper(statement):
        session.rollback()
        session.execute(text("set local session_replication_role = replica"))
        session.execute(text(statement))
        session.commit()

    return tamper


def test_what_was_agreed_worked_and_charged_agrees_and_sums_up(worked, reconcile):
    answer = reconcile("--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == {
        "agrees": True,
        "sums": [{"currency": "EUR", "agreed": 33000, "charged": 27000, "credited": 0, "booked": 0}],
        "findings": [],
    }
    assert "Everything agrees" in reconcile().stdout


def test_nothing_at_all_agrees_too(reconcile):
    assert (reconcile().exit_code, "nothing was agreed to yet" in reconcile().stdout) == (0, True)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("delete from billing.charge where quote_id = 'Q-LC-1-1'", "agreed-never-charged"),
        ("update billing.charge set total_minor = total_minor + 1", "charged-otherwise-than-agreed"),
        ("update billing.work_entry set minutes = 121 where ticket_id = 'KX-1'", "work-changed"),
        ("update billing.settlement set minutes = 121 where quote_id = 'Q-KX-1-1'", "charged-otherwise-than-worked"),
        ("delete from billing.consent where quote_id = 'Q-LC-1-1'", "without-consent"),
        (
            "insert into billing.booking values (gen_random_uuid(), 'x', 1, 'EUR', now())",
            "booked-unknown",
        ),
    ],
)
def test_a_row_that_was_tampered_with_is_found_and_the_doctor_says_so(worked, reconcile, tamper, statement, kind):
    tamper(statement)
    tamper("update billing.consent set given_at = given_at - interval '2 hours'")
    answer = reconcile("--json")
    assert answer.exit_code == 1
    assert kind in [finding["kind"] for finding in json.loads(answer.stdout)["findings"]]
    assert reconcile().exit_code == 1
    with pytest.raises(Misconfigured, match="billing reconcile"):
        doctor.books_agree()


def test_the_doctor_tells_what_is_charged_while_all_agrees(worked):
    assert "EUR 270.00" in doctor.books_agree()


def test_a_charge_without_work_on_a_resolved_ticket_comes_with_the_command_that_gives_it_back(
    bought_hour, say, hear, said, reconcile
):
    say("desk", TicketResolved(ticket_id="LC-1", agent="Kees"))
    hear(worker, "settle_ticket")
    [charge] = said(ChargeRecorded)
    [finding] = json.loads(reconcile("--json").stdout)["findings"]
    assert (finding["ticket_id"], finding["amount"]) == ("LC-1", {"minor": 15000, "currency": "EUR"})
    assert finding["todo"] in reconcile().stdout
    say("tickets", TicketOpened(ticket_id="LC-1", arrival_id=uuid4(), ticket=LUX, text="Please look"))
    assert hear(desk, "show_ticket") == [Outcome.DONE]
    scopedesk, group, *arguments = shlex.split(finding["todo"])
    assert (scopedesk, group) == ("scopedesk", "billing")
    assert CliRunner().invoke(billing.app, arguments).exit_code == 0
    assert hear(worker, "credit") == [Outcome.DONE]
    assert [credit.charge_id for credit in said(ChargeCredited)] == [charge.charge_id]
    assert reconcile().exit_code == 0


def test_a_charge_is_to_be_booked_in_time_and_to_the_cent(worked, said, reconcile, tamper, told_of_bookings):
    assert reconcile().exit_code == 0
    tamper("update billing.charge set recorded_at = recorded_at - interval '25 hours'")
    answer = json.loads(reconcile("--json").stdout)
    assert [finding["kind"] for finding in answer["findings"]] == ["not-booked"] * 2
    lux, keno = said(ChargeRecorded)
    with Transaction.begin("billing") as tx:
        assert charges.note_booking(tx.session, lux.charge_id, "B-1", lux.total, clock.now())
        assert not charges.note_booking(tx.session, lux.charge_id, "B-2", lux.total, clock.now())
        assert charges.note_booking(tx.session, keno.charge_id, "B-3", Money.of(119, "EUR"), clock.now())
    answer = json.loads(reconcile("--json").stdout)
    assert [finding["kind"] for finding in answer["findings"]] == ["booked-otherwise"]
    assert answer["sums"][0]["booked"] == 26900


def test_the_books_are_compared_once_a_day_from_the_first_consent_on(bought_hour, session, said, hear):
    [due] = said(BooksDue)
    statement = text("select due_at from bus.delivery where hearer = 'billing.reconcile'")
    [at] = session.scalars(statement).all()
    assert timedelta() < at - clock.now() <= timedelta(days=1)
    assert (at.date(), at.hour) == (due.day, 3)
    assert hear(worker, "reconcile") == [Outcome.DONE]
    assert [(compared.day, compared.findings) for compared in said(BooksCompared)] == [(due.day, ())]


def test_the_next_comparison_follows_from_the_one_before(database, monkeypatch, said):
    now = clock.now()
    for days in (0, 1, 1, 2):
        monkeypatch.setattr(books.clock, "now", lambda days=days: now + timedelta(days=days))
        with Transaction.begin("billing") as tx:
            books.look_daily(tx)
    days = [due.day for due in said(BooksDue)]
    assert [day - days[0] for day in days] == [timedelta(days=n) for n in range(3)]


def test_what_does_not_agree_is_said_aloud_and_stays_on_record(worked, tamper, hear, said, capsys):
    tamper("update billing.charge set total_minor = 14999 where quote_id = 'Q-LC-1-1'")
    assert hear(worker, "reconcile") == [Outcome.DONE]
    assert said(BooksCompared)[0].findings == ("Q-LC-1-1 v1: EUR 150.00 was agreed to, EUR 149.99 is charged",)
    assert "the books do not agree" in capsys.readouterr().out
