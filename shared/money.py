"""Amounts of money: integer minor units with a currency, never floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

MINOR_UNITS_PER_MAJOR = 100
"""Euro and US dollar, the currencies of the policies, both have cents."""


class Money(BaseModel):
    """An amount in minor units (cents), without VAT. `str()` gives "EUR 125.00"."""

    model_config = ConfigDict(frozen=True)

    minor: int
    currency: Currency

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Money:
        """Money from a decimal amount in major units; refuses fractions of a cent with ValueError."""
        minor = Decimal(amount) * MINOR_UNITS_PER_MAJOR
        if minor != minor.to_integral_value():
            raise ValueError(f"{amount} {currency} has fractions of a cent")
        return cls(minor=int(minor), currency=currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with two decimals."""
        return (Decimal(self.minor) / MINOR_UNITS_PER_MAJOR).quantize(Decimal("0.01"))

    def times(self, quantity: int) -> Money:
        """This amount for a whole number of units."""
        return Money(minor=self.minor * quantity, currency=self.currency)

    def share(self, percent: int) -> Money:
        """A percentage of this amount; half a cent is rounded up."""
        return Money(minor=(self.minor * percent + 50) // 100, currency=self.currency)

    def plus(self, other: Money) -> Money:
        """The sum; ValueError when the currencies differ."""
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(minor=self.minor + other.minor, currency=self.currency)

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"
