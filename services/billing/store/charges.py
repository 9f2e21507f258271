"""What is charged and given back, each once, and what the billing system says it has booked of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.billing import rules
from services.billing.store.tables import Booked, Charged, Credited, QuoteVersion
from shared.money import Money


def record_charge(session: Session, charge: rules.Charge, recorded_at: datetime) -> bool:
    """Write a charge; False when this line of this version, and period of a plan, is charged already."""
    quote = charge.consent.quote
    values = {
        "charge_id": charge.charge_id,
        "consent_id": charge.consent.consent_id,
        "quote_id": quote.quote_id,
        "version": quote.version,
        "line": quote.line,
        "ticket_id": quote.ticket_id,
        "unit": quote.offer.unit,
        "quantity": charge.quantity,
        "total_minor": charge.total.minor,
        "currency": charge.total.currency,
        "period_from": charge.period_from,
        "period_until": charge.period_until,
        "recorded_at": recorded_at,
    }
    statement = insert(Charged).values(values).on_conflict_do_nothing()
    return session.execute(statement.returning(col(Charged.charge_id))).first() is not None


def charge(session: Session, charge_id: UUID) -> tuple[Charged, QuoteVersion] | None:
    """Return a charge with the version of the quote that it is for."""
    row = session.get(Charged, charge_id)
    quote = session.get(QuoteVersion, (row.quote_id, row.version)) if row else None
    return (row, quote) if row and quote else None


def credited(session: Session, charge_id: UUID) -> list[Money]:
    """Return what was given back of a charge."""
    rows = session.exec(select(Credited).where(col(Credited.charge_id) == charge_id))
    return [Money(minor=row.total_minor, currency=row.currency) for row in rows]


def record_credit(session: Session, credit: rules.Credit, *, agent: str, reason: str, given_at: datetime) -> bool:
    """Write a credit; False when it is on record already."""
    values = {
        "credit_id": credit.credit_id,
        "charge_id": credit.charge_id,
        "total_minor": credit.total.minor,
        "currency": credit.total.currency,
        "agent": agent,
        "reason": reason,
        "given_at": given_at,
    }
    statement = insert(Credited).values(values).on_conflict_do_nothing()
    return session.execute(statement.returning(col(Credited.credit_id))).first() is not None


def note_booking(session: Session, booked_id: UUID, reference: str | None, total: Money, booked_at: datetime) -> bool:
    """Write that the billing system has booked a charge or a credit; False when it is known already."""
    values = {
        "booked_id": booked_id,
        "reference": reference,
        "total_minor": total.minor,
        "currency": total.currency,
        "booked_at": booked_at,
    }
    statement = insert(Booked).values(values).on_conflict_do_nothing()
    return session.execute(statement.returning(col(Booked.booked_id))).first() is not None
