"""The way of a ticket: asked, decided, routed, answered, closed."""

from __future__ import annotations

from typing import Any

from services.desk.store import cases, heard
from services.desk.tasks.worker import number, worker
from shared.bus import Transaction
from shared.errors import Transient
from shared.events import (
    BreachWithdrawn,
    CustomerCalledBack,
    CustomerRecorded,
    MergeUndone,
    MessageSplit,
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


@worker.hears(TicketOpened)
def show_ticket(event: TicketOpened, tx: Transaction) -> None:
    """Show a new ticket."""
    heard.keep_arrival(tx.session, event.arrival_id, event.ticket.channel, filed_in=number(event))
    heard.merge(tx.session, number(event), event.happened_at, {"facts_at": heard.facts_group(event.ticket)})


@worker.hears(TicketReplied)
def show_reply(event: TicketReplied, tx: Transaction) -> None:
    """Show that the requester added something; thanks alone, or the same words again, leave a ticket as it is."""
    heard.keep_arrival(tx.session, event.arrival_id, event.channel, filed_in=number(event))
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
