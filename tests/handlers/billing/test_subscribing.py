"""Plans are begun, changed, charged period by period and ended, on real tables."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from plans import NEW_YORK, REGULAR, TODAY, at, months_ago, priority, ticket, usd
from services.billing.tasks import books, worker
from shared.bus.worker import Outcome
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentGiven,
    LicenceBought,
    QuotePriced,
    QuoteVoided,
    QuoteWithdrawn,
    ScopeDecided,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionEnded,
    SubscriptionPeriodDue,
    SubscriptionQuestioned,
    SubscriptionRefused,
    SubscriptionStarted,
)
from shared.vocabulary import Decision, Verdict


@pytest.fixture
def charges(said):
    def charges():
        return [(one.period_from, one.total) for one in said(ChargeRecorded)]

    return charges


def cancel(subscription_id, ends_on, **fields):
    return SubscriptionCancelled(
        ticket_id="HS-1", subscription_id=subscription_id, ends_on=ends_on, agent="Vera", **fields
    )


def licence(bought_on, fee):
    return LicenceBought(provider="h-sphere", customer_id="hs-1", bought_on=bought_on, fee=usd(fee), agent="Vera")


def test_a_plan_that_is_agreed_to_begins_on_that_day_and_its_first_month_is_charged(agree, hear_due, said, charges):
    quote_id = agree(priority(6))
    [started] = said(SubscriptionStarted)
    assert (started.subscription_id, started.starts_on, started.quantity) == (quote_id, TODAY, 6)
    assert (started.first_period, started.minimum, started.unit) == (usd(400), 3, "month")
    hear_due("begin_period")
    [charged] = said(ChargeRecorded)
    assert (charged.period_from, charged.total, charged.unit, charged.quantity) == (TODAY, usd(400), "month", 1)
    assert charged.event_id == charged.charge_id
    assert [due.number for due in said(SubscriptionPeriodDue)] == [1, 2]


def test_the_next_month_waits_for_its_midnight_in_the_zone_of_the_provider(agree, hear_due, session, said):
    agree(priority(1))
    hear_due("begin_period")
    session.rollback()
    [due_at] = session.scalars(text("select due_at from bus.delivery where hearer = 'billing.begin_period'")).all()
    assert due_at == datetime.combine(said(SubscriptionPeriodDue)[-1].starts_on, time(), NEW_YORK)


def test_a_worker_that_comes_months_late_charges_each_month_once(agree, hear, hear_due, *, say, said, charges):
    agree(priority(1), months_ago(3))
    hear_due("begin_period")
    assert [total for _, total in charges()] == [usd(300)] * 4
    again = said(SubscriptionPeriodDue)[0].model_copy(update={"event_id": uuid4()})
    say("billing", again, again.model_copy(update={"event_id": uuid4()}))
    hear_due("begin_period")
    assert len({first for first, _ in charges()}) == len(charges()) == 4


def test_a_plan_begins_on_the_day_that_it_was_in_the_zone_of_the_provider(agree, said):
    yesterday = TODAY - timedelta(days=1)
    agree(priority(1), yesterday, hour=23)
    assert said(SubscriptionStarted)[0].starts_on == yesterday


def test_servers_added_are_charged_the_difference_and_the_running_terms_hold_until_then(
    agree, hear_due, *, say, hear, said, charges
):
    quote_id = agree(priority(4), months_ago(1))
    hear_due("begin_period")
    say("desk", QuotePriced(ticket_id="HS-1", quote_id=quote_id, offer=priority(6), agent="Vera"))
    hear(worker, "price_quote")
    hear_due("begin_period")
    say("desk", ConsentGiven(quote_id=quote_id, version=2, given_by_email="lee@hosting.example", taken_by="Vera"))
    hear(worker, "record_consent")
    hear(worker, "run_plan")
    [changed] = said(SubscriptionChanged)
    this_month = charges()[1][0]
    assert (changed.version, changed.quantity, changed.from_day) == (2, 6, this_month)
    assert charges()[2:] == [(this_month, usd(100))]
    assert said(ChargeRecorded)[2].version == 2
    hear(worker, "begin_period")  # the month after, before its time
    assert charges()[3][1] == usd(400)


def test_a_decision_offers_no_change_of_a_plan_that_runs(agree, say, hear, session):
    quote_id = agree(priority(4))
    say("desk", QuotePriced(ticket_id="HS-1", quote_id=quote_id, offer=priority(6), agent="Vera"))
    hear(worker, "price_quote")
    say("desk", QuoteVoided(ticket_id="HS-1", quote_id=quote_id, version=2, agent="Vera", reason="not wanted"))
    hear(worker, "void_quote")
    again = Decision(version=2, verdict=Verdict.PAID, price=priority(4), needs_person=False)
    say("scope", ScopeDecided(ticket_id="HS-1", ticket=ticket("HS-1"), text="Plan", decision=again))
    assert hear(worker, "quote_paid_work") == [Outcome.DONE]
    states = session.execute(text("select version, state from billing.quote order by version")).all()
    assert [tuple(row) for row in states] == [(1, "agreed"), (2, "withdrawn")]


def test_a_change_that_is_heard_of_before_its_plan_is_still_a_change(agree, hear, said):
    agree(priority(4), heard=False)
    agree(priority(6), version=2, heard=False)
    consents = hear(worker, "run_plan")
    assert consents == [Outcome.DONE, Outcome.DONE]
    assert [started.quantity for started in said(SubscriptionStarted)] == [4]
    assert [changed.quantity for changed in said(SubscriptionChanged)] == [6]


def test_a_plan_cancelled_in_its_first_month_is_charged_for_three_when_it_is_over(agree, hear_due, say, said, charges):
    quote_id = agree(priority(5), TODAY - timedelta(days=10))
    hear_due("begin_period")
    say("desk", cancel(quote_id, TODAY - timedelta(days=1)))
    hear_due("cancel_plan")
    assert len(charges()) == 1
    hear_due("end_plan")
    assert [total for _, total in charges()] == [usd(350)] * 3
    [ended] = said(SubscriptionEnded)
    assert (ended.ends_on, ended.agent) == (TODAY - timedelta(days=1), "Vera")
    assert ended.paid_until == max(one.period_until for one in said(ChargeRecorded))


def test_a_plan_that_will_end_is_charged_until_then_and_not_after(agree, hear, hear_due, *, say, said, charges):
    quote_id = agree(priority(1), months_ago(4))
    hear_due("begin_period")
    before = len(charges())
    say("desk", cancel(quote_id, said(SubscriptionPeriodDue)[-1].starts_on + timedelta(days=2)))
    hear_due("cancel_plan")
    hear(worker, "end_plan")
    assert said(SubscriptionEnded)[0].paid_until == said(ChargeRecorded)[-1].period_until
    hear(worker, "begin_period")
    assert len(charges()) == before + 1
    hear(worker, "begin_period")
    assert len(charges()) == before + 1


def test_another_last_day_counts_until_the_plan_is_over(agree, hear, hear_due, say, said):
    quote_id = agree(priority(1))
    hear_due("begin_period")
    say("desk", cancel(quote_id, TODAY), cancel(quote_id, TODAY + timedelta(days=400)))
    hear_due("cancel_plan")
    [first, second] = hear(worker, "end_plan")
    assert (first, second) == (Outcome.DONE, Outcome.DONE)
    assert len(said(SubscriptionEnded)) == 1


def test_a_month_charged_before_its_cancellation_was_heard_is_given_back(agree, hear, hear_due, *, say, said, charges):
    quote_id = agree(priority(1), months_ago(4))
    hear_due("begin_period")
    last = charges()[-1][0]
    said_before = at(last - timedelta(days=1))
    say("desk", cancel(quote_id, last - timedelta(days=1), happened_at=said_before))
    hear_due("cancel_plan")
    hear(worker, "credit")
    assert [(credit.total, credit.remaining) for credit in said(ChargeCredited)] == [(usd(300), usd(0))]


def test_a_plan_cannot_be_ended_before_the_month_that_runs(agree, hear_due, say, said):
    quote_id = agree(priority(1), months_ago(4))
    say("desk", cancel(quote_id, TODAY - timedelta(days=60)))
    hear_due("cancel_plan")
    [refused] = said(SubscriptionRefused)
    assert (refused.agent, "has begun" in refused.reason) == ("Vera", True)


def test_a_plan_that_nobody_has_is_a_dead_letter(say, hear):
    say("desk", cancel("Q-HS-9-1", TODAY), licence(TODAY, 4500))
    assert hear(worker, "cancel_plan") == [Outcome.DEAD]
    assert hear(worker, "note_licence") == [Outcome.DONE]


def test_an_open_offer_of_a_plan_that_ended_is_taken_back_and_a_yes_to_it_later_changes_nothing(
    agree, hear, hear_due, say, said
):
    quote_id = agree(priority(1), TODAY - timedelta(days=20))
    hear_due("begin_period")
    say("desk", QuotePriced(ticket_id="HS-1", quote_id=quote_id, offer=priority(6), agent="Vera"))
    hear(worker, "price_quote")
    say("desk", cancel(quote_id, TODAY - timedelta(days=1)))
    hear_due("cancel_plan")
    hear_due("end_plan")
    assert [end.version for end in said(QuoteWithdrawn)] == [2]
    say("desk", QuotePriced(ticket_id="HS-1", quote_id=quote_id, offer=priority(6), agent="Vera"))
    hear(worker, "price_quote")
    before = said(ChargeRecorded)
    say("desk", ConsentGiven(quote_id=quote_id, version=3, given_by_email="lee@hosting.example", taken_by="Vera"))
    hear(worker, "record_consent")
    hear(worker, "run_plan")
    assert "as a quote of its own" in said(SubscriptionRefused)[0].reason
    assert said(ChargeRecorded) == before


def test_a_plan_begun_again_begins_when_the_one_before_is_paid_up(agree, hear, hear_due, say, said):
    quote_id = agree(priority(1), TODAY - timedelta(days=20))
    hear_due("begin_period")
    say("desk", cancel(quote_id, TODAY - timedelta(days=1)))
    hear_due("cancel_plan")
    hear_due("end_plan")
    agree(priority(1), number="HS-2")
    assert said(SubscriptionStarted)[1].starts_on == said(SubscriptionEnded)[0].paid_until + timedelta(days=1)


# the regular plan


def test_the_first_year_of_regular_support_is_free_and_the_second_is_a_fifth_of_the_licences(
    agree, hear_due, say, said, charges
):
    bought = TODAY - timedelta(days=400)
    say("desk", licence(bought, 4500), licence(bought + timedelta(days=200), 1500))
    hear_due("note_licence")
    agree(REGULAR, bought)
    assert said(SubscriptionStarted)[0].first_period == usd(0)
    hear_due("begin_period")
    [(first, total)] = charges()
    assert (first.year, total) == (bought.year + 1, usd(1200))


def test_a_licence_recorded_late_is_charged_its_difference_once(agree, hear_due, say, said, charges):
    bought = TODAY - timedelta(days=400)
    say("desk", licence(bought, 4500))
    hear_due("note_licence")
    agree(REGULAR, bought)
    hear_due("begin_period")
    late = licence(bought + timedelta(days=10), 1500)
    say("desk", late, licence(TODAY, 1000))
    hear_due("note_licence")
    say("desk", late.model_copy(update={"ticket_id": "HS-1"}))
    hear_due("note_licence")
    assert [total for _, total in charges()] == [usd(900), usd(300)]


def test_a_year_without_a_recorded_licence_asks_a_person_once_and_is_charged_when_there_is_one(
    agree, hear_due, *, say, said, charges
):
    begun = TODAY - timedelta(days=400)
    agree(REGULAR, begun)
    hear_due("begin_period")
    say("billing", said(SubscriptionPeriodDue)[0].model_copy(update={"event_id": uuid4()}))
    hear_due("begin_period")
    assert ["no licence fee" in question.reason for question in said(SubscriptionQuestioned)] == [True]
    say("desk", licence(begun, 4500))
    hear_due("note_licence")
    assert [total for _, total in charges()] == [usd(900)]


def test_regular_is_not_charged_for_a_year_that_begins_under_priority_and_finance_is_asked(
    agree, hear_due, say, said, charges
):
    begun = TODAY - timedelta(days=370)
    say("desk", licence(begun, 4500))
    hear_due("note_licence")
    regular = agree(REGULAR, begun)
    other = agree(priority(1), TODAY - timedelta(days=20), number="HS-2")
    hear_due("begin_period")
    assert [total for _, total in charges()] == [usd(300)]
    [question] = said(SubscriptionQuestioned)
    assert (question.subscription_id, question.other_subscription_id) == (regular, other)


def test_priority_that_begins_in_a_paid_regular_year_asks_what_to_give_back(agree, hear_due, say, said, charges):
    begun = TODAY - timedelta(days=400)
    say("desk", licence(begun, 4500))
    hear_due("note_licence")
    regular = agree(REGULAR, begun)
    hear_due("begin_period")
    agree(priority(1), number="HS-2")
    hear_due("begin_period")
    [question] = said(SubscriptionQuestioned)
    assert (question.subscription_id, question.starts_on) == (regular, TODAY)
    assert question.ends_on == said(ChargeRecorded)[0].period_until
    assert [total for _, total in charges()] == [usd(900), usd(300)]


# at the same moment


def test_consents_periods_and_licences_heard_at_the_same_moment_charge_each_period_once(
    agree, say, session, said, hear_due
):
    begun = TODAY - timedelta(days=400)
    regular = agree(REGULAR, begun)
    other = agree(priority(1), months_ago(3), number="HS-2")
    first, second = said(SubscriptionPeriodDue)
    say("billing", *(one.model_copy(update={"event_id": uuid4()}) for one in (first, second, first, second)))
    say("desk", licence(begun, 4500), licence(begun, 1500))
    say("desk", cancel(other, TODAY + timedelta(days=3)))
    handlers = ["billing.begin_period", "billing.note_licence", "billing.cancel_plan"]
    statement = text("select hearer, id from bus.delivery where hearer = any(:handlers) and due_at <= now()")
    waiting = session.execute(statement, {"handlers": handlers}).all()
    session.rollback()
    with ThreadPoolExecutor(len(waiting)) as pool:
        outcomes = list(pool.map(lambda delivery: worker.deliver(*delivery), waiting))
    assert set(outcomes) == {Outcome.DONE}
    charged = said(ChargeRecorded)
    assert len([one for one in charged if one.quote_id == other]) == 4
    assert sum(one.total.minor for one in charged if one.quote_id == regular) == 0


def test_a_period_that_was_due_and_is_not_charged_is_found_when_the_books_are_compared(agree, hear_due):
    agree(priority(1), months_ago(1))
    agree(priority(5), number="HS-2")
    assert next(finding.said for finding in books.look()[0]) == (
        f"USD 300.00 is due for the period from {months_ago(1)} and not charged"
    )
    hear_due("begin_period")
    assert books.look()[0] == []
