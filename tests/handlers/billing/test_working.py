"""Work is recorded within what was agreed to, charged when it is done, and given back at most once, on real tables."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from paid_work import ANALYSIS, HYPER, KENO_QUOTE, LUX, LUX_QUOTE, ticket
from services.billing.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    AllowanceUsedUp,
    ChargeRecorded,
    MergeUndone,
    QuoteDrafted,
    QuoteIssued,
    QuoteSettled,
    QuoteVoided,
    TicketResolved,
    TicketsMerged,
    WorkRecorded,
    WorkRefused,
    WorkReported,
    derived_id,
)
from shared.money import Money
from shared.vocabulary import Basis, Verdict


def last(found):
    return found[-1] if found else None


# --- entries and clocks -----------------------------------------------------------------------------------------------


def test_time_is_recorded_as_it_was_told_and_its_id_follows_from_the_report(bought_hour, report, say, said, hear):
    told = WorkReported(ticket_id="LC-1", agent="Kees", minutes=40, quote_id=LUX_QUOTE, note="Analysis")
    say("desk", told)
    say("desk", told)
    assert hear(worker, "record_work") == [Outcome.DONE]
    [entry] = said(WorkRecorded)
    assert (entry.minutes, entry.over_minutes, entry.quote_id, entry.version) == (40, 0, LUX_QUOTE, 1)
    assert entry.entry_id == entry.event_id == derived_id("work", told.event_id)
    assert entry.started_at == told.happened_at - timedelta(minutes=40)


def test_a_clock_tells_the_whole_minutes_since_it_was_started(decided, start, report, said, session):
    decided(LUX)
    noon = datetime(2026, 6, 5, 12, tzinfo=UTC)
    start(happened_at=noon)
    assert report("LC-1", happened_at=noon + timedelta(minutes=12, seconds=59)) == [Outcome.DONE]
    assert [(entry.minutes, entry.started_at) for entry in said(WorkRecorded)] == [(12, noon)]
    assert session.execute(text("select * from billing.clock")).all() == []


def test_a_clock_is_started_once_and_each_agent_has_his_own(start, said):
    start()
    start()
    start(agent="Vera")
    [refused] = said(WorkRefused)
    assert refused.agent == "Kees"
    assert "your clock runs on this ticket since" in refused.reason


def test_a_start_that_is_heard_after_its_report_starts_nothing(decided, start, report, session):
    decided(LUX)
    report("LC-1", 10)
    start(happened_at=clock.now() - timedelta(minutes=10))
    assert session.execute(text("select * from billing.clock")).all() == []


def test_a_report_of_a_clock_waits_a_little_for_its_start_and_is_refused_then(decided, report, hear, said):
    decided(LUX)
    assert report("LC-1") == [Outcome.RETRY_LATER]
    for _ in range(3):
        outcomes = hear(worker, "record_work")
    assert outcomes == [Outcome.DONE]
    assert [refused.reason for refused in said(WorkRefused)] == [
        "no clock of yours runs on this ticket: say how many minutes"
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"minutes": 0}, "no minutes to record"),
        ({"minutes": -5}, "reverse it"),
        ({"minutes": 24 * 60 + 1}, "more than 24 hours"),
        ({"minutes": 5, "started_at": datetime(2999, 1, 1, tzinfo=UTC)}, "begins in the future"),
        ({"minutes": 5, "quote_id": "Q-LC-1-7"}, "has no quote Q-LC-1-7"),
        ({"minutes": 5, "quote_id": "Q-KX-1-1"}, "has no quote Q-KX-1-1"),
        ({"minutes": 5, "quote_id": "Q-LC-1-1"}, "nobody has agreed"),
        ({"reverses": uuid4()}, "no such entry"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_a_reason(three_hours, decided, report, said, *, fields, reason):
    decided(LUX, Verdict.PAID, ANALYSIS)
    assert report("LC-1", **fields) == [Outcome.DONE]
    assert (said(WorkRecorded), reason in said(WorkRefused)[0].reason) == ([], True)


def test_an_entry_is_corrected_only_by_taking_it_back_once(bought_hour, report, said):
    report("LC-1", 90, LUX_QUOTE)
    [entry] = said(WorkRecorded)
    report("LC-1", reverses=entry.entry_id, agent="Vera")
    back = said(WorkRecorded)[1]
    assert (back.minutes, back.over_minutes, back.reverses) == (-90, -30, entry.entry_id)
    report("LC-1", reverses=entry.entry_id)
    report("LC-1", reverses=back.entry_id)
    assert [refused.reason for refused in said(WorkRefused)] == [
        "it was taken back already",
        "it takes another entry back: report the work anew instead",
    ]
    report("LC-1", 60, LUX_QUOTE)
    assert last(said(WorkRecorded)).over_minutes == 0


# --- beyond what was agreed to ----------------------------------------------------------------------------------------


def test_work_beyond_a_bought_hour_is_recorded_not_charged_and_another_hour_is_offered_once(bought_hour, report, said):
    report("LC-1", 40, LUX_QUOTE)
    assert said(AllowanceUsedUp) == []
    report("LC-1", 45, LUX_QUOTE)
    report("LC-1", 10, LUX_QUOTE)
    assert [(entry.minutes, entry.over_minutes) for entry in said(WorkRecorded)] == [(40, 0), (45, 25), (10, 10)]
    [used_up] = said(AllowanceUsedUp)
    assert (used_up.quote_id, used_up.allowed_minutes, used_up.worked_minutes) == (LUX_QUOTE, 60, 85)
    [_, further] = said(QuoteIssued)
    assert (further.quote_id, further.version, further.total) == ("Q-LC-1-2", 1, Money.of(150, "EUR"))
    assert [charge.total for charge in said(ChargeRecorded)] == [Money.of(150, "EUR")]


def test_an_hour_that_is_used_to_its_end_is_used_up_and_nothing_is_offered(bought_hour, report, said):
    report("LC-1", 60, LUX_QUOTE)
    assert [used.worked_minutes for used in said(AllowanceUsedUp)] == [60]
    assert len(said(QuoteIssued)) == 1


def test_work_beyond_a_persons_price_is_drafted_for_a_person(three_hours, report, said):
    report("KX-1", 181, KENO_QUOTE)
    assert [(draft.quote_id, draft.offer.line, draft.offer.amount) for draft in said(QuoteDrafted)] == [
        ("Q-KX-1-2", "security-correction", None)
    ]


def test_a_second_hour_that_was_taken_back_is_not_offered_again_by_a_newer_decision(
    bought_hour, report, decided, say, hear, *, said
):
    report("LC-1", 90, LUX_QUOTE)
    say("desk", QuoteVoided(ticket_id="LC-1", quote_id="Q-LC-1-2", version=1, agent="Vera", reason="not wanted"))
    assert hear(worker, "void_quote") == [Outcome.DONE]
    decided(LUX, Verdict.PAID, ANALYSIS)
    assert [(quote.quote_id, quote.version) for quote in said(QuoteIssued)] == [(LUX_QUOTE, 1), ("Q-LC-1-2", 1)]


def test_the_second_hour_is_worked_on_the_second_quote(bought_hour, consent, report, said):
    report("LC-1", 90, LUX_QUOTE)
    consent("Q-LC-1-2")
    report("LC-1", 30, "Q-LC-1-2")
    assert last(said(WorkRecorded)).over_minutes == 0
    assert [charge.total for charge in said(ChargeRecorded)] == [Money.of(150, "EUR")] * 2


def test_reports_of_two_agents_at_the_same_moment_share_one_hour(bought_hour, say, session, said):
    told = {"ticket_id": "LC-1", "minutes": 40, "quote_id": LUX_QUOTE, "note": "Analysis"}
    say("desk", *(WorkReported(agent=agent, **told) for agent in ("Kees", "Vera", "Noor")))
    waiting = session.scalars(text("select id from bus.delivery where hearer = 'billing.record_work'")).all()
    session.rollback()
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda at: worker.deliver("billing.record_work", at), waiting)) == [Outcome.DONE] * 3
    assert sum(entry.minutes - entry.over_minutes for entry in said(WorkRecorded)) == 60
    assert (len(said(AllowanceUsedUp)), len(said(QuoteIssued))) == (1, 2)


# --- courtesy ---------------------------------------------------------------------------------------------------------


def test_courtesy_is_counted_and_at_the_limit_of_a_ticket_paid_work_is_drafted(decided, report, said):
    decided(HYPER)
    report("HN-1", 20)
    assert said(AllowanceUsedUp) == []
    report("HN-1", 15)
    assert [entry.over_minutes for entry in said(WorkRecorded)] == [0, 5]
    [used_up] = said(AllowanceUsedUp)
    assert (used_up.quote_id, used_up.allowed_minutes, used_up.whose) == (None, 30, "the ticket's")
    [draft] = said(QuoteDrafted)
    assert (draft.quote_id, draft.offer.line, draft.offer.basis) == ("Q-HN-1-1", "further-work", Basis.HOURS)


def test_courtesy_of_a_customer_is_limited_by_the_civil_month_of_the_provider(decided, report, said):
    # 23:30 UTC on 31 May is June in Amsterdam.
    june = {"started_at": datetime(2026, 5, 31, 22, 30, tzinfo=UTC)}
    may = {"started_at": datetime(2026, 5, 31, 21, 30, tzinfo=UTC)}
    for number in range(5):
        decided(ticket(f"HN-{number}", "hypernode"))
        report(f"HN-{number}", 29, **june)
    decided(ticket("HN-9", "hypernode"))
    report("HN-9", 29, **may)
    decided(ticket("HN-10", "hypernode", customer="c-2"))
    report("HN-10", 29, **june)
    assert [entry.over_minutes for entry in said(WorkRecorded)] == [0, 0, 0, 0, 25, 0, 0]
    [used_up] = said(AllowanceUsedUp)
    assert (used_up.ticket_id, used_up.whose, used_up.allowed_minutes) == ("HN-4", "the customer's", 120)


# --- settling ---------------------------------------------------------------------------------------------------------


def test_hours_are_charged_when_the_work_is_settled_and_not_when_it_is_agreed_to(three_hours, report, settle, said):
    assert said(ChargeRecorded) == []
    report("KX-1", 40, KENO_QUOTE)
    report("KX-1", 21, KENO_QUOTE, agent="Vera")
    assert settle() == [Outcome.DONE]
    [charge] = said(ChargeRecorded)
    assert (charge.total, charge.quantity, charge.unit) == (Money.of(120, "EUR"), 2, "started-hour")
    [settled] = said(QuoteSettled)
    assert (settled.worked_minutes, settled.charge_id, settled.total) == (61, charge.charge_id, charge.total)


def test_a_resolved_ticket_is_settled_and_never_charged_above_what_was_agreed_to(three_hours, report, say, hear, said):
    report("KX-1", 500, KENO_QUOTE)
    say("desk", TicketResolved(ticket_id="KX-1", agent="Kees"), TicketResolved(ticket_id="KX-1", agent="Vera"))
    assert hear(worker, "settle_ticket") == [Outcome.DONE] * 2
    assert [(charge.total, charge.quantity) for charge in said(ChargeRecorded)] == [(Money.of(180, "EUR"), 3)]
    assert [settled.over_minutes for settled in said(QuoteSettled)] == [320]


def test_who_resolves_a_ticket_settles_what_is_merged_into_it(three_hours, report, say, hear, said):
    report("KX-1", 61, KENO_QUOTE)
    say("desk", TicketResolved(ticket_id="KX-9", case=("KX-1",), agent="Kees"))
    assert hear(worker, "settle_ticket") == [Outcome.DONE]
    assert [(charge.ticket_id, charge.quantity) for charge in said(ChargeRecorded)] == [("KX-1", 2)]


def test_a_resolution_waits_for_work_that_was_reported_before_it(three_hours, say, hear, said):
    say("desk", WorkReported(ticket_id="KX-1", agent="Kees", minutes=61, quote_id=KENO_QUOTE, note="The last of it"))
    say("desk", TicketResolved(ticket_id="KX-1", agent="Kees"))
    assert hear(worker, "settle_ticket") == [Outcome.RETRY_LATER]
    assert hear(worker, "record_work") == [Outcome.DONE]
    assert hear(worker, "settle_ticket") == [Outcome.DONE]
    assert [charge.quantity for charge in said(ChargeRecorded)] == [2]


def test_when_nothing_was_worked_nothing_is_charged_and_that_is_said(three_hours, settle, said):
    settle()
    assert said(ChargeRecorded) == []
    assert [(settled.worked_minutes, settled.charge_id) for settled in said(QuoteSettled)] == [(0, None)]


def test_what_was_paid_already_is_locked_without_another_charge(bought_hour, report, say, hear, said):
    report("LC-1", 40, LUX_QUOTE)
    say("desk", TicketResolved(ticket_id="LC-1", agent="Kees"))
    hear(worker, "settle_ticket")
    assert [charge.total for charge in said(ChargeRecorded)] == [Money.of(150, "EUR")]
    assert [(settled.worked_minutes, settled.charge_id) for settled in said(QuoteSettled)] == [(40, None)]


def test_after_the_settlement_further_work_needs_a_quote_of_its_own(three_hours, report, settle, said):
    report("KX-1", 40, KENO_QUOTE)
    [entry] = said(WorkRecorded)
    settle()
    report("KX-1", 10, KENO_QUOTE)
    report("KX-1", reverses=entry.entry_id)
    settle()
    assert [refused.reason for refused in said(WorkRefused)] == [
        "Q-KX-1-1 is settled: further work needs a quote of its own",
        "Q-KX-1-1 is settled: what was charged can be given back as a credit",
        "Q-KX-1-1 is settled: further work needs a quote of its own",
    ]


def test_a_quote_of_another_ticket_is_not_settled(three_hours, settle, said):
    settle(ticket_id="KX-2")
    assert (said(QuoteSettled), said(WorkRefused)[0].reason) == ([], "this ticket has no quote Q-KX-1-1")


# --- merged tickets ---------------------------------------------------------------------------------------------------


@pytest.fixture
def merge(say, hear):
    def merge(merged, into, *, undone=False, merge_id=None):
        merge_id = merge_id or uuid4()
        known = {"ticket_id": merged, "merge_id": merge_id, "merged": merged, "into": into, "by": "Kim"}
        say("tickets", MergeUndone(**known) if undone else TicketsMerged(**known, merged_at=clock.now()))
        assert hear(worker, "count_together") == [Outcome.DONE]
        return merge_id

    return merge


def test_courtesy_of_merged_tickets_is_counted_together_until_that_is_undone(decided, report, merge, said):
    for number in ("HN-1", "HN-2"):
        decided(ticket(number, "hypernode", customer=None))
    report("HN-1", 20)
    merge_id = merge("HN-1", "HN-2")
    report("HN-2", 15)
    merge("HN-1", "HN-2", undone=True, merge_id=merge_id)
    merge("HN-1", "HN-2", merge_id=merge_id)
    report("HN-2", 15)
    assert [(entry.ticket_id, entry.over_minutes) for entry in said(WorkRecorded)] == [
        ("HN-1", 0),
        ("HN-2", 5),
        ("HN-2", 0),
    ]


def test_what_was_agreed_to_on_a_merged_ticket_is_worked_and_settled_where_the_case_goes_on(
    three_hours, decided, report, merge, say, *, hear, said
):
    decided(ticket("KX-2", "kenotronix"))
    merge("KX-1", "KX-2")
    report("KX-2", 61, KENO_QUOTE)
    say("desk", TicketResolved(ticket_id="KX-2", agent="Kees"))
    assert hear(worker, "settle_ticket") == [Outcome.DONE]
    assert [(charge.ticket_id, charge.quantity) for charge in said(ChargeRecorded)] == [("KX-1", 2)]
