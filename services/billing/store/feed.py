"""What the billing system was told to book, and whether it says that it has."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, select, update

from services.billing.store.tables import Awaited


def await_booking(session: Session, booked_id: UUID, asked_at: datetime) -> bool:
    """Write that a booking was asked for; False when it is written already."""
    statement = insert(Awaited).values(booked_id=booked_id, tries=1, asked_at=asked_at).on_conflict_do_nothing()
    return session.execute(statement.returning(col(Awaited.booked_id))).first() is not None


def try_again(session: Session, booked_id: UUID, tries: int) -> datetime | None:
    """Write that it is asked for so many times now; returns since when, None once it is acknowledged."""
    statement = (
        update(Awaited)
        .where(col(Awaited.booked_id) == booked_id, col(Awaited.acknowledged_at).is_(None))
        .values(tries=func.greatest(Awaited.tries, tries))
        .returning(col(Awaited.asked_at))
    )
    return session.execute(statement).scalar_one_or_none()


def acknowledge(session: Session, booked_id: UUID, at: datetime) -> None:
    """Write that it was booked, for what was asked for."""
    mine = (col(Awaited.booked_id) == booked_id, col(Awaited.acknowledged_at).is_(None))
    session.execute(update(Awaited).where(*mine).values(acknowledged_at=at))


def awaited(session: Session) -> tuple[int, datetime | None]:
    """How many bookings are still awaited, and since when the first of them."""
    statement = select(func.count(), func.min(Awaited.asked_at)).where(col(Awaited.acknowledged_at).is_(None))
    count, oldest = session.exec(statement).one()
    return count, oldest
