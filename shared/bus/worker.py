"""A room's worker: which handler hears which event, and what becomes of a delivery."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from shared.bus import engine, event_log, leases
from shared.bus.event_log import Claim
from shared.bus.transaction import Transaction
from shared.db import engine as database
from shared.errors import Permanent, Transient
from shared.events import Event
from shared.topology import HEARERS, ROOMS

log = structlog.get_logger()

ACT_SECONDS = 60.0
"""How long an act outside may take before another attempt may begin, even if this one still runs."""

RETRY_FIRST_SECONDS = 0.5
RETRY_CAP_SECONDS = 600
MAX_ATTEMPTS = 100
"""Eleven to fifteen hours of trying: a mail server may be away for a night."""

Handler = Callable[[Any, Transaction], None]
Receiver = Callable[[dict[str, Any], Transaction], None]


class Outcome(StrEnum):
    """What became of a ring; Flower shows it as the task's result."""

    DONE = "done"
    NOTHING_TO_DO = "nothing to do"
    RETRY_LATER = "retry later"
    DEAD = "dead letter"
    REFUSED = "refused"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class Registered:
    """A handler as the bus calls it. `within`: it acts outside, in two transactions, for so many seconds at most."""

    function: Handler
    events: tuple[type[Event], ...]
    within: float | None


class Worker:
    """The handlers of one room. Its name is the name of its queue."""

    def __init__(self, room: str) -> None:
        if room not in ROOMS:
            raise ValueError(f"{room!r} is no room; rooms are {', '.join(ROOMS)}")
        self.room = room
        self.app = engine.app
        self.handlers: dict[str, Registered] = {}

    def hears(self, *events: type[Event]) -> Callable[[Handler], Handler]:
        """Register a handler whose work is in the database: it happens with its delivery's claim, or not at all."""
        return lambda function: self._register(function, events, None)

    def acts_on(self, *events: type[Event], within: float = ACT_SECONDS) -> Callable[[Handler], Handler]:
        """Register a handler that acts in the outside world: it names its act with `tx.act`.

        `within`: seconds in which an act ends by itself; after that another attempt may begin. A worker that dies is
        noticed sooner (see `leases`).
        """
        return lambda function: self._register(function, events, within)

    def takes_in(self, function: Receiver) -> Receiver:
        """Register a task `room.function` that is rung from outside the house with a message of its own.

        No row stands behind it: one that is lost, refused or fails leaves a line in the log and nothing else, so its
        sender must say it again until the answer shows elsewhere.
        """
        task = f"{self.room}.{function.__name__}"

        def take_in(message: dict[str, Any]) -> str:
            try:
                with Transaction.begin(self.room) as tx:
                    function(message, tx)
            except Exception as error:  # noqa: BLE001 -- a stranger's message must not reach the log with a traceback
                log.warning("a message from outside was refused", task=task, error=type(error).__name__)
                return Outcome.REFUSED
            return Outcome.DONE

        self.app.task(take_in, name=task)
        return function

    def _register(self, function: Handler, events: tuple[type[Event], ...], within: float | None) -> Handler:
        hearer = f"{self.room}.{function.__name__}"
        for event in events:
            if hearer not in HEARERS.get(event, ()):
                raise ValueError(f"shared/topology.py does not say that {hearer} hears {event.__name__}")
        self.handlers[hearer] = Registered(function, events, within)

        def answer_ring(delivery_id: int, _event_name: str, _ticket_id: str | None) -> str:
            return self.deliver(hearer, delivery_id)

        self.app.task(answer_ring, name=hearer)
        return function

    def deliver(self, hearer: str, delivery_id: int) -> Outcome:
        """Let a handler hear one delivery, if it is still there and due, and settle what comes of it."""
        handler = self.handlers[hearer]
        claims: list[Claim] = []  # kept outside the transaction, for the failure path
        try:
            self._hear(handler, hearer, delivery_id, claims)
        except (Transient, OperationalError, InterfaceError) as error:
            return self._settle(claims, hearer, error, retry=True)
        except Exception as error:  # noqa: BLE001 -- whatever a handler raises must end as a dead letter, never vanish
            return self._settle(claims, hearer, error, retry=False)
        return Outcome.DONE if claims else Outcome.NOTHING_TO_DO

    def _hear(self, handler: Registered, hearer: str, delivery_id: int, claims: list[Claim]) -> None:
        with Transaction.begin(self.room) as tx:
            if handler.within is None:
                claim = event_log.take(tx.session, delivery_id, hearer)
            else:
                claim = event_log.lease(tx.session, delivery_id, hearer, leases.LEASE_SECONDS)
            if claim is None:
                return
            claims.append(claim)
            if claim.attempt > MAX_ATTEMPTS:
                raise Permanent(f"given up after {MAX_ATTEMPTS} attempts, the last of which were never settled")
            tx._claim = claim  # noqa: SLF001 -- the other half of this module
            handler.function(claim.event(), tx)
            act = tx._act  # noqa: SLF001
            if handler.within is not None and act is None:
                event_log.finish(tx.session, claim)
        if act is None or handler.within is None:
            return
        with leases.held(claim, handler.within):
            result = act.do()
        with Transaction.begin(self.room) as tx:
            tx._claim = claim  # noqa: SLF001
            if event_log.finish(tx.session, claim):
                act.then(tx, result)
            else:
                log.warning("lease ran out, another attempt was first", hearer=hearer, ticket=claim.ticket_id)

    def _settle(self, claims: list[Claim], hearer: str, error: Exception, *, retry: bool) -> Outcome:
        """Record a failure in a transaction of its own. If even that fails, the row stays and the relay rings again."""
        if not claims:
            log.warning("delivery not reached", hearer=hearer, error=type(error).__name__)
            return Outcome.UNSETTLED
        claim = claims[0]
        facts = {"hearer": hearer, "ticket": claim.ticket_id, "attempt": claim.attempt}
        # The error's text may hold personal data: it goes into the row, not into the log.
        words = f"{type(error).__name__}: {error}"
        try:
            with Session(database()) as session:
                if retry and claim.attempt < MAX_ATTEMPTS:
                    event_log.postpone(session, claim, back_off(claim.attempt), words)
                    outcome = Outcome.RETRY_LATER
                else:
                    trace = "".join(traceback.format_exception(error))
                    event_log.bury(session, claim, words, trace)
                    outcome = Outcome.DEAD
                session.commit()
        except (OperationalError, InterfaceError):
            outcome = Outcome.UNSETTLED
        level = log.error if outcome is Outcome.DEAD else log.warning
        level(str(outcome), error=type(error).__name__, **facts)
        return outcome


def back_off(attempt: int) -> float:
    """Seconds until the next try: doubling, capped, with jitter so that a crowd does not come back at once."""
    ceiling: float = min(RETRY_CAP_SECONDS, RETRY_FIRST_SECONDS * 2.0 ** min(attempt - 1, 20))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 -- spreading load, not keeping secrets
