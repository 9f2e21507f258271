"""The scope room: whether a request is ours to do, by which clause, whose it is and whether it costs money.

Hears   TicketOpened; CustomerRecorded; and from people VerdictOverridden and TicketFactCorrected.
Says    ScopeDecided, OverrideDismissed, PrecedentsFound.
Owns    requests, every version of the decisions on them with their explanations, and what people decided (schema
        `scope`).
"""

from __future__ import annotations

import structlog

from services.scope import store
from services.scope.gateway import ready_decider
from services.scope.rules import overrides, precedents
from services.scope.rules.decide import Decider, Request
from shared.bus import Transaction, Worker
from shared.errors import Transient
from shared.events import (
    CustomerRecorded,
    OverrideDismissed,
    PrecedentsFound,
    ScopeDecided,
    TicketFactCorrected,
    TicketOpened,
    VerdictOverridden,
    derived_id,
)
from shared.once import Once
from shared.policies import load_policies
from shared.vocabulary import Decision, TicketFacts

log = structlog.get_logger()

worker = Worker("scope")
app = worker.app


@worker.hears(TicketOpened)
def decide_scope(event: TicketOpened, tx: Transaction) -> None:
    """Apply the provider's policy to a new ticket."""
    decision = decider().decide(Request.of_ticket(event.ticket, event.text))
    store.keep_request(tx.session, event)
    if store.record(tx.session, event.ticket.ticket_id, event.arrival_id, decision):
        _say(tx, event.ticket, event.text, decision)
        _show_precedents(tx, event.ticket, f"{event.ticket.subject}\n{event.text}", decision)


@worker.hears(VerdictOverridden)
def override_verdict(event: VerdictOverridden, tx: Transaction) -> None:
    """Let what a person decided stand, as the next version, and keep it as a precedent."""
    ticket = event.ticket
    request = store.lock_request(tx.session, ticket.ticket_id)
    if store.decided_on(tx.session, event.event_id):
        return
    standing = store.latest(tx.session, ticket.ticket_id)
    why = overrides.objection(event, standing)
    if why or request is None or standing is None:
        _dismiss(tx, event, why or "nothing was asked")
        return
    decision = overrides.overridden(event, standing, load_policies())
    store.record(tx.session, ticket.ticket_id, event.event_id, decision)
    _say(tx, ticket, request.text, decision)
    decided = decision.parts[event.question - 1] if event.question else decision
    _tell_of_precedent(tx, store.keep_precedent(tx.session, event, decided, request.words))


@worker.hears(TicketFactCorrected)
def decide_again(event: TicketFactCorrected, tx: Transaction) -> None:
    """Apply the policy again with a fact that an agent told; what a person decided stays his to change."""
    ticket = event.ticket
    request = store.lock_request(tx.session, ticket.ticket_id)
    if store.decided_on(tx.session, event.event_id):
        return
    standing = store.latest(tx.session, ticket.ticket_id)
    if request is None or standing is None:
        _dismiss(tx, event, "nothing has been decided yet")
    elif event.version != standing.version:
        _dismiss(tx, event, f"it corrects version {event.version}, and version {standing.version} stands now")
    elif standing.decided_by:
        _dismiss(tx, event, f"{standing.decided_by} has decided: only a person changes that")
    else:
        request.corrections = [*request.corrections, event.fact]
        decision = decider().decide(Request.of_ticket(ticket, request.text, *request.corrections))
        decision = overrides.corrected(event, standing, decision)
        store.record(tx.session, ticket.ticket_id, event.event_id, decision)
        _say(tx, ticket, request.text, decision)
        _show_precedents(tx, ticket, request.words, decision)


@worker.hears(CustomerRecorded)
def decide_for_customer(event: CustomerRecorded, tx: Transaction) -> None:
    """Apply the policy again for the customer that a person chose; a verdict of a person stands, for that customer."""
    ticket = event.ticket
    request = store.lock_request(tx.session, ticket.ticket_id)
    standing = store.latest(tx.session, ticket.ticket_id)
    if request is None or standing is None:
        raise Transient("nothing has been decided on this ticket (yet)")
    if store.decided_on(tx.session, event.event_id):
        return
    request.ticket = ticket.model_dump(mode="json")
    decision = standing
    if standing.decided_by is None:
        decision = decider().decide(Request.of_ticket(ticket, request.text, *request.corrections))
    decision = overrides.for_customer(event, standing, decision)
    store.record(tx.session, ticket.ticket_id, event.event_id, decision)
    _say(tx, ticket, request.text, decision)
    _show_precedents(tx, ticket, request.words, decision)


def _say(tx: Transaction, ticket: TicketFacts, text: str, decision: Decision) -> None:
    tx.say(ScopeDecided(ticket_id=ticket.ticket_id, ticket=ticket, text=text, decision=decision))
    log.info(
        "scope decided",
        ticket_id=ticket.ticket_id,
        version=decision.version,
        verdict=decision.verdict,
        topic=decision.topic,
        confidence=decision.confidence,
        needs_person=decision.needs_person,
    )


def _dismiss(tx: Transaction, event: VerdictOverridden | TicketFactCorrected, reason: str) -> None:
    dismissed = {"event_id": derived_id("dismissed", event.event_id), "agent": event.agent, "reason": reason}
    tx.say(OverrideDismissed(ticket_id=event.ticket.ticket_id, **dismissed))
    log.info("override dismissed", ticket_id=event.ticket.ticket_id, version=event.version)


def _show_precedents(tx: Transaction, ticket: TicketFacts, words: str, decision: Decision) -> None:
    known = store.comparable(tx.session, ticket.provider)
    if found := precedents.nearest(ticket.ticket_id, words, decision.topic, known):
        tx.say(PrecedentsFound(ticket_id=ticket.ticket_id, precedents=found))


def _tell_of_precedent(tx: Transaction, new: store.PrecedentRecord) -> None:
    """Show a new precedent on the tickets like it that still wait for a person, where it is among the nearest."""
    known = store.comparable(tx.session, new.provider)
    for request, decision in store.waiting(tx.session, new.provider):
        found = precedents.nearest(request.ticket_id, request.words, decision.topic, known)
        if new.ticket_id in {precedent.ticket_id for precedent in found}:
            tx.say(PrecedentsFound(ticket_id=request.ticket_id, precedents=found))


@Once
def decider() -> Decider:
    """The policies of this process, prepared once."""
    return ready_decider(load_policies())
