"""What the billing system says of what it was told to book, and how often it is asked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.billing.rules.cloud_events import Amount

LONGEST_PAUSE = timedelta(hours=1)


class Acknowledgement(BaseModel):
    """The billing system's word that it has booked a charge or a credit: `booked_id` is the `id` of its event.

    `reference`: what it calls the booking; `total`: what it booked, without VAT.
    """

    model_config = ConfigDict(frozen=True)

    booked_id: UUID
    reference: str | None = Field(default=None, max_length=200)
    total: Amount


def pause(first: timedelta, tries: int) -> timedelta:
    """How long an answer is waited for after so many tries: doubling, an hour at most."""
    doublings: int = min(tries - 1, 16)
    return min(first * (1 << doublings), LONGEST_PAUSE)
