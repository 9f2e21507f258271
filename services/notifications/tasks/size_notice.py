"""Telling a sender that his e-mail was too large to be taken. It belongs to no ticket, so the bus is told nothing."""

from __future__ import annotations

import structlog

from services.notifications import gateway, store
from services.notifications.rules import envelope, letters, sending
from services.notifications.rules.sending import Kind
from services.notifications.settings import notification_settings
from services.notifications.tasks import writing
from services.notifications.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.events import EmailTooLarge, LetterWritten, derived_id
from shared.policies import load_policies
from shared.settings import settings as house_settings
from shared.vocabulary import Channel, TicketFacts

log = structlog.get_logger()

NO_TICKET = "none-0"
"""Stands for a ticket's number in signed marks, by which the letter is known as ours when a machine returns it."""


@worker.hears(EmailTooLarge)
def write_size_notice(event: EmailTooLarge, tx: Transaction) -> None:
    """Write it once for each e-mail, within the limits of an acknowledgement; beyond them it stays unwritten."""
    letter_id = derived_id("letter", event.arrival_id, Kind.SIZE_NOTICE)
    if store.exists(tx.session, letter_id):
        return
    policies, tokens = load_policies(), house_settings().require_reply_tokens()
    policy, recipient = policies.provider(event.provider), event.sender.email or ""
    about = TicketFacts(
        ticket_id=NO_TICKET,
        provider=event.provider,
        channel=Channel.EMAIL,
        subject=event.subject,
        requester=event.sender,
        mailbox=event.mailbox,
        message_id=event.message_id,
        received_at=event.happened_at,
    )
    letter = store.Letter(
        id=letter_id,
        ticket_id="",
        provider=event.provider,
        kind=Kind.SIZE_NOTICE,
        language=policy.provider.languages.otherwise,
        recipient=recipient,
        domain=envelope.domain_of(recipient).lower() or None,
        mailbox=event.mailbox,
        written_at=clock.now(),
        state="written",
    )
    own_mailboxes = {event.mailbox, *notification_settings().senders.values()}
    letter.reason = sending.suppression(Kind.SIZE_NOTICE, about, None, own_mailboxes) or writing.beyond_limits(
        tx, Kind.SIZE_NOTICE, letter
    )
    if letter.reason:
        letter.state = "suppressed"
    else:
        letter.body = letters.size_notice(event, policies)
        letter.message_id = tokens.message_id(NO_TICKET, letter_id, envelope.domain_of(event.mailbox))
        headers = envelope.headers(
            about,
            message_id=letter.message_id,
            sender_name=f"{policy.name} support",
            mailbox=event.mailbox,
            reply_address=event.mailbox,
            written_at=letter.written_at,
            loop_mark=tokens.loop_mark(NO_TICKET),
            auto_submitted=Kind.SIZE_NOTICE.auto_submitted,
        )
        letter.headers = headers | {"Subject": envelope.subject_line(event.subject, "")}
    if store.write(tx.session, letter) and letter.state == "written":
        tx.say(LetterWritten(letter_id=letter_id, kind=Kind.SIZE_NOTICE))


def settle(letter: store.Letter, result: gateway.Taken | gateway.Refused | gateway.Unanswered) -> None:
    """Keep what the mail server said."""
    if isinstance(result, gateway.Refused):
        letter.state, letter.reason = "refused", result.reason
        log.warning("letter refused", kind=letter.kind)
    else:
        letter.state = "sent"
