"""The daily look into the books."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import structlog

from services.billing.rules import books
from services.billing.settings import BillingSystem, billing_settings
from services.billing.store import books as store
from services.billing.store import subscriptions
from services.billing.tasks.worker import worker
from shared import clock
from shared.bus import Transaction, health
from shared.events import BooksCompared, BooksDue, derived_id

log = structlog.get_logger()

LOOKS_AT = time(3, tzinfo=UTC)


@worker.hears(BooksDue)
def reconcile(event: BooksDue, tx: Transaction) -> None:
    """Compare the books, be loud about what does not agree, and look again tomorrow."""
    findings, _ = look()
    for finding in findings:
        log.error(
            "the books do not agree",
            kind=finding.kind,
            ticket_id=finding.ticket_id,
            about=finding.about,
            amount=str(finding.amount),
        )
    sentences = tuple(f"{finding.about}: {finding.said}" for finding in findings)
    tx.say(BooksCompared(event_id=derived_id("books compared", event.event_id), day=event.day, findings=sentences))
    look_daily(tx)


def look_daily(tx: Transaction) -> None:
    """Have the books compared at the next hour for it. Said often, it is said once a day."""
    now = clock.now()
    at = datetime.combine(now.date(), LOOKS_AT)
    at += timedelta(days=at <= now)
    due = BooksDue(event_id=derived_id("books due", at.date()), day=at.date())
    tx.say(due, wait={"billing.reconcile": at})


def look() -> tuple[list[books.Finding], list[books.Sums]]:
    """Everything that does not agree at this moment, and what it comes to."""
    now = clock.now()
    with health.snapshot() as session:
        found = store.read(session)
        plans = [books.not_charged(due, row.ticket_id) for row, due in subscriptions.overdue(session, now)]
    return [*books.compare(found, now, booked_within()), *plans], books.sums(found)


def booked_within() -> timedelta | None:
    """How long a booking may take; None while there is no billing system that would tell of it."""
    settings = billing_settings()
    return None if settings.system is BillingSystem.NONE else timedelta(hours=settings.late_hours)
