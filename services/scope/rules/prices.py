"""What a price line costs for this request, where the message or the record holds the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from shared.money import Money
from shared.policies import PriceLine
from shared.vocabulary import Basis, PriceOffer


def offer(line: PriceLine, facts: Mapping[str, AbstractSet[str]], language: str) -> PriceOffer:
    """The line as offered: the amount of one unit, and the total of what is due at least.

    Both stay empty where the document states no price or a number is missing: then a person quotes.
    """
    amount, units = line.money, line.minimum.units if line.minimum else 1
    servers = _number(facts, "servers") if line.servers else None
    if amount and line.servers and servers:  # HS-A10
        further = max(0, servers - line.servers.included)
        amount = amount.plus(Money(minor=line.servers.amount, currency=amount.currency).times(further))
    if line.licences and line.currency:  # HS-A9
        fees, year = _number(facts, "licence-fees"), _number(facts, "support-year")
        if year == 1 and line.licences.first_year_free:
            amount = Money(minor=0, currency=line.currency)
        elif fees is not None and year is not None:
            amount = Money.of(fees, line.currency).share(line.licences.percent)
    return PriceOffer(
        line=line.id,
        clause=line.clause,
        title=line.title.in_language(language),
        unit=line.unit,
        basis=line.basis,
        quantity=units if line.basis is not Basis.PLAN else servers or 1,
        amount=amount,
        total=amount.times(units) if amount else None,
    )


def _number(facts: Mapping[str, AbstractSet[str]], name: str) -> int | None:
    return next((int(value) for value in facts.get(name, ())), None)
