"""Letters about what was understood and decided, and what a person writes."""

from __future__ import annotations

from services.notifications import store
from services.notifications.rules import letters
from services.notifications.rules.sending import Kind, Suppression
from services.notifications.tasks import writing
from services.notifications.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.events import (
    MergeUndone,
    ScopeDecided,
    TicketAnswered,
    TicketPaused,
    TicketResumed,
    TicketRouted,
    TicketsMerged,
)
from shared.policies import load_policies
from shared.vocabulary import PauseReason, ResumeReason
from shared.wording import language


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


@worker.hears(TicketAnswered)
def write_answer(event: TicketAnswered, tx: Transaction) -> None:
    """Bring an agent's answer to the requester."""
    ticket, lang = writing.known(tx, event.ticket_id)
    writing.write(
        tx,
        Kind.ANSWER,
        ticket,
        lang,
        version=str(event.event_id),
        body=lambda policies: letters.answer(ticket, event.agent, event.text, policies, lang),
    )


@worker.hears(TicketPaused)
def write_suspension_start(event: TicketPaused, tx: Transaction) -> None:
    """Tell the requester that a supplier has the case and what that suspends, where the policy lets it suspend."""
    ticket, lang = writing.known(tx, event.ticket_id)
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
    ticket, lang = writing.known(tx, event.ticket_id)
    if event.paused_for is PauseReason.SUPPLIER and event.why is not ResumeReason.DECIDED_ANEW:
        writing.write(
            tx,
            Kind.SUSPENSION_END,
            ticket,
            lang,
            version=str(event.pause_id or event.event_id),
            body=lambda policies: letters.suspension_end(ticket, event, policies, lang),
        )


@worker.hears(TicketsMerged, MergeUndone)
def fall_silent(event: TicketsMerged | MergeUndone, tx: Transaction) -> None:
    """Write no letter of a ticket while it goes on in another, but what a person wrote and what follows a consent."""
    store.keep_merge(tx.session, event.merge_id, event.merged, undone=isinstance(event, MergeUndone))
