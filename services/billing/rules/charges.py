"""Charges and credits: what the billing system books. A charge is made of a consent, a credit of a charge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from datetime import date
from uuid import UUID

from services.billing.rules.consents import Consent, Refusal
from services.billing.rules.subscriptions import Due
from services.billing.rules.work import Entry, started_hours, within
from shared.events import derived_id
from shared.money import Money
from shared.vocabulary import Basis

AT_ONCE = frozenset({Basis.FIXED, Basis.PREPAID})
"""What is charged as soon as it is agreed to."""


class _Seal:
    """Held by this module alone."""


_SEAL = _Seal()


@dataclass(frozen=True)
class Charge:
    """An amount that the billing system books once, without VAT. Made by the methods `of…` only.

    It is never more than what was agreed to; of a plan that holds for each period. `brings_to`: what a later
    difference brings the charges for its period to.
    """

    consent: Consent
    quantity: int
    total: Money
    period_from: date | None = None
    period_until: date | None = None
    brings_to: Money | None = None
    seal: InitVar[_Seal | None] = None

    def __post_init__(self, seal: _Seal | None) -> None:
        if seal is not _SEAL:
            raise TypeError("a Charge is made from a Consent, by Charge.of or one of its neighbours")
        agreed = self.consent.total
        if self.total.currency != agreed.currency:
            raise ValueError(f"{agreed.currency} was agreed to, not {self.total.currency}")
        if self.consent.quote.offer.basis is not Basis.PLAN and self.total.minor > agreed.minor:
            raise ValueError(f"{agreed} was agreed to, which is less than {self.total}")

    @classmethod
    def of(cls, consent: Consent) -> Charge:
        """The charge that a consent allows at once; ValueError for work that is charged later."""
        offer = consent.quote.offer
        if offer.basis not in AT_ONCE:
            raise ValueError(f"{consent.quote.quote_id} is not paid when it is agreed to, but as {offer.basis}")
        return cls(consent, offer.quantity, consent.total, seal=_SEAL)

    @classmethod
    def of_work(cls, consent: Consent, entries: Iterable[Entry], least_hours: int = 1) -> Charge | None:
        """The charge for hours worked: started hours, at least a minimum, at most what was agreed to.

        None when nothing was worked. ValueError for entries of other work, and for work that is not paid by the hour.
        """
        quote, own = consent.quote, list(entries)
        offer = quote.offer
        if offer.basis is not Basis.HOURS or offer.amount is None:
            raise ValueError(f"{quote.quote_id} is not paid by the hour")
        if any((entry.quote_id, entry.version) != (quote.quote_id, quote.version) for entry in own):
            raise ValueError(f"these are not all entries of {quote.quote_id} version {quote.version}")
        hours = min(started_hours(within(own), least_hours), offer.quantity)
        return cls(consent, hours, offer.amount.times(hours), seal=_SEAL) if hours else None

    @classmethod
    def of_period(cls, due: Due) -> Charge:
        """The charge for a period of a plan, or for what a change adds to it."""
        difference = due.total if due.amount != due.total else None
        period = due.period
        return cls(due.terms.consent, 1, due.amount, period.first, period.last, difference, seal=_SEAL)

    @property
    def charge_id(self) -> UUID:
        """Follows from quote, version and line, so that the same can never be charged twice.

        Of a plan from quote, line, first day of the period and, of a difference, what that brings it to: whatever
        versions there are, a period is charged once.
        """
        quote = self.consent.quote
        if self.period_from is None:
            return derived_id("charge", quote.quote_id, quote.version, quote.line)
        difference = (self.brings_to,) if self.brings_to else ()
        return derived_id("charge", quote.quote_id, quote.line, self.period_from, *difference)


@dataclass(frozen=True)
class Credit:
    """Money given back of a charge; `remaining` is what stays of it, at least nothing. Made by `Credit.of` only."""

    credit_id: UUID
    charge_id: UUID
    total: Money
    remaining: Money
    seal: InitVar[_Seal | None] = None

    def __post_init__(self, seal: _Seal | None) -> None:
        if seal is not _SEAL:
            raise TypeError("a Credit is made by Credit.of, which checks it")

    @classmethod
    def of(
        cls, charge_id: UUID, charged: Money, credited: Iterable[Money], amount: Money | None, *, wish: UUID
    ) -> Credit | Refusal:
        """The credit of an amount, None: of all that remains; or the reason why it cannot be given back.

        `credited`: what was given back of it before. `wish`: the event that says so, of which the credit's id follows.
        """
        left = charged
        for earlier in credited:
            left = left.plus(earlier.times(-1))
        amount = left if amount is None else amount
        objections = (
            (left.minor < 1, "all of it was given back already"),
            (amount.currency != charged.currency, f"the charge is in {charged.currency}, not in {amount.currency}"),
            (amount.minor < 1, "the amount is not above zero"),
            (amount.minor > left.minor, f"{left} remain of the charge, which is less than {amount}"),
        )
        reason = next((reason for applies, reason in objections if applies), None)
        if reason:
            return Refusal(reason)
        remaining = left.plus(amount.times(-1))
        return cls(derived_id("credit", wish), charge_id, amount, remaining, seal=_SEAL)
