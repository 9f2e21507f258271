"""Quotes, consents, work, charges and plans. Every amount is without VAT."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.money import Money
from shared.vocabulary import Decision, NoConsent, PriceOffer, TicketFacts


class QuoteIssued(Event):
    """A price was offered to the requester. Amounts are without VAT."""

    quote_id: str
    version: int
    ticket: TicketFacts
    decision: Decision
    offer: PriceOffer
    total: Money
    valid_until: AwareDatetime

    @property
    def token(self) -> str:
        """What a reply must name to agree to this quote: its id and, from the second version on, the version."""
        return self.quote_id if self.version == 1 else f"{self.quote_id} v{self.version}"


class QuoteDrafted(Event):
    """Paid work without a stated price: a person must quote before anything is offered."""

    quote_id: str
    version: int = 0
    ticket: TicketFacts
    offer: PriceOffer


class QuoteExpired(Event):
    """Nobody agreed to a quote in time."""

    quote_id: str
    version: int


class QuoteWithdrawn(Event):
    """An offer or draft no longer holds. `reason`: why, for an agent to read; `agent` None: no agent took it back."""

    quote_id: str
    version: int
    reason: str = "the verdict that it rested on was changed"
    agent: str | None = None


class ChargeQuestioned(Event):
    """A decision was changed after its quote had been agreed to: nothing is taken back, a person has to look."""

    quote_id: str
    version: int
    total: Money
    decision_version: int


class ConsentRecorded(Event):
    """An authorised person agreed to exactly this version and amount of a quote."""

    quote_id: str
    version: int
    consent_id: UUID
    given_by: str
    given_how: str
    total: Money
    offer: PriceOffer | None = None


class ConsentRefused(Event):
    """Somebody agreed to a quote and it does not count; `reason` tells an agent what is missing.

    `newest` is the version that can be agreed to now; None: there is none on offer.
    """

    quote_id: str
    version: int
    given_how: str
    reason: str
    because: NoConsent | None = None
    newest: int | None = None


class ChargeRecorded(Event):
    """The billing system has to book this amount, `quantity` times a `unit`.

    Its `event_id` derives from quote, version and line, and of a plan also from the first day of the period that it
    pays for.
    """

    charge_id: UUID
    quote_id: str
    version: int
    line: str
    clause: str
    customer_id: str | None
    account: str | None
    provider: str
    total: Money
    unit: str = "job"
    quantity: int = 1
    period_from: date | None = None
    period_until: date | None = None


class ChargeCredited(Event):
    """Money is given back. `total` is positive; `remaining` is what stays of the charge; all of it: a reversal."""

    credit_id: UUID
    charge_id: UUID
    quote_id: str
    line: str
    customer_id: str | None
    account: str | None
    provider: str
    total: Money
    remaining: Money
    agent: str
    reason: str


class CreditRefused(Event):
    """An agent wanted to give back what cannot be given back; `reason` tells him why."""

    charge_id: UUID
    agent: str
    reason: str


class ChargeBooked(Event):
    """The billing system has booked a charge or a credit (`booked_id`), under a `reference` of its own."""

    booked_id: UUID
    reference: str | None
    total: Money


class BookingAwaited(Event):
    """The billing system was told to book a charge or a credit (`booked_id`), and has not said yet that it has.

    Heard again by `billing` when it has had its time, and said again with one more of `tries`.
    """

    booked_id: UUID
    tries: int


class WorkRecorded(Event):
    """Time that an agent worked on a ticket. Never changed: a mistake is taken back by an entry with its time negative.

    `quote_id` None: courtesy, given away. `over_minutes`: what lies beyond what was agreed to, and is not charged.
    """

    entry_id: UUID
    agent: str
    started_at: AwareDatetime
    minutes: int
    note: str
    quote_id: str | None = None
    version: int | None = None
    over_minutes: int = 0
    reverses: UUID | None = None


class WorkRefused(Event):
    """Time was reported that cannot be recorded so; `reason` tells the agent what to do."""

    agent: str
    reason: str


class QuoteSettled(Event):
    """The work of a quote is done, and its entries are locked.

    `charge_id` None: nothing is charged for it, because nothing was worked or because it was paid when it was agreed.
    """

    quote_id: str
    version: int
    agent: str
    worked_minutes: int
    over_minutes: int
    charge_id: UUID | None = None
    total: Money | None = None


class BooksDue(Event):
    """What was agreed, worked, charged and booked is to be compared once this day (UTC) has begun."""

    day: date


class BooksCompared(Event):
    """What was agreed, worked, charged and booked was compared; each finding in a sentence, none when all agrees."""

    day: date
    findings: tuple[str, ...] = ()


class AllowanceUsedUp(Event):
    """Nothing more may be worked without agreeing anew: what a quote allows, or the courtesy (None), is used up."""

    quote_id: str | None
    version: int | None
    allowed_minutes: int
    worked_minutes: int
    whose: str = "the ticket's"


class SubscriptionStarted(Event):
    """A plan runs from a day on. Its id is the quote that was agreed to.

    `first_period` is what its first period costs, nothing where that is free; `minimum`: so many periods are due,
    however early it ends. A period is one `unit`, a month or a year.
    """

    subscription_id: str
    version: int
    line: str
    customer_id: str | None
    account: str | None
    provider: str
    starts_on: date
    quantity: int
    unit: str = "month"
    first_period: Money | None = None
    minimum: int = 1


class SubscriptionChanged(Event):
    """A plan covers another number of servers, from the period that begins on `from_day`."""

    subscription_id: str
    version: int
    quantity: int
    from_day: date


class SubscriptionPeriodDue(Event):
    """A period of a plan begins: it is charged when it does."""

    subscription_id: str
    number: int
    starts_on: date


class SubscriptionEnding(Event):
    """A plan will have ended when `ends_on` is over; heard again by `billing` then."""

    subscription_id: str
    ends_on: date
    agent: str


class SubscriptionEnded(Event):
    """A plan ended: `ends_on` is its last day, `paid_until` what is due for its minimum term all the same."""

    subscription_id: str
    ends_on: date
    paid_until: date
    agent: str


class SubscriptionQuestioned(Event):
    """A person has to look what is due of a plan for these days; `reason` tells why nothing is charged by itself.

    With another plan named, both would be billed for the same time.
    """

    subscription_id: str
    other_subscription_id: str | None = None
    starts_on: date
    ends_on: date
    reason: str


class SubscriptionRefused(Event):
    """What somebody wanted with a plan cannot be done; `reason` tells why. `agent` None: the customer, by a consent."""

    subscription_id: str
    agent: str | None = None
    reason: str
