"""What the bus keeps, in the PostgreSQL schema `bus`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Integer, text
from sqlmodel import Field

from shared.db import Model, json_column

SCHEMA = "bus"
NOW = text("now()")


def _instant(*, nullable: bool = False, default: Any = None) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable, server_default=default)


class LoggedEvent(Model, table=True):
    """The event log: append-only, the audit trail, the source of replay and the billing feed.

    `written_in` is the writing transaction. Sequence numbers are taken before a commit and may become visible out of
    order; a reader that follows the log by (epoch, written_in, seq), and only below the oldest running transaction,
    misses none. `epoch` counts the clusters that the log has lived in: a restore from a dump starts transaction numbers
    anew.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_ticket_id", "ticket_id"),
        Index("ix_event_order", "epoch", "written_in", "seq"),
        {"schema": SCHEMA},
    )

    event_id: UUID = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, Identity(always=True), unique=True, nullable=False))
    epoch: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("bus.epoch()")))
    written_in: int = Field(
        sa_column=Column(BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text::bigint)")),
    )
    name: str
    said_by: str
    ticket_id: str | None = None
    caused_by: UUID | None = None
    happened_at: datetime = Field(sa_column=_instant())
    recorded_at: datetime = Field(sa_column=_instant(default=NOW))
    body: dict[str, Any] = Field(sa_column=json_column())


class Delivery(Model, table=True):
    """One hearer still has to hear one event. The row is the inbox, the outbox and the timer in one.

    `due_at`: not to be heard before. `ring_at`: when the relay rings (again), if the row is still there.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_room_ring_at", "room", "ring_at"),
        Index("ix_delivery_room_due_at", "room", "due_at"),
        Index("ix_delivery_ticket_id", "ticket_id"),
        Index("ix_delivery_event_id", "event_id"),
        {"schema": SCHEMA},
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    event_id: UUID = Field(sa_column=Column(ForeignKey("bus.event.event_id"), nullable=False))
    event_name: str
    ticket_id: str | None = None
    room: str
    hearer: str
    due_at: datetime = Field(sa_column=_instant(default=NOW))
    ring_at: datetime = Field(sa_column=_instant(default=NOW))
    rings: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    last_error: str | None = None


class DeadLetter(Model, table=True):
    """A delivery that failed for good, kept without expiry until a person replays or discards it."""

    __tablename__ = "dead_letter"
    __table_args__ = (Index("ix_dead_letter_resolution", "resolution"), {"schema": SCHEMA})

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    event_id: UUID = Field(sa_column=Column(ForeignKey("bus.event.event_id"), nullable=False))
    event_name: str
    ticket_id: str | None = None
    hearer: str
    attempts: int
    error: str
    traceback: str
    died_at: datetime = Field(sa_column=_instant(default=NOW))
    resolution: str | None = None
    resolved_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    resolved_by: str | None = None


class RelayBeat(Model, table=True):
    """When a relay last went round, so that an operator can see that one is alive."""

    __tablename__ = "relay_beat"
    __table_args__ = ({"schema": SCHEMA},)

    relay: str = Field(primary_key=True)
    beat_at: datetime = Field(sa_column=_instant(default=NOW))
