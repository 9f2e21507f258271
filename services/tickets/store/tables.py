"""The tables of the tickets room: the customer book, tickets, and what was filed in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Integer
from sqlmodel import Field

from shared.db import Model, json_column

SCHEMA = "tickets"

FIRST_TICKET = 1001


class CustomerRecord(Model, table=True):
    """A customer of one provider."""

    __tablename__ = "customer"
    __table_args__ = ({"schema": SCHEMA},)

    id: str = Field(primary_key=True)
    provider: str
    name: str
    account: str | None = None
    product: str | None = None
    plan: str | None = None
    language: str | None = None
    facts: list[str] = Field(sa_column=json_column())
    domains: list[str] = Field(default_factory=list, sa_column=json_column())
    servers: list[str] = Field(default_factory=list, sa_column=json_column())


class Contact(Model, table=True):
    """A person of a customer. `email` in lower case, `phone` in E.164; `position` keeps the account holder first."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_provider_email", "provider", "email"),
        Index("ix_contact_provider_phone", "provider", "phone"),
        Index("ix_contact_customer_id", "customer_id"),
        {"schema": SCHEMA},
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True))
    customer_id: str = Field(sa_column=Column(ForeignKey(f"{SCHEMA}.customer.id"), nullable=False))
    provider: str
    position: int
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    may_approve_costs: bool = False


class Ticket(Model, table=True):
    """A ticket, with its facts as they were when it was opened, or when a person last told whose it is.

    `serial` is one series for all providers, and the figure in `number`; one may be skipped, none is given twice.
    It goes on in `merged_into` while `merge_id` stands.
    """

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_merged_into", "merged_into"), {"schema": SCHEMA})

    number: str = Field(primary_key=True)
    serial: int = Field(sa_column=Column(BigInteger, Identity(start=FIRST_TICKET), unique=True, nullable=False))
    provider: str
    customer_id: str | None = None
    related_ticket_id: str | None = None
    facts: dict[str, Any] = Field(sa_column=json_column())
    about: list[str] = Field(default_factory=list, sa_column=json_column())
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    merged_into: str | None = None
    merge_id: UUID | None = None
    resolved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    reopened_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))

    @property
    def closed_at(self) -> datetime | None:
        """Since when nobody has to do anything about it; None while it is open."""
        if self.resolved_at is None or (self.reopened_at and self.reopened_at > self.resolved_at):
            return None
        return self.resolved_at


class DismissedCase(Model, table=True):
    """Two tickets that a person found to be no one case; the smaller number first."""

    __tablename__ = "dismissed_case"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_number: str = Field(primary_key=True)
    other_number: str = Field(primary_key=True)


class Message(Model, table=True):
    """An e-mail or call in the ticket by whose thread it came. One row per arrival: nothing can be filed twice.

    `mail_key` is the same for one mail that came to several mailboxes: these rows are its routes. `words_hash` is the
    same for the same words with the same files.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_message_id", "message_id"),
        Index("ix_message_ticket_number", "ticket_number"),
        Index("ix_message_mail_key", "mail_key"),
        {"schema": SCHEMA},
    )

    arrival_id: UUID = Field(primary_key=True)
    ticket_number: str = Field(sa_column=Column(ForeignKey(f"{SCHEMA}.ticket.number"), nullable=False))
    opened_ticket: bool
    message_id: str | None = None
    author: str | None = None
    mail_key: str | None = None
    words_hash: str | None = None
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
