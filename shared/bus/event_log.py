"""The bus's statements on its own tables: say, claim, finish, postpone, bury. Each is one round trip."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from shared.db import storable
from shared.errors import Permanent
from shared.events import Event
from shared.topology import HEARERS, queue_of

EVENT_TYPES: dict[str, type[Event]] = {kind.__name__: kind for kind in HEARERS}

RING_GRACE_SECONDS = 5
"""How long a ring right after the commit may take to be answered before the relay rings again."""


@dataclass(frozen=True)
class Ring:
    """What goes through Redis: no content, only where to look."""

    delivery_id: int
    hearer: str
    event_name: str
    ticket_id: str | None


@dataclass(frozen=True)
class Said:
    """An event to be logged, with the hearers whose delivery must wait until a moment."""

    event: Event
    wait: dict[str, datetime]


@dataclass(frozen=True)
class Claim:
    """A delivery that this transaction holds; its event is built by whoever is ready to see that fail."""

    delivery_id: int
    event_id: UUID
    event_name: str
    ticket_id: str | None
    body: dict[str, Any]
    attempt: int

    def event(self) -> Event:
        """The event as its class reads it; Permanent when there is no such class (any more)."""
        kind = EVENT_TYPES.get(self.event_name)
        if kind is None:
            raise Permanent(f"no event of this version is called {self.event_name}")
        return kind.model_validate(self.body)


_SAY = text(
    """
    with said as (
        select * from jsonb_to_recordset(cast(:events as jsonb))
          as e(event_id uuid, name text, ticket_id text, caused_by uuid, happened_at timestamptz, body jsonb)
    ), logged as (
        insert into bus.event (event_id, name, said_by, ticket_id, caused_by, happened_at, body)
        select event_id, name, :said_by, ticket_id, caused_by, happened_at, body from said
        on conflict (event_id) do nothing
        returning event_id, name, ticket_id
    ), sent as (
        insert into bus.delivery (event_id, event_name, ticket_id, room, hearer, due_at, ring_at)
        select l.event_id, l.name, l.ticket_id, h.room, h.hearer, coalesce(h.due_at, now()),
               greatest(coalesce(h.due_at, now()), now() + :grace * interval '1 second')
        from jsonb_to_recordset(cast(:hearers as jsonb))
          as h(event_id uuid, room text, hearer text, due_at timestamptz)
        join logged l using (event_id)
        returning id, hearer, event_name, ticket_id, due_at
    )
    select id, hearer, event_name, ticket_id from sent where due_at <= now()
    """,
)


def say(session: Session, room: str, said: Iterable[Said]) -> list[Ring]:
    """Log events with a delivery per hearer; returns the rings to send after the commit.

    An event whose id is in the log already is the same fact said again: nothing is written and nobody hears it twice.
    """
    events: list[dict[str, Any]] = []
    hearers: list[dict[str, Any]] = []
    for item in {item.event.event_id: item for item in said}.values():
        event = item.event
        body = event.model_dump(mode="json")
        events.append(
            {key: body[key] for key in ("event_id", "ticket_id", "caused_by", "happened_at")}
            | {"name": type(event).__name__, "body": body},
        )
        for hearer in HEARERS[type(event)]:
            due_at = item.wait.get(hearer)
            hearers.append(
                {
                    "event_id": body["event_id"],
                    "room": queue_of(hearer),
                    "hearer": hearer,
                    "due_at": due_at.isoformat() if due_at else None,
                },
            )
    parameters = {
        "said_by": room,
        "events": json.dumps(events),
        "hearers": json.dumps(hearers),
        "grace": RING_GRACE_SECONDS,
    }
    return [Ring(*row) for row in session.execute(_SAY, parameters)]


# `skip locked`: whoever holds the row is at work on it, and a second ring for it has nothing to do.
_LOCK = "select id from bus.delivery where id = :id and hearer = :hearer and due_at <= now() for update skip locked"

_TAKE = text(
    f"""
    with taken as (
        delete from bus.delivery where id = ({_LOCK}) returning event_id, attempts + 1 as attempt
    )
    select e.event_id, e.name, e.ticket_id, e.body, t.attempt from taken t join bus.event e using (event_id)
    """,  # noqa: S608 -- made of constants
)

_LEASE = text(
    f"""
    with leased as (
        update bus.delivery
           set attempts = attempts + 1,
               due_at = now() + :lease * interval '1 second',
               ring_at = now() + :lease * interval '1 second'
         where id = ({_LOCK}) returning event_id, attempts as attempt
    )
    select e.event_id, e.name, e.ticket_id, e.body, l.attempt from leased l join bus.event e using (event_id)
    """,  # noqa: S608 -- made of constants
)


def take(session: Session, delivery_id: int, hearer: str) -> Claim | None:
    """Claim a delivery by deleting its row; None when it was heard already, is held by another, or is not due."""
    return _claim(delivery_id, session.execute(_TAKE, {"id": delivery_id, "hearer": hearer}).one_or_none())


def lease(session: Session, delivery_id: int, hearer: str, seconds: float) -> Claim | None:
    """Claim a delivery for an act outside: the row stays and is due again when the lease runs out."""
    parameters = {"id": delivery_id, "hearer": hearer, "lease": seconds}
    return _claim(delivery_id, session.execute(_LEASE, parameters).one_or_none())


def _claim(delivery_id: int, row: Any) -> Claim | None:
    return None if row is None else Claim(delivery_id, *row)


def finish(session: Session, claim: Claim) -> bool:
    """Delete the row of a leased delivery; False when another attempt, after the lease ran out, finished first."""
    statement = text("delete from bus.delivery where id = :id returning id")
    return session.execute(statement, {"id": claim.delivery_id}).one_or_none() is not None


def postpone(session: Session, claim: Claim, seconds: float, error: str) -> None:
    """Make a failed delivery due again later."""
    statement = text(
        """
        update bus.delivery
           set attempts = :attempt, last_error = :error,
               due_at = now() + :seconds * interval '1 second',
               ring_at = now() + :seconds * interval '1 second'
         where id = :id and attempts <= :attempt
        """,
    )
    parameters = {"id": claim.delivery_id, "attempt": claim.attempt, "seconds": seconds, "error": storable(error)}
    session.execute(statement, parameters)


def bury(session: Session, claim: Claim, error: str, traceback: str) -> bool:
    """Turn a delivery that failed for good into a dead letter; False when it is gone already."""
    statement = text(
        """
        with gone as (
            delete from bus.delivery where id = :id and attempts <= :attempt
            returning event_id, event_name, ticket_id, hearer
        )
        insert into bus.dead_letter (event_id, event_name, ticket_id, hearer, attempts, error, traceback)
        select event_id, event_name, ticket_id, hearer, :attempt, :error, :traceback from gone
        returning id
        """,
    )
    parameters = {
        "id": claim.delivery_id,
        "attempt": claim.attempt,
        "error": storable(error),
        "traceback": storable(traceback),
    }
    return session.execute(statement, parameters).one_or_none() is not None


def bury_unheard(session: Session, hearers: Iterable[str]) -> int:
    """Turn deliveries to handlers that no longer exist into dead letters; returns how many.

    Only after a day: while versions change over, the new one's deliveries are not known to the old one.
    """
    statement = text(
        """
        with gone as (
            delete from bus.delivery where hearer <> all(:hearers) and due_at < now() - interval '1 day'
            returning event_id, event_name, ticket_id, hearer, attempts
        )
        insert into bus.dead_letter (event_id, event_name, ticket_id, hearer, attempts, error, traceback)
        select event_id, event_name, ticket_id, hearer, attempts, 'nobody hears this any more', '' from gone
        returning id
        """,
    )
    return len(session.execute(statement, {"hearers": list(hearers)}).all())


def is_waited_for(session: Session, hearer: str, ticket_id: str | None) -> bool:
    """Whether a hearer has yet to hear something of a ticket that is due, being heard just now, or tried again."""
    statement = text(
        """
        select exists (select 1 from bus.delivery where ticket_id = :ticket and hearer = :hearer
                          and (due_at <= now() or attempts > 0))
        """,
    )
    return bool(session.execute(statement, {"ticket": ticket_id, "hearer": hearer}).scalar_one())


def cancel(session: Session, hearer: str, ticket_id: str | None) -> None:
    """Delete the deliveries of a ticket that still wait for their moment at this hearer."""
    statement = text("delete from bus.delivery where ticket_id = :ticket and hearer = :hearer and due_at > now()")
    session.execute(statement, {"ticket": ticket_id, "hearer": hearer})
