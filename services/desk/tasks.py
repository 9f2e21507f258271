"""Desk: what people see of tickets, and what they decide there.

Hears   nearly everything, to keep its lists: arrivals, tickets, decisions, routings, quotes, letters, answers.
Says    from its web API: TicketAnswered, TicketResolved, TicketReopened, TicketPaused, TicketResumed,
        TicketReclassified, ConsentGiven, PageAcknowledged, VerdictOverridden, TicketFactCorrected, MergeRequested,
        UnmergeRequested, SplitRequested, CustomerChosen, OneCaseDismissed, AttachmentReleased, EmailReleased,
        EmailRejected, LetterReleased, AutomaticLettersResumed.
Owns    nothing that could not be built anew from the event log.
"""

from __future__ import annotations

from typing import Any

from services.desk.rules.sentences import name_and_address
from services.desk.rules.summary import QuoteState
from services.desk.store import cases, heard, holding, on_call
from shared.bus import Transaction, Worker
from shared.errors import Transient
from shared.events import (
    AutomaticLettersResumed,
    AutomaticLettersStopped,
    BreachWithdrawn,
    CallQuarantined,
    CallStored,
    CallSuppressed,
    ChargeQuestioned,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    CustomerCalledBack,
    CustomerRecorded,
    EmailQuarantined,
    EmailReleased,
    EmailStored,
    EmailSuppressed,
    Event,
    LetterHeld,
    LetterRefused,
    LetterReleased,
    LetterSent,
    LetterSuppressed,
    LetterUndelivered,
    MergeUndone,
    MessageSplit,
    OnCallPaged,
    PagingEnded,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    ScopeDecided,
    TargetBreached,
    TargetWarned,
    TicketAnswered,
    TicketEscalated,
    TicketLeftClosed,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketRouted,
    TicketsMerged,
)
from shared.vocabulary import Channel

worker = Worker("desk")
app = worker.app

OVERTAKEN = {"superseded", "offer-over"}
"""Why a letter that was held is given up."""


# --- arrivals --------------------------------------------------------------------------------------------------------


@worker.hears(EmailStored, CallStored)
def show_arrival(event: EmailStored | CallStored, tx: Transaction) -> None:
    """Show that something reached us."""
    channel, ways = (
        (Channel.EMAIL, (event.source, event.mailbox))
        if isinstance(event, EmailStored)
        else (Channel.PHONE, (event.source,))
    )
    source = ", ".join(filter(None, ways))
    heard.keep_arrival(tx.session, event.arrival_id, channel, source=source, received_at=event.happened_at)


@worker.hears(EmailSuppressed, CallSuppressed)
def show_suppressed(event: EmailSuppressed | CallSuppressed, tx: Transaction) -> None:
    """Show why an arrival became no ticket."""
    _show_no_ticket(event, tx, "suppressed")


@worker.hears(EmailQuarantined, CallQuarantined)
def show_quarantined(event: EmailQuarantined | CallQuarantined, tx: Transaction) -> None:
    """Show an arrival that waits for a person, with what he needs to judge an e-mail."""
    told: dict[str, Any] = {}
    if isinstance(event, EmailQuarantined):
        sender = name_and_address(event.sender) if event.sender else None
        told = {"sender": sender, "subject": event.subject or None, "excerpt": event.excerpt or None}
    _show_no_ticket(event, tx, "quarantined", **told)


@worker.hears(EmailReleased)
def show_released(event: EmailReleased, tx: Transaction) -> None:
    """Show who let an e-mail out of quarantine and why; it is a ticket, unless another word of it follows."""
    told = {"state": "released", "reason": f"released by {event.agent}: {event.reason}"}
    heard.keep_arrival(tx.session, event.arrival_id, Channel.EMAIL, **told, settled_at=event.happened_at)


def _show_no_ticket(
    event: EmailSuppressed | CallSuppressed | EmailQuarantined | CallQuarantined,
    tx: Transaction,
    state: str,
    **more: Any,
) -> None:
    channel = Channel.EMAIL if isinstance(event, EmailSuppressed | EmailQuarantined) else Channel.PHONE
    told = {"state": state, "reason": event.reason, "settled_at": event.happened_at, **more}
    heard.keep_arrival(tx.session, event.arrival_id, channel, **told)


# --- the ticket's way ------------------------------------------------------------------------------------------------


@worker.hears(TicketOpened)
def show_ticket(event: TicketOpened, tx: Transaction) -> None:
    """Show a new ticket."""
    heard.merge(tx.session, number(event), event.happened_at, {"facts_at": heard.facts_group(event.ticket)})


@worker.hears(TicketReplied)
def show_reply(event: TicketReplied, tx: Transaction) -> None:
    """Show that the requester added something; thanks alone, or the same words again, leave a ticket as it is."""
    groups: dict[str, dict[str, Any]] = {"facts_at": heard.facts_group(event.ticket)}
    if not (event.is_courtesy or event.is_repeat):
        groups["replied_at"] = {}
    heard.merge(tx.session, number(event), event.happened_at, groups)


@worker.hears(TicketReopened)
def show_reopened(event: TicketReopened, tx: Transaction) -> None:
    """Show a ticket as open again."""
    heard.merge(tx.session, number(event), event.happened_at, {"replied_at": {}})


@worker.hears(TicketLeftClosed)
def show_left_closed(event: TicketLeftClosed, tx: Transaction) -> None:
    """Show that a reply reopened nothing, and that a person has to look."""
    heard.merge(tx.session, number(event), event.replied_at, {"left_closed_at": {}})


@worker.hears(CustomerRecorded)
def show_customer(event: CustomerRecorded, tx: Transaction) -> None:
    """Show whose ticket it is, by what a person said."""
    heard.merge(tx.session, number(event), event.happened_at, {"facts_at": heard.facts_group(event.ticket)})


@worker.hears(TicketsMerged, MergeUndone)
def show_merge(event: TicketsMerged | MergeUndone, tx: Transaction) -> None:
    """Show where a ticket goes on, and what waits there because of it."""
    cases.keep_merge(tx.session, event.merged)


@worker.hears(MessageSplit)
def show_split(event: MessageSplit, tx: Transaction) -> None:
    """Show a ticket as if a message had never come that is a ticket of its own now."""
    if not cases.forget_reply(tx.session, number(event), event.reply_id):
        raise Transient("the message itself has not been heard yet")


@worker.hears(ScopeDecided)
def show_decision(event: ScopeDecided, tx: Transaction) -> None:
    """Show what the policy says."""
    heard.merge(tx.session, number(event), event.happened_at, {"decided_at": heard.decision_group(event.decision)})


@worker.hears(TicketRouted)
def show_routing(event: TicketRouted, tx: Transaction) -> None:
    """Show the team and the due times."""
    heard.merge(tx.session, number(event), event.happened_at, {"routed_at": heard.routing_group(event.routing)})


@worker.hears(TargetBreached)
def show_breach(event: TargetBreached, tx: Transaction) -> None:
    """Show that a due time passed."""
    heard.merge(tx.session, number(event), event.happened_at, {"breached_at": {}})


@worker.hears(BreachWithdrawn)
def show_breach_withdrawn(event: BreachWithdrawn, tx: Transaction) -> None:
    """Take the mark of a breach away that was none, unless another due time has passed."""
    if not event.others:
        heard.merge(tx.session, number(event), event.happened_at, {"breach_withdrawn_at": {}})


@worker.hears(CustomerCalledBack)
def show_call_back(event: CustomerCalledBack, tx: Transaction) -> None:
    """Show that the customer was called back, at the time of the call, if it is known to be about this ticket."""
    if not event.one_of:
        heard.merge(tx.session, number(event), event.answered_at, {"answered_at": {}})


@worker.hears(TargetWarned)
def show_warning(event: TargetWarned, tx: Transaction) -> None:
    """Show that a due time comes near."""
    heard.merge(tx.session, number(event), event.happened_at, {"warned_at": {"warned_percent": event.percent}})


@worker.hears(TicketEscalated)
def show_escalation(event: TicketEscalated, tx: Transaction) -> None:
    """Show who was told that a due time passed."""
    heard.merge(tx.session, number(event), event.happened_at, {"escalated_at": {"escalated_to": event.to}})


@worker.hears(TicketAnswered)
def show_answer(event: TicketAnswered, tx: Transaction) -> None:
    """Show that an agent answered."""
    heard.merge(tx.session, number(event), event.happened_at, {"answered_at": {}})


@worker.hears(TicketResolved)
def show_resolved(event: TicketResolved, tx: Transaction) -> None:
    """Show that an agent closed the ticket."""
    heard.merge(tx.session, number(event), event.happened_at, {"resolved_at": {}})


# --- on call ---------------------------------------------------------------------------------------------------------


@worker.hears(OnCallPaged)
def show_page(event: OnCallPaged, tx: Transaction) -> None:
    """Show who was told of a ticket."""
    on_call.keep_page(tx.session, event)


@worker.hears(PagingEnded)
def show_paging_ended(event: PagingEnded, tx: Transaction) -> None:
    """Show that somebody has taken a ticket, or that nobody is needed any more."""
    on_call.keep_end(tx.session, event)


# --- money -----------------------------------------------------------------------------------------------------------


@worker.hears(QuoteDrafted)
def show_draft_quote(event: QuoteDrafted, tx: Transaction) -> None:
    """Show that a person has to name a price."""
    heard.keep_quote(
        tx.session, number(event), event.quote_id, event.version, QuoteState.DRAFT, title=event.offer.title
    )


@worker.hears(QuoteIssued)
def show_quote(event: QuoteIssued, tx: Transaction) -> None:
    """Show an offer."""
    heard.keep_quote(
        tx.session,
        number(event),
        event.quote_id,
        event.version,
        QuoteState.OFFERED,
        title=event.offer.title,
        total=event.total,
        valid_until=event.valid_until,
    )


@worker.hears(QuoteExpired)
def show_quote_expired(event: QuoteExpired, tx: Transaction) -> None:
    """Show that nobody agreed in time."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.EXPIRED)


@worker.hears(QuoteWithdrawn)
def show_quote_withdrawn(event: QuoteWithdrawn, tx: Transaction) -> None:
    """Show that an offer no longer holds."""
    heard.keep_quote(tx.session, number(event), event.quote_id, event.version, QuoteState.WITHDRAWN)


@worker.hears(ChargeQuestioned)
def show_questioned_charge(event: ChargeQuestioned, tx: Transaction) -> None:
    """Show that a charge rests on a decision that was changed since."""
    heard.merge(tx.session, number(event), event.happened_at, {"charge_questioned_at": {}})


@worker.hears(ConsentRecorded)
def show_consent(event: ConsentRecorded, tx: Transaction) -> None:
    """Show that somebody agreed to an offer."""
    version = event.version
    heard.keep_quote(tx.session, number(event), event.quote_id, version, QuoteState.AGREED, total=event.total)
    heard.merge(tx.session, number(event), event.happened_at, {"consent_at": {}})


@worker.hears(ConsentRefused)
def show_refused_consent(event: ConsentRefused, tx: Transaction) -> None:
    """Show that a yes waits for an agent."""
    heard.merge(tx.session, number(event), event.happened_at, {"consent_refused_at": {}})


@worker.hears(ChargeRecorded)
def show_charge(event: ChargeRecorded, tx: Transaction) -> None:
    """Show that the billing system was told."""
    version = event.version
    heard.keep_quote(tx.session, number(event), event.quote_id, version, QuoteState.CHARGED, total=event.total)


# --- letters ---------------------------------------------------------------------------------------------------------


@worker.hears(LetterSent)
def show_letter(event: LetterSent, tx: Transaction) -> None:
    """Show when the requester was last written to."""
    heard.merge(tx.session, number(event), event.happened_at, {"written_to_at": {}})


@worker.hears(LetterRefused)
def show_letter_refused(event: LetterRefused, tx: Transaction) -> None:
    """Show that the requester has not been told."""
    heard.merge(tx.session, number(event), event.happened_at, {"letter_refused_at": {}})


@worker.hears(LetterSuppressed)
def show_letter_suppressed(event: LetterSuppressed, tx: Transaction) -> None:
    """Show that the requester was not told something; nobody misses an acknowledgement or what is overtaken."""
    if event.reason in OVERTAKEN:
        holding.keep_over(tx.session, event.letter_id, number(event), event.happened_at)
    elif event.kind != "acknowledgement":
        heard.merge(tx.session, number(event), event.happened_at, {"letter_suppressed_at": {}})


@worker.hears(LetterHeld)
def show_letter_held(event: LetterHeld, tx: Transaction) -> None:
    """Show a letter that waits until a person releases it."""
    holding.keep_held(tx.session, event)


@worker.hears(LetterReleased)
def show_letter_released(event: LetterReleased, tx: Transaction) -> None:
    """Show that a letter is on its way after all."""
    holding.keep_over(tx.session, event.letter_id, number(event), event.happened_at)


@worker.hears(AutomaticLettersStopped)
def show_letters_stopped(event: AutomaticLettersStopped, tx: Transaction) -> None:
    """Show an operator that a provider's automatic letters are stopped."""
    holding.keep_stopped(tx.session, event)


@worker.hears(AutomaticLettersResumed)
def show_letters_resumed(event: AutomaticLettersResumed, tx: Transaction) -> None:
    """Show that a provider's automatic letters go out again."""
    holding.keep_resumed(tx.session, event)


@worker.hears(LetterUndelivered)
def show_letter_undelivered(event: LetterUndelivered, tx: Transaction) -> None:
    """Show that a letter came back: the requester has not been told."""
    heard.merge(tx.session, number(event), event.happened_at, {"letter_refused_at": {}})


def number(event: Event) -> str:
    """The ticket an event is about."""
    assert event.ticket_id is not None, f"{type(event).__name__} names no ticket"
    return event.ticket_id
