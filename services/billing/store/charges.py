"""What is charged, once for each line of a version that was agreed to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.billing import rules
from services.billing.store.tables import ChargeBooked


def record_charge(session: Session, charge: rules.Charge, recorded_at: datetime) -> bool:
    """Write a charge; False when this line of this version is charged already."""
    quote = charge.consent.quote
    values = {
        "charge_id": charge.charge_id,
        "consent_id": charge.consent.consent_id,
        "quote_id": quote.quote_id,
        "version": quote.version,
        "line": quote.line,
        "ticket_id": quote.ticket_id,
        "total_minor": charge.total.minor,
        "currency": charge.total.currency,
        "recorded_at": recorded_at,
    }
    statement = insert(ChargeBooked).values(values).on_conflict_do_nothing()
    return session.execute(statement.returning(col(ChargeBooked.charge_id))).first() is not None
