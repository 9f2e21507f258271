"""Offers, agreements and charges."""

from __future__ import annotations

from services.desk.rules.summary import QuoteState
from services.desk.store import heard
from services.desk.tasks.worker import number, worker
from shared.bus import Transaction
from shared.events import (
    ChargeQuestioned,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
)


@worker.hears(QuoteDrafted)
def show_draft_quote(event: QuoteDrafted, tx: Transaction) -> None:
    """Show that a person has to name a price."""
    heard.keep_quote(
        tx.session, number(event), event.quote_id, event.version, QuoteState.DRAFT, title=event.offer.title
    )


@worker.hears(QuoteIssued)
def show_quote(event: QuoteIssued, tx: Transaction) -> None:
    """Show an offer."""
    heard.keep_quote(
        tx.session,
        number(event),
        event.quote_id,
        event.version,
        QuoteState.OFFERED,
        title=event.offer.title,
        total=event.total,
        valid_until=event.valid_until,
    )


@worker.hears(QuoteExpired)
def show_quote_expired(event: QuoteExpired, tx: Transaction) -> None:
    """Show that nobody agreed in time."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.EXPIRED)


@worker.hears(QuoteWithdrawn)
def show_quote_withdrawn(event: QuoteWithdrawn, tx: Transaction) -> None:
    """Show that an offer no longer holds."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.WITHDRAWN)


@worker.hears(ChargeQuestioned)
def show_questioned_charge(event: ChargeQuestioned, tx: Transaction) -> None:
    """Show that a charge rests on a decision that was changed since."""
    heard.merge(tx.session, number(event), event.happened_at, {"charge_questioned_at": {}})


@worker.hears(ConsentRecorded)
def show_consent(event: ConsentRecorded, tx: Transaction) -> None:
    """Show that somebody agreed to an offer."""
    version = event.version
    heard.keep_quote(tx.session, number(event), event.quote_id, version, QuoteState.AGREED, total=event.total)
    heard.merge(tx.session, number(event), event.happened_at, {"consent_at": {}})


@worker.hears(ConsentRefused)
def show_refused_consent(event: ConsentRefused, tx: Transaction) -> None:
    """Show that a yes waits for an agent."""
    heard.merge(tx.session, number(event), event.happened_at, {"consent_refused_at": {}})


@worker.hears(ChargeRecorded)
def show_charge(event: ChargeRecorded, tx: Transaction) -> None:
    """Show that the billing system was told."""
    version = event.version
    heard.keep_quote(tx.session, number(event), event.quote_id, version, QuoteState.CHARGED, total=event.total)
