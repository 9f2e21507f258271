"""email_intake: what the mail brings.

Hears `EmailStored`, which its own gateways say once the bytes are durable. Says `EmailReceived` for a mail from a
person, `EmailSuppressed` for one that needs no ticket, `EmailQuarantined` for one that a person must look at, and
`LetterBounced` for a letter of ours that came back. Owns the raw e-mails, their arrivals and their attachments.
"""

from __future__ import annotations

from services.email_intake import rules, store
from services.email_intake.rules import Outcome, Reading
from services.email_intake.settings import settings
from shared.bus import Transaction, Worker
from shared.events import EmailQuarantined, EmailReceived, EmailStored, EmailSuppressed, LetterBounced
from shared.vocabulary import Authentication, Requester

worker = Worker("email_intake")
app = worker.app


@worker.hears(EmailStored)
def read_email(event: EmailStored, tx: Transaction) -> None:
    """Read one stored e-mail and say what it is."""
    arrival, raw = store.arrival_to_read(tx.session, event.arrival_id)
    if arrival.reason is not None:  # its gateway could not take all of it
        arrival.state = store.State.QUARANTINED
        tx.say(EmailQuarantined(arrival_id=arrival.id, reason=arrival.reason))
        return
    reading = rules.read(raw, settings().own, recipient=arrival.recipient, envelope_from=arrival.envelope_from)
    arrival.mailbox = reading.mailbox.address if reading.mailbox else None
    first = store.first_in_mailbox(tx.session, arrival.mailbox or arrival.recipient, arrival.key, arrival.id)
    if first != arrival.id:
        arrival.state, arrival.reason = store.State.SUPPRESSED, f"duplicate of arrival {first}"
        tx.say(EmailSuppressed(arrival_id=arrival.id, reason=arrival.reason))
        return
    arrival.state, arrival.reason = store.State(reading.outcome), reading.reason
    if reading.outcome is Outcome.READ:
        store.keep_attachments(tx.session, arrival.id, reading.mail.attachments)
    tx.say(_fact(arrival, reading))
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


def _fact(arrival: store.Arrival, reading: Reading) -> EmailReceived | EmailSuppressed | EmailQuarantined:
    if reading.outcome is Outcome.SUPPRESSED:
        return EmailSuppressed(arrival_id=arrival.id, reason=reading.reason)
    if reading.outcome is Outcome.QUARANTINED or reading.mailbox is None:
        return EmailQuarantined(arrival_id=arrival.id, reason=reading.reason)
    sender, authentication = reading.sender, reading.notes.authenticated.result
    return EmailReceived(
        arrival_id=arrival.id,
        provider=reading.mailbox.provider,
        mailbox=reading.mailbox.address,
        sender=Requester(name=sender.name or None, email=sender.email) if sender else Requester(),
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
        received_at=arrival.received_at,
    )
