"""What the billing system is told, and what it says of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from services.billing import gateway, rules
from services.billing.rules.bookings import Acknowledgement, pause
from services.billing.rules.cloud_events import TO_BOOK
from services.billing.settings import BillingSystem, billing_settings
from services.billing.store import charges
from services.billing.store import feed as store
from services.billing.tasks.worker import worker
from shared import clock
from shared.bus import Transaction, feed
from shared.errors import Permanent
from shared.events import BookingAwaited, ChargeBooked, Event, derived_id
from shared.money import Money

log = structlog.get_logger()


@worker.acts_on(*rules.FEED)
def publish(event: Event, tx: Transaction) -> None:
    """Publish an event on the exchange; what has to be booked is asked for again until it is acknowledged."""
    wanted = billing_settings()
    awaits = isinstance(event, TO_BOOK) and wanted.system is not BillingSystem.NONE
    if awaits and store.await_booking(tx.session, event.event_id, clock.now()):
        _wait(event.event_id, event.ticket_id, 1, tx)
    _publish(event.event_id, tx)


@worker.acts_on(BookingAwaited)
def ask_again(event: BookingAwaited, tx: Transaction) -> None:
    """Publish once more what nobody has acknowledged, and say it aloud when that takes too long."""
    wanted = billing_settings()
    asked_at = store.try_again(tx.session, event.booked_id, event.tries + 1)
    if asked_at is None or wanted.system is BillingSystem.NONE:
        return
    _wait(event.booked_id, event.ticket_id, event.tries + 1, tx)
    if clock.now() - asked_at >= timedelta(hours=wanted.late_hours):
        log.error("the billing system does not acknowledge", ticket_id=event.ticket_id, booked_id=str(event.booked_id))
    if wanted.system is BillingSystem.EXCHANGE:
        _publish(event.booked_id, tx)


@worker.acts_on(*rules.FEED)
def send_webhook(event: Event, tx: Transaction) -> None:
    """Post an event to the webhook, if there is one; where that is the billing system, it has booked what it takes."""
    wanted = billing_settings()
    if wanted.webhook_url is None:
        return
    told = _told(event.event_id, tx)

    def taken(tx: Transaction, _result: object) -> None:
        if isinstance(event, TO_BOOK) and wanted.system is BillingSystem.WEBHOOK:
            note(event.event_id, None, event.total, tx)

    tx.act(do=lambda: gateway.post_webhook(told, wanted, clock.now()), then=taken)


@worker.takes_in
def note_booking(message: dict[str, Any], tx: Transaction) -> None:
    """Write down what the billing system says it has booked."""
    told = Acknowledgement.model_validate(message)
    note(told.booked_id, told.reference, told.total.money, tx)


def note(booked_id: UUID, reference: str | None, total: Money, tx: Transaction) -> None:
    """Write down a booking, once; the first word stands. Permanent for what nobody asked to be booked."""
    known = feed.find(tx.session, booked_id)
    if known is None or not isinstance(known[1], TO_BOOK):
        log.warning("an acknowledgement of nothing that we know", booked_id=str(booked_id))
        raise Permanent(f"{booked_id} is no charge and no credit of ours: acknowledge the `id` of the event")
    ticket_id, now = known[1].ticket_id, clock.now()
    store.acknowledge(tx.session, booked_id, now)
    if not charges.note_booking(tx.session, booked_id, reference, total, now):
        return
    log.info("booked", ticket_id=ticket_id, booked_id=str(booked_id), total=str(total))
    booked = {"booked_id": booked_id, "reference": reference, "total": total}
    tx.say(ChargeBooked(event_id=derived_id("booked", booked_id), ticket_id=ticket_id, **booked))


def _publish(event_id: UUID, tx: Transaction) -> None:
    wanted = billing_settings()
    told = _told(event_id, tx)

    def published(_tx: Transaction, there_was_room: bool) -> None:
        if not there_was_room and wanted.system is BillingSystem.EXCHANGE:
            log.error("too many events wait unread", queue=wanted.exchange_queue)

    tx.act(do=lambda: gateway.publish(told, wanted), then=published)


def _told(event_id: UUID, tx: Transaction) -> dict[str, Any]:
    """The event as the billing system is told of it, with its place in the log."""
    known = feed.find(tx.session, event_id)
    assert known, "what was heard is in the log"
    cursor, event = known
    return rules.cloud_event(event, str(cursor))


def _wait(booked_id: UUID, ticket_id: str | None, tries: int, tx: Transaction) -> None:
    first = timedelta(seconds=billing_settings().ask_again_seconds)
    awaited = BookingAwaited(
        event_id=derived_id("awaited", booked_id, tries), ticket_id=ticket_id, booked_id=booked_id, tries=tries
    )
    tx.say(awaited, wait={"billing.ask_again": clock.now() + pause(first, tries)})
