"""Who has a ticket and by when: team, place in the queue and due times, by the policy and the ticket's clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from services.sla.rules.clocks import Clock, Cycle
from shared.business_hours import Calendar, Interval
from shared.policies import Policy
from shared.vocabulary import (
    CountedWindow,
    Decision,
    DueTimeChanged,
    Emergency,
    Pause,
    PauseReason,
    Routing,
    Target,
    TicketFacts,
    Verdict,
)

SECOND = timedelta(seconds=1)

LEVELS = (Emergency.HIGHEST, Emergency.EMERGENCY, Emergency.IMMEDIATE_AFTER_UPGRADE)
"""The levels that are served before other tickets of their plan, highest first (h-sphere.policy)."""

HOUSE_HOURS = "The policy states no support hours: the due times are counted on house hours."
OUTSIDE_HOURS = "Received outside support hours: with the team from the next opening, {opening}."
ON_CALL = (
    "Emergency outside support hours: the on-call person is notified at once. Nothing but best effort is promised; "
    "the clock starts at the next opening."
)
SUSPENDED = "The supplier has the case: the clock stands still until it is handed back."
WAITING = "Only the customer can go on: the clock stands still until he answers."
NOTHING_TO_DO = "This is no request: no clock runs."


class State(StrEnum):
    """How a target stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


def route(ticket: TicketFacts, decision: Decision, policy: Policy, cycle: Cycle) -> Routing:
    """Team, calendar, priority and due times of a ticket, with their proof."""
    plan, calendar, team = policy.plan(ticket.plan), policy.counted_on(ticket.plan), policy.team(ticket, decision)
    wanted = decision.verdict is not Verdict.NO_ACTION
    return Routing(
        team=team.name,
        level=team.level,
        calendar=plan.calendar,
        counted_on=calendar.name,
        priority=priority(plan.priority, decision.emergency),
        starts_at=calendar.add(cycle.start, timedelta(), intervals(cycle.pauses)),
        targets=tuple(_targets(ticket, decision, policy, cycle)) if wanted else (),
        policy_version=policy.version,
        note=" ".join(_notes(decision, cycle, calendar, hours_are_stated=plan.calendar is not None)),
        paused=cycle.paused if wanted else None,
    )


def follow(said: Routing, fresh: Routing) -> Routing:
    """The routing that was said, changed only where the clocks have moved.

    A due time whose clock is the same stays as it was said, whatever became of the policy since.
    """
    known = {target.name: target for target in said.targets}
    pairs = ((known.get(new.name), new) for new in fresh.targets)
    targets = tuple(
        old if old and (old.started_at, old.pauses) == (new.started_at, new.pauses) else new for old, new in pairs
    )
    if (targets, fresh.paused) == (said.targets, said.paused):
        return said
    return fresh.model_copy(update={"targets": targets})


def priority(plan_priority: int, emergency: Emergency | None) -> int:
    """The place in the queue, 1 first: the plan comes before the level, time decides among equals.

    `h-sphere.policy.priority-first` stands after the sentence on emergencies, so an emergency of a regular customer
    comes after every priority customer and before all other regular ones. A mark that is ignored gives no place.
    """
    level = LEVELS.index(emergency) if emergency in LEVELS else len(LEVELS)
    return (plan_priority - 1) * (len(LEVELS) + 1) + level + 1


def urgent(ticket: TicketFacts, decision: Decision, policy: Policy) -> bool:
    """Whether people are told of a due time at any hour: an emergency, on a plan that has targets for it."""
    return decision.emergency in LEVELS and bool(policy.targets(ticket.plan, decision.emergency).emergencies)


def state_of(target: Target, cycle: Cycle, *, overdue: bool) -> State:
    """How a target stands. `overdue`: its timer has rung, and nothing that was known by then had reached it."""
    stopped_at = cycle.stopped_at(target.name)
    if target.due_at is None:
        return State.MET if stopped_at else State.PAUSED
    if stopped_at is None:
        return State.BREACHED if overdue else State.RUNNING
    return State.MET if stopped_at <= target.due_at else State.BREACHED


def changes(before: Iterable[Target], after: Iterable[Target], cycle: Cycle) -> tuple[DueTimeChanged, ...]:
    """The due times of the same clocks that nothing has reached yet and that were others before."""
    known = {(target.name, target.started_at): target for target in before}
    pairs = ((known.get((target.name, target.started_at)), target) for target in after)
    return tuple(
        DueTimeChanged(target=target.name, before=was.due_at, after=target.due_at)
        for was, target in pairs
        if was and was.due_at != target.due_at and not cycle.stopped_at(target.name)
    )


def intervals(pauses: Iterable[Pause]) -> list[Interval]:
    """The pauses that are over, as a calendar counts them."""
    return [(pause.begins_at, pause.ends_at) for pause in pauses if pause.ends_at]


def _targets(ticket: TicketFacts, decision: Decision, policy: Policy, cycle: Cycle) -> Iterable[Target]:
    row, calendar = policy.targets(ticket.plan, decision.emergency), policy.counted_on(ticket.plan)
    ours = row.house_default or policy.plan(ticket.plan).calendar is None
    handling = timedelta(minutes=policy.provider.clocks.handling_minutes)
    for name, clock in cycle.clocks.items():
        target = Target(
            name=name,
            minutes=row.minutes(name),
            due_at=None,
            house_default=ours,
            clauses=row.clauses,
            started_at=clock.start,
        )
        yield _counted(target, calendar, clock, cycle.pauses, handling)


def _counted(
    target: Target, calendar: Calendar, clock: Clock, pauses: tuple[Pause, ...], handling: timedelta
) -> Target:
    """A target with its due time, or without one while its clock stands still."""
    later = tuple(pause for pause in pauses if _touches(pause, clock))
    proof = calendar.prove(clock.start, timedelta(minutes=target.minutes), intervals(later))
    if any(pause.ends_at is None and pause.begins_at < proof.due for pause in later):
        return target.model_copy(update={"pauses": later})
    told = {
        "due_at": proof.due,
        "windows": tuple(
            CountedWindow(
                opens_at=counted.window.opens_at,
                closes_at=counted.window.closes_at,
                counted_seconds=counted.time // SECOND,
                holiday=counted.window.name,
            )
            for counted in proof.windows
        ),
        "holidays": tuple(f"{day} {name}" for day, name in proof.named_days),
        "pauses": tuple(pause for pause in later if pause.begins_at < proof.due),
        "latest_start_at": calendar.latest_start(proof.due, handling),
    }
    return target.model_copy(update=told)


def _touches(pause: Pause, clock: Clock) -> bool:
    """Whether a pause lies between the start of a clock and what stopped it."""
    return (pause.ends_at is None or pause.ends_at > clock.start) and (
        clock.stopped_at is None or pause.begins_at < clock.stopped_at
    )


def _notes(decision: Decision, cycle: Cycle, calendar: Calendar, *, hours_are_stated: bool) -> Iterable[str]:
    if decision.verdict is Verdict.NO_ACTION:
        yield NOTHING_TO_DO
        return
    if not hours_are_stated:
        yield HOUSE_HOURS
    if not calendar.is_open(cycle.start):
        opening = calendar.next_opening(cycle.start).astimezone(calendar.zone)
        yield OUTSIDE_HOURS.format(opening=f"{opening:%Y-%m-%d %H:%M %Z}")
        if decision.emergency in LEVELS:
            yield ON_CALL
    if cycle.paused:
        yield SUSPENDED if cycle.paused.reason is PauseReason.SUPPLIER else WAITING
