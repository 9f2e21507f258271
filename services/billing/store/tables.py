"""Quotes, consents and charges. Versions, consents and charges are added, never rewritten."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from shared.db import Model, json_column
from shared.money import Money

SCHEMA = "billing"


class QuoteVersion(Model, table=True):
    """One version of a quote. Only its `state` changes. Amounts are in minor units, without VAT.

    `priced_by`: the agent who set the price; None: the policy states it, or it is a draft.

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
    offer: dict[str, Any] = Field(sa_column=json_column())
    total_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    approvers: list[str] = Field(sa_column=json_column())
    state: str
    priced_by: str | None = None
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))
    valid_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))

    @property
    def total(self) -> Money | None:
        """The price of this version."""
        if self.total_minor is None or self.currency is None:
            return None
        return Money(minor=self.total_minor, currency=self.currency)


class DecidedTicket(Model, table=True):
    """The newest decision of a ticket that its quotes follow, and the ticket as it was then."""

    __tablename__ = "ticket"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    decision_version: int
    facts: dict[str, Any] = Field(sa_column=json_column())
    decision: dict[str, Any] = Field(sa_column=json_column())


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
