"""What the billing system is told: CloudEvents 1.0 in JSON, without personal data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.events import ChargeRecorded, ConsentRecorded, Event, QuoteExpired, QuoteIssued, QuoteWithdrawn
from shared.money import Money

SOURCE = "/scopedesk/billing"


def cloud_event(event: Event, cursor: str) -> dict[str, Any]:
    """One event of the feed. `id` follows from the fact, so a consumer that keeps it books nothing twice.

    `cursor` (an extension attribute) is where to go on after this event. KeyError for an event outside the feed.
    """
    name, data = FEED[type(event)]
    return {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": SOURCE,
        "type": name,
        "subject": event.ticket_id,
        "time": event.happened_at.isoformat(),
        "datacontenttype": "application/json",
        "cursor": cursor,
        "data": data(event),
    }


def _money(money: Money) -> dict[str, Any]:
    return {"minor": money.minor, "currency": money.currency}


def _charge(event: ChargeRecorded) -> dict[str, Any]:
    return {
        "charge_id": str(event.charge_id),
        "quote_id": event.quote_id,
        "version": event.version,
        "line": event.line,
        "clause": event.clause,
        "provider": event.provider,
        "customer_id": event.customer_id,
        "account": event.account,
        "total": _money(event.total),
    }


def _quote(event: QuoteIssued) -> dict[str, Any]:
    return {
        "quote_id": event.quote_id,
        "version": event.version,
        "line": event.offer.line,
        "clause": event.offer.clause,
        "provider": event.ticket.provider,
        "customer_id": event.ticket.requester.customer_id,
        "account": event.ticket.account,
        "total": _money(event.total),
        "valid_until": event.valid_until.isoformat(),
    }


def _consent(event: ConsentRecorded) -> dict[str, Any]:
    return {
        "quote_id": event.quote_id,
        "version": event.version,
        "consent_id": str(event.consent_id),
        "total": _money(event.total),
    }


def _end(event: QuoteExpired | QuoteWithdrawn) -> dict[str, Any]:
    return {"quote_id": event.quote_id, "version": event.version}


FEED: dict[type[Event], tuple[str, Callable[[Any], dict[str, Any]]]] = {
    QuoteIssued: ("scopedesk.quote.issued", _quote),
    QuoteExpired: ("scopedesk.quote.expired", _end),
    QuoteWithdrawn: ("scopedesk.quote.withdrawn", _end),
    ConsentRecorded: ("scopedesk.consent.recorded", _consent),
    ChargeRecorded: ("scopedesk.charge.recorded", _charge),
}
"""The events of the feed, with their CloudEvents type and what they tell. Only `charge` asks for a booking."""
