"""The scope room: whether a request is ours to do, by which clause, whose it is and whether it costs money.

Hears `TicketOpened`. Says `ScopeDecided`. Owns the decisions with their explanations (schema `scope`).
"""

from __future__ import annotations

from functools import lru_cache

import structlog

from services.scope import store
from services.scope.rules.decide import Decider, Request
from shared.bus import Transaction, Worker
from shared.events import ScopeDecided, TicketOpened
from shared.policies import load_policies

log = structlog.get_logger()

worker = Worker("scope")
app = worker.app


@worker.hears(TicketOpened)
def decide_scope(event: TicketOpened, tx: Transaction) -> None:
    """Apply the provider's policy to a new ticket."""
    ticket = event.ticket
    decision = decider().decide(
        Request(
            provider=ticket.provider,
            product=ticket.product,
            plan=ticket.plan,
            subject=ticket.subject,
            body=event.text,
            received_at=ticket.received_at,
            language=ticket.language,
            notes=ticket.customer_facts,
            account_known=ticket.account is not None or ticket.requester.customer_id is not None,
        )
    )
    if not store.record(tx.session, ticket.ticket_id, event.arrival_id, decision):
        return
    tx.say(ScopeDecided(ticket_id=ticket.ticket_id, ticket=ticket, text=event.text, decision=decision))
    log.info(
        "scope decided",
        ticket_id=ticket.ticket_id,
        verdict=decision.verdict,
        topic=decision.topic,
        confidence=decision.confidence,
        needs_person=decision.needs_person,
    )


@lru_cache
def decider() -> Decider:
    """The policies of this process, prepared once."""
    return Decider.of(load_policies())
