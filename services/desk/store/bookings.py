"""What was charged for a ticket and given back, and what of it the billing system has booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.desk.store.tables import Booking
from shared.money import Money


class Charged(NamedTuple):
    """What was charged for a quote and not given back; `booked`: the billing system has all of it on its books."""

    total: Money
    booked: bool


def keep_amount(session: Session, booked_id: UUID, ticket_id: str, quote_id: str, total: Money) -> None:
    """Keep a charge, or a credit as a negative amount; that it is booked may have been heard before."""
    _keep(session, booked_id, ticket_id, quote_id=quote_id, minor=total.minor, currency=total.currency)


def keep_booked(session: Session, booked_id: UUID, ticket_id: str, at: datetime) -> None:
    """Keep that the billing system has booked an amount, whether or not it was heard of."""
    _keep(session, booked_id, ticket_id, booked_at=at)


def _keep(session: Session, booked_id: UUID, ticket_id: str, **told: Any) -> None:
    row = insert(Booking).values(booked_id=booked_id, ticket_id=ticket_id, **told)
    session.execute(row.on_conflict_do_update(index_elements=["booked_id"], set_=told))


def charged(session: Session, numbers: Sequence[str]) -> dict[str, Charged]:
    """What these tickets' quotes were charged, by quote."""
    booked = func.bool_and(col(Booking.booked_at).is_not(None))
    statement = (
        select(Booking.quote_id, Booking.currency, func.sum(col(Booking.minor)), booked)
        .where(col(Booking.ticket_id).in_(numbers), col(Booking.minor).is_not(None))
        .group_by(col(Booking.quote_id), col(Booking.currency))
    )
    return {
        quote_id: Charged(Money(minor=minor, currency=currency), all_booked)
        for quote_id, currency, minor, all_booked in session.exec(statement)
        if quote_id and currency and minor is not None
    }
