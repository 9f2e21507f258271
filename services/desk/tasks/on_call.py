"""Who is told of a ticket, and who has taken it."""

from __future__ import annotations

from services.desk.store import on_call
from services.desk.tasks.worker import worker
from shared.bus import Transaction
from shared.events import OnCallPaged, PagingEnded


@worker.hears(OnCallPaged)
def show_page(event: OnCallPaged, tx: Transaction) -> None:
    """Show who was told of a ticket."""
    on_call.keep_page(tx.session, event)


@worker.hears(PagingEnded)
def show_paging_ended(event: PagingEnded, tx: Transaction) -> None:
    """Show that somebody has taken a ticket, or that nobody is needed any more."""
    on_call.keep_end(tx.session, event)
