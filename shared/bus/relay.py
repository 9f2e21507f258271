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
from sqlalchemy import text
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

# Each room is counted for itself, so that one room's backlog never hides another's timers.
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

_RING = text(
    """
    with chosen as (
        select id from bus.delivery where room = :room and ring_at <= now()
        order by ring_at limit :most for update skip locked
    )
    update bus.delivery d
       set rings = rings + 1,
           ring_at = now() + least(:cap, :grace * power(2, least(rings, 10))) * interval '1 second'
      from chosen where d.id = chosen.id
    returning d.id, d.hearer, d.event_name, d.ticket_id
    """,
)

_BEAT = text(
    """
    insert into bus.relay_beat (relay, beat_at) values (:relay, now())
    on conflict (relay) do update set beat_at = excluded.beat_at
    """,
)


def go_round(session: Session) -> int:
    """Ring once what is overdue; returns how many rings were sent.

    A queue that is merely long is left alone: for a room, no more is rung than there are due rows beyond what already
    waits in its queue. Each row backs off by itself.
    """
    sent = 0
    counted = session.execute(_OVERDUE, {"rooms": list(ROOMS), "most": MOST_PER_ROUND}).all()
    for room, overdue in counted:
        if not overdue:
            continue
        session.commit()  # no transaction stays open while Redis is asked
        waiting = doorbell.queue_length(room)
        due = session.execute(_DUE, {"room": room, "most": waiting + MOST_PER_ROUND}).scalar_one()
        most = min(overdue, due - waiting, MOST_PER_ROUND)
        if most <= 0:
            continue
        parameters = {"room": room, "most": most, "cap": RING_CAP_SECONDS, "grace": RING_GRACE_SECONDS}
        rings = [Ring(*row) for row in session.execute(_RING, parameters)]
        session.commit()
        if not doorbell.ring(rings):
            break
        sent += len(rings)
    return sent


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
