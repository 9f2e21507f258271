"""Whom to tell of an emergency, in which order, and until when.

The levels of the rota are told one after the other, the whole row as often as the policy pack says, then the lead;
each person that is told is one page. Outside the support hours of the ticket's plan one level is told at once, as a
matter of best effort, and the next one only when they begin (HS-A6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.sla.rules.routing import LEVELS
from services.sla.rules.standing import Standing
from shared.events import OnCallPaged, derived_id
from shared.rota import Rota, who_is_on_call
from shared.vocabulary import Emergency, Routing, TargetName

EMERGENCY = "emergency"
"""The cause of an alarm that was raised by the ticket itself; otherwise the cause is the target that was breached."""

LEAD, TEAM = "lead", "team"
"""The level after all levels of the rota, and the one of a house that has no rota."""

REASON = {
    Emergency.HIGHEST: "a mail or web server is down",
    Emergency.EMERGENCY: "a server is down",
    Emergency.IMMEDIATE_AFTER_UPGRADE: "Apache or DNS is in trouble after an upgrade",
}


class State(StrEnum):
    """How an alarm stands."""

    RINGING = "ringing"
    TAKEN = "taken"
    DOWNGRADED = "downgraded"
    UNHEARD = "unheard"


OVER = {
    State.TAKEN: "the ticket was answered, paused or resolved",
    State.DOWNGRADED: "the ticket is no emergency any more",
}


@dataclass(frozen=True)
class Told:
    """The people who are told at a step of an alarm; None is the team's mailbox. `last`: nobody is left after them."""

    step: int
    level: str
    people: tuple[str | None, ...]
    last: bool = False


def told_at(rota: Rota | None, moment: datetime, step: int, rounds: int) -> Told:
    """Whom to tell at a step, counted from 0, or at the first one after it at which somebody is on call.

    After all levels it is the lead. The team's mailbox stands for him where none is named, and for a missing rota.
    """
    levels = (who_is_on_call(rota, moment) if rota else ()) * rounds
    for number, on_call in enumerate(levels):
        if number >= step and on_call.people:
            return Told(number, on_call.level, on_call.people)
    lead = rota.lead if rota else None
    return Told(max(step, len(levels)), LEAD if lead else TEAM, (lead,), last=True)


def is_new(cause: str, cycle: int, known: Iterable[tuple[str, int, State]]) -> bool:
    """Whether something raises an alarm, beside the known ones of the ticket (cause, cycle, state).

    A cause rings once in a cycle, unless the ticket was no emergency in between; and one alarm rings for all.
    """
    return all(
        state is not State.RINGING and ((was, run) != (cause, cycle) or state is State.DOWNGRADED)
        for was, run, state in known
    )


def state_of(cause: str, now: Standing) -> State:
    """How an alarm stands by its ticket: it rings while nobody has answered, or while the late target is not met."""
    cycle = now.cycle
    if now.decision.emergency not in LEVELS:
        return State.DOWNGRADED
    if cycle.resolved_at or cycle.paused:
        return State.TAKEN
    answers = (TargetName.FIRST_RESPONSE, TargetName.NEXT_RESPONSE)
    waits_for = answers if cause == EMERGENCY else (TargetName(cause),)
    waits = any(name in cycle.clocks and cycle.stopped_at(name) is None for name in waits_for)
    return State.RINGING if waits else State.TAKEN


def pages(
    alarm_id: UUID, told: Told, cause: str, now: Standing, *, routing: Routing, moment: datetime
) -> Iterator[OnCallPaged]:
    """The pages of a step, each with an id that follows from alarm, step and person, so that it is said once."""
    calendar = now.calendar(routing)
    best_effort = not calendar.is_open(moment)
    within = now.policy.provider.paging.acknowledge_within
    reason = REASON.get(now.decision.emergency or Emergency.NOT_EMERGENCY, EMERGENCY)
    late = "" if cause == EMERGENCY else f"the {cause.replace('-', ' ')} is late: "
    for person in told.people:
        page_id = derived_id("page", alarm_id, told.step, person or TEAM)
        yield OnCallPaged(
            event_id=page_id,
            ticket_id=now.ticket.ticket_id,
            page_id=page_id,
            alarm_id=alarm_id,
            step=told.step,
            level=told.level,
            person=person,
            reason=f"{late}{reason}",
            best_effort=best_effort,
            last=told.last,
            ticket=now.ticket,
            team=routing.team,
            answer_by=calendar.next_opening(moment) if best_effort else moment + within,
        )
