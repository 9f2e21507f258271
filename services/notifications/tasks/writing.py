"""Writing a letter once: to be sent, or with the reason why it stays unwritten or is held."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from services.notifications import store
from services.notifications.rules import envelope, limits, sending
from services.notifications.rules.limits import Per
from services.notifications.rules.sending import Kind, Suppression
from services.notifications.settings import notification_settings
from services.notifications.tasks import breaker
from shared import clock
from shared.bus import Transaction
from shared.errors import Misconfigured, Transient
from shared.events import LetterHeld, LetterSuppressed, LetterWritten, derived_id
from shared.policies import Policies, load_policies
from shared.settings import settings as house_settings
from shared.vocabulary import Decision, TicketFacts
from shared.wording import language

log = structlog.get_logger()


def known(tx: Transaction, ticket_id: str | None) -> tuple[TicketFacts, str]:
    """A ticket's facts and the language to write in; Transient while no event has told of it."""
    found = store.known(tx.session, ticket_id or "")
    if found is None:
        raise Transient(f"nothing is known of {ticket_id} yet: its routing has not been heard")
    ticket, reply_language = found
    return ticket, language(reply_language)


def write(
    tx: Transaction,
    kind: Kind,
    ticket: TicketFacts,
    lang: str,
    *,
    body: Callable[[Policies], str],
    decision: Decision | None = None,
    version: str = "1",
    told_already: bool = False,
) -> bool:
    """Write a letter once, or the reason why it stays unwritten; True when it was written now, to be sent or held.

    Beyond a limit an acknowledgement stays unwritten: its ticket is there without it. Anything else is held.
    """
    letter_id = derived_id("letter", ticket.ticket_id, kind, version)
    if store.exists(tx.session, letter_id):
        return False
    settings, policies = notification_settings(), load_policies()
    policy = policies.provider(ticket.provider)
    mailbox = ticket.mailbox or settings.senders.get(ticket.provider) or policy.mailbox
    if mailbox is None:
        raise Misconfigured(f"SCOPEDESK_NOTIFICATIONS_SENDERS names no mailbox for {ticket.provider}")
    letter = store.Letter(
        id=letter_id,
        ticket_id=ticket.ticket_id,
        provider=ticket.provider,
        kind=kind,
        version=version,
        language=lang,
        recipient=ticket.requester.email,
        domain=envelope.domain_of(ticket.requester.email or "").lower() or None,
        mailbox=mailbox,
        written_at=clock.now(),
        state="written",
    )
    own_mailboxes = {mailbox, *settings.senders.values()}
    unwritten = Suppression.TOLD_ALREADY if told_already else sending.suppression(kind, ticket, decision, own_mailboxes)
    silent = kind.automatic and not kind.about_consent  # an agent answered before it was merged
    if not unwritten and silent and store.is_merged(tx.session, ticket.ticket_id):
        unwritten = Suppression.MERGED
    letter.reason = unwritten or beyond_limits(tx, kind, letter)
    if letter.reason:
        letter.state = "suppressed" if unwritten or kind is Kind.ACKNOWLEDGEMENT else "held"
    if letter.state != "suppressed":
        letter.body = body(policies)
        tokens = house_settings().require_reply_tokens()
        letter.message_id = tokens.message_id(ticket.ticket_id, letter_id, envelope.domain_of(mailbox))
        letter.headers = envelope.headers(
            ticket,
            message_id=letter.message_id,
            sender_name=f"{policy.name} support",
            mailbox=mailbox,
            reply_address=tokens.reply_address(mailbox, ticket.ticket_id),
            written_at=letter.written_at,
            earlier=store.thread_of(tx.session, ticket.ticket_id),
            loop_mark=tokens.loop_mark(ticket.ticket_id),
            auto_submitted=kind.auto_submitted,
        )
    if not store.write(tx.session, letter):
        return False
    _say(tx, letter)
    return letter.state != "suppressed"


def drop_held(tx: Transaction, ticket_id: str, kind: Kind, version: str, why: Suppression) -> bool:
    """Give the letters of a version up that are held: what they say does not hold any more. False: there are none."""
    letters = store.versions(tx.session, ticket_id, kind, version)
    for letter in letters:
        if letter.state == "held":
            letter.state, letter.reason = "suppressed", why
            _say(tx, letter)
    return bool(letters)


def _say(tx: Transaction, letter: store.Letter) -> None:
    told = {"ticket_id": letter.ticket_id, "letter_id": letter.id, "kind": letter.kind}
    if letter.state == "written":
        tx.say(LetterWritten(**told))
        return
    tx.say((LetterHeld if letter.state == "held" else LetterSuppressed)(**told, reason=letter.reason or ""))
    log.info("letter not sent", ticket=letter.ticket_id, kind=letter.kind, state=letter.state, reason=letter.reason)


def beyond_limits(tx: Transaction, kind: Kind, letter: store.Letter) -> Suppression | None:
    """The limit that this letter would break, if any; the one that breaks the provider's stops all that follow."""
    if not kind.automatic:
        return None
    settings = notification_settings()
    stopped = store.breaker(tx.session, letter.provider)
    if stopped.stopped_at:
        return Suppression.BREAKER
    store.hold_domain(tx.session, letter.domain or "")
    for limit in limits.on(kind, settings.limits(letter.provider)):
        if limit.per is Per.DOMAIN and letter.domain in settings.public_domains:
            continue
        sent = store.sent_within(tx.session, limit, letter, stopped.resumed_at if limit.per is Per.PROVIDER else None)
        if sent >= limit.at_most:
            if limit.per is Per.PROVIDER:
                breaker.stop(tx, stopped, limit, letter.written_at)
            return limit.reason
    return None
