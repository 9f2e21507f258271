"""Notifications: the letters that requesters get, and the pages that people on call get.

Hears   TicketRouted, ScopeDecided, QuoteIssued, ConsentRecorded, ConsentRefused, ChargeRecorded, TicketAnswered,
        TicketPaused, TicketResumed, TicketsMerged, MergeUndone, OnCallPaged, EmailTooLarge, LetterBounced;
        QuoteWithdrawn, QuoteExpired, LetterReleased for letters that are held; AutomaticLettersResumed; its own
        LetterWritten, to hand a letter over, and its own AutomaticLettersStopped, when it is time to look again.
Says    LetterWritten, LetterSent, LetterRefused, LetterSuppressed, LetterHeld, LetterUndelivered, PageDelivered,
        PageUndelivered, AutomaticLettersStopped, AutomaticLettersResumed (by itself).
Owns    every letter from its first word to the mail server's answer, why a letter was not written or is held, and
        the limits by which a loop with another machine ends.
"""

from __future__ import annotations

from functools import partial

from services.notifications import store
from services.notifications.post import breaker, pages, settling, size_notice, writing
from services.notifications.rules import letters
from services.notifications.rules.sending import Kind, Suppression
from shared import clock
from shared.bus import Transaction, Worker
from shared.errors import Transient
from shared.events import (
    AutomaticLettersResumed,
    AutomaticLettersStopped,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    EmailTooLarge,
    LetterBounced,
    LetterReleased,
    LetterWritten,
    MergeUndone,
    OnCallPaged,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    ScopeDecided,
    TicketAnswered,
    TicketPaused,
    TicketResumed,
    TicketRouted,
    TicketsMerged,
)
from shared.policies import load_policies
from shared.settings import settings as house_settings
from shared.vocabulary import Basis, PauseReason, ResumeReason, TicketFacts
from shared.wording import language

worker = Worker("notifications")
app = worker.app

POST_WITHIN_SECONDS = 600.0
"""A little more than `gateway.HAND_OVER_SECONDS`: two attempts at once would be two copies."""

WAITS_FOR_THE_OFFER = 3
"""How often the end of an offer is put off whose letter is not written: that may be just behind it."""


@worker.hears(TicketRouted)
def write_acknowledgement(event: TicketRouted, tx: Transaction) -> None:
    """Tell the requester once what we understood, what the policy says, and by when a person answers."""
    store.know(tx.session, event)
    told = store.told(tx.session, event.ticket.ticket_id)
    lang = language(event.decision.reply_language)
    written = writing.write(
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
    written = writing.write(
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
        for older in range(2, decision.version):
            writing.drop_held(tx, event.ticket.ticket_id, Kind.VERDICT, str(older), Suppression.SUPERSEDED)


@worker.hears(QuoteIssued)
def write_quote(event: QuoteIssued, tx: Transaction) -> None:
    """Offer paid work, once for each version of a quote."""
    store.know(tx.session, event)
    lang = language(event.decision.reply_language)
    for ticket in letters.quote_readers(event):
        link = _consent_link(ticket, event.quote_id, event.version)
        writing.write(
            tx,
            Kind.QUOTE,
            ticket,
            lang,
            version=_of_quote(event, event.version, ticket),
            decision=event.decision,
            body=partial(letters.quote, event, ticket, link, lang=lang),
        )
        for older in range(1, event.version):
            which = _of_quote(event, older, ticket)
            writing.drop_held(tx, ticket.ticket_id, Kind.QUOTE, which, Suppression.SUPERSEDED)


def _of_quote(event: QuoteIssued, version: int, reader: TicketFacts) -> str:
    """Names a quote's letter: one for each version and reader."""
    mine = event.ticket.requester.email == reader.requester.email
    return f"{event.quote_id}:{version}" + ("" if mine else f":{reader.requester.email}")


def _consent_link(ticket: TicketFacts, quote_id: str, version: int | None) -> str | None:
    """Where a ticket's requester can agree to a quote; None when he may not, or no page is served."""
    base, reader = house_settings().quotes_url, ticket.requester.email
    if base is None or version is None or not reader or reader.lower() not in ticket.approvers:
        return None
    mark = house_settings().require_reply_tokens().consent_mark(quote_id, version, reader)
    return f"{base.rstrip('/')}/quotes/{mark}"


@worker.hears(ConsentRecorded)
def write_consent_receipt(event: ConsentRecorded, tx: Transaction) -> None:
    """Confirm a consent that is not charged at once; of the others the charge notice says it all."""
    if event.offer is None or event.offer.basis not in {Basis.HOURS, Basis.PLAN}:
        return
    ticket, lang = _known(tx, event.ticket_id)
    writing.write(
        tx,
        Kind.CONSENT_RECEIPT,
        ticket,
        lang,
        version=str(event.consent_id),
        body=partial(letters.consent_receipt, ticket, event, lang=lang),
    )


@worker.hears(ConsentRefused)
def write_consent_refused(event: ConsentRefused, tx: Transaction) -> None:
    """Tell the requester on record, never whoever wrote, why a mailed yes does not count; once for each reason.

    The page of a quote answers by itself, and an agent who took a word reads the reason at the desk.
    """
    if event.given_how != "email":
        return
    ticket, lang = _known(tx, event.ticket_id)
    link = _consent_link(ticket, event.quote_id, event.newest)
    writing.write(
        tx,
        Kind.CONSENT_REFUSED,
        ticket,
        lang,
        version=f"{event.quote_id}:{event.version}:{event.because}",
        body=partial(letters.consent_refused, ticket, event, link, lang=lang),
    )


@worker.hears(ChargeRecorded)
def write_charge_notice(event: ChargeRecorded, tx: Transaction) -> None:
    """Confirm what will be on the invoice."""
    ticket, lang = _known(tx, event.ticket_id)
    writing.write(
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
    writing.write(
        tx,
        Kind.ANSWER,
        ticket,
        lang,
        version=str(event.event_id),
        body=lambda policies: letters.answer(ticket, event.agent, event.text, policies, lang),
    )


@worker.hears(EmailTooLarge)
def write_size_notice(event: EmailTooLarge, tx: Transaction) -> None:
    """Tell a sender that his e-mail was too large to be taken."""
    size_notice.write(tx, event)


@worker.hears(OnCallPaged)
def write_page(event: OnCallPaged, tx: Transaction) -> None:
    """Tell somebody on call by e-mail."""
    pages.write(tx, event)


@worker.acts_on(OnCallPaged)
def page_on_call(event: OnCallPaged, tx: Transaction) -> None:
    """Tell somebody on call by webhook, where the rota names one, and while it is of any use."""
    pages.call(tx, event)


@worker.hears(TicketsMerged, MergeUndone)
def fall_silent(event: TicketsMerged | MergeUndone, tx: Transaction) -> None:
    """Write no letter of a ticket while it goes on in another, but for answers to what somebody agreed to."""
    store.keep_merge(tx.session, event.merge_id, event.merged, undone=isinstance(event, MergeUndone))


@worker.hears(TicketPaused)
def write_suspension_start(event: TicketPaused, tx: Transaction) -> None:
    """Tell the requester that a supplier has the case and what that suspends, where the policy lets it suspend."""
    ticket, lang = _known(tx, event.ticket_id)
    policy = load_policies().provider(ticket.provider)
    if event.standstill.reason is PauseReason.SUPPLIER and policy.provider.suspension:
        writing.write(
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
        writing.write(
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
    if letter and letter.state == "written":
        settling.post(tx, letter)


@worker.hears(LetterReleased)
def release_letter(event: LetterReleased, tx: Transaction) -> None:
    """Let a letter that was held go out, unless what it says does not hold any more."""
    letter = store.letter(tx.session, event.letter_id)
    if letter and letter.state == "held":
        writing.release(tx, letter, event.by)


@worker.hears(QuoteWithdrawn, QuoteExpired)
def drop_offer(event: QuoteWithdrawn | QuoteExpired, tx: Transaction) -> None:
    """Give up a letter that was held and offers what is not for sale any more."""
    version = f"{event.quote_id}:{event.version}"
    known = writing.drop_held(tx, str(event.ticket_id), Kind.QUOTE, version, Suppression.OFFER_OVER)
    if (
        not known and event.version and tx.attempt <= WAITS_FOR_THE_OFFER
    ):  # version 0 is a draft, of which nobody is told
        raise Transient("the letter of an offer that is over is not written (yet)")


@worker.hears(AutomaticLettersStopped)
def resume_when_quiet(event: AutomaticLettersStopped, tx: Transaction) -> None:
    """Look, after a while, whether a provider's automatic letters may go out again."""
    breaker.resume_when_quiet(tx, event.provider, event.since)


@worker.hears(AutomaticLettersResumed)
def resume_letters(event: AutomaticLettersResumed, tx: Transaction) -> None:
    """Let a provider's automatic letters go out again because an operator said so."""
    if event.by is not None:
        breaker.resume(tx, event.provider, event.happened_at)


@worker.hears(LetterBounced)
def mark_undelivered(event: LetterBounced, tx: Transaction) -> None:
    """Note that a letter came back for good; a late one may yet arrive, and only stands in the ticket's history."""
    settling.come_back(tx, event)


def _known(tx: Transaction, ticket_id: str | None) -> tuple[TicketFacts, str]:
    found = store.known(tx.session, ticket_id or "")
    if found is None:
        raise Transient(f"nothing is known of {ticket_id} yet: its routing has not been heard")
    ticket, reply_language = found
    return ticket, language(reply_language)
