"""email_intake: what the mail brings.

Hears   EmailStored, which its own gateways say once the bytes are durable; EmailReleased and EmailRejected, by which a
        person decides on a mail in quarantine.
Says    EmailReceived for a mail from a person, EmailSuppressed for one that needs no ticket, EmailQuarantined for one
        that a person must look at, EmailTooLarge when its sender is to be told, LetterBounced for a letter of ours
        that came back.
Owns    the raw e-mails and their arrivals. Attached files are kept in `shared.files`, where the desk finds them.
"""

from __future__ import annotations

import structlog

from services.email_intake import rules, store
from services.email_intake.rules import Outcome, Reading
from services.email_intake.settings import settings
from shared.bus import Transaction, Worker
from shared.events import (
    EmailQuarantined,
    EmailReceived,
    EmailRejected,
    EmailReleased,
    EmailStored,
    EmailSuppressed,
    EmailTooLarge,
    LetterBounced,
)
from shared.vocabulary import Authentication, Requester

log = structlog.get_logger()
worker = Worker("email_intake")
app = worker.app


@worker.hears(EmailStored)
def read_email(event: EmailStored, tx: Transaction) -> None:
    """Read one stored e-mail and say what it is. One that came without its body waits for a person."""
    arrival, raw = store.arrival_to_read(tx.session, event.arrival_id)
    reading = _read(arrival, raw)
    if _is_duplicate(arrival, tx):
        return
    if arrival.reason is None:
        _settle(arrival, reading, tx)
        return
    _quarantine(arrival, reading, arrival.reason, tx)
    if arrival.too_large and reading.mailbox and reading.sender and rules.may_be_told(reading, settings().own):
        tx.say(
            EmailTooLarge(
                arrival_id=arrival.id,
                provider=reading.mailbox.provider,
                mailbox=reading.mailbox.address,
                sender=_requester(reading),
                subject=reading.mail.subject,
                message_id=reading.mail.message_id,
                size=arrival.too_large,
                limit=settings().size_limit,
            ),
        )


@worker.hears(EmailReleased)
def read_released(event: EmailReleased, tx: Transaction) -> None:
    """Read an e-mail that a person released by the same rules, in the mailbox that he names if it is one of ours.

    It may end in quarantine again: then what is wrong with it is still wrong.
    """
    arrival, raw = store.arrival_to_read(tx.session, event.arrival_id)
    if arrival.state != store.State.QUARANTINED:
        log.info("released too late", arrival_id=arrival.id, state=arrival.state)
        return
    if settings().own.owns(event.mailbox):
        arrival.recipient = event.mailbox
    reading = _read(arrival, raw)
    if not _is_duplicate(arrival, tx):
        _settle(arrival, reading, tx)
    arrival.reason = f"released by {event.agent} ({event.reason}); {arrival.reason}"


@worker.hears(EmailRejected)
def reject_email(event: EmailRejected, tx: Transaction) -> None:
    """Leave an e-mail without a ticket, as a person decided. Its bytes are kept."""
    arrival, _ = store.arrival_to_read(tx.session, event.arrival_id)
    if arrival.state != store.State.QUARANTINED:
        log.info("rejected too late", arrival_id=arrival.id, state=arrival.state)
        return
    _suppress(arrival, f"rejected by {event.agent}: {event.reason}", tx)


def _read(arrival: store.Arrival, raw: bytes) -> Reading:
    reading = rules.read(raw, settings().own, recipient=arrival.recipient, envelope_from=arrival.envelope_from)
    arrival.mailbox = reading.mailbox.address if reading.mailbox else None
    return reading


def _is_duplicate(arrival: store.Arrival, tx: Transaction) -> bool:
    first = store.first_in_mailbox(tx.session, arrival.mailbox or arrival.recipient, arrival.key, arrival.id)
    if first != arrival.id:
        _suppress(arrival, f"duplicate of arrival {first}", tx)
    return first != arrival.id


def _settle(arrival: store.Arrival, reading: Reading, tx: Transaction) -> None:
    """Say what an e-mail is, by what the rules found."""
    if reading.outcome is Outcome.QUARANTINED or reading.mailbox is None:
        _quarantine(arrival, reading, reading.reason, tx)
    elif reading.outcome is Outcome.SUPPRESSED:
        _suppress(arrival, reading.reason, tx)
    else:
        arrival.state, arrival.reason = store.State.READ, reading.reason
        _receive(arrival, reading, tx)
    if bounced := reading.notes.bounced:
        tx.say(
            LetterBounced(
                ticket_id=bounced.letter.ticket_id,
                letter_id=bounced.letter.letter_id,
                arrival_id=arrival.id,
                permanent=bounced.permanent,
                status=bounced.status,
            ),
        )


def _quarantine(arrival: store.Arrival, reading: Reading, reason: str, tx: Transaction) -> None:
    arrival.state, arrival.reason = store.State.QUARANTINED, reason
    tx.say(
        EmailQuarantined(
            arrival_id=arrival.id,
            reason=reason,
            sender=_requester(reading),
            subject=reading.mail.subject,
            excerpt=reading.excerpt,
        ),
    )


def _suppress(arrival: store.Arrival, reason: str, tx: Transaction) -> None:
    arrival.state, arrival.reason = store.State.SUPPRESSED, reason
    tx.say(EmailSuppressed(arrival_id=arrival.id, reason=reason))


def _receive(arrival: store.Arrival, reading: Reading, tx: Transaction) -> None:
    assert reading.mailbox
    authentication = reading.notes.authenticated.result
    tx.say(
        EmailReceived(
            arrival_id=arrival.id,
            provider=reading.mailbox.provider,
            mailbox=reading.mailbox.address,
            sender=_requester(reading),
            subject=reading.mail.subject,
            text=reading.reply.new,
            full_text=reading.reply.full,
            message_id=reading.mail.message_id,
            references=reading.mail.references,
            reply_token=reading.mailbox.reply_token,
            may_acknowledge=reading.may_acknowledge,
            sender_verified=authentication is Authentication.PASS,
            authentication=authentication,
            is_courtesy=reading.notes.is_courtesy,
            mail_key=arrival.key,
            forwarded_by=reading.notes.forwarded_by,
            is_forward=reading.reply.is_forward,
            attachments=store.keep_attachments(tx.session, reading.mail.attachments),
            warnings=reading.warnings,
            received_at=arrival.received_at,
        ),
    )


def _requester(reading: Reading) -> Requester:
    sender = reading.sender
    return Requester(name=sender.name or None, email=sender.email) if sender else Requester()
