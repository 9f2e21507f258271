"""The tables of the billing room. The database refuses to change consents, work, charges and credits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from shared.db import Model, json_column
from shared.money import Money

SCHEMA = "billing"

NO_PERIOD = "period_from is null"


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


class Charged(Model, table=True):
    """An amount to book, once for each line of a version that was agreed to.

    Of a plan once for each of its periods, and once more for each difference that a change makes in it.
    """

    __tablename__ = "charge"
    __table_args__ = (
        Index(
            "uq_charge_line", "quote_id", "version", "line", unique=True, postgresql_where=text("period_from is null")
        ),
        ForeignKeyConstraint(["consent_id"], ["billing.consent.consent_id"]),
        Index("ix_charge_ticket_id", "ticket_id"),
        {"schema": SCHEMA},
    )

    charge_id: UUID = Field(primary_key=True)
    consent_id: UUID
    quote_id: str
    version: int
    line: str
    ticket_id: str
    unit: str
    quantity: int
    total_minor: int = Field(sa_type=BigInteger)
    currency: str
    period_from: date | None = None
    period_until: date | None = None
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))

    @property
    def total(self) -> Money:
        """What is charged."""
        return Money(minor=self.total_minor, currency=self.currency)


class Credited(Model, table=True):
    """Money given back of a charge; the amount is positive."""

    __tablename__ = "credit"
    __table_args__ = (
        ForeignKeyConstraint(["charge_id"], ["billing.charge.charge_id"]),
        Index("ix_credit_charge_id", "charge_id"),
        {"schema": SCHEMA},
    )

    credit_id: UUID = Field(primary_key=True)
    charge_id: UUID
    total_minor: int = Field(sa_type=BigInteger)
    currency: str
    agent: str
    reason: str
    given_at: datetime = Field(sa_type=DateTime(timezone=True))


class Booked(Model, table=True):
    """What the billing system says it has booked: a charge or a credit, by its id."""

    __tablename__ = "booking"
    __table_args__ = ({"schema": SCHEMA},)

    booked_id: UUID = Field(primary_key=True)
    reference: str | None = None
    total_minor: int = Field(sa_type=BigInteger)
    currency: str
    booked_at: datetime = Field(sa_type=DateTime(timezone=True))


class Awaited(Model, table=True):
    """A charge or a credit that the billing system was asked to book: so many times, until it said that it had."""

    __tablename__ = "awaited"
    __table_args__ = ({"schema": SCHEMA},)

    booked_id: UUID = Field(primary_key=True)
    tries: int
    asked_at: datetime = Field(sa_type=DateTime(timezone=True))
    acknowledged_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class WorkEntry(Model, table=True):
    """Time worked on a ticket, in whole minutes; one that takes another back has its minutes negative.

    `quote_id` None: courtesy. `over_minutes` lie beyond what was allowed. `reported_at`: when the agent told it.
    """

    __tablename__ = "work_entry"
    __table_args__ = (
        UniqueConstraint("reverses"),
        ForeignKeyConstraint(["quote_id", "version"], ["billing.quote.quote_id", "billing.quote.version"]),
        Index("ix_work_entry_ticket_id", "ticket_id"),
        Index("ix_work_entry_quote_id", "quote_id"),
        Index("ix_work_entry_customer", "provider", "customer_id", "started_at"),
        {"schema": SCHEMA},
    )

    entry_id: UUID = Field(primary_key=True)
    ticket_id: str
    provider: str
    customer_id: str | None = None
    agent: str
    started_at: datetime = Field(sa_type=DateTime(timezone=True))
    minutes: int
    over_minutes: int
    note: str
    quote_id: str | None = None
    version: int | None = None
    reverses: UUID | None = None
    reported_at: datetime = Field(sa_type=DateTime(timezone=True))


class Merge(Model, table=True):
    """A ticket goes on in another, unless that is `undone`: their work is counted together."""

    __tablename__ = "merge"
    __table_args__ = (Index("ix_merge_merged", "merged"), Index("ix_merge_into", "into"), {"schema": SCHEMA})

    merge_id: UUID = Field(primary_key=True)
    merged: str
    into: str
    undone: bool


class RunningClock(Model, table=True):
    """An agent is at work on a ticket since a moment."""

    __tablename__ = "clock"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    agent: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=DateTime(timezone=True))


class Settlement(Model, table=True):
    """The work of a version is done, as `agent` said, and its entries are locked.

    `minutes` of the `worked_minutes` lie within what was agreed to; `least_hours` is the minimum that is charged.
    """

    __tablename__ = "settlement"
    __table_args__ = (
        ForeignKeyConstraint(["quote_id", "version"], ["billing.quote.quote_id", "billing.quote.version"]),
        {"schema": SCHEMA},
    )

    quote_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    worked_minutes: int
    minutes: int
    least_hours: int
    agent: str
    settled_at: datetime = Field(sa_type=DateTime(timezone=True))


class Subscribed(Model, table=True):
    """A plan that runs period by period. Its id is that of its quote, whose agreed versions are its terms.

    `minimum`: so many periods are due; `share`: the percentage of all licence fees that one costs, from the second on.
    `ends_on`: its last day, once it is known, as `ended_by` took it.
    """

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_customer", "provider", "customer"), {"schema": SCHEMA})

    subscription_id: str = Field(primary_key=True)
    ticket_id: str
    provider: str
    customer: str
    line: str
    unit: str
    starts_on: date
    minimum: int
    share: int | None = None
    ends_on: date | None = None
    ended_by: str | None = None


class LicenceFee(Model, table=True):
    """A licence fee that a customer paid, or (negative) one that was recorded in error. `agent`: who recorded it."""

    __tablename__ = "licence"
    __table_args__ = (Index("ix_licence_customer", "provider", "customer"), {"schema": SCHEMA})

    licence_id: UUID = Field(primary_key=True)
    provider: str
    customer: str
    bought_on: date
    fee_minor: int = Field(sa_type=BigInteger)
    currency: str
    agent: str
    recorded_at: datetime = Field(sa_type=DateTime(timezone=True))
