"""One database transaction in which a room changes its rows and says what happened: both commit, or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from shared.bus import doorbell, event_log
from shared.bus.event_log import Claim, Said
from shared.db import engine
from shared.events import Event
from shared.topology import HEARERS, ROOMS


@dataclass(frozen=True)
class Act:
    """Something to do in the outside world with no transaction open, and how to record what came of it."""

    do: Callable[[], Any]
    then: Callable[[Transaction, Any], None]


class Transaction:
    """What a handler is given: its session, and the only place where events can be said."""

    def __init__(self, room: str, session: Session) -> None:
        self.session = session
        self._room = room
        self._said: list[Said] = []
        self._claim: Claim | None = None
        self._act: Act | None = None

    @classmethod
    @contextmanager
    def begin(cls, room: str) -> Iterator[Transaction]:
        """Open a transaction where facts originate (a listener, an API, a command); commit at its end, then ring.

        Any exception rolls everything back and nobody hears anything.
        """
        if room not in ROOMS:
            raise ValueError(f"{room!r} is no room; rooms are {', '.join(ROOMS)}")
        with Session(engine(), expire_on_commit=False) as session:
            tx = cls(room, session)
            yield tx
            rings = event_log.say(session, room, tx._said) if tx._said else []
            session.commit()
        doorbell.ring(rings)

    @property
    def attempt(self) -> int:
        """Which try of this delivery it is, from 1; 1 outside a handler."""
        return self._claim.attempt if self._claim else 1

    def say(self, event: Event, *, wait: Mapping[str, datetime] | None = None) -> None:
        """Say an event. It reaches its hearers when this transaction commits.

        `wait` makes the delivery to a hearer wait until an aware moment: that is how timers are made.
        ValueError when the event or the hearer is not in the topology.
        """
        hearers = HEARERS.get(type(event))
        if hearers is None:
            raise ValueError(f"{type(event).__name__} is not in shared/topology.py")
        for hearer, moment in (wait or {}).items():
            if hearer not in hearers:
                raise ValueError(f"{hearer} does not hear {type(event).__name__}")
            if moment.tzinfo is None:
                raise ValueError(f"the moment that {hearer} waits for has no time zone")
        if self._claim and event.caused_by is None:
            event = event.model_copy(update={"caused_by": self._claim.event_id})
        self._said.append(Said(event, dict(wait or {})))

    def cancel(self, hearer: str, ticket_id: str | None) -> None:
        """Take back what still waits for its moment at `hearer` for this ticket."""
        event_log.cancel(self.session, hearer, ticket_id)

    def is_waited_for(self, hearer: str, ticket_id: str | None) -> bool:
        """Whether `hearer` has yet to hear something of this ticket that was said already; its timers do not count.

        Deliveries have no order: who closes something asks here, and raises Transient until all of it was heard.
        """
        return event_log.is_waited_for(self.session, hearer, ticket_id)

    def act(self, *, do: Callable[[], Any], then: Callable[[Transaction, Any], None]) -> None:
        """Name what an `acts_on` handler does outside: `do()` without a transaction, `then(tx, result)` in another.

        `do` may happen again after a crash, so it carries an idempotency key; it must end by itself within the time
        that its handler was registered with.
        """
        if self._act is not None:
            raise ValueError("a delivery is one act: say a second event for a second act")
        self._act = Act(do, then)
