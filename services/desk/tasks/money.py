"""Offers, agreements, work, charges, and what is given back and booked of them."""

from __future__ import annotations

from services.desk.rules.summary import QuoteState
from services.desk.store import bookings, heard
from services.desk.tasks.worker import number, worker
from shared.bus import Transaction
from shared.events import (
    AllowanceUsedUp,
    ChargeBooked,
    ChargeCredited,
    ChargeQuestioned,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    CreditRefused,
    Event,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuoteRefused,
    QuoteSettled,
    QuoteWithdrawn,
    SubscriptionQuestioned,
    SubscriptionRefused,
    WorkRecorded,
    WorkRefused,
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
    _done(event, tx)


@worker.hears(QuoteExpired)
def show_quote_expired(event: QuoteExpired, tx: Transaction) -> None:
    """Show that nobody agreed in time."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.EXPIRED)


@worker.hears(QuoteWithdrawn)
def show_quote_withdrawn(event: QuoteWithdrawn, tx: Transaction) -> None:
    """Show that an offer no longer holds."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.WITHDRAWN)
    _done(event, tx)


@worker.hears(ChargeQuestioned, SubscriptionQuestioned)
def show_questioned_charge(event: ChargeQuestioned | SubscriptionQuestioned, tx: Transaction) -> None:
    """Show that a charge rests on a decision that was changed since, or that a plan cannot be charged by itself."""
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
    """Show what was charged."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.CHARGED)
    bookings.keep_amount(tx.session, event.charge_id, number(event), event.quote_id, event.total)


@worker.hears(ChargeCredited)
def show_credit(event: ChargeCredited, tx: Transaction) -> None:
    """Show what was given back."""
    bookings.keep_amount(tx.session, event.credit_id, number(event), event.quote_id, event.total.times(-1))
    _done(event, tx)


@worker.hears(ChargeBooked)
def show_booked(event: ChargeBooked, tx: Transaction) -> None:
    """Show that the billing system has booked a charge or a credit."""
    bookings.keep_booked(tx.session, event.booked_id, number(event), event.happened_at)


@worker.hears(AllowanceUsedUp)
def show_used_up(event: AllowanceUsedUp, tx: Transaction) -> None:
    """Show that nothing more is worked without agreeing anew."""
    heard.merge(tx.session, number(event), event.happened_at, {"used_up_at": {}})


@worker.hears(WorkRecorded, QuoteSettled)
def show_work(event: WorkRecorded | QuoteSettled, tx: Transaction) -> None:
    """Show that what an agent told of his work was taken."""
    _done(event, tx)


@worker.hears(QuoteRefused, WorkRefused, CreditRefused, SubscriptionRefused)
def show_refusal(event: QuoteRefused | WorkRefused | CreditRefused | SubscriptionRefused, tx: Transaction) -> None:
    """Show that something an agent wanted cannot be done, until the next thing is done."""
    if event.ticket_id:  # a charge that does not exist is of no ticket
        heard.merge(tx.session, event.ticket_id, event.happened_at, {"money_refused_at": {}})


def _done(event: Event, tx: Transaction) -> None:
    heard.merge(tx.session, number(event), event.happened_at, {"money_done_at": {}})
