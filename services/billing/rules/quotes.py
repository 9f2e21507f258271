"""Which work of a decision has to be quoted, and when a decision changes a quote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.billing.rules.consents import Quote, QuoteState
from shared.money import Money
from shared.vocabulary import Decision, PriceOffer, Verdict

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


def is_news(work: PaidWork, decided_at: datetime, quote: Quote) -> bool:
    """Whether a decision changes a quote: newer, nobody has agreed yet, and the price differs or is not on offer."""
    changed = work.total != quote.total or quote.state in {QuoteState.WITHDRAWN, QuoteState.EXPIRED}
    return decided_at > quote.decided_at and quote.state is not QuoteState.AGREED and changed


def no_longer_fits(work: Iterable[PaidWork], quotes: Iterable[Quote]) -> list[Quote]:
    """The quotes that a newer decision leaves without work: those that stand, and those that were agreed to.

    One that was agreed to also no longer fits when its work has another price now.
    """
    totals = {item.offer.line: item.total for item in work}
    return [
        quote
        for quote in quotes
        if (quote.state in {QuoteState.DRAFT, QuoteState.OFFERED} and quote.line not in totals)
        or (quote.state is QuoteState.AGREED and totals.get(quote.line) != quote.total)
    ]


def next_version(work: PaidWork, quote: Quote | None) -> int:
    """The version to write next: the first offer is 1, a draft before it 0."""
    if quote is None:
        return 0 if work.total is None else 1
    return quote.version + 1
