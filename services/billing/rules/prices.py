"""What a price line of a policy comes to. Amounts and minimums are the line's; nothing is known here by heart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.money import Money
from shared.policies.provider import PriceLine

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Licence:
    """A licence fee that a customer paid."""

    bought_on: date
    fee: Money


def jobs_total(line: PriceLine, jobs: int) -> Money:
    """Price of a number of jobs, however much each one contains.

    ValueError when the line states no amount or nothing is bought.
    """
    return _units_total(line, jobs)


def hours_total(line: PriceLine, worked: timedelta) -> Money:
    """Price of work by the started hour: forty minutes are an hour, sixty-one are two.

    ValueError when the line states no amount or no time was worked.
    """
    return _units_total(line, -(-worked // HOUR))


def month_fee(line: PriceLine, servers: int) -> Money:
    """One month of a plan whose flat amount covers some servers, each further one at a price of its own."""
    if line.servers is None or servers < 1:
        raise ValueError(f"{line.id} is not priced per server, or there are none ({servers})")
    further = max(0, servers - line.servers.included)
    amount = _amount(line)
    return Money(minor=amount.minor + further * line.servers.amount, currency=amount.currency)


def months_total(line: PriceLine, servers_by_month: Sequence[int]) -> Money:
    """All months of a plan, by the servers in each, from its first month on.

    A plan that ended early is due for its minimum term, with the servers it ended with. ValueError for no month at all.
    """
    if not servers_by_month:
        raise ValueError("a plan that never began costs nothing")
    least = line.minimum.units if line.minimum else 1
    missing = max(0, least - len(servers_by_month))
    months = [*servers_by_month, *[servers_by_month[-1]] * missing]
    fees = [month_fee(line, servers) for servers in months]
    return Money(minor=sum(fee.minor for fee in fees), currency=fees[0].currency)


def support_year_fee(line: PriceLine, licences: Iterable[Licence], year: int) -> Money:
    """Price of the nth support year (from 1): a share of all licence fees paid up to the day the year begins.

    Years count from the first licence. Half a cent is rounded up. ValueError when the line is no such share, no
    licence was bought, or fees are in another currency than the line's.
    """
    share, bought = line.licences, sorted(licences, key=lambda licence: licence.bought_on)
    if share is None or line.currency is None or not bought or year < 1:
        raise ValueError(f"{line.id} has no fee for year {year} of {len(bought)} licences")
    if any(licence.fee.currency != line.currency for licence in bought):
        raise ValueError(f"licence fees must be in {line.currency}, as {line.id} is")
    if year == 1 and share.first_year_free:
        return Money(minor=0, currency=line.currency)
    renewal = _anniversary(bought[0].bought_on, year - 1)
    paid = sum(licence.fee.minor for licence in bought if licence.bought_on <= renewal)
    return Money(minor=paid, currency=line.currency).share(share.percent)


def _amount(line: PriceLine) -> Money:
    if line.money is None:
        raise ValueError(f"the policy states no amount for {line.id}: a person quotes")
    return line.money


def _units_total(line: PriceLine, units: int) -> Money:
    if units < 1:
        raise ValueError(f"there is nothing to charge for {line.id}")
    return _amount(line).times(max(units, line.minimum.units if line.minimum else 1))


def _anniversary(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)
