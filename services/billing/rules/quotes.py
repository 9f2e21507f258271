"""Which work of a decision has to be quoted, and when a decision changes a quote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.billing.rules.consents import Quote, QuoteState
from services.billing.rules.prices import month_fee
from shared.money import Money
from shared.policies import PriceLine
from shared.vocabulary import FURTHER, Basis, Decision, PriceOffer, Verdict

UNPRICED = "unpriced"
"""The line of paid work for which neither a price line nor a clause is known."""


@dataclass(frozen=True)
class PaidWork:
    """Work of one price line. `total` None: a person has to set or confirm the price before anything is offered."""

    decision: Decision
    offer: PriceOffer
    total: Money | None


def paid_work(decision: Decision) -> list[PaidWork]:
    """The paid work in a decision and its parts, each price line once.

    A verdict that needs a person is not sent to a customer as policy, so neither is its price.
    """
    parts = decision.parts or (decision,)
    found: dict[str, PaidWork] = {}
    for part in parts:
        if part.verdict is not Verdict.PAID:
            continue
        clause = next(iter(part.clauses), "")
        offer = part.price or PriceOffer(line=clause or UNPRICED, clause=clause, title=part.topic or "", unit="job")
        total = None if part.needs_person else (offer.total or offer.amount)
        spoken = part.model_copy(update={"reply_language": decision.reply_language})
        found.setdefault(offer.line, PaidWork(spoken, offer, total))
    return list(found.values())


def decision_of(decision: Decision, line: str) -> Decision:
    """The part of a decision whose work has this price line, else the whole of it."""
    return next((item.decision for item in paid_work(decision) if item.offer.line == line), decision)


def is_news(work: PaidWork, decided_at: datetime, quote: Quote, *, other_customer: bool = False) -> bool:
    """Whether a decision changes a quote: newer, nobody has agreed yet, and the price differs or is not on offer.

    `other_customer`: the ticket is of another one now, and only his people may agree.
    """
    changed = (
        not _same_price(work, quote) or other_customer or quote.state in {QuoteState.WITHDRAWN, QuoteState.EXPIRED}
    )
    return decided_at > quote.decided_at and quote.state is not QuoteState.AGREED and changed


def no_longer_fits(work: Iterable[PaidWork], quotes: Iterable[Quote]) -> list[Quote]:
    """The quotes that a newer decision leaves without work: those that stand, and those that were agreed to.

    One that was agreed to also no longer fits when its work has another stated price now.
    """
    by_line = {item.offer.line: item for item in work}

    def fits(quote: Quote) -> bool:
        if quote.line == FURTHER:
            return True
        item = by_line.get(quote.line)
        if item is None:
            return quote.state not in {QuoteState.DRAFT, QuoteState.OFFERED, QuoteState.AGREED}
        return quote.state is not QuoteState.AGREED or item.total is None or _same_price(item, quote)

    return [quote for quote in quotes if not fits(quote)]


def _same_price(work: PaidWork, quote: Quote) -> bool:
    """Whether a quote stands at the price of a decision.

    What an agent priced keeps its price where the policy states none, and its quantity where it does: a decision always
    speaks of one unit. What several servers cost on a plan is no multiple of one, and was checked when it was priced.
    """
    if work.total == quote.total:
        return True
    same_unit = quote.offer.basis is Basis.PLAN or work.offer.amount == quote.offer.amount
    return quote.priced_by is not None and (work.total is None or same_unit)


def next_version(work: PaidWork, quote: Quote | None) -> int:
    """The version to write next: the first offer is 1, a draft before it 0."""
    if quote is None:
        return 0 if work.total is None else 1
    return quote.version + 1


def priced(offer: PriceOffer, line: PriceLine | None) -> PriceOffer:
    """An agent's offer with what it comes to: the line's own price where it states one, and never under its minimum.

    `total` stays None when neither the agent nor the policy gives a price. The title stands in letters: it is one line.
    """
    amount, least = offer.amount or _stated(line, offer.quantity), line.minimum.units if line and line.minimum else 1
    plan = offer.basis is Basis.PLAN
    quantity = offer.quantity if plan else max(offer.quantity, least)
    total = amount.times(least if plan else quantity) if amount else None
    title = " ".join(offer.title.split())
    return offer.model_copy(update={"title": title, "amount": amount, "quantity": quantity, "total": total})


def objection_to_price(offer: PriceOffer, line: PriceLine | None, quote: Quote | None) -> str | None:
    """Why an agent's offer cannot be made, for him to read; None when it can. `quote`: what it would change."""
    stated, currency = _stated(line, offer.quantity), line.currency if line else None
    objections = (
        (
            quote is not None and quote.state is QuoteState.AGREED and quote.offer.basis is not Basis.PLAN,
            "it was agreed to: offer further work instead",
        ),
        (quote is not None and quote.line != offer.line, "it is for other work: offer that as a quote of its own"),
        (
            (offer.basis is Basis.PLAN) != (line is not None and line.basis is Basis.PLAN),
            "only a plan is paid as a plan",
        ),
        (offer.total is None, "it has no price"),
        (
            stated is not None and offer.amount != stated and not (line and line.licences),  # the free year may be over
            f"the policy states {stated}: offer that; a part of it can be given back once it is charged",
        ),
        (
            offer.total is not None and currency not in {None, offer.total.currency},
            f"the policy states its prices in {currency}",
        ),
        (
            offer.total is not None and offer.total.minor < (1 if stated is None else 0),
            "the price is not above zero",
        ),
    )
    return next((reason for applies, reason in objections if applies), None)


def _stated(line: PriceLine | None, quantity: int) -> Money | None:
    """The price of one unit that the policy states: of a plan one period, of a share of licence fees its first year."""
    if line is None:
        return None
    if line.servers:
        return month_fee(line, quantity)
    if line.licences and line.licences.first_year_free and line.currency:
        return Money(minor=0, currency=line.currency)
    return line.money
