"""Dead letters for operators: list, replay, discard."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.bus import doorbell
from shared.bus.event_log import Ring
from shared.bus.tables import DeadLetter
from shared.db import engine
from shared.errors import Permanent


@dataclass(frozen=True)
class Letter:
    """A delivery that failed for good, as an operator sees it. `error` may hold personal data."""

    id: int
    hearer: str
    event_name: str
    ticket_id: str | None
    attempts: int
    error: str
    traceback: str
    died_at: datetime


def waiting() -> list[Letter]:
    """Return every dead letter that nobody has dealt with, oldest first."""
    statement = select(DeadLetter).where(col(DeadLetter.resolution).is_(None)).order_by(col(DeadLetter.id))
    with Session(engine()) as session:
        return [
            Letter(d.id, d.hearer, d.event_name, d.ticket_id, d.attempts, d.error, d.traceback, d.died_at)
            for d in session.exec(statement)
        ]


def held(session: Session, hearers: Collection[str]) -> tuple[int, int]:
    """How many deliveries to these hearers (`room.handler`) nobody has dealt with, and how many were given up."""
    statement = text(
        """
        select count(*) filter (where resolution is null), count(*) filter (where resolution = 'discarded')
          from bus.dead_letter where hearer = any(:hearers)
        """,
    )
    waiting, discarded = session.execute(statement, {"hearers": list(hearers)}).one()
    return waiting, discarded


def replay(letter_id: int, by: str) -> None:
    """Deliver a dead letter again, as if for the first time; Permanent when there is none of that number."""
    statement = text(
        """
        with back as (
            update bus.dead_letter set resolution = 'replayed', resolved_at = now(), resolved_by = :by
             where id = :id and resolution is null
            returning event_id, event_name, ticket_id, hearer
        )
        insert into bus.delivery (event_id, event_name, ticket_id, room, hearer)
        select event_id, event_name, ticket_id, split_part(hearer, '.', 1), hearer from back
        returning id, hearer, event_name, ticket_id
        """,
    )
    with Session(engine()) as session:
        row = session.execute(statement, {"id": letter_id, "by": by}).one_or_none()
        session.commit()
    if row is None:
        raise Permanent(_nobody(letter_id))
    doorbell.ring([Ring(*row)])


def discard(letter_id: int, by: str) -> None:
    """Give a dead letter up; its row stays as evidence. Permanent when there is none of that number."""
    statement = text(
        """
        update bus.dead_letter set resolution = 'discarded', resolved_at = now(), resolved_by = :by
         where id = :id and resolution is null returning id
        """,
    )
    with Session(engine()) as session:
        row = session.execute(statement, {"id": letter_id, "by": by}).one_or_none()
        session.commit()
    if row is None:
        raise Permanent(_nobody(letter_id))


def _nobody(letter_id: int) -> str:
    return f"no dead letter {letter_id} waits; `scopedesk dead-letters list` shows those that do"
