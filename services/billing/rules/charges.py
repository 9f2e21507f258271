"""Charges: what the billing system books, each made of a consent."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from uuid import UUID

from services.billing.rules.consents import Consent
from shared.events import derived_id
from shared.money import Money


class _Seal:
    """Held by this module alone."""


_SEAL = _Seal()


@dataclass(frozen=True)
class Charge:
    """An amount that the billing system books once. Made by `Charge.of` only."""

    consent: Consent
    seal: InitVar[_Seal]

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("a Charge is made by Charge.of, from a Consent")

    @classmethod
    def of(cls, consent: Consent) -> Charge:
        """The charge that a consent allows."""
        return cls(consent, seal=_SEAL)

    @property
    def charge_id(self) -> UUID:
        """Follows from quote, version and line, so that the same work can never be charged twice."""
        quote = self.consent.quote
        return derived_id("charge", quote.quote_id, quote.version, quote.line)

    @property
    def total(self) -> Money:
        """Exactly what was agreed to, without VAT."""
        return self.consent.total
