"""The facts that follow from clocks, each with an id that follows from the fact, so that it is said once."""

from __future__ import annotations

from datetime import datetime

from services.sla.rules.clocks import Cycle, Noted, reopenings
from shared.business_hours import Calendar
from shared.events import (
    TargetBreached,
    TargetTimerSet,
    TargetWarned,
    TicketEscalated,
    TicketLeftClosed,
    TicketResumed,
    derived_id,
)
from shared.vocabulary import Pause, Routing, Target


def breached(ticket_id: str, target: Target, routing: Routing) -> TargetBreached:
    """A due time passed."""
    assert target.due_at
    return TargetBreached(
        event_id=derived_id("breach", ticket_id, target.name, _second(target.due_at)),
        ticket_id=ticket_id,
        target=target.name,
        due_at=target.due_at,
        team=routing.team,
    )


def escalated(breach: TargetBreached, level: int, *, to: str, on_call: bool) -> TicketEscalated:
    """A breach that nobody has answered yet is brought before somebody."""
    return TicketEscalated(
        event_id=derived_id("escalation", breach.event_id),
        ticket_id=breach.ticket_id,
        level=level,
        to=to,
        on_call=on_call,
        target=breach.target,
        due_at=breach.due_at,
    )


def warned(timer: TargetTimerSet, target: Target, routing: Routing) -> TargetWarned:
    """A due time comes near; said once in the run of a clock, however often the clock was stopped."""
    assert target.started_at
    run = (timer.ticket_id, target.name, _second(target.started_at))
    return TargetWarned(
        event_id=derived_id("warning", *run, timer.percent),
        ticket_id=timer.ticket_id,
        target=target.name,
        percent=timer.percent,
        due_at=timer.due_at,
        team=routing.team,
    )


def left_closed(ticket_id: str, noted: Noted, cycle: Cycle) -> TicketLeftClosed:
    """A reply reopened nothing, because replies have reopened the ticket as often as they may."""
    return TicketLeftClosed(
        event_id=derived_id("left closed", noted.id),
        ticket_id=ticket_id,
        replied_at=noted.known_at or noted.at,
        reopenings=len(reopenings(cycle, noted.at)),
    )


def resumed(ticket_id: str, pause: Pause, was: datetime | None, calendar: Calendar) -> TicketResumed:
    """A pause is over by itself. `was`: its end as it was known before; None, it had none.

    What was counted as a pause after its end is given back.
    """
    assert pause.ends_at
    assert pause.ended_because
    known = max(pause.ends_at, was or pause.known_at or pause.ends_at)
    return TicketResumed(
        event_id=derived_id("resumed", ticket_id, pause.id, _second(pause.ends_at)),
        ticket_id=ticket_id,
        pause_id=pause.id,
        paused_for=pause.reason,
        why=pause.ended_because,
        resumed_at=pause.ends_at,
        minutes_given_back=int(calendar.elapsed(pause.ends_at, known).total_seconds() // 60),
    )


def _second(moment: datetime) -> int:
    return int(moment.timestamp())
