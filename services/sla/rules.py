"""By when, and who: pure rules over what happened to a ticket and what its provider's policy says.

Due times are derived, never adjusted: everything that happened is kept, and the clocks follow from it in any order of
hearing. A clock counts from the start of a *cycle*: the request, or the first reply after the ticket was resolved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from shared.business_hours import Calendar, Interval
from shared.policies import Policy
from shared.vocabulary import CountedWindow, Decision, Emergency, Routing, Target, TargetName, TicketFacts, Verdict

SECOND = timedelta(seconds=1)

LEVELS = (Emergency.HIGHEST, Emergency.EMERGENCY, Emergency.IMMEDIATE_AFTER_UPGRADE)
"""The levels that are served before other tickets of their plan, highest first (h-sphere.policy)."""

HOUSE_HOURS = "The policy states no support hours: the due times are counted on house hours."
ON_CALL = (
    "Emergency outside support hours: notify the on-call person at once. Nothing but best effort is promised; "
    "the clock starts at the next opening."
)
SUPPLIER = "the supplier has the case"
SUSPENDED = "The supplier has the case: the clock stands still until it is handed back."
NOTHING_TO_DO = "This is no request: no clock runs."


class Happening(StrEnum):
    """What moves a ticket's clocks."""

    REPLIED = "replied"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    SUSPENDED = "suspended"
    RUNNING = "running"


History = Iterable[tuple[datetime, Happening]]


@dataclass(frozen=True)
class Cycle:
    """One run of a ticket's clocks; a ticket that is reopened begins the next.

    `pauses` are the suspensions that are over; `suspended_since` is the one that is not.
    """

    number: int
    start: datetime
    answered_at: datetime | None = None
    resolved_at: datetime | None = None
    pauses: tuple[Interval, ...] = ()
    suspended_since: datetime | None = None

    def stopped_at(self, name: TargetName) -> datetime | None:
        """When a target of this cycle was reached; None while it is not. Resolving a ticket also answers it."""
        reached = (self.resolved_at, self.answered_at if name is TargetName.FIRST_RESPONSE else None)
        return min((moment for moment in reached if moment), default=None)


class State(StrEnum):
    """How a target stands."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    MET = "met"
    BREACHED = "breached"


def current_cycle(received_at: datetime, history: History) -> Cycle:
    """The cycle a ticket is in, whatever the order in which its history became known. Whole seconds count."""
    cycle = Cycle(number=1, start=_whole(received_at))
    for moment, happening in sorted(history):
        at = _whole(moment)
        match happening:
            case Happening.REPLIED if cycle.resolved_at:
                cycle = replace(cycle, number=cycle.number + 1, start=at, answered_at=None, resolved_at=None)
            case Happening.ANSWERED if not cycle.answered_at:
                cycle = replace(cycle, answered_at=at)
            case Happening.RESOLVED if not cycle.resolved_at:
                cycle = replace(cycle, resolved_at=at)
            case Happening.SUSPENDED if not cycle.suspended_since:
                cycle = replace(cycle, suspended_since=at)
            case Happening.RUNNING if cycle.suspended_since:
                pauses = (*cycle.pauses, (cycle.suspended_since, at))
                cycle = replace(cycle, pauses=pauses, suspended_since=None)
    return cycle


def route(ticket: TicketFacts, decision: Decision, policy: Policy, cycle: Cycle) -> Routing:
    """Team, calendar, priority and due times of a ticket, with their proof."""
    plan, calendar = policy.plan(ticket.plan), policy.counted_on(ticket.plan)
    return Routing(
        team=policy.provider.departments[decision.department].name,
        calendar=plan.calendar,
        counted_on=calendar.name,
        priority=priority(plan.priority, decision.emergency),
        starts_at=calendar.add(cycle.start, timedelta(), cycle.pauses),
        targets=_targets(ticket, decision, policy, cycle),
        policy_version=policy.version,
        note=" ".join(_notes(decision, cycle, calendar, hours_are_stated=plan.calendar is not None)),
    )


def priority(plan_priority: int, emergency: Emergency | None) -> int:
    """The place in the queue, 1 first: the plan comes before the level, time decides among equals.

    `h-sphere.policy.priority-first` stands after the sentence on emergencies, so an emergency of a regular customer
    comes after every priority customer and before all other regular ones. A mark that is ignored gives no place.
    """
    level = LEVELS.index(emergency) if emergency in LEVELS else len(LEVELS)
    return (plan_priority - 1) * (len(LEVELS) + 1) + level + 1


def state_of(target: Target, cycle: Cycle, *, overdue: bool) -> State:
    """How a target stands. `overdue`: its timer has rung, and nothing that was known by then had reached it."""
    stopped_at = cycle.stopped_at(target.name)
    if target.due_at is None:
        return State.MET if stopped_at else State.SUSPENDED
    if stopped_at is None:
        return State.BREACHED if overdue else State.RUNNING
    return State.MET if stopped_at <= target.due_at else State.BREACHED


def proof(target: Target, routing: Routing, cycle: Cycle, zone: tzinfo) -> dict[str, Any]:
    """Everything a due time was computed from, as JSON; its times are of the calendar's zone, with their offset."""

    def local(moment: datetime | None) -> str | None:
        return moment.astimezone(zone).isoformat() if moment else None

    return {
        "calendar": routing.counted_on,
        "zone": str(zone),
        "policy_version": routing.policy_version,
        "start": local(cycle.start),
        "counts_from": local(routing.starts_at),
        "minutes": target.minutes,
        "due": local(target.due_at),
        "windows": [
            {
                "opens_at": local(window.opens_at),
                "closes_at": local(window.closes_at),
                "counted_seconds": window.counted_seconds,
                "holiday": window.holiday,
            }
            for window in target.windows
        ],
        "holidays": list(target.holidays),
        "pauses": [{"from": local(begin), "until": local(until), "reason": SUPPLIER} for begin, until in cycle.pauses],
    }


def _targets(ticket: TicketFacts, decision: Decision, policy: Policy, cycle: Cycle) -> tuple[Target, ...]:
    if decision.verdict is Verdict.NO_ACTION:
        return ()
    rows, calendar = policy.targets(ticket.plan, decision.emergency), policy.counted_on(ticket.plan)
    ours = rows.house_default or policy.plan(ticket.plan).calendar is None
    minutes = {TargetName.FIRST_RESPONSE: rows.first_response, TargetName.RESOLUTION: rows.resolution}
    return tuple(_target(name, count, calendar, cycle, house_default=ours) for name, count in minutes.items())


def _target(name: TargetName, minutes: int, calendar: Calendar, cycle: Cycle, *, house_default: bool) -> Target:
    since = cycle.suspended_since
    proof = calendar.prove(cycle.start, timedelta(minutes=minutes), cycle.pauses)
    if since and proof.due > since:
        return Target(name=name, minutes=minutes, due_at=None, house_default=house_default)
    return Target(
        name=name,
        minutes=minutes,
        due_at=proof.due,
        house_default=house_default,
        windows=tuple(
            CountedWindow(
                opens_at=counted.window.opens_at,
                closes_at=counted.window.closes_at,
                counted_seconds=counted.time // SECOND,
                holiday=counted.window.name,
            )
            for counted in proof.windows
        ),
        holidays=tuple(f"{day} {name}" for day, name in proof.named_days),
    )


def _notes(decision: Decision, cycle: Cycle, calendar: Calendar, *, hours_are_stated: bool) -> Iterable[str]:
    if decision.verdict is Verdict.NO_ACTION:
        yield NOTHING_TO_DO
        return
    if not hours_are_stated:
        yield HOUSE_HOURS
    if decision.emergency in LEVELS and not calendar.is_open(cycle.start):
        yield ON_CALL
    if cycle.suspended_since:
        yield SUSPENDED


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
