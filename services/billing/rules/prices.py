"""What a price line of a policy comes to. Amounts and minimums are the line's; nothing is known here by heart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.money import Money
from shared.policies.provider import PriceLine


@dataclass(frozen=True)
class Licence:
    """A licence fee that a customer paid."""

    bought_on: date
    fee: Money


def month_fee(line: PriceLine, servers: int) -> Money:
    """One month of a plan whose flat amount covers some servers, each further one at a price of its own."""
    if line.servers is None or line.money is None or servers < 1:
        raise ValueError(f"{line.id} is not priced per server, or there are none ({servers})")
    further = max(0, servers - line.servers.included)
    return line.money.plus(Money(minor=further * line.servers.amount, currency=line.money.currency))
