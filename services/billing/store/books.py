"""Everything that the books compare, as it is on record."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.billing.rules import records
from services.billing.store import work
from services.billing.store.tables import (
    Booked,
    Charged,
    ConsentGivenTo,
    Credited,
    QuoteVersion,
    Settlement,
    WorkEntry,
)
from shared.money import Money
from shared.vocabulary import PriceOffer


def read(session: Session) -> records.Books:
    """Return what is on record; all of it at one moment when the session shows one."""
    return records.Books(
        agreed=_agreed(session),
        entries=tuple(map(work.as_entry, session.exec(select(WorkEntry).where(col(WorkEntry.quote_id).is_not(None))))),
        settled=tuple(
            records.Settled(row.quote_id, row.version, row.worked_minutes, row.minutes, row.least_hours)
            for row in session.exec(select(Settlement))
        ),
        charged=tuple(_charge(row) for row in session.exec(select(Charged))),
        credited=tuple(
            records.Credited(row.credit_id, row.charge_id, _money(row), row.given_at)
            for row in session.exec(select(Credited))
        ),
        booked=tuple(records.Booked(row.booked_id, _money(row)) for row in session.exec(select(Booked))),
        last_worked={
            str(quote_id): last
            for quote_id, last in session.exec(
                select(WorkEntry.quote_id, func.max(WorkEntry.reported_at))
                .where(col(WorkEntry.quote_id).is_not(None))
                .group_by(col(WorkEntry.quote_id)),
            )
        },
    )


def _agreed(session: Session) -> tuple[records.Agreed, ...]:
    same = (col(QuoteVersion.quote_id) == col(ConsentGivenTo.quote_id)) & (
        col(QuoteVersion.version) == col(ConsentGivenTo.version)
    )
    return tuple(
        records.Agreed(
            quote_id=quote.quote_id,
            version=quote.version,
            ticket_id=quote.ticket_id,
            offer=PriceOffer.model_validate(quote.offer),
            total=_money(consent),
            agreed_at=consent.given_at,
        )
        for quote, consent in session.exec(select(QuoteVersion, ConsentGivenTo).join(ConsentGivenTo, same))
    )


def _charge(row: Charged) -> records.Charged:
    return records.Charged(
        charge_id=row.charge_id,
        quote_id=row.quote_id,
        version=row.version,
        ticket_id=row.ticket_id,
        quantity=row.quantity,
        total=row.total,
        recorded_at=row.recorded_at,
    )


Amount = TypeVar("Amount", ConsentGivenTo, Credited, Booked)


def _money(row: Amount) -> Money:
    return Money(minor=row.total_minor, currency=row.currency)
