"""Since when a ticket is closed: what comes long after that is a request of its own."""

from __future__ import annotations

from services.tickets import store
from services.tickets.tasks.worker import worker
from shared.bus import Transaction
from shared.events import TicketReopened, TicketResolved


@worker.hears(TicketResolved)
def note_resolved(event: TicketResolved, tx: Transaction) -> None:
    """Note that a ticket was closed."""
    store.note_resolved(tx.session, event.ticket_id or "", event.happened_at)


@worker.hears(TicketReopened)
def note_reopened(event: TicketReopened, tx: Transaction) -> None:
    """Note that a ticket is open again."""
    store.note_reopened(tx.session, event.ticket_id or "", event.happened_at)
