"""What the desk has heard, kept in its tables.

Events arrive in any order, so every group of columns carries the time of the event it came from, and an older event
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.desk.rules import summary
from services.desk.rules.summary import QuoteState
from services.desk.store import cases
from services.desk.store.tables import Arrival, Quote, Ticket
from shared.money import Money
from shared.vocabulary import Decision, Routing, TargetName, TicketFacts


def merge(session: Session, ticket_id: str, at: datetime, groups: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep groups of a ticket's columns, each under the column that holds its time, unless something newer is there."""
    row: dict[str, Any] = {"ticket_id": ticket_id}
    for stamp, values in groups.items():
        row |= {stamp: at, **values}
    statement = insert(Ticket).values(row)
    old, new = Ticket.__table__.c, statement.excluded  # type: ignore[attr-defined]
    changes: dict[str, Any] = {}
    for stamp, values in groups.items():
        newer = or_(old[stamp].is_(None), new[stamp] >= old[stamp])
        changes |= {name: case((newer, new[name]), else_=old[name]) for name in values}
        changes[stamp] = func.greatest(old[stamp], new[stamp])
    kept = statement.on_conflict_do_update(index_elements=["ticket_id"], set_=changes)
    if merged_into := session.execute(kept.returning(col(Ticket.merged_into))).scalar_one():
        cases.reckon(session, merged_into)


def facts_group(ticket: TicketFacts) -> dict[str, Any]:
    """The columns that come from a ticket's facts."""
    return {
        "facts": ticket.model_dump(mode="json"),
        "provider": ticket.provider,
        "received_at": ticket.received_at,
    }


def decision_group(decision: Decision) -> dict[str, Any]:
    """The columns that come from a decision."""
    return {"decision": decision.model_dump(mode="json"), "verdict": decision.verdict}


def routing_group(routing: Routing) -> dict[str, Any]:
    """The columns that come from a routing."""
    response = summary.response_of(routing)
    resolution = next((target for target in routing.targets if target.name is TargetName.RESOLUTION), None)
    return {
        "routing": routing.model_dump(mode="json"),
        "team": routing.team,
        "priority": routing.priority,
        "response_started_at": response.started_at if response else None,
        "response_due": response.due_at if response else None,
        "response_start_by": response.latest_start_at if response else None,
        "resolution_due": resolution.due_at if resolution else None,
        "resolution_start_by": resolution.latest_start_at if resolution else None,
    }


def keep_quote(
    session: Session,
    ticket_id: str,
    quote_id: str,
    version: int,
    state: QuoteState,
    *,
    title: str | None = None,
    total: Money | None = None,
    valid_until: datetime | None = None,
) -> None:
    """Keep what an event tells of a version of a quote; its state only ever goes forward."""
    row = {
        "quote_id": quote_id,
        "version": version,
        "ticket_id": ticket_id,
        "state": state,
        "rank": state.rank,
        "title": title,
        "total_minor": total.minor if total else None,
        "currency": total.currency if total else None,
        "valid_until": valid_until,
    }
    statement = insert(Quote).values(row)
    old, new = Quote.__table__.c, statement.excluded  # type: ignore[attr-defined]
    changes: dict[str, Any] = {
        name: func.coalesce(old[name], new[name]) for name in ("title", "total_minor", "currency", "valid_until")
    }
    changes |= {name: case((new["rank"] > old["rank"], new[name]), else_=old[name]) for name in ("state", "rank")}
    session.execute(statement.on_conflict_do_update(index_elements=["quote_id", "version"], set_=changes))


def keep_arrival(session: Session, arrival_id: UUID, channel: str, **told: Any) -> None:
    """Keep what an event tells of an arrival; it leaves alone what other events told, and what a newer one settled."""
    statement = insert(Arrival).values(arrival_id=arrival_id, channel=channel, **{"state": "received", **told})
    old, new = Arrival.__table__.c.settled_at, statement.excluded.settled_at  # type: ignore[attr-defined]
    newer = or_(old.is_(None), new.is_(None), new >= old)
    session.execute(statement.on_conflict_do_update(index_elements=["arrival_id"], set_=told, where=newer))
