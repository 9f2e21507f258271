"""What people decide of a ticket's place: with which it is one case, which message is none of it, whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, model_validator

from services.desk import store
from services.desk.web.api import Accepted, IdempotencyKey, Name, accept, event_id_of, may_write, unknown_ticket
from services.desk.web.forms import Form, take_form
from services.desk.web.pages import ticket_page
from shared.bus import Transaction
from shared.cases import Filed, objection
from shared.events import (
    CustomerChosen,
    Event,
    MergeRequested,
    OneCaseDismissed,
    SplitRequested,
    UnmergeRequested,
)
from shared.web import Problem

router = APIRouter(prefix="/api/tickets/{number}", dependencies=[Depends(may_write)])
pages = APIRouter(include_in_schema=False)


class Merging(BaseModel):
    """A ticket is one case with another, and goes on there."""

    agent: Name
    into: Name


class Unmerging(BaseModel):
    """A ticket was merged by mistake."""

    agent: Name


class Splitting(BaseModel):
    """A message asks for something else than its ticket."""

    agent: Name
    arrival_id: UUID


class Choosing(BaseModel):
    """Whose a ticket is: the id of a customer in the book, or `nobody` that we know."""

    agent: Name
    customer_id: Name | None = None
    nobody: bool = False

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if (self.customer_id is None) is not self.nobody:
            raise ValueError("give a `customer_id`, or say that it is `nobody`")
        return self


class Judging(BaseModel):
    """Whether a ticket and another, of which that was proposed, are one case. The later one goes on in the earlier."""

    agent: Name
    other: Name
    one_case: bool


@router.post("/merge", status_code=202)
def merge_ticket(number: str, wish: Merging, key: IdempotencyKey = None) -> Accepted:
    """Merge a ticket into another of the same customer; `unmerge` takes it back, whole."""
    return _accept(merge, number, wish, key)


@router.post("/unmerge", status_code=202)
def unmerge_ticket(number: str, wish: Unmerging, key: IdempotencyKey = None) -> Accepted:
    """Let a merged ticket stand alone again, as if it had never been merged."""
    return _accept(unmerge, number, wish, key)


@router.post("/split", status_code=202)
def split_ticket(number: str, wish: Splitting, key: IdempotencyKey = None) -> Accepted:
    """Make a message a ticket of its own; merging that one puts it back."""
    return _accept(split, number, wish, key)


@router.post("/customer", status_code=202)
def choose_customer(number: str, wish: Choosing, key: IdempotencyKey = None) -> Accepted:
    """Say whose a ticket is; it is decided and routed again for that customer."""
    return _accept(choose, number, wish, key)


@router.post("/one-case", status_code=202)
def judge_case(number: str, wish: Judging, key: IdempotencyKey = None) -> Accepted:
    """Accept or dismiss that a ticket and another are one case; what is dismissed is never proposed again."""
    return _accept(judge, number, wish, key)


def _accept(deed: Callable[..., list[Event]], number: str, wish: BaseModel, key: str | None) -> Accepted:
    with Transaction.begin("desk") as tx:
        first, *more = deed(tx, number, wish, key)
        for event in more:
            tx.say(event)
        return accept(tx, first)


def merge(tx: Transaction, number: str, wish: Merging, key: str | None = None) -> list[Event]:
    """What is said when a ticket is to go on in another; Problem when it cannot."""
    ticket, into = _filed(tx, number), _filed(tx, wish.into)
    event_id = event_id_of("merge", ticket.number, key)
    why = objection(ticket, into)
    if why and not (key and store.said(tx.session, ticket.number, event_id)):
        raise Problem(409, why, "Tickets of one provider and one customer can be merged.")
    told = {"ticket_id": ticket.number, "into": into.number, "agent": wish.agent}
    return [MergeRequested(event_id=event_id, **told)]


def unmerge(tx: Transaction, number: str, wish: Unmerging, key: str | None = None) -> list[Event]:
    """What is said when a merge is to be undone; Problem when there is none."""
    ticket = _filed(tx, number)
    event_id = event_id_of("unmerge", ticket.number, key)
    if ticket.merged_into is None and not (key and store.said(tx.session, ticket.number, event_id)):
        raise Problem(409, f"{ticket.number} is not merged", "Nothing needs to be done.")
    return [UnmergeRequested(event_id=event_id, ticket_id=ticket.number, agent=wish.agent)]


def split(tx: Transaction, number: str, wish: Splitting, key: str | None = None) -> list[Event]:
    """What is said when a message is to become a ticket; Problem when it is not one that was added."""
    story = store.show_ticket(tx.session, number)
    if story is None:
        raise unknown_ticket(number)
    event_id = event_id_of("split", str(wish.arrival_id), key)
    if key and (said := store.said(tx.session, number.upper(), event_id)):
        return [said]
    message = next((said for said in story.conversation if said.arrival_id == wish.arrival_id), None)
    if message is None:
        title = f"No such message was added to {story.ticket.number}"
        raise Problem(404, title, "The one that a ticket was opened with stays where it is.")
    told = {"ticket_id": message.ticket_id, "arrival_id": wish.arrival_id, "agent": wish.agent}
    return [SplitRequested(event_id=event_id, **told)]


def choose(tx: Transaction, number: str, wish: Choosing, key: str | None = None) -> list[Event]:
    """What is said when a person tells whose a ticket is."""
    ticket = _filed(tx, number)
    event_id = event_id_of("customer", ticket.number, key)
    told = {"ticket_id": ticket.number, "customer_id": wish.customer_id, "agent": wish.agent}
    return [CustomerChosen(event_id=event_id, **told)]


def judge(tx: Transaction, number: str, wish: Judging, key: str | None = None) -> list[Event]:
    """What is said when a person decides on a proposal; of a dismissal both tickets are told."""
    ticket, other = _filed(tx, number), _filed(tx, wish.other)
    if wish.one_case:
        later, earlier = sorted((ticket, other), key=lambda filed: filed.facts.received_at, reverse=True)
        return merge(tx, later.number, Merging(agent=wish.agent, into=earlier.number), key)
    pairs = ((ticket.number, other.number), (other.number, ticket.number))
    return [
        OneCaseDismissed(
            event_id=event_id_of("two cases", *pair, key), ticket_id=pair[0], other_ticket_id=pair[1], agent=wish.agent
        )
        for pair in pairs
    ]


def _filed(tx: Transaction, number: str) -> Filed:
    known = store.decided_ticket(tx.session, number)
    if known is None:
        raise unknown_ticket(number)
    return Filed(known.facts, known.row.merged_into)


class FilingForm(NamedTuple):
    """A form of the ticket's page: what it carries and what is said of it."""

    kind: type[BaseModel]
    deed: Callable[..., list[Event]]


FORMS = {
    "merge": FilingForm(Merging, merge),
    "unmerge": FilingForm(Unmerging, unmerge),
    "split": FilingForm(Splitting, split),
    "customer": FilingForm(Choosing, choose),
    "one-case": FilingForm(Judging, judge),
}


@pages.post("/tickets/{number}/filing/{name}")
def take(
    request: Request,
    number: str,
    name: str,
    filled: Form,
) -> Response:
    """Take one of these forms, and show the ticket again."""
    form = FORMS.get(name)
    if form is None:
        raise Problem(404, f"There is no form {name}", "The ticket's page has those that there are.")

    def say(tx: Transaction, wish: Any) -> None:
        for event in form.deed(tx, number, wish):
            tx.say(event)

    return take_form(
        request,
        filled,
        form.kind,
        say,
        back=f"/tickets/{number}",
        show=lambda problem: ticket_page(request, number, wrong=problem),
    )
