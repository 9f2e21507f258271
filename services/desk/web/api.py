"""The desk's API. Reads are lists and stories; writes say what a person decided, and the workers do the rest."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Header, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, PositiveInt, StringConstraints

from services.desk import store
from services.desk.rules.story import TicketStory
from services.desk.rules.summary import QuoteState, State, TicketQuery, TicketRow, cursor
from services.desk.settings import settings
from services.desk.store import holding
from shared.bus import Transaction
from shared.events import ConsentGiven, Event, TicketAnswered, TicketReopened, TicketResolved, derived_id
from shared.web import Problem, check_token

router = APIRouter(prefix="/api")
bearer = HTTPBearer(auto_error=False, description="The token in SCOPEDESK_DESK_TOKEN")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=200, description="The same key again does nothing more"),
]


class Listing(BaseModel):
    """A page of tickets; `next` is the cursor of the page after it."""

    tickets: list[TicketRow]
    next: str | None = None


class Answer(BaseModel):
    """What an agent writes to the requester."""

    agent: Name
    text: Words


class Resolution(BaseModel):
    """An agent closes a ticket as done."""

    agent: Name


class Reopening(BaseModel):
    """An agent reopens a ticket that was closed, after a closing courtesy that asks for more."""

    agent: Name


class Consent(BaseModel):
    """A person's agreement to one version of a quote, as an agent took it."""

    version: PositiveInt
    given_by_email: Name
    taken_by: Name


class Accepted(BaseModel):
    """It is said; the workers act on it."""

    event_id: UUID
    ticket: str


class Health(BaseModel):
    """The desk answers and reaches its database."""

    status: str
    tickets: dict[str, int]
    letters_stopped: list[str]
    """Providers whose automatic letters are stopped: an operator has to look."""
    held_back: int


def may_write(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    """Let a request write only with the desk's token; Problem 401, or 403 when no token is configured."""
    token = settings().token
    if not token:
        raise Problem(403, "The desk is read-only", "Its operator allows writes by setting SCOPEDESK_DESK_TOKEN.")
    check_token(credentials, token)


writes = APIRouter(prefix="/api", dependencies=[Depends(may_write)])


@router.get("/health")
def health() -> Health:
    """Whether the desk can do its work."""
    with store.reading() as session:
        stopped = [row.provider for row in holding.stopped(session)]
        held_back = holding.waiting(session)
        return Health(status="ok", tickets=store.counts(session), letters_stopped=stopped, held_back=held_back)


@router.get("/tickets")
def list_tickets(query: Annotated[TicketQuery, Query()]) -> Listing:
    """Tickets, the next due or the newest first."""
    with store.reading() as session:
        rows = store.list_tickets(session, **dict(query))
    return Listing(tickets=rows, next=cursor(rows[-1], query.sort) if len(rows) == query.limit else None)


@router.get("/tickets/{number}")
def show_ticket(number: str) -> TicketStory:
    """Everything about one ticket."""
    with store.reading() as session:
        story = store.show_ticket(session, number)
    if story is None:
        raise unknown_ticket(number)
    return story


@writes.post("/tickets/{number}/answer", status_code=202)
def answer_ticket(number: str, answer: Answer, key: IdempotencyKey = None) -> Accepted:
    """Send an agent's answer; it stops the clock of the first response."""
    with Transaction.begin("desk") as tx:
        ticket = going_on(tx, number)
        event = TicketAnswered(
            event_id=event_id_of("answer", ticket.number, key),
            ticket_id=ticket.number,
            agent=answer.agent,
            text=answer.text,
        )
        return accept(tx, event)


@writes.post("/tickets/{number}/resolve", status_code=202)
def resolve_ticket(number: str, resolution: Resolution, key: IdempotencyKey = None) -> Accepted:
    """Close a ticket as done; it stops every clock."""
    with Transaction.begin("desk") as tx:
        ticket = going_on(tx, number)
        if ticket.state is State.RESOLVED and key is None:
            raise Problem(409, f"{ticket.number} is resolved already", "Nothing needs to be done.")
        event = TicketResolved(
            event_id=event_id_of("resolve", ticket.number, key),
            ticket_id=ticket.number,
            agent=resolution.agent,
            case=tuple(store.merged_with(tx.session, ticket.number)),
        )
        return accept(tx, event)


@writes.post("/tickets/{number}/reopen", status_code=202)
def reopen_ticket(number: str, reopening: Reopening, key: IdempotencyKey = None) -> Accepted:
    """Open a closed ticket again, as a reply would have."""
    with Transaction.begin("desk") as tx:
        return accept(tx, reopened(tx, number, reopening, key))


def reopened(tx: Transaction, number: str, reopening: Reopening, key: str | None = None) -> Event:
    """What an agent says who reopens a ticket; Problem when it is open."""
    ticket = going_on(tx, number)
    if ticket.state is not State.RESOLVED and key is None:
        raise Problem(409, f"{ticket.number} is {ticket.state}, not resolved", "Nothing needs to be done.")
    event_id = event_id_of("reopen", ticket.number, key)
    return TicketReopened(event_id=event_id, ticket_id=ticket.number, agent=reopening.agent)


@writes.post("/quotes/{quote_id}/consent", status_code=202)
def take_consent(quote_id: str, consent: Consent, key: IdempotencyKey = None) -> Accepted:
    """Pass on an agreement that an agent took, by telephone for instance; billing checks who may give it."""
    with Transaction.begin("desk") as tx:
        found = store.quote(tx.session, quote_id)
        if found is None:
            raise Problem(404, f"There is no quote {quote_id}", "Quote numbers stand on the ticket's page.")
        number, quote = found
        if quote.state is not QuoteState.OFFERED and key is None:
            raise Problem(409, f"Quote {quote_id} is {quote.state}", "Only an offered quote can be agreed to.")
        if quote.version != consent.version:
            raise Problem(
                409,
                f"Quote {quote_id} is at version {quote.version} now",
                "A consent holds for the version it was given to: ask again.",
            )
        event = ConsentGiven(
            event_id=event_id_of("consent", quote_id, key),
            ticket_id=number,
            quote_id=quote_id,
            version=consent.version,
            given_by_email=consent.given_by_email,
            taken_by=consent.taken_by,
        )
        return accept(tx, event)


def accept(tx: Transaction, event: Event) -> Accepted:
    """Say what a person decided."""
    tx.say(event)
    assert event.ticket_id
    return Accepted(event_id=event.event_id, ticket=event.ticket_id)


def event_id_of(*parts: str | None) -> UUID:
    """The id of an event: the same for the same fact and Idempotency-Key, a new one without a key."""
    *fact, key = parts
    return derived_id("desk", *fact, key) if key else uuid4()


def known_ticket(tx: Transaction, number: str) -> TicketRow:
    """The ticket of this number; Problem 404 when there is none."""
    ticket = store.ticket_row(tx.session, number)
    if ticket is None:
        raise unknown_ticket(number)
    return ticket


def going_on(tx: Transaction, number: str) -> TicketRow:
    """The ticket of this number; Problem 404 when there is none, 409 when it goes on in another."""
    ticket = known_ticket(tx, number)
    not_merged(ticket)
    return ticket


def not_merged(ticket: TicketRow) -> None:
    """Let nothing be done with a ticket that goes on in another; Problem 409."""
    if ticket.merged_into:
        title = f"{ticket.number} is merged into {ticket.merged_into}"
        raise Problem(409, title, "Do it there, or take the merge back first.")


def unknown_ticket(number: str) -> Problem:
    """What is wrong with a ticket number that nobody has."""
    return Problem(404, f"There is no ticket {number}", "Ticket numbers look like HN-1042.")
