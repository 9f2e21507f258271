"""What the billing system is told: CloudEvents 1.0 in JSON, without personal data.

A model per kind of event is what is sent, and what its published schema is made of. A field is added, never given a new
meaning; a consumer ignores what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    Event,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    SubscriptionChanged,
    SubscriptionEnded,
    SubscriptionStarted,
)
from shared.money import Currency, Money
from shared.vocabulary import Basis

SOURCE = "/scopedesk/billing"
EVENT_TYPE, BATCH_TYPE = "application/cloudevents+json", "application/cloudevents-batch+json"
"""Media types of one event and of a list of them (CloudEvents 1.0, JSON event format)."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Amount(_Told):
    """Minor units (cents) of a currency (ISO 4217), without VAT."""

    minor: int
    currency: Currency

    @property
    def money(self) -> Money:
        """The amount as the house reckons."""
        return Money(minor=self.minor, currency=self.currency)


class QuoteVersion(_Told):
    """Which version of which quote."""

    quote_id: str
    version: int


class QuoteOffered(QuoteVersion):
    """A price was offered: `total` is what is paid at most, of a plan (`basis`) at least, without agreeing anew."""

    line: str = Field(description="The price line of the policy.")
    clause: str = Field(description="The clause that the price line stands in.")
    basis: Basis
    unit: str
    quantity: int
    provider: str
    customer_id: str | None
    account: str | None
    total: Amount
    valid_until: AwareDatetime


class ConsentOnRecord(QuoteVersion):
    """Somebody who may approve costs agreed to exactly this version and amount. Nothing is to be booked yet."""

    consent_id: UUID
    total: Amount


class ChargeToBook(QuoteVersion):
    """Book this amount, once for the event's `id`. `period_…`: the days of a plan that it pays for, both included."""

    charge_id: UUID
    line: str
    clause: str
    provider: str
    customer_id: str | None
    account: str | None
    unit: str
    quantity: int
    period_from: date | None
    period_until: date | None
    total: Amount


class CreditToBook(_Told):
    """Give this (positive) amount of a charge back, once for the event's `id`. Nothing `remaining`: a reversal."""

    credit_id: UUID
    charge_id: UUID
    quote_id: str
    line: str
    provider: str
    customer_id: str | None
    account: str | None
    total: Amount
    remaining: Amount


class PlanStarted(_Told):
    """A plan runs from a day on; what it costs comes period by period, as charges.

    At least `minimum` periods of a `unit` (month, year) are due, however early it ends.
    """

    subscription_id: str
    version: int
    line: str
    provider: str
    customer_id: str | None
    account: str | None
    starts_on: date
    unit: str
    minimum: int
    quantity: int


class PlanChanged(_Told):
    """A plan covers another number of servers, from the period that begins on `from_day`."""

    subscription_id: str
    version: int
    quantity: int
    from_day: date


class PlanEnded(_Told):
    """A plan's last day, and until when it is paid all the same, for its minimum term."""

    subscription_id: str
    ends_on: date
    paid_until: date


D = TypeVar("D", bound=_Told)


class CloudEvent(BaseModel, Generic[D]):
    """The envelope. `id` follows from the fact: whoever keeps the ids that he has booked books nothing twice."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"]
    id: UUID
    source: Literal["/scopedesk/billing"]
    type: str
    subject: str | None = Field(default=None, description="The ticket.")
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    cursor: str = Field(description="Where to go on after this event when the feed is read again.")
    data: D


def _plain(data: type[_Told]) -> Callable[[Any], _Told]:
    return data.model_validate


def _offered(event: QuoteIssued) -> QuoteOffered:
    return QuoteOffered(
        quote_id=event.quote_id,
        version=event.version,
        line=event.offer.line,
        clause=event.offer.clause,
        basis=event.offer.basis,
        unit=event.offer.unit,
        quantity=event.offer.quantity,
        provider=event.ticket.provider,
        customer_id=event.ticket.requester.customer_id,
        account=event.ticket.account,
        total=Amount.model_validate(event.total),
        valid_until=event.valid_until,
    )


@dataclass(frozen=True)
class Kind:
    """A kind of event of the feed. `name`: its CloudEvents type and its routing key."""

    name: str
    envelope: type[CloudEvent[Any]]
    tell: Callable[[Any], _Told]


def _kind(name: str, data: type[_Told], tell: Callable[[Any], _Told] | None = None) -> Kind:
    words = "".join(part.capitalize() for part in name.split(".")[1:])
    fields: dict[str, Any] = {"type": (Literal[name], ...), "data": (data, ...)}
    return Kind(name, create_model(words, __base__=CloudEvent, __doc__=data.__doc__, **fields), tell or _plain(data))


FEED: dict[type[Event], Kind] = {
    QuoteIssued: _kind("billing.quote.issued", QuoteOffered, _offered),
    QuoteExpired: _kind("billing.quote.expired", QuoteVersion),
    QuoteWithdrawn: _kind("billing.quote.withdrawn", QuoteVersion),
    ConsentRecorded: _kind("billing.consent.recorded", ConsentOnRecord),
    ChargeRecorded: _kind("billing.charge.recorded", ChargeToBook),
    ChargeCredited: _kind("billing.charge.credited", CreditToBook),
    SubscriptionStarted: _kind("billing.subscription.started", PlanStarted),
    SubscriptionChanged: _kind("billing.subscription.changed", PlanChanged),
    SubscriptionEnded: _kind("billing.subscription.ended", PlanEnded),
}
"""The events of the feed."""

TO_BOOK = (ChargeRecorded, ChargeCredited)
"""Those that ask for a booking and for its acknowledgement; the others only tell."""


def cloud_event(event: Event, cursor: str) -> dict[str, Any]:
    """One event of the feed, ready for JSON. KeyError for an event outside the feed.

    `cursor` (an extension attribute) is where to go on after this event.
    """
    kind = FEED[type(event)]
    envelope = kind.envelope(
        specversion="1.0",
        id=event.event_id,
        source=SOURCE,
        type=kind.name,
        subject=event.ticket_id,
        time=event.happened_at,
        datacontenttype="application/json",
        cursor=cursor,
        data=kind.tell(event),
    )
    return envelope.model_dump(mode="json", exclude={"subject"} if event.ticket_id is None else None)
