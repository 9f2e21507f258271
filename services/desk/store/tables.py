"""The desk's tables: what lists need of tickets, quotes and arrivals."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index
from sqlmodel import Field

from shared.db import Model, json_column

SCHEMA = "desk"


def _instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True))


class Ticket(Model, table=True):
    """A ticket as lists show it. `facts` is empty while only later events have been heard.

    `others_asked_at`: when something last came to wait here that was asked in a ticket merged into this one.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_received_at", "received_at", "ticket_id"),
        Index("ix_ticket_merged_into", "merged_into"),
        {"schema": SCHEMA},
    )

    ticket_id: str = Field(primary_key=True)
    facts: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    provider: str | None = None
    received_at: datetime | None = _instant()
    facts_at: datetime | None = _instant()
    decision: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    verdict: str | None = None
    decided_at: datetime | None = _instant()
    routing: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    team: str | None = None
    priority: int | None = None
    response_started_at: datetime | None = _instant()
    response_due: datetime | None = _instant()
    response_start_by: datetime | None = _instant()
    resolution_due: datetime | None = _instant()
    resolution_start_by: datetime | None = _instant()
    routed_at: datetime | None = _instant()
    replied_at: datetime | None = _instant()
    answered_at: datetime | None = _instant()
    resolved_at: datetime | None = _instant()
    breached_at: datetime | None = _instant()
    breach_withdrawn_at: datetime | None = _instant()
    warned_at: datetime | None = _instant()
    warned_percent: int | None = None
    escalated_at: datetime | None = _instant()
    escalated_to: str | None = None
    written_to_at: datetime | None = _instant()
    letter_refused_at: datetime | None = _instant()
    letter_suppressed_at: datetime | None = _instant()
    left_closed_at: datetime | None = _instant()
    merged_into: str | None = None
    merged_at: datetime | None = _instant()
    others_asked_at: datetime | None = _instant()
    consent_at: datetime | None = _instant()
    consent_refused_at: datetime | None = _instant()
    charge_questioned_at: datetime | None = _instant()
    used_up_at: datetime | None = _instant()
    money_refused_at: datetime | None = _instant()
    money_done_at: datetime | None = _instant()


class Quote(Model, table=True):
    """A version of a quote, and how far it has come. Version 0 is a draft without a price."""

    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_ticket_id", "ticket_id"), {"schema": SCHEMA})

    quote_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    ticket_id: str
    state: str
    rank: int
    title: str | None = None
    total_minor: int | None = None
    currency: str | None = None
    valid_until: datetime | None = _instant()


class Booking(Model, table=True):
    """A charge in minor units, or a credit as a negative amount. `booked_at` empty: it is not booked.

    `quote_id`, `minor` and `currency` are empty while only that it is booked has been heard.
    """

    __tablename__ = "booking"
    __table_args__ = (Index("ix_booking_ticket_id", "ticket_id"), {"schema": SCHEMA})

    booked_id: UUID = Field(primary_key=True)
    ticket_id: str
    quote_id: str | None = None
    minor: int | None = None
    currency: str | None = None
    booked_at: datetime | None = _instant()


class Arrival(Model, table=True):
    """Something that reached us by mail or telephone, and why it is no ticket, if it is none.

    `sender`, `subject` and `excerpt` are of an e-mail in quarantine, for whoever decides on it. `filed_in`: its ticket.
    """

    __tablename__ = "arrival"
    __table_args__ = (Index("ix_arrival_state", "state"), {"schema": SCHEMA})

    arrival_id: UUID = Field(primary_key=True)
    channel: str
    source: str | None = None
    state: str = "received"
    reason: str | None = None
    sender: str | None = None
    subject: str | None = None
    excerpt: str | None = None
    filed_in: str | None = None
    received_at: datetime | None = _instant()
    settled_at: datetime | None = _instant()


class Page(Model, table=True):
    """Somebody on call who was told of a ticket."""

    __tablename__ = "page"
    __table_args__ = (Index("ix_page_alarm_id", "alarm_id"), {"schema": SCHEMA})

    page_id: UUID = Field(primary_key=True)
    alarm_id: UUID
    ticket_id: str
    subject: str
    level: str
    person: str | None = None
    reason: str
    best_effort: bool
    paged_at: datetime = Field(sa_type=DateTime(timezone=True))
    answer_by: datetime = Field(sa_type=DateTime(timezone=True))


class EndedAlarm(Model, table=True):
    """An alarm of which nobody else is told, and who took it, if somebody did."""

    __tablename__ = "ended_alarm"
    __table_args__ = ({"schema": SCHEMA},)

    alarm_id: UUID = Field(primary_key=True)
    why: str
    by: str | None = None
    ended_at: datetime = Field(sa_type=DateTime(timezone=True))


class HeldLetter(Model, table=True):
    """A letter that was written and not sent, until it is over: released, sent, or given up.

    `held_at` is empty while only its end has been heard.
    """

    __tablename__ = "held_letter"
    __table_args__ = (Index("ix_held_letter_ticket_id", "ticket_id"), {"schema": SCHEMA})

    letter_id: UUID = Field(primary_key=True)
    ticket_id: str
    kind: str | None = None
    reason: str | None = None
    held_at: datetime | None = _instant()
    over_at: datetime | None = _instant()


class StoppedLetters(Model, table=True):
    """The automatic letters of a provider: since when they were last stopped, and when they were last let go again."""

    __tablename__ = "stopped_letters"
    __table_args__ = ({"schema": SCHEMA},)

    provider: str = Field(primary_key=True)
    stopped_at: datetime | None = _instant()
    letters: int | None = None
    minutes: int | None = None
    resumed_at: datetime | None = _instant()
    resumed_by: str | None = None
