"""The part of the desk's API and of its ticket page about money: prices, work, settlements and credits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, TypeAdapter

from services.desk import store
from services.desk.rules.money import Trail
from services.desk.web import paid_work
from services.desk.web.api import Accepted, IdempotencyKey, accept, may_write, unknown_ticket
from services.desk.web.forms import Form, take_form
from services.desk.web.pages import ticket_page
from services.desk.web.paid_work import Crediting, Offering, Pricing, Settling, Starting, Voiding, Working
from shared.bus import Transaction
from shared.events import Event
from shared.web import Problem

reads = APIRouter(prefix="/api")
router = APIRouter(prefix="/api", dependencies=[Depends(may_write)])
pages = APIRouter(include_in_schema=False)


@reads.get("/tickets/{number}/billing")
def show_billing(number: str) -> Trail:
    """What a ticket costs: its quotes, who agreed, the work, the charges, and whether they are booked."""
    with store.reading() as session:
        trail = store.billing(session, number)
    if trail is None:
        raise unknown_ticket(number)
    return trail


@router.post("/tickets/{number}/quotes", status_code=202)
def offer_work(number: str, wish: Offering, key: IdempotencyKey = None) -> Accepted:
    """Offer further work of a ticket as a quote of its own; nothing is owed before somebody agrees."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.further(tx, number, wish, key))


@router.post("/quotes/{quote_id}/price", status_code=202)
def price_quote(quote_id: str, wish: Pricing, key: IdempotencyKey = None) -> Accepted:
    """Name the price of a draft, or change that of an offer; a yes to an earlier version no longer counts."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.price(tx, quote_id, wish, key))


@router.post("/quotes/{quote_id}/void", status_code=202)
def void_quote(quote_id: str, wish: Voiding, key: IdempotencyKey = None) -> Accepted:
    """Take an offer or a draft back; nobody can agree to it any more."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.void(tx, quote_id, wish, key))


@router.post("/tickets/{number}/work/start", status_code=202)
def start_work(number: str, wish: Starting, key: IdempotencyKey = None) -> Accepted:
    """Let an agent's clock run on a ticket, until he tells of the work."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.start(tx, number, wish, key))


@router.post("/tickets/{number}/work", status_code=202)
def tell_work(number: str, wish: Working, key: IdempotencyKey = None) -> Accepted:
    """Record what an agent worked, or take an entry back. What lies beyond the agreement is never charged."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.work(tx, number, wish, key))


@router.post("/quotes/{quote_id}/settle", status_code=202)
def settle_quote(quote_id: str, wish: Settling, key: IdempotencyKey = None) -> Accepted:
    """Charge the started hours that were worked, if they are paid by the hours worked; the entries are locked."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.settle(tx, quote_id, wish, key))


@router.post("/charges/{charge_id}/credit", status_code=202)
def give_back(charge_id: UUID, wish: Crediting, key: IdempotencyKey = None) -> Accepted:
    """Give a charge back, or a part of it; the charge itself stays on record."""
    with Transaction.begin("desk") as tx:
        return accept(tx, paid_work.credit(tx, charge_id, wish, key))


COURTESY = "courtesy"
"""What the form of work names instead of a quote."""


class MoneyForm(NamedTuple):
    """A form of the ticket's page: what it carries, what is said of it, and which field names what it is about.

    `about` None: it is about the ticket.
    """

    kind: type[BaseModel]
    deed: Callable[[Transaction, str, Any], Event]
    about: str | None = None


def _credit(tx: Transaction, charge_id: str, wish: Crediting) -> Event:
    return paid_work.credit(tx, TypeAdapter(UUID).validate_python(charge_id), wish)


FORMS = {
    "quote": MoneyForm(Offering, paid_work.further),
    "price": MoneyForm(Pricing, paid_work.price, "quote_id"),
    "void": MoneyForm(Voiding, paid_work.void, "quote_id"),
    "start": MoneyForm(Starting, paid_work.start),
    "work": MoneyForm(Working, paid_work.work),
    "settle": MoneyForm(Settling, paid_work.settle, "quote_id"),
    "credit": MoneyForm(Crediting, _credit, "charge_id"),
}


@pages.post("/tickets/{number}/billing/{name}")
def take(request: Request, number: str, name: str, filled: Form) -> Response:
    """Take one of these forms, and show the ticket again."""
    form = FORMS.get(name)
    if form is None:
        raise Problem(404, f"There is no form {name}", "The ticket's page has those that there are.")
    told = {**filled, "quote_id": "", "courtesy": "true"} if filled.get("quote_id") == COURTESY else filled
    about = filled.get(form.about, "") if form.about else number

    def say(tx: Transaction, wish: Any) -> None:
        tx.say(form.deed(tx, about, wish))

    return take_form(
        request,
        told,
        form.kind,
        say,
        back=f"/tickets/{number}#billing",
        show=lambda problem: ticket_page(request, number, wrong=problem),
    )
