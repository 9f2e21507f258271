"""What was charged for a ticket, what of it was given back, and whether the billing system has booked both."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime

from services.desk.rules.summary import View
from shared import events as e
from shared.money import Money


class CreditView(View):
    """An amount that was given back of a charge, and whether the billing system has booked that."""

    credit_id: UUID
    total: Money
    agent: str
    reason: str
    at: AwareDatetime
    booked_at: AwareDatetime | None = None
    reference: str | None = None


class ChargeView(View):
    """An amount for the billing system, and what remains of it after `credits`. `booked_at` None: it is not booked.

    Of a plan, `period_from` and `period_until` are the first and last day that it pays for.
    """

    charge_id: UUID
    quote_id: str
    version: int
    line: str
    clause: str
    unit: str
    quantity: int
    total: Money
    remaining: Money
    period_from: date | None = None
    period_until: date | None = None
    at: AwareDatetime
    credits: tuple[CreditView, ...] = ()
    booked_at: AwareDatetime | None = None
    reference: str | None = None


def charges(events: Iterable[e.Event]) -> Iterable[ChargeView]:
    """Every charge with what was given back of it, and what of both is booked."""
    known = list(events)
    booked = {event.booked_id: event for event in known if isinstance(event, e.ChargeBooked)}

    def booking(booked_id: UUID) -> dict[str, Any]:
        event = booked.get(booked_id)
        return {"booked_at": event.happened_at, "reference": event.reference} if event else {}

    for event in known:
        if isinstance(event, e.ChargeRecorded):
            given = [item for item in known if isinstance(item, e.ChargeCredited) and item.charge_id == event.charge_id]
            remaining = event.total
            for item in given:
                remaining = remaining.plus(item.total.times(-1))
            told = event.model_dump()
            back = tuple(
                CreditView.model_validate({**item.model_dump(), **booking(item.credit_id), "at": item.happened_at})
                for item in given
            )
            yield ChargeView.model_validate(
                {
                    **told,
                    **booking(event.charge_id),
                    "remaining": remaining,
                    "credits": back,
                    "at": event.happened_at,
                }
            )


def booked_in_words(charges: Iterable[ChargeView]) -> str:
    """Whether the billing system has everything of this on its books."""
    bookings: list[ChargeView | CreditView] = []
    for charge in charges:
        bookings += [charge, *charge.credits]
    open_ones = sum(booking.booked_at is None for booking in bookings)
    if open_ones:
        return "not booked yet" if open_ones == len(bookings) else f"{open_ones} of {len(bookings)} not booked yet"
    references = ", ".join(booking.reference for booking in bookings if booking.reference)
    return f"booked as {references}" if references else "booked"
