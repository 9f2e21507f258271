"""The relay, safety net and clock of the bus: `python -m shared.bus.relay`.

Most deliveries are rung right after their commit. The relay rings what is due and still there: timers whose moment has
come, retries, and rings that Redis or a worker lost. Several relays may run: rows are claimed with `skip locked`.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading

import structlog
from sqlalchemy import TextClause, text
from sqlmodel import Session

from shared import logs
from shared.bus import doorbell, event_log
from shared.bus.event_log import RING_GRACE_SECONDS, Ring
from shared.db import UNREACHABLE, engine
from shared.errors import Transient
from shared.settings import settings
from shared.topology import HEARERS, ROOMS

log = structlog.get_logger()

ROUND_SECONDS = 0.25
"""How late a timer or a retry may be rung."""

RING_CAP_SECONDS = 60
MOST_PER_ROUND = 500
KNOWN_HEARERS = tuple(hearer for hearers in HEARERS.values() for hearer in hearers)

AWAY: tuple[type[Exception], ...] = (*UNREACHABLE, Transient)

# A row that was not rung since it became due: a timer whose moment has come, or the next try.
_MOMENT_HAS_COME = "ring_at = due_at"

# Each room is counted for itself, so that one room's backlog never hides another's.
_OVERDUE = text(
    """
    select room, (
        select count(*) from (
            select 1 from bus.delivery d where d.room = rooms.room and d.ring_at <= now() limit :most
        ) as overdue
    ) from unnest(cast(:rooms as text[])) as rooms(room)
    """,
)

_DUE = text(
    "select count(*) from (select 1 from bus.delivery where room = :room and due_at <= now() limit :most) as due",
)

_RING = """
    with chosen as (
        select id from bus.delivery where room = :room and ring_at <= now() and {which}
        order by ring_at limit :most for update skip locked
    )
    update bus.delivery d
       set rings = rings + 1,
           ring_at = now() + least(:cap, :grace * power(2, least(rings, 10))) * interval '1 second'
      from chosen where d.id = chosen.id
    returning d.id, d.hearer, d.event_name, d.ticket_id
"""
_RING_DUE = text(_RING.format(which=_MOMENT_HAS_COME))
_RING_AGAIN = text(_RING.format(which="true"))

_BEAT = text(
    """
    insert into bus.relay_beat (relay, beat_at) values (:relay, now())
    on conflict (relay) do update set beat_at = excluded.beat_at
    """,
)


def go_round(session: Session) -> int:
    """Ring once what is overdue; returns how many rings were sent.

    What has waited for its moment is rung at once, ahead of the room's queue. For the rest, whose ring may only be
    waiting its turn, a queue that is merely long is left alone: no more is rung than there are due rows beyond what
    waits there. Each row backs off by itself.
    """
    sent = 0
    for room, overdue in session.execute(_OVERDUE, {"rooms": list(ROOMS), "most": MOST_PER_ROUND}).all():
        if not overdue:
            continue
        timers = _ring(session, _RING_DUE, room, overdue, first=True)
        sent += timers
        session.commit()  # no transaction stays open while Redis is asked
        if timers < overdue:
            waiting = doorbell.queue_length(room)
            due = session.execute(_DUE, {"room": room, "most": waiting + MOST_PER_ROUND}).scalar_one()
            sent += _ring(session, _RING_AGAIN, room, min(overdue - timers, due - waiting), first=False)
    return sent


def _ring(session: Session, statement: TextClause, room: str, most: int, *, first: bool) -> int:
    """Ring at most so many rows of a room; Transient when Redis is away."""
    if most <= 0:
        return 0
    parameters = {"room": room, "most": most, "cap": RING_CAP_SECONDS, "grace": RING_GRACE_SECONDS}
    rings = [Ring(*row) for row in session.execute(statement, parameters)]
    session.commit()
    if not doorbell.ring(rings, first=first):
        raise Transient("Redis does not answer")
    return len(rings)


def run(stop: threading.Event) -> None:
    """Go round until told to stop; outlives PostgreSQL and Redis being away."""
    name = f"{socket.gethostname()}"
    healthy = True
    with contextlib.suppress(*UNREACHABLE), Session(engine()) as session:
        if buried := event_log.bury_unheard(session, KNOWN_HEARERS):
            log.error("deliveries that nobody hears any more are dead letters now", deliveries=buried)
        session.commit()
    while not stop.is_set():
        try:
            with Session(engine()) as session:
                session.execute(_BEAT, {"relay": name})
                session.commit()
                go_round(session)
            settings().beat()
            if not healthy:
                log.info("relay back at work")
            healthy = True
        except AWAY as error:
            if healthy:
                log.warning("relay waits for a server to come back", error=type(error).__name__)
            healthy = False
        stop.wait(ROUND_SECONDS if healthy else 1.0)


def main() -> None:
    """Run as a process until SIGTERM or SIGINT."""
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("relay started")
    run(stop)
    log.info("relay stopped")


if __name__ == "__main__":
    main()
