"""What is on record of money, as the books compare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.billing.rules.work import Entry
from shared.money import Money
from shared.vocabulary import PriceOffer


@dataclass(frozen=True)
class Agreed:
    """A version of a quote with the consent to it."""

    quote_id: str
    version: int
    ticket_id: str
    offer: PriceOffer
    total: Money
    agreed_at: datetime


@dataclass(frozen=True)
class Settled:
    """The locked work of a version: `minutes` of the `worked_minutes` lie within what was agreed to."""

    quote_id: str
    version: int
    worked_minutes: int
    minutes: int
    least_hours: int


@dataclass(frozen=True)
class Charged:
    """A charge."""

    charge_id: UUID
    quote_id: str
    version: int
    ticket_id: str
    quantity: int
    total: Money
    recorded_at: datetime


@dataclass(frozen=True)
class Credited:
    """Money given back of a charge."""

    credit_id: UUID
    charge_id: UUID
    total: Money
    given_at: datetime


@dataclass(frozen=True)
class Booked:
    """A booking of the billing system, by the id of its charge or credit."""

    booked_id: UUID
    total: Money


@dataclass(frozen=True)
class Books:
    """All that is on record at one moment. `last_worked`: when work for a quote was last told."""

    agreed: tuple[Agreed, ...] = ()
    entries: tuple[Entry, ...] = ()
    settled: tuple[Settled, ...] = ()
    charged: tuple[Charged, ...] = ()
    credited: tuple[Credited, ...] = ()
    booked: tuple[Booked, ...] = ()
    last_worked: Mapping[str, datetime] = field(default_factory=dict)
