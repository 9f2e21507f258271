"""The sla room: who has a ticket and by when, and what becomes of its due times.

Hears `ScopeDecided`, `TicketReplied`, `TicketAnswered`, `TicketResolved`, and `TargetTimerSet` when a due time is
reached. Says `TicketRouted`, `TargetTimerSet` and `TargetBreached`. Owns the clocks and targets of tickets (schema
`sla`). A reply to a resolved ticket reopens it with fresh clocks; any other reply changes none.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from services.sla import rules, store
from shared.bus import Transaction, Worker
from shared.events import (
    ScopeDecided,
    TargetBreached,
    TargetTimerSet,
    TicketAnswered,
    TicketReplied,
    TicketResolved,
    TicketRouted,
    derived_id,
)
from shared.policies import load_policies
from shared.vocabulary import Target, TargetName

log = structlog.get_logger()

worker = Worker("sla")
app = worker.app

CHECK = "sla.check_target"


@worker.hears(ScopeDecided)
def route_ticket(event: ScopeDecided, tx: Transaction) -> None:
    """Give a ticket its team and its due times; a newer decision gives it new ones."""
    clocks = store.lock(tx.session, event.ticket.ticket_id)
    suspended = event.decision.sla == "suspended"
    store.note(clocks, event.happened_at, rules.Happening.SUSPENDED if suspended else rules.Happening.RUNNING)
    store.decide(clocks, event.happened_at, event.ticket, event.decision)
    _follow(tx, clocks, reroute=True)


@worker.hears(TicketReplied)
def note_reply(event: TicketReplied, tx: Transaction) -> None:
    """Reopen a resolved ticket with fresh clocks; note any other reply."""
    _note(tx, event.ticket.ticket_id, event.happened_at, rules.Happening.REPLIED)


@worker.hears(TicketAnswered)
def stop_first_response(event: TicketAnswered, tx: Transaction) -> None:
    """Stop the clock of the first response."""
    _note(tx, event.ticket_id, event.happened_at, rules.Happening.ANSWERED)


@worker.hears(TicketResolved)
def stop_all_targets(event: TicketResolved, tx: Transaction) -> None:
    """Stop every clock of a ticket."""
    _note(tx, event.ticket_id, event.happened_at, rules.Happening.RESOLVED)


@worker.hears(TargetTimerSet)
def check_target(event: TargetTimerSet, tx: Transaction) -> None:
    """Say that a due time passed, if it still stands and nothing has reached it."""
    ticket_id = str(event.ticket_id)
    clocks = store.lock(tx.session, ticket_id)
    row, routing = store.targets(tx.session, ticket_id).get(event.target), store.routing(clocks)
    if row and routing and row.state == rules.State.RUNNING and row.version == event.routing_version:
        row.state = rules.State.BREACHED
        _say_breached(tx, ticket_id, event.target, event.due_at, routing.team)


def _note(tx: Transaction, ticket_id: str | None, at: datetime, happening: rules.Happening) -> None:
    clocks = store.lock(tx.session, str(ticket_id))
    store.note(clocks, at, happening)
    _follow(tx, clocks)


def _follow(tx: Transaction, clocks: store.Clocks, *, reroute: bool = False) -> None:
    """Bring routing, targets and timers in line with what is known of a ticket.

    Without `reroute` the routing stays as it was said, whatever became of the policy since, unless a new cycle began.
    """
    if (known := store.decided(clocks)) is None:
        return  # what was noted waits for the decision
    ticket, decision = known
    policy = load_policies().provider(ticket.provider)
    cycle = rules.current_cycle(ticket.received_at, store.history(clocks))
    routing = store.routing(clocks)
    if routing is None or reroute or cycle.number != clocks.cycle:
        routing = rules.route(ticket, decision, policy, cycle)
        store.reroute(clocks, routing, cycle)
        log.info("ticket routed", ticket_id=ticket.ticket_id, team=routing.team, version=clocks.version)
        tx.say(TicketRouted(ticket_id=ticket.ticket_id, ticket=ticket, decision=decision, routing=routing))
    before = store.targets(tx.session, ticket.ticket_id)
    waiting = {(row.name, row.version) for row in before.values() if row.state == rules.State.RUNNING}
    running = []
    for target in routing.targets:
        row = before.get(target.name)
        told = bool(row and row.state == rules.State.BREACHED and row.due_at == target.due_at)
        state = rules.state_of(target, cycle, overdue=told)
        if state is rules.State.RUNNING:
            running.append(target)
        elif state is rules.State.BREACHED and not told and target.due_at:
            _say_breached(tx, ticket.ticket_id, target.name, target.due_at, routing.team)
        proof = rules.proof(target, routing, cycle, policy.counted_on(ticket.plan).zone)
        store.write_target(tx.session, clocks, cycle, target, state=state, proof=proof)
    if not routing.targets:
        store.forget_targets(tx.session, ticket.ticket_id)
    if waiting != {(target.name, clocks.version) for target in running}:
        _set_timers(tx, clocks, running)


def _set_timers(tx: Transaction, clocks: store.Clocks, targets: list[Target]) -> None:
    tx.cancel(CHECK, clocks.ticket_id)
    for target in targets:
        if target.due_at:
            timer = TargetTimerSet(
                ticket_id=clocks.ticket_id,
                target=target.name,
                routing_version=clocks.version,
                due_at=target.due_at,
            )
            tx.say(timer, wait={CHECK: target.due_at})


def _say_breached(tx: Transaction, ticket_id: str, target: TargetName, due_at: datetime, team: str) -> None:
    log.info("target breached", ticket_id=ticket_id, target=target)
    tx.say(
        TargetBreached(
            event_id=derived_id("breach", ticket_id, target, int(due_at.timestamp())),
            ticket_id=ticket_id,
            target=target,
            due_at=due_at,
            team=team,
        ),
    )
