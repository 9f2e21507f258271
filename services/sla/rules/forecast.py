"""Which open tickets will be late, given everything else that waits for the same people.

The people of a team take the tickets of the queue in its order, one each, in the hours of the ticket's calendar; each
takes as long as is typical. It is a forecast, not a promise: nobody is told of it but the people who plan.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.business_hours import Calendar
from shared.vocabulary import TargetName


@dataclass(frozen=True)
class Waiting:
    """An open ticket whose clock runs. `place` is its place by plan and level, 1 first, where that goes before time.

    `due_at` is the next due time that is still to be kept; None: all of them have passed, but the work is still there.
    """

    ticket_id: str
    provider: str
    team: str
    calendar: Calendar
    place: int
    handling: timedelta
    start_by: datetime
    target: TargetName | None
    due_at: datetime | None


@dataclass(frozen=True)
class Expected:
    """When work on a ticket would begin and be done; `late` None: in time, or nothing is left to be kept."""

    ticket: Waiting
    begins_at: datetime
    done_at: datetime
    late: timedelta | None


def forecast(backlog: Iterable[Waiting], agents: int, now: datetime) -> Iterator[Expected]:
    """When each ticket of a backlog would be done by so many agents in every team, in the order of their work."""
    teams: dict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for ticket in backlog:
        teams[ticket.provider, ticket.team].append(ticket)
    for _, waiting in sorted(teams.items()):
        yield from _by_one_team(waiting, agents, now)


def _by_one_team(waiting: Iterable[Waiting], agents: int, now: datetime) -> Iterator[Expected]:
    queues: dict[str, deque[Waiting]] = defaultdict(deque)
    for ticket in sorted(waiting, key=_order):
        queues[ticket.calendar.name].append(ticket)
    free = [now] * agents
    while queues:
        at = heapq.heappop(free)
        # Whoever is free takes what can be begun soonest: a plan with longer hours does not wait for one with shorter.
        begins_at, _, name = min(
            (queue[0].calendar.next_opening(at), _order(queue[0]), name) for name, queue in queues.items()
        )
        ticket = queues[name].popleft()
        if not queues[name]:
            del queues[name]
        done_at = ticket.calendar.add(begins_at, ticket.handling)
        heapq.heappush(free, done_at)
        late = done_at - ticket.due_at if ticket.due_at and done_at > ticket.due_at else None
        yield Expected(ticket, begins_at, done_at, late)


def _order(ticket: Waiting) -> tuple[int, datetime, str]:
    return ticket.place, ticket.start_by, ticket.ticket_id
