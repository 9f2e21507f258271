"""What people say at the desk of paid work and its money, and why they may not. Billing checks, and says what is so.

Amounts are in major units with at most two decimals ("60.00"), without VAT.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, model_validator

from services.desk import store
from services.desk.rules.money import QuoteStory, Trail
from services.desk.rules.overrides import Name, Reason
from services.desk.web.api import event_id_of, going_on, known_ticket, unknown_ticket
from shared.bus import Transaction
from shared.events import CreditGiven, Event, QuotePriced, QuoteVoided, WorkReported, WorkSettled, WorkStarted
from shared.money import Currency, Money
from shared.policies import Policy, PriceLine, load_policies
from shared.vocabulary import FURTHER, Basis, PriceOffer
from shared.web import Problem


def _with_a_point(told: Any) -> Any:
    return told.replace(",", ".") if isinstance(told, str) else told


Amount = Annotated[Decimal, Field(ge=0, max_digits=11, decimal_places=2), BeforeValidator(_with_a_point)]
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


class Pricing(BaseModel):
    """A price for paid work: `quantity` hours or jobs at an `amount` each, without VAT.

    Of a plan `quantity` is the servers it covers. Without an `amount` the policy's own price holds, without a `basis`
    (fixed: as one job, prepaid: as hours bought in advance, hours: by the hours worked) that of the price line.
    """

    agent: Name
    amount: Amount | None = None
    currency: Currency | None = None
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    basis: Basis | None = None


class Offering(Pricing):
    """Further work: of a price `line` of the policy, or other work with a `title` that the requester reads."""

    line: Name | None = None
    title: Name | None = None

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.line is None and self.title is None:
            raise ValueError("say what is offered: a price `line`, or a `title`")
        return self


class Voiding(BaseModel):
    """An offer or a draft is taken back."""

    agent: Name
    version: Annotated[int, Field(ge=0)]
    reason: Reason


class Starting(BaseModel):
    """An agent begins to work."""

    agent: Name


class Working(BaseModel):
    """What an agent worked: `minutes`, or without them what his running clock says; for a quote, or as courtesy.

    With `reverses` that entry is taken back instead.
    """

    agent: Name
    note: Reason
    minutes: Minutes | None = None
    started_at: AwareDatetime | None = None
    quote_id: Name | None = None
    courtesy: bool = False
    reverses: UUID | None = None

    @model_validator(mode="after")
    def _says_for_what(self) -> Self:
        if (self.quote_id is not None) + self.courtesy + (self.reverses is not None) != 1:
            raise ValueError("say what the work is for: a `quote_id`, or `courtesy`; or which entry it `reverses`")
        return self


class Settling(BaseModel):
    """The work of a quote is done."""

    agent: Name


class Crediting(BaseModel):
    """A charge, or a part of it, is given back; without an `amount` all that remains of it."""

    agent: Name
    reason: Reason
    amount: Amount | None = None


def further(tx: Transaction, number: str, wish: Offering, key: str | None = None) -> Event:
    """What an agent says who offers further work; Problem when it cannot be offered so."""
    going_on(tx, number)
    known = store.decided_ticket(tx.session, number)
    if known is None or known.decision is None:
        raise Problem(409, "Nothing has been decided yet", "A price rests on a decision: look again in a moment.")
    number, policy = known.row.number, load_policies().provider(known.row.provider)
    line = policy.prices.get(wish.line) if wish.line else None
    if wish.line and line is None:
        title = f"The policy of {policy.name} has no price line {wish.line!r}"
        raise Problem(422, title, f"Its price lines are {', '.join(policy.prices) or 'none'}.")
    clause = line.clause if line else next(iter(known.decision.clauses), "")
    title = wish.title or (line.title.in_language(known.decision.reply_language) if line else "")
    about = PriceOffer(
        line=line.id if line else FURTHER,
        clause=clause,
        title=title,
        unit=line.unit if line else "started-hour",
        basis=line.basis if line else Basis.HOURS,
    )
    told = {"quote_id": None, "offer": _offer(wish, about, policy), "agent": wish.agent}
    return QuotePriced(event_id=event_id_of("quote", number, key), ticket_id=number, **told)


def price(tx: Transaction, quote_id: str, wish: Pricing, key: str | None = None) -> Event:
    """What an agent says who prices a quote; Problem when it was agreed to."""
    number, quote = _quote(tx, quote_id)
    event_id = event_id_of("price", quote.quote_id, key)
    if key and (said := store.said(tx.session, number, event_id)):
        return said
    if not quote.takes_price or quote.offer is None:
        title = f"{quote.quote_id} is {quote.state}"
        raise Problem(409, title, "What was agreed to keeps its price: offer further work as a quote of its own.")
    policy = load_policies().provider(known_ticket(tx, number).provider)
    offer = _offer(wish, quote.offer, policy)
    return QuotePriced(event_id=event_id, ticket_id=number, quote_id=quote.quote_id, offer=offer, agent=wish.agent)


def void(tx: Transaction, quote_id: str, wish: Voiding, key: str | None = None) -> Event:
    """What an agent says who takes an offer back; Problem when there is none of this version."""
    number, quote = _quote(tx, quote_id)
    event_id = event_id_of("void", quote.quote_id, key)
    if key and (said := store.said(tx.session, number, event_id)):
        return said
    if wish.version != quote.version:
        raise Problem(409, f"{quote.quote_id} is at version {quote.version} now", "Look again what it offers.")
    if not quote.can_be_voided:
        remedy = "Only a draft or an offer is taken back; what was charged can be given back as a credit."
        raise Problem(409, f"{quote.quote_id} is {quote.state}", remedy)
    told = {"quote_id": quote.quote_id, "version": quote.version, "agent": wish.agent, "reason": wish.reason}
    return QuoteVoided(event_id=event_id, ticket_id=number, **told)


def start(tx: Transaction, number: str, wish: Starting, key: str | None = None) -> Event:
    """What an agent says who begins to work; Problem when his clock runs already."""
    number = going_on(tx, number).number
    event_id = event_id_of("start", number, key)
    if key and (said := store.said(tx.session, number, event_id)):
        return said
    if wish.agent in _clocks(tx, number):
        raise Problem(409, f"The clock of {wish.agent} runs on {number}", "Tell of that work first.")
    return WorkStarted(event_id=event_id, ticket_id=number, agent=wish.agent)


def work(tx: Transaction, number: str, wish: Working, key: str | None = None) -> Event:
    """What an agent says who worked; Problem when nobody has agreed to that, or no clock of his runs."""
    number = going_on(tx, number).number
    event_id = event_id_of("work", number, key)
    if key and (said := store.said(tx.session, number, event_id)):
        return said
    trail = _trail(tx, number)
    if wish.reverses:
        entries = [entry for of in (trail.courtesy, *(quote.work for quote in trail.quotes)) for entry in of.entries]
        entry = next((entry for entry in entries if entry.entry_id == wish.reverses), None)
        if entry is None:
            raise Problem(404, f"{number} has no such entry of work", "The ticket's billing shows its entries.")
        if not entry.can_be_taken_back:
            why = "It is locked, or was taken back already"
            raise Problem(409, why, "What was charged can be given back as a credit.")
    elif wish.minutes is None and wish.agent not in _clocks(tx, number):
        raise Problem(409, f"No clock of {wish.agent} runs on {number}", "Say how many minutes it were.")
    if wish.quote_id and not any(quote.quote_id == wish.quote_id and quote.takes_work for quote in trail.quotes):
        open_ones = ", ".join(quote.quote_id for quote in trail.quotes if quote.takes_work) or "none"
        title = f"Nothing can be worked for {wish.quote_id}"
        raise Problem(409, title, f"It has to be agreed to and not settled; of {number} that are: {open_ones}.")
    return WorkReported(event_id=event_id, ticket_id=number, **wish.model_dump(exclude={"courtesy"}))


def settle(tx: Transaction, quote_id: str, wish: Settling, key: str | None = None) -> Event:
    """What an agent says whose work is done; Problem when there is nothing to settle."""
    number, quote = _quote(tx, quote_id)
    event_id = event_id_of("settle", quote.quote_id, key)
    if key and (said := store.said(tx.session, number, event_id)):
        return said
    if not quote.takes_work:
        how = "settled" if quote.work.settled_at else quote.state
        raise Problem(409, f"{quote.quote_id} is {how}", "Only work that somebody has agreed to is settled, and once.")
    return WorkSettled(event_id=event_id, ticket_id=number, quote_id=quote.quote_id, agent=wish.agent)


def credit(tx: Transaction, charge_id: UUID, wish: Crediting, key: str | None = None) -> Event:
    """What an agent says who gives money back; Problem when less remains of the charge."""
    number = store.ticket_of_charge(tx.session, charge_id)
    if number is None:
        raise Problem(404, f"There is no charge {charge_id}", "The ticket's billing shows its charges.")
    event_id = event_id_of("credit", str(charge_id), key)
    if key and (said := store.said(tx.session, number, event_id)):
        return said
    charges = (charge for quote in _trail(tx, number).quotes for charge in quote.charges)
    charge = next(charge for charge in charges if charge.charge_id == charge_id)
    amount = Money.of(wish.amount, charge.total.currency) if wish.amount is not None else None
    if charge.remaining.minor < 1 or (amount and not 0 < amount.minor <= charge.remaining.minor):
        title = f"{amount or 'Nothing'} cannot be given back"
        raise Problem(409, title, f"{charge.remaining} remains of the charge of {charge.total}.")
    told = {"charge_id": charge_id, "amount": amount, "agent": wish.agent, "reason": wish.reason}
    return CreditGiven(event_id=event_id, ticket_id=number, **told)


def _offer(wish: Pricing, about: PriceOffer, policy: Policy) -> PriceOffer:
    """The offer of a price; billing fills in what the policy states, and what it comes to."""
    line = policy.prices.get(about.line)
    if wish.amount is None and not _has_a_price(line):
        raise Problem(422, f"The policy of {policy.name} states no price for this", "Say the `amount` of one.")
    basis = about.basis if about.basis is Basis.PLAN or _has_a_price(line) else wish.basis or about.basis
    unit = {Basis.FIXED: "job", Basis.PLAN: about.unit}.get(basis, "started-hour")
    currency = (line and line.currency) or wish.currency or _currency(policy)
    amount = Money.of(wish.amount, currency) if wish.amount is not None else None
    return about.model_copy(
        update={"basis": basis, "unit": unit, "quantity": wish.quantity, "amount": amount, "total": None}
    )


def _has_a_price(line: PriceLine | None) -> bool:
    return line is not None and (line.money is not None or line.licences is not None)


def _currency(policy: Policy) -> str:
    return next((line.currency for line in policy.prices.values() if line.currency), "EUR")


def _quote(tx: Transaction, quote_id: str) -> tuple[str, QuoteStory]:
    """The ticket that a quote was made for, and the quote; Problem 404 when there is none."""
    found = store.quote(tx.session, quote_id.upper())
    if found is None:
        raise Problem(404, f"There is no quote {quote_id}", "Quote numbers stand on the ticket's page.")
    number = found[0]
    return number, next(quote for quote in _trail(tx, number).quotes if quote.quote_id == quote_id.upper())


def _trail(tx: Transaction, number: str) -> Trail:
    trail = store.billing(tx.session, number)
    if trail is None:
        raise unknown_ticket(number)
    return trail


def _clocks(tx: Transaction, number: str) -> set[str]:
    return {clock.agent for clock in _trail(tx, number).clocks}
