"""Which open tickets of the running stack will be late, given the backlog and the people there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.sla import store
from services.sla.rules.forecast import Expected, Waiting, forecast
from services.sla.rules.routing import State
from shared.bus import health
from shared.policies import Policies, load_policies
from shared.vocabulary import TargetName


def expected(agents: int, now: datetime, handling: timedelta | None = None) -> list[Expected]:
    """When every open ticket would be done, by so many agents in each team.

    `handling` is how long one ticket takes, in open time; None: what each pack says.
    """
    policies = load_policies()
    with health.snapshot() as session:
        return list(forecast(_backlog(policies, store.backlog(session), handling), agents, now))


def already_late(now: datetime) -> int:
    """How many open tickets need no foretelling."""
    with health.snapshot() as session:
        return store.standing(session, now)[1]


def _backlog(policies: Policies, found: store.Backlog, handling: timedelta | None) -> Iterator[Waiting]:
    for facts, routing, rows in found:
        provider = policies.provider(facts.provider).provider
        coming = next((row for row in rows if row.state == State.RUNNING and row.due_at), None)
        starts = [row.latest_start_at or row.due_at for row in rows]
        yield Waiting(
            ticket_id=facts.ticket_id,
            provider=facts.provider,
            team=routing.team,
            calendar=policies.calendar(routing.counted_on),
            place=routing.priority if provider.plan_before_time else 1,
            handling=handling or timedelta(minutes=provider.clocks.handling_minutes),
            start_by=min((start for start in starts if start), default=routing.starts_at),
            target=TargetName(coming.name) if coming else None,
            due_at=coming.due_at if coming else None,
        )
