"""Prices in words, as people at the desk read them. Every amount is without VAT."""

from __future__ import annotations

from collections.abc import Iterable

from shared.money import Money
from shared.vocabulary import Basis, PriceOffer


def in_words(offer: PriceOffer | None, total: Money | None) -> str:
    """What an offer comes to and when it is paid: `EUR 60.00 per started hour, 3 at most: EUR 180.00`."""
    if offer is None or total is None:
        return str(total) if total else "a person has to name a price"
    amount, quantity = offer.amount or total, offer.quantity
    hours = f"{quantity} started hour{'s' if quantity > 1 else ''}"
    match offer.basis:
        case Basis.HOURS:
            return (
                f"{amount} per started hour, {hours} at most: {total}, paid by the hours worked when the work is done"
            )
        case Basis.PREPAID:
            each = f" at {amount}: {total}" if quantity > 1 else f": {total}"
            return f"{hours}{each}, paid in full once agreed; work draws on it"
        case Basis.PLAN:
            servers = f" for {quantity} servers" if quantity > 1 else ""
            least = f", {total} for its minimum term" if total != amount else ""
            return f"{amount} per {offer.unit}{servers}{least}, paid as each {offer.unit} begins"
        case Basis.FIXED:
            return f"{f'{quantity} times {amount}: ' if quantity > 1 else ''}{total}, paid once agreed"


def at_most(offer: PriceOffer | None, total: Money | None) -> str:
    """What may be paid for an offer without agreeing anew, in a few words."""
    if offer is None or total is None:
        return str(total) if total else "no price"
    if offer.basis is Basis.PLAN:
        return f"{offer.amount or total} per {offer.unit}"
    return f"{total} at most" if offer.basis is Basis.HOURS else str(total)


def sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """The amounts added up, one sum for each currency."""
    found: dict[str, Money] = {}
    for amount in amounts:
        known = found.get(amount.currency)
        found[amount.currency] = known.plus(amount) if known else amount
    return tuple(found[currency] for currency in sorted(found))


def listed(amounts: Iterable[Money]) -> str:
    """Amounts of several currencies, one after the other."""
    return " + ".join(map(str, amounts))


def headline(charged: list[Money], remaining: list[Money]) -> str:
    """What a ticket cost, in a sentence."""
    if not charged:
        return "Nothing was charged."
    total, left = sums(charged), sums(remaining)
    if total == left:
        return f"{listed(total)} was charged, without VAT."
    if not any(amount.minor for amount in left):
        return f"{listed(total)} was charged and all of it was given back, without VAT."
    return f"{listed(left)} remains of {listed(total)} that was charged, without VAT."
