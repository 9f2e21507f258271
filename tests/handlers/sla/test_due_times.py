"""A ticket gets its due times, they are stopped or they are breached, each once, on real tables."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import uuid4

from sqlalchemy import text

from services.sla.rules.check import check
from services.sla.rules.routing import State
from services.sla.store import Clocks
from services.sla.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    ScopeDecided,
    TargetBreached,
    TargetTimerSet,
    TicketAnswered,
    TicketEscalated,
    TicketReplied,
    TicketResolved,
    TicketRouted,
)
from shared.vocabulary import Channel, Decision, Requester, TargetName, TicketFacts, Verdict

HOUR = timedelta(hours=1)
RECEIVED = clock.now().replace(microsecond=0)
ANNA = Requester(name="Anna", email="anna@bloemen.example")
TICKET = TicketFacts(  # open round the clock, so that nothing here depends on the hour at which it runs
    ticket_id="KX-1042",
    provider="kenotronix",
    channel=Channel.EMAIL,
    subject="Plesk",
    requester=ANNA,
    received_at=RECEIVED,
)
FIRST, NEXT, RESOLUTION = TargetName.FIRST_RESPONSE, TargetName.NEXT_RESPONSE, TargetName.RESOLUTION


def decided(after=timedelta(), verdict=Verdict.SUPPORTED, *, facts=TICKET):
    return ScopeDecided(
        ticket_id=facts.ticket_id,
        ticket=facts,
        text="Help",
        decision=Decision(verdict=verdict),
        happened_at=RECEIVED + after,
    )


def answered(after=HOUR):
    return TicketAnswered(ticket_id=TICKET.ticket_id, agent="kim", text="Done", happened_at=RECEIVED + after)


def resolved(after=2 * HOUR):
    return TicketResolved(ticket_id=TICKET.ticket_id, agent="kim", happened_at=RECEIVED + after)


def replied(after=3 * HOUR):
    return TicketReplied(
        ticket_id=TICKET.ticket_id,
        arrival_id=uuid4(),
        ticket=TICKET,
        author=ANNA,
        author_verified=True,
        text="It is back",
        channel=Channel.EMAIL,
        happened_at=RECEIVED + after,
    )


def test_a_decision_gives_a_team_due_times_and_a_timer_for_each(happen, said, targets, timers):
    happen(decided())
    (routed,) = said(TicketRouted)
    assert routed.routing.team
    assert {target.name: target.due_at for target in routed.routing.targets} == timers()
    assert {name: row.state for name, row in targets().items()} == {FIRST: State.RUNNING, RESOLUTION: State.RUNNING}
    assert targets()[FIRST].due_at == RECEIVED + 4 * HOUR
    assert datetime.fromisoformat(targets()[FIRST].proof["due"]) == RECEIVED + 4 * HOUR
    assert targets()[FIRST].latest_start_at == RECEIVED + 3.5 * HOUR
    assert [check(row.proof) for row in targets().values()] == [[], []]


def test_a_breach_that_nobody_answered_is_escalated_to_the_lead_of_the_team_level_by_level(happen, hear, said):
    happen(decided())
    hear(worker, "check_target")
    escalations = said(TicketEscalated)
    assert {escalation.level for escalation in escalations} == {1, 2}
    assert {(escalation.to, escalation.on_call) for escalation in escalations} == {
        ("team lead of Technical support", False)
    }


def test_what_is_no_request_is_routed_without_targets(happen, said, targets, timers):
    happen(decided(verdict=Verdict.NO_ACTION))
    assert said(TicketRouted)[0].routing.targets == ()
    assert targets() == timers() == {}


def test_a_request_that_turns_out_to_be_none_loses_its_targets(happen, targets, timers):
    happen(decided(), decided(HOUR, Verdict.NO_ACTION))
    assert targets() == timers() == {}


def test_an_answer_stops_the_first_response_and_its_timer_only(happen, targets, timers):
    happen(decided(), answered())
    assert targets()[FIRST].state == State.MET
    assert targets()[FIRST].stopped_at == RECEIVED + HOUR
    assert set(timers()) == {RESOLUTION}


def test_resolving_stops_everything(happen, targets, timers):
    happen(decided(), resolved())
    assert {row.state for row in targets().values()} == {State.MET}
    assert timers() == {}


def test_a_due_time_that_passes_is_breached_once(happen, hear, said, targets):
    happen(decided())
    assert set(hear(worker, "check_target")) == {Outcome.DONE}
    assert {(breach.target, breach.due_at) for breach in said(TargetBreached)} == {
        (name, row.due_at) for name, row in targets().items()
    }
    happen(answered(5 * HOUR))
    assert hear(worker, "check_target") == []
    assert len(said(TargetBreached)) == 2
    assert targets()[FIRST].state == State.BREACHED


def test_a_timer_that_rings_after_the_answer_says_nothing(happen, hear, say, said):
    happen(decided())
    timer = next(event for event in said(TargetTimerSet) if event.target is FIRST)
    happen(answered())
    say("sla", timer.model_copy(update={"event_id": uuid4()}), wait={"sla.check_target": timer.due_at})
    hear(worker, "check_target")
    assert [breach.target for breach in said(TargetBreached)] == [RESOLUTION]


def test_a_timer_of_an_older_routing_says_nothing(happen, hear, say, said):
    happen(decided())
    timer = said(TargetTimerSet)[0]
    happen(decided(HOUR), resolved())
    say("sla", timer.model_copy(update={"event_id": uuid4()}), wait={"sla.check_target": timer.due_at})
    assert hear(worker, "check_target") == [Outcome.DONE]
    assert said(TargetBreached) == []


def test_a_due_time_that_had_passed_before_the_decision_is_breached_when_its_timer_rings(happen, hear, said):
    happen(decided(facts=TICKET.model_copy(update={"received_at": RECEIVED - 24 * HOUR})))
    hear(worker, "check_target")
    assert RECEIVED - 20 * HOUR in {breach.due_at for breach in said(TargetBreached)}


def test_a_late_answer_that_is_heard_before_the_timer_is_a_breach_all_the_same(happen, said):
    happen(decided(), answered(5 * HOUR))
    assert [breach.target for breach in said(TargetBreached)] == [FIRST]
    assert said(TicketEscalated) == []  # there is nothing left to do


def test_an_answer_in_time_that_is_heard_after_the_timer_was_in_time(happen, hear, targets):
    happen(decided())
    hear(worker, "check_target")
    happen(answered())
    assert {name: row.state for name, row in targets().items()} == {FIRST: State.MET, RESOLUTION: State.BREACHED}


def test_a_reply_to_a_resolved_ticket_starts_fresh_clocks(happen, said, targets, timers):
    happen(decided(), answered(), resolved(), replied())
    assert [event.routing.starts_at for event in said(TicketRouted)] == [RECEIVED, RECEIVED + 3 * HOUR]
    assert {name: row.cycle for name, row in targets().items()} == {NEXT: 2, RESOLUTION: 2}
    assert timers()[NEXT] == RECEIVED + 7 * HOUR


def test_a_reply_before_the_first_response_changes_nothing(happen, said, timers):
    happen(decided())
    before = timers()
    happen(replied())
    assert timers() == before
    assert len(said(TicketRouted)) == 1


def test_a_reply_after_the_first_response_is_due_a_next_one_from_when_it_reached_us(happen, targets, timers):
    happen(decided(), answered(), replied().model_copy(update={"received_at": RECEIVED + 2 * HOUR}))
    assert timers()[NEXT] == RECEIVED + 6 * HOUR
    assert targets()[RESOLUTION].due_at == RECEIVED + 48 * HOUR
    happen(answered(4 * HOUR))
    assert targets()[NEXT].state == State.MET
    assert set(timers()) == {RESOLUTION}


def test_an_older_decision_that_is_heard_late_does_not_win(happen, targets):
    happen(decided(HOUR, Verdict.NO_ACTION), decided())
    assert targets() == {}


def test_the_order_of_hearing_changes_nothing(happen, database, targets, timers):
    for number, order in enumerate(permutations((decided(), answered(), resolved(), replied()))):
        ticket_id = f"KX-{number}"
        facts = TICKET.model_copy(update={"ticket_id": ticket_id})
        for event in order:
            changes = {"ticket_id": ticket_id, "event_id": uuid4()} | (
                {"ticket": facts} if hasattr(event, "ticket") else {}
            )
            happen(event.model_copy(update=changes))
    with database.connect() as connection:
        rows = connection.execute(text("select ticket_id, name, cycle, due_at, state, stopped_at from sla.target"))
        outcomes = {}
        for ticket_id, *facts in rows:
            outcomes.setdefault(ticket_id, set()).add(tuple(facts))
    assert len(outcomes) == 24
    assert set(map(frozenset, outcomes.values())) == {
        frozenset(
            {
                (NEXT, 2, RECEIVED + 7 * HOUR, State.RUNNING, None),
                (RESOLUTION, 2, RECEIVED + 51 * HOUR, State.RUNNING, None),
            }
        )
    }


def test_hearing_a_decision_twice_equals_hearing_it_once(say, hear, said, session):
    event = decided()
    say("scope", event, event)
    say("scope", event)
    assert hear(worker, "route_ticket") == [Outcome.DONE]
    assert len(said(TicketRouted)) == 1
    session.rollback()
    assert session.get(Clocks, TICKET.ticket_id).version == 1


def test_a_failure_leaves_nothing_behind(say, hear, said, session, targets):
    unknown = TICKET.model_copy(update={"provider": "nobody"})
    say("scope", decided(facts=unknown))
    assert hear(worker, "route_ticket") == [Outcome.DEAD]
    session.rollback()
    assert session.get(Clocks, TICKET.ticket_id) is None
    assert targets() == {}
    assert said(TicketRouted) == []
