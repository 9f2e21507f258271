"""Plans that run period by period: which periods they have, what each costs, and what of it is due. Pure.

Everything follows from the history of a plan, never from when somebody looked: whoever comes late to several periods
charges for them what he would have charged in time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import date, timedelta

from services.billing.rules.consents import Consent
from services.billing.rules.prices import Licence
from shared.money import Money

MONTHS = {"month": 1, "year": 12}
"""How many months a period of each unit has."""

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The nth period of a plan (from 1): civil days in the provider's zone, both included."""

    number: int
    first: date
    last: date


@dataclass(frozen=True)
class Terms:
    """What holds for a plan from a day on: a version of its quote that was agreed to."""

    consent: Consent
    agreed_on: date

    @property
    def version(self) -> int:
        """The version of the quote."""
        return self.consent.quote.version

    @property
    def fee(self) -> Money:
        """The price of one period: of a share of licence fees, that of the first one."""
        amount = self.consent.quote.offer.amount
        return amount or self.consent.total


@dataclass(frozen=True)
class Subscription:
    """A plan that somebody agreed to. Its id is that of its quote; `terms` in order, at least one.

    `minimum`: so many periods are due, however early it ends; `ends_on`: its last day. `share`: the percentage of all
    licence fees that a period costs, from the second one on. `instead_of`: plans that are not billed while this one is.
    """

    subscription_id: str
    line: str
    unit: str
    starts_on: date
    terms: tuple[Terms, ...]
    minimum: int = 1
    ends_on: date | None = None
    share: int | None = None
    instead_of: frozenset[str] = field(default_factory=frozenset)

    def period(self, number: int) -> Period:
        """The nth period. One that would begin on a day that its month does not have begins on the last one it has."""
        return Period(number, self._first(number), self._first(number + 1) - DAY)

    def period_of(self, day: date) -> Period:
        """The period that a day lies in; the first for a day before."""
        months = (day.year - self.starts_on.year) * 12 + day.month - self.starts_on.month
        number = max(1, months // MONTHS[self.unit] + 1)
        return self.period(number - 1 if number > 1 and self._first(number) > day else number)

    @property
    def paid_until(self) -> date | None:
        """The last day that is due: the end of its last period or of its minimum term. None while no end is known."""
        if self.ends_on is None:
            return None
        return max(self.period_of(self.ends_on), self.period(self.minimum), key=lambda period: period.number).last

    def due_by(self, day: date) -> Iterator[Period]:
        """The periods that are due by a day: each when it begins, what the minimum term lacks when the plan is over."""
        over, number = self.ends_on is not None and self.ends_on < day, 1
        while True:
            period = self.period(number)
            runs = period.first <= day and (self.ends_on is None or period.first <= self.ends_on)
            if not runs and not (over and number <= self.minimum):
                return
            yield period
            number += 1

    def terms_in(self, period: Period) -> Sequence[Terms]:
        """What holds in a period: what held when it began, and what was agreed to in it.

        What was agreed to once the plan was over is no part of it.
        """
        agreed = [terms for terms in self.terms if self.ends_on is None or terms.agreed_on <= self.ends_on]
        before = [terms for terms in agreed if terms.agreed_on < period.first] or self.terms[:1]
        return [before[-1], *(terms for terms in agreed if period.first <= terms.agreed_on <= period.last)]

    def holds_from(self, terms: Terms) -> date:
        """The first day of the period from which terms hold: that in which they were agreed to, if it gets dearer."""
        period = self.period_of(terms.agreed_on)
        before = [earlier.fee.minor for earlier in self.terms_in(period) if earlier.version < terms.version]
        later = self.share is not None or terms.fee.minor < max(before, default=0)
        return self.period(period.number + 1).first if later else period.first

    def covers(self, day: date) -> bool:
        """Whether a day is paid for by this plan."""
        until = self.paid_until
        return self.starts_on <= day and (until is None or day <= until)

    def _first(self, number: int) -> date:
        months = self.starts_on.month - 1 + (number - 1) * MONTHS[self.unit]
        year, month = self.starts_on.year + months // 12, months % 12 + 1
        return date(year, month, min(self.starts_on.day, monthrange(year, month)[1]))


class _Seal:
    """Held by this module alone."""


_SEAL = _Seal()


@dataclass(frozen=True)
class Due:
    """An amount to charge for a period, by terms that were agreed to. Made by `due` only.

    It brings what is charged for the period to `total`; it is the first amount of the period when that is all of it.
    """

    subscription: Subscription
    period: Period
    terms: Terms
    amount: Money
    total: Money
    seal: InitVar[_Seal]

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("what is due of a plan is found by `due`, from what was agreed to")


@dataclass(frozen=True)
class Question:
    """Days of a plan that are not charged by themselves, or were charged and should not have been; and why."""

    subscription: Subscription
    first: date
    last: date
    reason: str
    other: Subscription | None = None


def first_day(agreed_on: date, line: str, others: Iterable[Subscription]) -> date:
    """The day on which a plan begins: that of the consent or, after an earlier one that ends, when that is paid up."""
    ends = [other.paid_until for other in others if other.line == line]
    return max([agreed_on, *(until + DAY for until in ends if until is not None)])


def due(
    subscription: Subscription,
    day: date,
    charged: Mapping[date, Money],
    *,
    others: Iterable[Subscription] = (),
    licences: Sequence[Licence] = (),
) -> Iterator[Due | Question]:
    """What is still to be charged by a day, period by period, and what a person has to look at instead.

    `charged`: what was charged so far, by the first day of the period. `others`: the customer's other plans, which are
    not billed for the same time (HS-A11). Nothing is ever charged less than before.
    """
    others = list(others)
    for period in subscription.due_by(day):
        terms, total = _price(subscription, period, licences)
        before = charged.get(period.first)
        if before is None and (question := _objection(subscription, period, total, others)):
            yield question
        elif total and total.minor > (before.minor if before else 0):
            amount = Money(minor=total.minor - (before.minor if before else 0), currency=total.currency)
            yield Due(subscription, period, terms, amount, total, seal=_SEAL)


def paid_twice(
    new: Subscription, others: Iterable[Subscription], charged: Mapping[str, Mapping[date, Money]]
) -> Iterator[Question]:
    """The days that other plans were charged for before this one took their place; `charged` by plan and period."""
    for other in others:
        for period in map(other.period_of, charged.get(other.subscription_id, {})):
            if other.line in new.instead_of and period.last >= new.starts_on:
                first = max(period.first, new.starts_on)
                yield Question(other, first, period.last, f"{new.line} runs instead since then, and it is charged", new)


def charged_after_end(subscription: Subscription, charged: Iterable[date]) -> list[date]:
    """The first days of periods that were charged before it was known that the plan had ended."""
    until = subscription.paid_until
    return [] if until is None else sorted(day for day in charged if day > until)


def objection_to_end(subscription: Subscription, ends_on: date, today: date) -> str | None:
    """Why a plan cannot end on a day, for the agent to read; None when it can. `today`: when it was cancelled."""
    running = subscription.period_of(max(today, subscription.starts_on))
    if subscription.ends_on is not None and subscription.ends_on < today:
        return f"it ended on {subscription.ends_on}"
    if ends_on < running.first:
        return f"the period from {running.first} has begun: end it in that or later, and give back what is too much"
    return None


def _price(subscription: Subscription, period: Period, licences: Sequence[Licence]) -> tuple[Terms, Money | None]:
    """What a period costs by everything agreed to, and by which terms; None where it costs a share of nothing known."""
    terms = subscription.terms_in(period)
    if subscription.share is None or period.number == 1:
        dearest = max(terms, key=lambda agreed: (agreed.fee.minor, agreed.version))
        return dearest, dearest.fee
    paid = [licence.fee for licence in licences if licence.bought_on <= period.first]
    if not paid:
        return terms[-1], None
    fees = sum(fee.minor for fee in paid if fee.currency == terms[-1].fee.currency)
    return terms[-1], Money(minor=max(0, fees), currency=terms[-1].fee.currency).share(subscription.share)


def _objection(
    subscription: Subscription, period: Period, total: Money | None, others: Iterable[Subscription]
) -> Question | None:
    if total and not total.minor:
        return None
    for other in others:
        if other.covers(period.first) and _comes_before(other, subscription):
            last = min(period.last, other.paid_until or period.last)
            return Question(subscription, period.first, last, f"{other.line} runs at the same time", other)
    if total is None:
        return Question(subscription, period.first, period.last, "no licence fee of the customer is on record")
    return None


def _comes_before(other: Subscription, subscription: Subscription) -> bool:
    """Whether `other` is the one that is billed for a time that both cover."""
    if other.line != subscription.line:
        return subscription.line in other.instead_of
    return (other.starts_on, other.subscription_id) < (subscription.starts_on, subscription.subscription_id)
