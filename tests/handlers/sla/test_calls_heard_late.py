"""A call back counts at its own time, however late a call log tells of it, and takes back a breach that was none."""

from datetime import timedelta
from uuid import uuid4

from services.sla.rules.routing import State
from services.sla.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import BreachWithdrawn, CustomerCalledBack, ScopeDecided, TargetBreached
from shared.vocabulary import Channel, Decision, Requester, TargetName, TicketFacts, Verdict

LONG_AGO = clock.now().replace(microsecond=0) - timedelta(days=30)
TICKET = TicketFacts(
    ticket_id="KX-1042",
    provider="kenotronix",
    channel=Channel.PHONE,
    subject="Plesk",
    requester=Requester(phone="+442079460440"),
    received_at=LONG_AGO,
)


def decided():
    return ScopeDecided(ticket_id="KX-1042", ticket=TICKET, text="Help", decision=Decision(verdict=Verdict.SUPPORTED))


def called_back(after, **changes):
    told = {"ticket_id": "KX-1042", "arrival_id": uuid4(), "talk_seconds": 90}
    return CustomerCalledBack(**told, answered_at=LONG_AGO + after, **changes)


def breach(hear):
    assert set(hear(worker, "check_target")) == {Outcome.DONE}


def test_a_call_in_time_that_is_heard_of_late_takes_the_breach_back(happen, hear, targets, said):
    happen(decided())
    breach(hear)
    assert targets()[TargetName.FIRST_RESPONSE].state == State.BREACHED
    happen(called_back(timedelta(minutes=5)))
    first = targets()[TargetName.FIRST_RESPONSE]
    assert (first.state, first.stopped_at) == (State.MET, LONG_AGO + timedelta(minutes=5))
    [withdrawn] = said(BreachWithdrawn)
    assert (withdrawn.target, withdrawn.due_at) == (TargetName.FIRST_RESPONSE, first.due_at)
    assert withdrawn.others == (TargetName.RESOLUTION,)


def test_a_call_that_came_too_late_leaves_the_breach(happen, hear, targets, said):
    happen(decided())
    breach(hear)
    happen(called_back(timedelta(days=29)))
    assert targets()[TargetName.FIRST_RESPONSE].state == State.BREACHED
    assert said(BreachWithdrawn) == []


def test_a_call_that_is_known_before_the_ticket_is_decided_is_no_breach(happen, targets, said):
    happen(called_back(timedelta(minutes=5)), decided())
    assert targets()[TargetName.FIRST_RESPONSE].state == State.MET
    assert [breach.target for breach in said(TargetBreached)] == []


def test_a_call_that_may_be_of_another_ticket_answers_none(happen, targets):
    happen(decided(), called_back(timedelta(minutes=5), one_of=("KX-1042", "KX-1043")))
    assert targets()[TargetName.FIRST_RESPONSE].stopped_at is None
