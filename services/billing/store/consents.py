"""The one consent to each version of a quote."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, select

from services.billing import rules
from services.billing.store.tables import ConsentGivenTo
from shared.money import Money


def record_consent(session: Session, consent: rules.Consent) -> None:
    """Write a consent; the database refuses a second one to the same version."""
    session.add(
        ConsentGivenTo(
            consent_id=consent.consent_id,
            quote_id=consent.quote.quote_id,
            version=consent.quote.version,
            total_minor=consent.total.minor,
            currency=consent.total.currency,
            given_by=consent.given_by,
            given_how=consent.given_how,
            given_at=consent.given_at,
        ),
    )


def agreement_to(session: Session, quote_id: str, version: int) -> rules.Agreement | None:
    """Return what was agreed to of a version; None when nobody has agreed."""
    versions = col(ConsentGivenTo.quote_id) == quote_id, col(ConsentGivenTo.version) == version
    consent_id = session.exec(select(ConsentGivenTo.consent_id).where(*versions)).first()
    return agreement(session, consent_id) if consent_id else None


def has_any(session: Session, quote_id: str) -> bool:
    """Whether somebody agreed to any version of a quote: later ones only change a plan that runs."""
    statement = select(ConsentGivenTo.consent_id).where(col(ConsentGivenTo.quote_id) == quote_id)
    return session.exec(statement.limit(1)).first() is not None


def agreement(session: Session, consent_id: UUID) -> rules.Agreement | None:
    """Return what was agreed to by a consent on record."""
    row = session.get(ConsentGivenTo, consent_id)
    if row is None:
        return None
    return rules.Agreement(
        quote_id=row.quote_id,
        version=row.version,
        total=Money(minor=row.total_minor, currency=row.currency),
        given_by=row.given_by,
        given_how=row.given_how,
        given_at=row.given_at,
        vouched_for=True,  # nothing else is ever recorded
    )
