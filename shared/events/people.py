"""What people say at the desk: each is a wish, and the room whose business it is says what is so."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.money import Money
from shared.vocabulary import PriceOffer, Stated, TicketFacts, Verdict


class ConsentGiven(Event):
    """An agent took a person's agreement to a quote, by telephone for instance; billing checks and records it."""

    quote_id: str
    version: int
    given_by_email: str
    taken_by: str


class QuotePriced(Event):
    """A person set the price of paid work: of a draft or an offer to change (`quote_id`), or of further work (None)."""

    quote_id: str | None
    offer: PriceOffer
    agent: str


class QuoteRefused(Event):
    """What an agent wanted with a quote cannot be done; `reason` tells him why. `quote_id` None: with a new one."""

    quote_id: str | None
    agent: str
    reason: str


class QuoteVoided(Event):
    """A person takes an offer back."""

    quote_id: str
    version: int
    agent: str
    reason: str


class WorkStarted(Event):
    """An agent begins to work on a ticket: his clock runs until he reports the work."""

    agent: str


class WorkReported(Event):
    """An agent tells what he worked. `minutes` None: what his running clock says. `quote_id` None: as a courtesy.

    With `reverses` the entry of that id is taken back; nothing else of the report counts then.
    """

    agent: str
    minutes: int | None = None
    started_at: AwareDatetime | None = None
    note: str
    quote_id: str | None = None
    reverses: UUID | None = None


class WorkSettled(Event):
    """An agent says that the work of a quote is done: what was worked is charged, and its entries are locked."""

    quote_id: str
    agent: str


class CreditGiven(Event):
    """A person gives back a charge, or a part of it."""

    charge_id: UUID
    amount: Money | None = None
    agent: str
    reason: str


class LicenceBought(Event):
    """A licence fee that a customer paid: what a plan that costs a share of them rests on."""

    provider: str
    customer_id: str
    bought_on: date
    fee: Money
    agent: str


class SubscriptionCancelled(Event):
    """A customer ends a plan, as an agent took it; `ends_on` is its last day."""

    subscription_id: str
    ends_on: date
    agent: str


class TicketAnswered(Event):
    """An agent answered a ticket: the first response is given."""

    agent: str
    text: str


class TicketResolved(Event):
    """An agent closed a ticket as done. `case`: the tickets that go on in it, by merging, whose work is done too."""

    agent: str
    case: tuple[str, ...] = ()


class TicketReopened(Event):
    """An agent reopened a ticket: something in it asks for more after all."""

    agent: str


class AttachmentReleased(Event):
    """A person has looked at a held attachment and lets it be opened. `position`: its place in the mail, from 0."""

    arrival_id: UUID
    position: int
    name: str
    agent: str
    reason: Stated


class VerdictOverridden(Event):
    """An agent decided a ticket himself, or confirmed what the policy was read to say.

    `version` is that of the decision he had before him; `question`, from 1, the part of it that he decided, None the
    whole. `topic` None: the topic was right. `approver` is the second person who answers for giving work away or
    taking it back.
    """

    ticket: TicketFacts
    version: int
    question: int | None = None
    verdict: Verdict
    clauses: tuple[str, ...] = ()
    topic: str | None = None
    price_line: str | None = None
    reason: Stated
    agent: Stated
    approver: str | None = None


class TicketFactCorrected(Event):
    """An agent told a fact that the decision of this `version` had wrong; it holds as if it stood in the record."""

    ticket: TicketFacts
    version: int
    fact: Stated
    agent: Stated
