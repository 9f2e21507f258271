"""The part of the desk's API about plans that run period by period: an end, and the licence fees they rest on."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, StringConstraints

from services.desk import store
from services.desk.web.api import Accepted, IdempotencyKey, Name, accept, event_id_of, may_write
from shared import clock
from shared.bus import Transaction
from shared.errors import Misconfigured
from shared.events import LicenceBought, SubscriptionCancelled
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Basis
from shared.web import Problem

router = APIRouter(prefix="/api", dependencies=[Depends(may_write)])


class Cancelling(BaseModel):
    """A customer ends a plan; `ends_on` is its last day. What is missing of its minimum term stays due."""

    agent: Name
    ends_on: date


class LicencePaid(BaseModel):
    """A licence fee that a customer paid, or (negative) one that was recorded in error."""

    agent: Name
    provider: Name
    customer_id: Name
    bought_on: date
    amount: Annotated[str, StringConstraints(pattern=r"^-?\d{1,9}(\.\d{1,2})?$")]


class Recorded(BaseModel):
    """It is said; the workers act on it."""

    event_id: UUID


@router.post("/subscriptions/{subscription_id}/cancel", status_code=202)
def cancel_subscription(subscription_id: str, cancelling: Cancelling, key: IdempotencyKey = None) -> Accepted:
    """End a plan with a day. Billing refuses a day before the period that runs; the ticket's history says so."""
    with Transaction.begin("desk") as tx:
        return accept(tx, cancellation(tx, subscription_id, cancelling, key))


@router.post("/licences", status_code=202)
def record_licence(paid: LicencePaid, key: IdempotencyKey = None) -> Recorded:
    """Record a licence fee; what it adds to a year of support that has begun is charged."""
    with Transaction.begin("desk") as tx:
        event = licence_paid(paid, key)
        tx.say(event)
        return Recorded(event_id=event.event_id)


def cancellation(
    tx: Transaction, subscription_id: str, cancelling: Cancelling, key: str | None = None
) -> SubscriptionCancelled:
    """What an agent says who ends a plan; Problem when there is no quote of that id, or it is not a plan's."""
    found = store.quote(tx.session, subscription_id)
    if found is None:
        raise Problem(404, f"There is no plan {subscription_id}", "A plan has the number of the quote it began with.")
    return SubscriptionCancelled(
        event_id=event_id_of("cancel", subscription_id, key),
        ticket_id=found[0],
        subscription_id=subscription_id,
        ends_on=cancelling.ends_on,
        agent=cancelling.agent,
    )


def licence_paid(paid: LicencePaid, key: str | None = None) -> LicenceBought:
    """What an agent says who records a licence fee; Problem when no plan of the provider rests on licence fees."""
    try:
        prices = load_policies().provider(paid.provider).provider.prices
    except Misconfigured as error:
        raise Problem(404, f"There is no provider {paid.provider}", str(error)) from error
    currency = next((line.currency for line in prices if line.basis is Basis.PLAN and line.licences), None)
    if currency is None:
        raise Problem(422, f"No plan of {paid.provider} rests on licence fees", "Nothing needs to be recorded.")
    if paid.bought_on > clock.now().date():
        raise Problem(422, f"{paid.bought_on} is still to come", "Record a licence fee once it is paid.")
    return LicenceBought(
        event_id=event_id_of("licence", paid.provider, paid.customer_id, key),
        provider=paid.provider,
        customer_id=paid.customer_id,
        bought_on=paid.bought_on,
        fee=Money.of(paid.amount, currency),
        agent=paid.agent,
    )
