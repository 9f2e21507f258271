"""The tables of the billing room (schema `billing`). Versions, consents and charges are added, never rewritten."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.billing import rules
from shared.db import Model, json_column
from shared.money import Money
from shared.vocabulary import PriceOffer, TicketFacts

SCHEMA = "billing"


class QuoteVersion(Model, table=True):
    """One version of a quote. Only its `state` changes. Amounts are in minor units, without VAT.

    The first offer is version 1; version 0 is a draft that was never offered.
    """

    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_ticket_id", "ticket_id"), {"schema": SCHEMA})

    quote_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    ticket_id: str
    provider: str
    customer_id: str | None = None
    account: str | None = None
    line: str
    clause: str
    title: str
    unit: str
    total_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    approvers: list[str] = Field(sa_column=json_column())
    state: str
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))
    valid_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))

    @property
    def total(self) -> Money | None:
        """The price of this version."""
        if self.total_minor is None or self.currency is None:
            return None
        return Money(minor=self.total_minor, currency=self.currency)


class DecidedTicket(Model, table=True):
    """The newest decision of a ticket that its quotes follow."""

    __tablename__ = "ticket"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    decision_version: int


class ConsentGivenTo(Model, table=True):
    """The one consent to a version of a quote."""

    __tablename__ = "consent"
    __table_args__ = (
        UniqueConstraint("quote_id", "version"),
        ForeignKeyConstraint(["quote_id", "version"], ["billing.quote.quote_id", "billing.quote.version"]),
        {"schema": SCHEMA},
    )

    consent_id: UUID = Field(primary_key=True)
    quote_id: str
    version: int
    total_minor: int = Field(sa_type=BigInteger)
    currency: str
    given_by: str
    given_how: str
    given_at: datetime = Field(sa_type=DateTime(timezone=True))


class ChargeBooked(Model, table=True):
    """An amount to book, once for each line of a version that was agreed to."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("quote_id", "version", "line"),
        ForeignKeyConstraint(["consent_id"], ["billing.consent.consent_id"]),
        {"schema": SCHEMA},
    )

    charge_id: UUID = Field(primary_key=True)
    consent_id: UUID
    quote_id: str
    version: int
    line: str
    ticket_id: str
    total_minor: int = Field(sa_type=BigInteger)
    currency: str
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))


def lock_ticket(session: Session, ticket_id: str) -> None:
    """Let one handler at a time change the quotes of a ticket, until the transaction ends."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('billing:' || :t, 0))"), {"t": ticket_id})


def decide(session: Session, ticket_id: str, version: int) -> bool:
    """Keep which decision a ticket's quotes follow; False for one that is older than what they follow already."""
    known = session.get(DecidedTicket, ticket_id)
    if known and known.decision_version > version:
        return False
    session.merge(DecidedTicket(ticket_id=ticket_id, decision_version=version))
    return True


def quotes(session: Session, ticket_id: str) -> list[QuoteVersion]:
    """Return the newest version of each quote of a ticket, in order of their first writing."""
    statement = (
        select(QuoteVersion)
        .where(col(QuoteVersion.ticket_id) == ticket_id)
        .order_by(col(QuoteVersion.decided_at), col(QuoteVersion.quote_id), col(QuoteVersion.version))
    )
    return list({quote.quote_id: quote for quote in session.exec(statement)}.values())


def lock_quote(session: Session, quote_id: str) -> QuoteVersion | None:
    """Return the newest version of a quote, with its ticket locked as by `lock_ticket`."""
    versions = col(QuoteVersion.quote_id) == quote_id
    ticket_id = session.exec(select(QuoteVersion.ticket_id).where(versions).limit(1)).first()
    if ticket_id is None:
        return None
    lock_ticket(session, ticket_id)  # before a row is loaded: another handler may just be changing it
    return session.exec(select(QuoteVersion).where(versions).order_by(col(QuoteVersion.version).desc())).first()


def write_version(
    session: Session,
    quote_id: str,
    version: int,
    *,
    ticket: TicketFacts,
    offer: PriceOffer,
    total: Money | None,
    decided_at: datetime,
    valid_until: datetime | None,
) -> None:
    """Write a version of a quote: an offer, or a draft when it has no total."""
    session.add(
        QuoteVersion(
            quote_id=quote_id,
            version=version,
            ticket_id=ticket.ticket_id,
            provider=ticket.provider,
            customer_id=ticket.requester.customer_id,
            account=ticket.account,
            line=offer.line,
            clause=offer.clause,
            title=offer.title,
            unit=offer.unit,
            total_minor=total.minor if total else None,
            currency=total.currency if total else None,
            approvers=list(ticket.approvers),
            state=rules.QuoteState.OFFERED if total else rules.QuoteState.DRAFT,
            decided_at=decided_at,
            valid_until=valid_until,
        ),
    )


def as_quote(row: QuoteVersion) -> rules.Quote:
    """Return a version as the rules know quotes."""
    return rules.Quote(
        quote_id=row.quote_id,
        version=row.version,
        ticket_id=row.ticket_id,
        line=row.line,
        clause=row.clause,
        total=row.total,
        decided_at=row.decided_at,
        valid_until=row.valid_until,
        approvers=frozenset(row.approvers),
        state=rules.QuoteState(row.state),
    )


def settle(row: QuoteVersion, state: rules.QuoteState) -> None:
    """Write what became of a version."""
    row.state = state


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
