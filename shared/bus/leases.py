"""Leases of acts under way outside: short, and renewed while this process lives.

A slow mail server may take minutes, while a worker that was killed must be noticed in seconds. So a lease is short, and
a thread renews those that are held here; when the process dies, its leases run out by themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import structlog
from sqlalchemy import text
from sqlmodel import Session

from shared.bus.event_log import Claim
from shared.db import UNREACHABLE, engine

log = structlog.get_logger()

LEASE_SECONDS = 15.0
"""How long after a worker's death another takes its act over."""

RENEW_SECONDS = 5.0

_RENEW = text(
    """
    update bus.delivery d
       set due_at = now() + :lease * interval '1 second', ring_at = now() + :lease * interval '1 second'
      from unnest(cast(:ids as bigint[]), cast(:attempts as int[])) as held(id, attempt)
     where d.id = held.id and d.attempts = held.attempt
    """,
)

_held: dict[int, tuple[Claim, float]] = {}
"""Delivery id → its claim, and when it is not renewed any more, by the process's monotonic clock."""

_guard = threading.Lock()
_something_held = threading.Event()


@contextmanager
def held(claim: Claim, within: float) -> Iterator[None]:
    """Keep a lease alive during an act, for at most `within` seconds."""
    _renewer()
    with _guard:
        _held[claim.delivery_id] = (claim, monotonic() + within)
        _something_held.set()
    try:
        yield
    finally:
        with _guard:
            _held.pop(claim.delivery_id, None)
            if not _held:
                _something_held.clear()


def renew() -> None:
    """Renew every lease held in this process whose time is not up."""
    with _guard:
        claims = [claim for claim, until in _held.values() if monotonic() < until]
    if not claims:
        return
    parameters = {
        "lease": LEASE_SECONDS,
        "ids": [claim.delivery_id for claim in claims],
        "attempts": [claim.attempt for claim in claims],
    }
    with Session(engine()) as session:
        session.execute(_RENEW, parameters)
        session.commit()


def _renewer() -> None:
    """Start the thread that renews, once."""
    with _guard:
        if not any(thread.name == "leases" for thread in threading.enumerate()):
            threading.Thread(target=_go_on_renewing, name="leases", daemon=True).start()


def _go_on_renewing() -> None:
    pause = threading.Event()
    while True:
        _something_held.wait()
        pause.wait(RENEW_SECONDS)
        try:
            renew()
        except UNREACHABLE as error:
            log.warning("leases not renewed", error=type(error).__name__)
