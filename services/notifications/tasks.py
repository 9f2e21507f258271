"""Notifications: the letters that requesters get, and the pages that people on call get.

Hears   TicketRouted, ScopeDecided, QuoteIssued, ChargeRecorded, TicketAnswered, TicketPaused, TicketResumed,
        OnCallPaged, LetterBounced; and its own LetterWritten, to hand a letter over.
Says    LetterWritten, LetterSent, LetterRefused, LetterSuppressed, LetterUndelivered, PageDelivered, PageUndelivered.
Owns    every letter from its first word to the mail server's answer, and why a letter was not written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from services.notifications import gateway, store
from services.notifications.rules import envelope, letters, sending
from services.notifications.rules.sending import Kind, Suppression
from services.notifications.rules.wording import language
from services.notifications.settings import NotificationSettings, notification_settings
from shared import clock
from shared.bus import Transaction, Worker
from shared.errors import Misconfigured, Transient
from shared.events import (
    ChargeRecorded,
    LetterBounced,
    LetterRefused,
    LetterSent,
    LetterSuppressed,
    LetterUndelivered,
    LetterWritten,
    OnCallPaged,
    PageDelivered,
    PageUndelivered,
    QuoteIssued,
    ScopeDecided,
    TicketAnswered,
    TicketPaused,
    TicketResumed,
    TicketRouted,
    derived_id,
)
from shared.policies import Policies, load_policies
from shared.rota import Person
from shared.rota_file import load_rota
from shared.settings import settings as house_settings
from shared.vocabulary import Decision, PauseReason, ResumeReason, TicketFacts

log = structlog.get_logger()
worker = Worker("notifications")
app = worker.app

POST_WITHIN_SECONDS = 600.0
"""A little more than `gateway.HAND_OVER_SECONDS`: two attempts at once would be two copies."""

PAGE_IS_OLD = timedelta(hours=1)
"""After so long somebody else has been told, and a call would only wake the wrong person."""

UNANSWERED_TRIES = 3
"""A letter that the mail server has and never confirms is handed over so often: each time may be one more copy."""

Posted = gateway.Taken | gateway.Refused | gateway.Unanswered


@worker.hears(TicketRouted)
def write_acknowledgement(event: TicketRouted, tx: Transaction) -> None:
    """Tell the requester once what we understood, what the policy says, and by when a person answers."""
    store.know(tx.session, event)
    told = store.told(tx.session, event.ticket.ticket_id)
    lang = language(event.decision.reply_language)
    written = _write(
        tx,
        Kind.ACKNOWLEDGEMENT,
        event.ticket,
        lang,
        decision=event.decision,
        told_already=told is not None,  # of a newer verdict, which must not be followed by an older one
        body=lambda policies: letters.acknowledgement(event, policies, lang, clock.now()),
    )
    if written:
        store.tell(tx.session, event.ticket.ticket_id, event.decision)


@worker.hears(ScopeDecided)
def write_verdict(event: ScopeDecided, tx: Transaction) -> None:
    """Tell the requester what was decided anew, once for each version that says anything new to him.

    The first decision is told by the acknowledgement. While a person has to look, nothing is told.
    """
    if event.decision.version == 1:
        return
    store.know(tx.session, event)
    told, decision = store.told(tx.session, event.ticket.ticket_id), event.decision
    if (told and told.version >= decision.version) or not letters.is_news(decision, told):
        return
    lang = language(decision.reply_language)
    written = _write(
        tx,
        Kind.VERDICT,
        event.ticket,
        lang,
        version=str(decision.version),
        decision=decision,
        body=lambda policies: letters.verdict(event, told, policies, lang),
    )
    if written:
        store.tell(tx.session, event.ticket.ticket_id, decision)


@worker.hears(QuoteIssued)
def write_quote(event: QuoteIssued, tx: Transaction) -> None:
    """Offer paid work, once for each version of a quote."""
    store.know(tx.session, event)
    lang = language(event.decision.reply_language)
    _write(
        tx,
        Kind.QUOTE,
        event.ticket,
        lang,
        version=f"{event.quote_id}:{event.version}",
        decision=event.decision,
        body=lambda policies: letters.quote(event, policies, lang),
    )


@worker.hears(ChargeRecorded)
def write_charge_notice(event: ChargeRecorded, tx: Transaction) -> None:
    """Confirm what will be on the invoice."""
    ticket, lang = _known(tx, event.ticket_id)
    _write(
        tx,
        Kind.CHARGE_NOTICE,
        ticket,
        lang,
        version=str(event.charge_id),
        body=lambda policies: letters.charge_notice(ticket, event, policies, lang),
    )


@worker.hears(TicketAnswered)
def write_answer(event: TicketAnswered, tx: Transaction) -> None:
    """Bring an agent's answer to the requester."""
    ticket, lang = _known(tx, event.ticket_id)
    _write(
        tx,
        Kind.ANSWER,
        ticket,
        lang,
        version=str(event.event_id),
        body=lambda policies: letters.answer(ticket, event.agent, event.text, policies, lang),
    )


@worker.hears(OnCallPaged)
def write_page(event: OnCallPaged, tx: Transaction) -> None:
    """Tell somebody on call by e-mail."""
    person = _person(event)
    mailbox = notification_settings().team_mailbox
    name, recipient, lang = (person.name, person.email, person.language) if person else (event.team, mailbox, "en")
    domain, now = envelope.domain_of(mailbox), clock.now()
    message_id = house_settings().require_reply_tokens().message_id(event.ticket.ticket_id, event.page_id, domain)
    letter = store.Letter(
        id=event.page_id,
        ticket_id=event.ticket.ticket_id,
        kind=Kind.PAGE,
        language=lang,
        recipient=recipient,
        written_at=now,
        state="written",
        body=letters.page(event, load_policies(), lang),
        mailbox=mailbox,
        message_id=message_id,
        headers=envelope.page_headers(
            event.ticket,
            message_id=message_id,
            mailbox=mailbox,
            name=name,
            recipient=recipient,
            reason=event.reason,
            written_at=now,
        ),
    )
    if store.write(tx.session, letter):
        tx.say(LetterWritten(ticket_id=event.ticket_id, letter_id=letter.id, kind=Kind.PAGE))


@worker.acts_on(OnCallPaged)
def page_on_call(event: OnCallPaged, tx: Transaction) -> None:
    """Tell somebody on call by webhook, where the rota names one, and while it is of any use."""
    person = _person(event)
    if person is None or person.webhook is None:
        return
    told = {"ticket_id": event.ticket_id, "page_id": event.page_id, "way": "webhook"}
    if clock.now() - event.happened_at > PAGE_IS_OLD:
        tx.say(PageUndelivered(**told, reason="it did not answer in time"))
        return
    webhook, message = person.webhook, letters.page_message(event, load_policies())
    tx.act(
        do=lambda: gateway.call_webhook(webhook, event.page_id, message),
        then=partial(_settle_call, told=told),
    )


def _person(event: OnCallPaged) -> Person | None:
    """Who is told; None, the team's mailbox, also when the rota has lost him since."""
    rota = load_rota() if event.person else None
    return rota.people.get(event.person or "") if rota else None


def _settle_call(tx: Transaction, result: gateway.Taken | gateway.Refused, *, told: dict[str, Any]) -> None:
    match result:
        case gateway.Taken():
            tx.say(PageDelivered(**told))
        case gateway.Refused(reason):
            tx.say(PageUndelivered(**told, reason=reason))


@worker.hears(TicketPaused)
def write_suspension_start(event: TicketPaused, tx: Transaction) -> None:
    """Tell the requester that a supplier has the case and what that suspends, where the policy lets it suspend."""
    ticket, lang = _known(tx, event.ticket_id)
    policy = load_policies().provider(ticket.provider)
    if event.standstill.reason is PauseReason.SUPPLIER and policy.provider.suspension:
        _write(
            tx,
            Kind.SUSPENSION_START,
            ticket,
            lang,
            version=str(event.event_id),
            body=lambda policies: letters.suspension_start(ticket, event, policies, lang),
        )


@worker.hears(TicketResumed)
def write_suspension_end(event: TicketResumed, tx: Transaction) -> None:
    """Tell the requester once that the supplier no longer has the case; a new verdict has a letter of its own."""
    ticket, lang = _known(tx, event.ticket_id)
    if event.paused_for is PauseReason.SUPPLIER and event.why is not ResumeReason.DECIDED_ANEW:
        _write(
            tx,
            Kind.SUSPENSION_END,
            ticket,
            lang,
            version=str(event.pause_id or event.event_id),
            body=lambda policies: letters.suspension_end(ticket, event, policies, lang),
        )


@worker.acts_on(LetterWritten, within=POST_WITHIN_SECONDS)
def post_letter(event: LetterWritten, tx: Transaction) -> None:
    """Hand a letter to the mail server; every try carries the same Message-ID, so that a double shows as one."""
    letter = store.letter(tx.session, event.letter_id)
    if letter is None or letter.state != "written":
        return
    letter.attempts = tx.attempt
    parcel = gateway.Parcel(
        envelope_sender=sending.envelope_sender(Kind(letter.kind), letter.mailbox),
        recipient=envelope.written_address(letter.recipient or ""),
        headers=dict(letter.headers),
        body=letter.body,
    )
    settings = notification_settings()
    tx.act(do=lambda: _hand_over(event.letter_id, parcel, settings), then=partial(_settle, letter_id=letter.id))


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
        with Transaction.begin(worker.room) as tx:
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


def _write(
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
    """Write a letter once, or the reason why it stays unwritten; True when it was written now."""
    letter_id = derived_id("letter", ticket.ticket_id, kind, version)
    if store.exists(tx.session, letter_id):
        return False
    settings, now = notification_settings(), clock.now()
    policies = load_policies()
    policy = policies.provider(ticket.provider)
    mailbox = ticket.mailbox or settings.senders.get(ticket.provider) or policy.mailbox
    if mailbox is None:
        raise Misconfigured(f"SCOPEDESK_NOTIFICATIONS_SENDERS names no mailbox for {ticket.provider}")
    letter = store.Letter(
        id=letter_id,
        ticket_id=ticket.ticket_id,
        kind=kind,
        language=lang,
        recipient=ticket.requester.email,
        mailbox=mailbox,
        written_at=now,
        state="suppressed",
        reason=Suppression.TOLD_ALREADY
        if told_already
        else _suppression(tx, kind, ticket, decision, {mailbox, *settings.senders.values()}),
    )
    if letter.reason is None:
        letter.state = "written"
        letter.body = body(policies)
        tokens = house_settings().require_reply_tokens()
        letter.message_id = tokens.message_id(ticket.ticket_id, letter_id, envelope.domain_of(mailbox))
        letter.headers = envelope.headers(
            ticket,
            message_id=letter.message_id,
            sender_name=f"{policy.name} support",
            mailbox=mailbox,
            reply_address=tokens.reply_address(mailbox, ticket.ticket_id),
            written_at=now,
            earlier=store.thread_of(tx.session, ticket.ticket_id),
            automatic=kind.automatic,
        )
    told = {"ticket_id": ticket.ticket_id, "letter_id": letter_id, "kind": kind}
    if not store.write(tx.session, letter):
        return False
    if letter.reason is None:
        tx.say(LetterWritten(**told))
    else:
        tx.say(LetterSuppressed(**told, reason=letter.reason))
        log.info("letter suppressed", ticket=ticket.ticket_id, kind=kind, reason=letter.reason)
    return letter.reason is None


def _suppression(
    tx: Transaction,
    kind: Kind,
    ticket: TicketFacts,
    decision: Decision | None,
    own_mailboxes: set[str],
) -> Suppression | None:
    reason = sending.suppression(kind, ticket, decision, own_mailboxes)
    if reason is not None or not kind.limited:
        return reason
    settings, now = notification_settings(), clock.now()
    return sending.over_limit(
        store.written_to(tx.session, ticket.requester.email or "", kind, now),
        now,
        burst_limit=settings.burst_limit,
        burst=settings.burst,
        daily_limit=settings.daily_limit,
    )


def _known(tx: Transaction, ticket_id: str | None) -> tuple[TicketFacts, str]:
    found = store.known(tx.session, ticket_id or "")
    if found is None:
        raise Transient(f"nothing is known of {ticket_id} yet: its routing has not been heard")
    ticket, reply_language = found
    return ticket, language(reply_language)
