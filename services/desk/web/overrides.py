"""The part of the desk's API where people decide: another verdict, a fact that was wrong."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.desk import store
from services.desk.rules.overrides import SETTLED, Name, Overriding, Reason, objection
from services.desk.web.api import Accepted, IdempotencyKey, accept, event_id_of, may_write, not_merged, unknown_ticket
from shared.bus import Transaction
from shared.events import Event, TicketFactCorrected, VerdictOverridden
from shared.policies import load_policies
from shared.web import Problem

router = APIRouter(prefix="/api", dependencies=[Depends(may_write)])


class Correcting(BaseModel):
    """A fact that the decision had wrong or did not know, in words as they would stand in the customer record."""

    agent: Name
    fact: Reason


@router.post("/tickets/{number}/override", status_code=202)
def override_ticket(number: str, wish: Overriding, key: IdempotencyKey = None) -> Accepted:
    """Decide a ticket, or one question of it. The same verdict confirms what a person had to look at."""
    with Transaction.begin("desk") as tx:
        return accept(tx, override(tx, number, wish, key))


@router.post("/tickets/{number}/correct", status_code=202)
def correct_ticket(number: str, correcting: Correcting, key: IdempotencyKey = None) -> Accepted:
    """Have a ticket decided again with a fact that an agent tells."""
    with Transaction.begin("desk") as tx:
        return accept(tx, correction(tx, number, correcting, key))


def override(tx: Transaction, number: str, wish: Overriding, key: str | None = None) -> Event:
    """What an agent decides on a ticket; Problem when he may not, with what to do."""
    known, event_id, said = _asked(tx, number, "override", key)
    if said:
        return said
    policies = load_policies()
    policy = policies.provider(known.row.provider)
    if told := objection(wish, known.decision, known.row.quotes, policies, policy):
        raise Problem(409 if told.conflicts else 422, told.title, told.remedy)
    assert known.decision
    return VerdictOverridden(
        event_id=event_id,
        ticket_id=known.row.number,
        ticket=known.facts,
        version=known.decision.version,
        **wish.model_dump(exclude={"version"}),
    )


def correction(tx: Transaction, number: str, correcting: Correcting, key: str | None = None) -> Event:
    """What an agent corrects on a ticket; Problem where that would change what a person decided."""
    known, event_id, said = _asked(tx, number, "correct", key)
    if said:
        return said
    decision = known.decision
    if decision is None:
        raise Problem(409, "Nothing has been decided yet", "Look again in a moment.")
    if decision.decided_by:
        raise Problem(409, f"{decision.decided_by} has decided {known.row.number}", "Override the verdict instead.")
    if objecting := [quote for quote in known.row.quotes if quote.state in SETTLED]:
        raise Problem(
            409, f"{objecting[0].quote_id} is {objecting[0].state} already", "What was agreed to is not decided again."
        )
    told = {"ticket": known.facts, "version": decision.version}
    return TicketFactCorrected(event_id=event_id, ticket_id=known.row.number, **told, **correcting.model_dump())


def _asked(tx: Transaction, number: str, what: str, key: str | None) -> tuple[store.DecidedTicket, UUID, Event | None]:
    """The ticket, the id of what is asked of it, and what was said when the same was asked with this key before."""
    known = store.decided_ticket(tx.session, number)
    if known is None:
        raise unknown_ticket(number)
    not_merged(known.row)
    event_id = event_id_of(what, known.row.number, key)
    return known, event_id, store.said(tx.session, known.row.number, event_id) if key else None
