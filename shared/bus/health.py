"""How the bus is: what waits, what died, whether the relay and Redis are there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kombu.connection import Connection
from sqlalchemy import text
from sqlmodel import Session

from shared.bus import doorbell
from shared.bus.engine import broker_url
from shared.db import engine
from shared.errors import Misconfigured, Transient
from shared.topology import ROOMS

CONNECT_TIMEOUT_SECONDS = 5

_UNDER_WAY = "(due_at <= now() or attempts > 0)"
"""To be heard now, or tried before: everything but a timer that waits for its moment."""


@dataclass(frozen=True)
class RoomHealth:
    """`under_way` deliveries are due, at work or between two tries; `timers` wait for their moment.

    `queue` is how many rings wait in Redis; None when Redis is away.
    """

    under_way: int
    timers: int
    queue: int | None


@contextmanager
def snapshot() -> Iterator[Session]:
    """One moment of the database for counting: what several stores say in it fits together."""
    with Session(engine().execution_options(isolation_level="REPEATABLE READ")) as session:
        session.execute(text("set transaction read only"))
        yield session


def rooms(session: Session) -> dict[str, RoomHealth]:
    """The health of every room's queue."""
    statement = text(
        f"""
        select room, count(*) filter (where {_UNDER_WAY}), count(*) filter (where not {_UNDER_WAY})
        from bus.delivery group by room
        """,  # noqa: S608 -- made of constants
    )
    found = {room: (under_way, timers) for room, under_way, timers in session.execute(statement)}
    try:
        queues: dict[str, int | None] = {room: doorbell.queue_length(room) for room in ROOMS}
    except Transient:
        queues = dict.fromkeys(ROOMS)
    return {room: RoomHealth(*found.get(room, (0, 0)), queues[room]) for room in ROOMS}


def undelivered(session: Session, hearers: Collection[str]) -> int:
    """How many deliveries these hearers (`room.handler`) still have to hear, now or at a later try."""
    statement = text("select count(*) from bus.delivery where hearer = any(:hearers)")
    return int(session.execute(statement, {"hearers": list(hearers)}).scalar_one())


def held_arrivals(session: Session, hearers: Collection[str]) -> dict[UUID, str]:
    """Arrivals that these hearers have to hear of yet (`under_way`), or whose hearing died (`dead`, `discarded`)."""
    statement = text(
        """
        select (event.body->>'arrival_id')::uuid as arrival_id, held.how
          from (select event_id, 'discarded' as how from bus.dead_letter
                 where hearer = any(:hearers) and resolution = 'discarded'
                union all
                select event_id, 'dead' from bus.dead_letter where hearer = any(:hearers) and resolution is null
                union all
                select event_id, 'under_way' from bus.delivery where hearer = any(:hearers)) held
          join bus.event using (event_id)
        """,
    )
    return {found.arrival_id: found.how for found in session.execute(statement, {"hearers": list(hearers)})}


def is_quiet(session: Session) -> bool:
    """True when nothing is under way in any room; timers may wait."""
    statement = text(f"select not exists (select 1 from bus.delivery where {_UNDER_WAY})")  # noqa: S608 -- constants
    return bool(session.execute(statement).scalar_one())


def dead_letters(session: Session) -> int:
    """How many dead letters nobody has dealt with."""
    return int(session.execute(text("select count(*) from bus.dead_letter where resolution is null")).scalar_one())


def relay_seen_at(session: Session) -> datetime | None:
    """When a relay last went round; None when there never was one."""
    seen: datetime | None = session.execute(text("select max(beat_at) from bus.relay_beat")).scalar_one()
    return seen


def check_redis(url: str) -> None:
    """Raise Misconfigured, saying what to do, when no Redis answers at this address."""
    options = {"socket_connect_timeout": CONNECT_TIMEOUT_SECONDS, "max_retries": 0}
    try:
        with Connection(broker_url(url), connect_timeout=CONNECT_TIMEOUT_SECONDS, transport_options=options) as broker:
            broker.default_channel.client.ping()
    except Exception as error:
        # kombu passes on whatever its transports raise, from a wrong scheme to a refused password
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Misconfigured(
            f"no Redis answers at REDIS_URL: {reason}. Check the address and the server",
        ) from error
