"""How many automatic letters may go out: the numbers by which a loop with another machine ends (RFC 3834 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from services.notifications.rules.sending import Kind, Suppression


class Per(StrEnum):
    """For whom letters are counted: one address, its whole mail domain, or everybody a provider writes to."""

    ADDRESS = "address"
    DOMAIN = "domain"
    PROVIDER = "provider"


@dataclass(frozen=True)
class Limit:
    """At most so many automatic letters within a span that ends now; `reason` is what a letter beyond it is told."""

    per: Per
    at_most: int
    span: timedelta
    reason: Suppression


def on(kind: Kind, limits: Iterable[Limit]) -> Iterator[Limit]:
    """The limits that hold for a letter of this kind.

    What a person wrote is never stopped. What follows a person's act cannot loop by itself: only the breaker stops it.
    """
    return (limit for limit in limits if kind.unasked or (kind.automatic and limit.per is Per.PROVIDER))


def is_quiet(wanted: int, breaker: Limit) -> bool:
    """Whether so few letters wanted to go out within the span of a breaker that it may let them go again."""
    return wanted < breaker.at_most
