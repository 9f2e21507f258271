"""What reached us, and why it is no ticket, if it is none."""

from __future__ import annotations

from typing import Any

from services.desk.rules.sentences import name_and_address
from services.desk.store import heard
from services.desk.tasks.worker import worker
from shared.bus import Transaction
from shared.events import (
    CallQuarantined,
    CallStored,
    CallSuppressed,
    EmailQuarantined,
    EmailReleased,
    EmailStored,
    EmailSuppressed,
    TicketRouteAdded,
)
from shared.vocabulary import Channel


@worker.hears(EmailStored, CallStored)
def show_arrival(event: EmailStored | CallStored, tx: Transaction) -> None:
    """Show that something reached us."""
    channel, ways = (
        (Channel.EMAIL, (event.source, event.mailbox))
        if isinstance(event, EmailStored)
        else (Channel.PHONE, (event.source,))
    )
    source = ", ".join(filter(None, ways))
    heard.keep_arrival(tx.session, event.arrival_id, channel, source=source, received_at=event.happened_at)


@worker.hears(TicketRouteAdded)
def show_route(event: TicketRouteAdded, tx: Transaction) -> None:
    """Show that an e-mail is in a ticket that another delivery of it opened."""
    heard.keep_arrival(tx.session, event.arrival_id, Channel.EMAIL, filed_in=event.ticket_id)


@worker.hears(EmailSuppressed, CallSuppressed)
def show_suppressed(event: EmailSuppressed | CallSuppressed, tx: Transaction) -> None:
    """Show why an arrival became no ticket."""
    _show_no_ticket(event, tx, "suppressed")


@worker.hears(EmailQuarantined, CallQuarantined)
def show_quarantined(event: EmailQuarantined | CallQuarantined, tx: Transaction) -> None:
    """Show an arrival that waits for a person, with what he needs to judge an e-mail."""
    told: dict[str, Any] = {}
    if isinstance(event, EmailQuarantined):
        sender = name_and_address(event.sender) if event.sender else None
        told = {"sender": sender, "subject": event.subject or None, "excerpt": event.excerpt or None}
    _show_no_ticket(event, tx, "quarantined", **told)


@worker.hears(EmailReleased)
def show_released(event: EmailReleased, tx: Transaction) -> None:
    """Show who let an e-mail out of quarantine and why; it is a ticket, unless another word of it follows."""
    told = {"state": "released", "reason": f"released by {event.agent}: {event.reason}"}
    heard.keep_arrival(tx.session, event.arrival_id, Channel.EMAIL, **told, settled_at=event.happened_at)


def _show_no_ticket(
    event: EmailSuppressed | CallSuppressed | EmailQuarantined | CallQuarantined,
    tx: Transaction,
    state: str,
    **more: Any,
) -> None:
    channel = Channel.EMAIL if isinstance(event, EmailSuppressed | EmailQuarantined) else Channel.PHONE
    told = {"state": state, "reason": event.reason, "settled_at": event.happened_at, **more}
    heard.keep_arrival(tx.session, event.arrival_id, channel, **told)
