"""Handing letters over, and what the mail server's answer makes of them."""

from __future__ import annotations

from email.utils import format_datetime
from functools import partial
from uuid import UUID

import structlog

from services.notifications import gateway, store
from services.notifications.rules import envelope, sending
from services.notifications.rules.sending import Kind
from services.notifications.settings import NotificationSettings, notification_settings
from services.notifications.tasks import size_notice
from services.notifications.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.errors import Transient
from shared.events import (
    LetterBounced,
    LetterRefused,
    LetterReleased,
    LetterSent,
    LetterUndelivered,
    LetterWritten,
    PageDelivered,
    PageUndelivered,
)
from shared.settings import settings as house_settings

log = structlog.get_logger()

POST_WITHIN_SECONDS = 600.0
"""A little more than `gateway.HAND_OVER_SECONDS`: two attempts at once would be two copies."""

UNANSWERED_TRIES = 3
"""A letter that the mail server has and never confirms is handed over so often: each time may be one more copy."""

Posted = gateway.Taken | gateway.Refused | gateway.Unanswered


@worker.acts_on(LetterWritten, within=POST_WITHIN_SECONDS)
def post_letter(event: LetterWritten, tx: Transaction) -> None:
    """Hand a letter to the mail server; every try carries the same Message-ID, so that a double shows as one."""
    letter = store.letter(tx.session, event.letter_id)
    if letter is None or letter.state != "written":
        return
    letter.attempts = tx.attempt
    return_path = house_settings().require_reply_tokens().return_path(letter.mailbox, letter.ticket_id, letter.id)
    parcel = gateway.Parcel(
        envelope_sender=sending.envelope_sender(Kind(letter.kind), letter.mailbox, return_path),
        recipient=envelope.written_address(letter.recipient or ""),
        headers=dict(letter.headers),
        body=letter.body,
    )
    settings = notification_settings()
    tx.act(do=partial(_hand_over, letter.id, parcel, settings), then=partial(_settle, letter_id=letter.id))


@worker.hears(LetterReleased)
def release_letter(event: LetterReleased, tx: Transaction) -> None:
    """Let a letter that was held go out, dated now, unless it was given up since."""
    letter = store.letter(tx.session, event.letter_id)
    if letter is None or letter.state != "held":
        return
    letter.state, letter.written_at = "written", clock.now()
    letter.reason = f"released by {event.by}"
    letter.headers = letter.headers | {"Date": format_datetime(letter.written_at)}
    tx.say(LetterWritten(ticket_id=letter.ticket_id, letter_id=letter.id, kind=letter.kind))


@worker.hears(LetterBounced)
def mark_undelivered(event: LetterBounced, tx: Transaction) -> None:
    """Note that a letter came back for good; a late one may yet arrive, and only stands in the ticket's history."""
    letter = store.letter(tx.session, event.letter_id)
    if not event.permanent or letter is None or letter.ticket_id != event.ticket_id or letter.state == "undelivered":
        return
    if letter.state == "written":
        raise Transient("the bounce was read before the mail server's answer to the letter was recorded")
    letter.state, letter.reason = "undelivered", f"it came back: {event.status or 'no status'}"
    told = {"ticket_id": letter.ticket_id, "letter_id": letter.id}
    if letter.kind == Kind.PAGE:
        tx.say(PageUndelivered(ticket_id=letter.ticket_id, page_id=letter.id, way="e-mail", reason=letter.reason))
    else:
        tx.say(LetterUndelivered(**told, kind=letter.kind, status=event.status))
    log.warning("letter undelivered", ticket=letter.ticket_id, kind=letter.kind, status=event.status)


def _hand_over(letter_id: UUID, parcel: gateway.Parcel, settings: NotificationSettings) -> Posted:
    """Post a letter; when the last answer is lost, Transient for the first few times."""
    result = gateway.post(parcel, settings)
    if isinstance(result, gateway.Unanswered):
        with Transaction.begin("notifications") as tx:
            unanswered = store.count_unanswered(tx.session, letter_id)
        if unanswered < UNANSWERED_TRIES:
            raise Transient("the mail server has the letter and did not say that it took it")
    return result


def _settle(tx: Transaction, result: Posted, *, letter_id: UUID) -> None:
    letter = store.letter(tx.session, letter_id)
    assert letter is not None, "letters are never deleted"
    letter.settled_at = clock.now()
    if letter.kind == Kind.PAGE:
        _settle_page(tx, letter, result)
        return
    if letter.kind == Kind.SIZE_NOTICE:
        size_notice.settle(letter, result)
        return
    told = {
        "ticket_id": letter.ticket_id,
        "letter_id": letter.id,
        "kind": letter.kind,
        "subject": letter.headers["Subject"],
        "text": letter.body,
    }
    match result:
        case gateway.Taken():
            letter.state = "sent"
            tx.say(LetterSent(**told, message_id=letter.message_id))
        case gateway.Unanswered():
            letter.state, letter.reason = "sent", "unconfirmed"
            tx.say(LetterSent(**told, message_id=letter.message_id, confirmed=False))
            log.warning("letter sent, unconfirmed", ticket=letter.ticket_id, kind=letter.kind)
        case gateway.Refused(reason):
            letter.state, letter.reason = "refused", reason
            tx.say(LetterRefused(**told, reason=reason))
            log.warning("letter refused", ticket=letter.ticket_id, kind=letter.kind)


def _settle_page(tx: Transaction, letter: store.Letter, result: Posted) -> None:
    told = {"ticket_id": letter.ticket_id, "page_id": letter.id, "way": "e-mail"}
    if isinstance(result, gateway.Refused):
        letter.state, letter.reason = "refused", result.reason
        tx.say(PageUndelivered(**told, reason="the mail server refused it"))  # its own words may name the address
    else:
        letter.state = "sent"
        tx.say(PageDelivered(**told))
