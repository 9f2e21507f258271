"""The part of the desk's API that stops clocks, lets them run again, and says what a ticket really is."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, StringConstraints, model_validator

from services.desk import store
from services.desk.rules.summary import State, TicketRow
from services.desk.web.api import Accepted, IdempotencyKey, Name, accept, event_id_of, going_on, may_write
from shared import clock
from shared.bus import Transaction
from shared.events import TicketPaused, TicketReclassified, TicketResumed
from shared.policies import Policy, load_policies
from shared.vocabulary import Emergency, PauseReason, ResumeReason, Standstill
from shared.web import Problem

router = APIRouter(prefix="/api", dependencies=[Depends(may_write)])

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


class Pausing(BaseModel):
    """Stop the clocks: while only the customer can go on, or while a supplier has the case, with the evidence.

    They run again at `until` at the latest, and for a supplier at the limit of the policy.
    """

    agent: Name
    pause: Standstill
    until: AwareDatetime | None = None


class Resuming(BaseModel):
    """Let the clocks run again. A customer's answer does that by itself."""

    agent: Name
    why: Literal[ResumeReason.SUPPLIER_ANSWERED, ResumeReason.AGENT] = ResumeReason.AGENT


class Reclassifying(BaseModel):
    """Give a ticket another plan or emergency level; its due times are derived anew."""

    agent: Name
    why: Reason
    plan: str | None = None
    emergency: Emergency | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.plan is None and self.emergency is None:
            raise ValueError("give a `plan`, an `emergency` level, or both")
        return self


@router.post("/tickets/{number}/pause", status_code=202)
def pause_ticket(number: str, pausing: Pausing, key: IdempotencyKey = None) -> Accepted:
    """Stop the clocks of a ticket; an answer of the customer that has arrived is never waited for."""
    with Transaction.begin("desk") as tx:
        ticket = going_on(tx, number)
        event_id = event_id_of("pause", ticket.number, key)
        if key is None:
            _must_be_open(ticket)
            if paused := store.open_pause(tx.session, ticket.number):
                raise Problem(
                    409, f"The clocks of {ticket.number} stand still already: {paused[1]}", "Resume it first."
                )
        if pausing.until and pausing.until <= clock.now():
            raise Problem(422, "`until` is over", "Give a moment that is still to come, or none.")
        policy = load_policies().provider(ticket.provider)
        if pausing.pause.reason is PauseReason.SUPPLIER and policy.provider.suspension is None:
            raise Problem(
                409,
                f"The policy of {policy.name} lets no supplier stop a clock",
                "Its due times hold whoever works on the case. Waiting for the customer may be a reason.",
            )
        event = TicketPaused(
            event_id=event_id,
            ticket_id=ticket.number,
            standstill=pausing.pause,
            by=pausing.agent,
            until=pausing.until,
        )
        return accept(tx, event)


@router.post("/tickets/{number}/resume", status_code=202)
def resume_ticket(number: str, resuming: Resuming, key: IdempotencyKey = None) -> Accepted:
    """Let the clocks of a ticket run again."""
    with Transaction.begin("desk") as tx:
        ticket = going_on(tx, number)
        event_id = event_id_of("resume", ticket.number, key)
        paused = store.open_pause(tx.session, ticket.number)
        if paused is None and key is not None:
            return Accepted(event_id=event_id, ticket=ticket.number)
        if paused is None:
            raise Problem(409, f"The clocks of {ticket.number} are not stopped", "Nothing needs to be done.")
        pause_id, reason = paused
        event = TicketResumed(
            event_id=event_id,
            ticket_id=ticket.number,
            pause_id=pause_id,
            paused_for=reason,
            why=resuming.why,
            by=resuming.agent,
            resumed_at=clock.now(),
        )
        return accept(tx, event)


@router.post("/tickets/{number}/reclassify", status_code=202)
def reclassify_ticket(number: str, change: Reclassifying, key: IdempotencyKey = None) -> Accepted:
    """Say which plan or emergency level a ticket really has."""
    with Transaction.begin("desk") as tx:
        ticket = going_on(tx, number)
        _must_exist(change, load_policies().provider(ticket.provider))
        event = TicketReclassified(
            event_id=event_id_of("reclassify", ticket.number, key),
            ticket_id=ticket.number,
            by=change.agent,
            why=change.why,
            plan=change.plan,
            emergency=change.emergency,
        )
        return accept(tx, event)


def _must_be_open(ticket: TicketRow) -> None:
    if ticket.state is State.RESOLVED:
        raise Problem(409, f"{ticket.number} is resolved", "No clock runs. A reply reopens it.")


def _must_exist(change: Reclassifying, policy: Policy) -> None:
    plans = [plan.id for plan in policy.provider.plans]
    if change.plan is not None and change.plan not in plans:
        raise Problem(422, f"{policy.name} has no plan {change.plan!r}", f"Its plans are {', '.join(plans)}.")
    if change.emergency is not None and not any(row.emergencies for row in policy.provider.targets):
        raise Problem(422, f"The policy of {policy.name} knows no emergency levels", "Leave `emergency` out.")
