"""Clocks that are stopped, run again, are warned of and reclassified, on real tables.

The tickets are of a Monday that is far off, so that every moment is known and no timer rings by itself.
"""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.sla.rules.check import check
from services.sla.rules.routing import State
from services.sla.store import Clocks
from services.sla.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    PauseLimitSet,
    ScopeDecided,
    TargetBreached,
    TargetsRederived,
    TargetTimerSet,
    TargetWarned,
    TicketAnswered,
    TicketEscalated,
    TicketPaused,
    TicketReclassified,
    TicketReplied,
    TicketResolved,
    TicketResumed,
    TicketRouted,
)
from shared.vocabulary import (
    Channel,
    Decision,
    Emergency,
    PauseReason,
    Requester,
    ResumeReason,
    SupplierCase,
    TargetName,
    TicketFacts,
    Verdict,
    WaitingForCustomer,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime.fromisoformat("2035-06-04T09:00:00+02:00")
CASE = SupplierCase(supplier="Microsoft", case_reference="MS-77", message_sent="<m1@luxcloud.example>")
FIRST, NEXT, RESOLUTION = TargetName.FIRST_RESPONSE, TargetName.NEXT_RESPONSE, TargetName.RESOLUTION


def facts(provider="luxcloud", plan=None, received_at=MONDAY):
    return TicketFacts(
        ticket_id="T-1",
        provider=provider,
        plan=plan,
        channel=Channel.EMAIL,
        subject="Mail",
        requester=Requester(name="Anna", email="anna@bloemen.example"),
        received_at=received_at,
    )


def told(event, hours, **fields):
    return event(ticket_id="T-1", happened_at=MONDAY + hours * HOUR, **fields)


def decided(hours=0, ticket=None, **decision):
    known = {"verdict": Verdict.SUPPORTED} | decision
    return told(ScopeDecided, hours, ticket=ticket or facts(), text="Help", decision=Decision(**known))


def paused(hours, standstill=None, **fields):
    return told(TicketPaused, hours, standstill=standstill or WaitingForCustomer(), by="Kim", **fields)


def resumed(hours, why=ResumeReason.AGENT, reason=PauseReason.SUPPLIER):
    return told(TicketResumed, hours, paused_for=reason, why=why, by="Kim", resumed_at=MONDAY + hours * HOUR)


def answered(hours):
    return told(TicketAnswered, hours, agent="Kim", text="Done")


def replied(hours, heard=None):
    return TicketReplied(
        ticket_id="T-1",
        happened_at=MONDAY + (heard or hours) * HOUR,
        received_at=MONDAY + hours * HOUR,
        arrival_id=uuid4(),
        ticket=facts(),
        author=Requester(),
        author_verified=True,
        text="Here it is",
        channel=Channel.PHONE,
    )


def dues(targets):
    return {name: row.due_at and (row.due_at - MONDAY) / HOUR for name, row in targets().items()}


# --- waiting for the customer -----------------------------------------------------------------------------------------


def test_nothing_is_due_while_only_the_customer_can_go_on_and_his_answer_ends_that(happen, targets, timers, said):
    happen(decided(), answered(1), paused(2))
    assert targets()[RESOLUTION].state == State.PAUSED
    assert timers() == timers(50) == {}
    happen(replied(4))
    assert dues(targets)[NEXT] == 8
    assert {row.state for row in targets().values()} == {State.MET, State.RUNNING}
    [end] = said(TicketResumed)
    assert (end.why, end.by, end.minutes_given_back) == (ResumeReason.CUSTOMER_ANSWERED, None, 0)


def test_an_answer_that_had_arrived_unseen_takes_back_the_pause_and_says_what_that_gave_back(happen, said, targets):
    happen(decided(), answered(1), paused(2), resumed(6, reason=PauseReason.WAITING_FOR_CUSTOMER))
    before = targets()[RESOLUTION].due_at
    happen(replied(3, heard=30))
    [end] = [event for event in said(TicketResumed) if event.by is None]
    assert (end.resumed_at, end.minutes_given_back) == (MONDAY + 3 * HOUR, 180)
    assert targets()[RESOLUTION].due_at == before - 3 * HOUR
    [pause] = targets()[RESOLUTION].proof["pauses"]
    assert (pause["reason"], pause["ended_because"]) == ("waiting-for-customer", "customer-answered")


def test_a_pause_that_begins_over_an_unread_answer_stops_nothing(happen, said, targets):
    happen(decided(), answered(1), replied(2), paused(3))
    assert targets()[RESOLUTION].state == State.RUNNING
    assert [end.resumed_at for end in said(TicketResumed)] == [MONDAY + 3 * HOUR]


def test_resolving_a_ticket_that_waits_ends_the_wait(happen, said, targets):
    happen(decided(), paused(1), told(TicketResolved, 700, agent="Kim"))
    assert {row.state for row in targets().values()} == {State.MET}
    assert [end.why for end in said(TicketResumed)] == [ResumeReason.RESOLVED]


def test_the_order_of_hearing_changes_no_clock_that_was_stopped(happen, database):
    story = (decided(), answered(1), paused(2), replied(3), resumed(5))
    for number, order in enumerate(list(permutations(story))[::7]):
        ticket = facts().model_copy(update={"ticket_id": f"T-{number}"})
        for event in order:
            changes = {"ticket_id": ticket.ticket_id, "event_id": uuid4()}
            happen(event.model_copy(update=changes | ({"ticket": ticket} if hasattr(event, "ticket") else {})))
    with database.connect() as connection:
        rows = connection.execute(text("select distinct name, cycle, due_at, state, stopped_at from sla.target"))
        assert len(rows.all()) == 3


# --- the supplier -----------------------------------------------------------------------------------------------------


def test_a_supplier_who_has_the_case_suspends_with_evidence_until_he_answers(happen, said, targets, timers):
    happen(decided(), paused(1, CASE))
    assert {row.state for row in targets().values()} == {State.PAUSED}
    assert timers() == {}
    assert said(TicketRouted)[-1].routing.paused.evidence["case_reference"] == "MS-77"
    happen(resumed(25, ResumeReason.SUPPLIER_ANSWERED))
    assert dues(targets)[FIRST] == 28
    [change] = [change for change in said(TargetsRederived)[-1].changes if change.target is FIRST]
    assert (change.before, change.after) == (None, MONDAY + 28 * HOUR)
    [pause] = targets()[FIRST].proof["pauses"]
    assert pause["evidence"] == {
        "supplier": "Microsoft",
        "case_reference": "MS-77",
        "message_sent": "<m1@luxcloud.example>",
    }
    assert pause["by"] == pause["resumed_by"] == "Kim"
    assert check(targets()[FIRST].proof) == []


def test_a_suspension_ends_by_itself_at_the_limit_of_the_policy(happen, hear, said, targets):
    happen(decided(), paused(1, CASE))
    assert [limit.until for limit in said(PauseLimitSet)] == [MONDAY + HOUR + 5 * DAY]
    assert hear(worker, "end_pause") == [Outcome.DONE]
    [end] = said(TicketResumed)
    assert (end.why, end.by, end.paused_for) == (ResumeReason.LIMIT_REACHED, None, PauseReason.SUPPLIER)
    assert targets()[FIRST].state == State.RUNNING
    assert targets()[FIRST].proof["pauses"][0]["ended_because"] == "limit-reached"


def test_the_limit_of_a_pause_that_an_agent_ended_changes_nothing(happen, hear, said, targets):
    happen(decided(), paused(1, CASE), resumed(2))
    before = dues(targets)
    hear(worker, "end_pause")
    assert dues(targets) == before
    assert [end.by for end in said(TicketResumed)] == ["Kim"]


def test_no_other_policy_lets_a_supplier_stop_a_clock(happen, targets):
    happen(decided(ticket=facts("hypernode")), paused(1, CASE))
    assert {row.state for row in targets().values()} == {State.RUNNING}


def test_a_decision_that_the_supplier_acts_suspends_until_one_that_he_does_not(happen, said, targets, timers):
    happen(decided(), decided(1, sla="suspended", verdict=Verdict.SUPPLIER))
    assert timers() == {}
    assert {row.state for row in targets().values()} == {State.PAUSED}
    happen(decided(25))
    assert dues(targets)[FIRST] == 28
    assert targets()[FIRST].proof["pauses"][0]["evidence"] == {"clause": "luxcloud.general.sla-suspension"}
    assert [end.why for end in said(TicketResumed)] == [ResumeReason.DECIDED_ANEW]


def test_what_a_person_decides_changes_due_times_with_what_was_due_before_and_after(happen, said):
    happen(decided(), decided(1, sla="suspended", verdict=Verdict.SUPPLIER, version=2, decided_by="Kim"))
    [rederived] = said(TargetsRederived)
    assert rederived.why == "Kim decided that it is supplier"
    assert {change.target for change in rederived.changes} == {FIRST, RESOLUTION}
    assert all(change.before and change.after is None for change in rederived.changes)


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_warnings_come_one_after_the_other_in_support_hours_and_each_once_in_the_run_of_a_clock(happen, timers):
    happen(decided())
    # Half of five days of eight hours is over on Wednesday at one in the afternoon.
    assert timers(50) == {FIRST: MONDAY + 2 * HOUR, RESOLUTION: MONDAY + 52 * HOUR}
    assert timers(75) == timers(90) == {}


def test_a_warning_is_said_and_the_next_one_watched(happen, hear, session, said, timers):
    happen(decided())
    session.execute(text("delete from bus.delivery where due_at > :first"), {"first": MONDAY + 3 * HOUR})
    session.commit()
    for _ in range(4):
        assert set(hear(worker, "check_target")) <= {Outcome.DONE}
    assert [(warning.target, warning.percent) for warning in said(TargetWarned)] == [
        (FIRST, 50),
        (FIRST, 75),
        (FIRST, 90),
    ]
    assert said(TargetBreached) == []


def test_no_warning_comes_while_the_clock_stands_still_or_after_the_answer(happen, hear, say, said):
    happen(decided())
    warnings = [timer for timer in said(TargetTimerSet) if timer.percent < 100]
    happen(paused(1))
    for timer in warnings:
        say("sla", timer.model_copy(update={"event_id": uuid4()}))
    hear(worker, "check_target")
    happen(resumed(2), answered(3), told(TicketResolved, 4, agent="Kim"))
    for timer in warnings:
        say("sla", timer.model_copy(update={"event_id": uuid4()}))
    hear(worker, "check_target")
    assert said(TargetWarned) == []


def test_what_is_heard_of_late_in_the_night_is_told_at_the_next_opening(happen, hear, said, monkeypatch):
    happen(decided(ticket=facts(received_at=datetime.fromisoformat("2024-06-02T12:00:00+02:00"))))
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-06-07T03:00:00+02:00"))  # a Sunday night
    assert set(hear(worker, "check_target")) == {Outcome.DONE}
    held = [timer.rings_at for timer in said(TargetTimerSet) if timer.rings_at and timer.percent == 100]
    assert said(TargetBreached) == []
    assert held[-2:] == [datetime.fromisoformat("2026-06-08T09:00:00+02:00")] * 2

    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat("2026-06-08T09:00:00+02:00"))
    hear(worker, "check_target")
    assert len(said(TargetBreached)) == 2


# --- escalation and reclassification ----------------------------------------------------------------------------------


def test_a_breach_of_an_emergency_goes_to_the_person_on_call(happen, hear, said):
    happen(decided(ticket=facts("h-sphere", "regular"), emergency=Emergency.HIGHEST))
    hear(worker, "check_target")
    assert {(escalation.to, escalation.on_call) for escalation in said(TicketEscalated)} == {
        ("the person on call", True)
    }


def test_another_plan_and_level_derive_the_due_times_anew_with_what_they_were(happen, said, targets):
    happen(decided(ticket=facts("h-sphere", "regular"), emergency=Emergency.NOT_EMERGENCY))
    before = targets()[FIRST].due_at
    happen(told(TicketReclassified, 1, by="Kim", why="has paid", plan="priority", emergency=Emergency.HIGHEST))
    after = targets()[FIRST].due_at
    assert after == MONDAY + HOUR
    change = said(TargetsRederived)[0].changes[0]
    assert (change.before, change.after) == (before, after)
    assert said(TargetsRederived)[0].why == "reclassified by Kim: has paid"
    assert said(TicketRouted)[-1].routing.counted_on == "h-sphere/priority"
    assert said(TicketRouted)[-1].ticket.plan == "priority"


def test_what_an_agent_said_of_a_ticket_outlives_a_newer_decision(happen, targets):
    regular = facts("h-sphere", "regular")
    happen(decided(ticket=regular), told(TicketReclassified, 1, by="Kim", why="has paid", plan="priority"))
    due = targets()[FIRST].due_at
    happen(decided(2, ticket=regular))
    assert targets()[FIRST].due_at == due


@pytest.mark.parametrize(
    ("event", "handler"),
    [
        (paused(1), "stop_clocks"),
        (resumed(1), "resume_clocks"),
        (replied(1), "note_reply"),
        (answered(1), "stop_response"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hearing_of_a_standstill_twice_equals_hearing_of_it_once(happen, say, hear, session, *, event, handler):
    happen(decided())
    say("desk", event, event)
    say("desk", event)
    assert hear(worker, handler) == [Outcome.DONE]
    session.rollback()
    assert len(session.get(Clocks, "T-1").history) == 2
