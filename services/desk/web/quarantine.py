"""Arrivals that became no ticket: listed, and those e-mails among them that wait for a person released or rejected."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.desk import store
from services.desk.settings import settings
from services.desk.web.api import IdempotencyKey, Name, event_id_of, may_write
from services.desk.web.clocks import Reason
from services.desk.web.forms import Form, take_form
from services.desk.web.pages import page
from shared.bus import Transaction
from shared.events import EmailRejected, EmailReleased
from shared.vocabulary import Channel
from shared.web import Problem

router = APIRouter(prefix="/api/arrivals")
pages = APIRouter(prefix="/arrivals", include_in_schema=False)

State = Literal["received", "suppressed", "quarantined", "released", "lost"]


class ArrivalView(BaseModel):
    """An e-mail or call that became no ticket, and why; of an e-mail in quarantine also what to judge it by."""

    model_config = ConfigDict(from_attributes=True)

    arrival_id: UUID
    channel: Channel
    source: str | None
    state: State
    reason: str | None
    sender: str | None
    subject: str | None
    excerpt: str | None
    received_at: AwareDatetime | None
    settled_at: AwareDatetime | None


class Rejecting(BaseModel):
    """A person decides that an e-mail becomes no ticket."""

    agent: Name
    reason: Reason


class Releasing(Rejecting):
    """A person lets an e-mail be read again, as delivered to `mailbox` where its headers name none of ours."""

    mailbox: str = Field(default="", max_length=320)


class Said(BaseModel):
    """It is said; the worker acts on it."""

    event_id: UUID
    arrival_id: UUID


@router.get("")
def list_arrivals(state: State = "quarantined", limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> list[ArrivalView]:
    """The newest arrivals in a state, with the reason; `lost` ones were received or released and are nowhere since."""
    with store.reading() as session:
        return [ArrivalView.model_validate(row) for row in store.list_arrivals(session, state, limit)]


@router.post("/{arrival_id}/release", status_code=202, dependencies=[Depends(may_write)])
def release_arrival(arrival_id: UUID, releasing: Releasing, key: IdempotencyKey = None) -> Said:
    """Read an e-mail in quarantine again by the same rules; it may end there again."""
    with Transaction.begin("desk") as tx:
        return _accept(tx, release(tx, arrival_id, releasing, key))


@router.post("/{arrival_id}/reject", status_code=202, dependencies=[Depends(may_write)])
def reject_arrival(arrival_id: UUID, rejecting: Rejecting, key: IdempotencyKey = None) -> Said:
    """Leave an e-mail in quarantine without a ticket; its bytes are kept."""
    with Transaction.begin("desk") as tx:
        return _accept(tx, reject(tx, arrival_id, rejecting, key))


@pages.get("")
def arrivals(request: Request, state: State = "quarantined") -> HTMLResponse:
    """What reached us and became no ticket, with the reason."""
    return _page(request, state)


@pages.post("/{arrival_id}/release")
def release_on_page(request: Request, arrival_id: UUID, form: Form) -> Response:
    """Take the form of an agent who releases an e-mail, and show what is left."""

    def say(tx: Transaction, releasing: Releasing) -> None:
        tx.say(release(tx, arrival_id, releasing))

    return take_form(request, form, Releasing, say, back="/arrivals", show=lambda wrong: _page(request, wrong=wrong))


@pages.post("/{arrival_id}/reject")
def reject_on_page(request: Request, arrival_id: UUID, form: Form) -> Response:
    """Take the form of an agent who rejects an e-mail, and show what is left."""

    def say(tx: Transaction, rejecting: Rejecting) -> None:
        tx.say(reject(tx, arrival_id, rejecting))

    return take_form(request, form, Rejecting, say, back="/arrivals", show=lambda wrong: _page(request, wrong=wrong))


def release(tx: Transaction, arrival_id: UUID, releasing: Releasing, key: str | None = None) -> EmailReleased:
    """What an agent says who releases an e-mail; Problem when it is not in quarantine."""
    _must_wait(tx, arrival_id, key)
    event_id = event_id_of("release", str(arrival_id), key)
    return EmailReleased(event_id=event_id, arrival_id=arrival_id, **releasing.model_dump())


def reject(tx: Transaction, arrival_id: UUID, rejecting: Rejecting, key: str | None = None) -> EmailRejected:
    """What an agent says who rejects an e-mail; Problem when it is not in quarantine."""
    _must_wait(tx, arrival_id, key)
    event_id = event_id_of("reject", str(arrival_id), key)
    return EmailRejected(event_id=event_id, arrival_id=arrival_id, **rejecting.model_dump())


def _must_wait(tx: Transaction, arrival_id: UUID, key: str | None) -> None:
    found = store.arrival(tx.session, arrival_id)
    if found is None:
        raise Problem(404, f"There is no arrival {arrival_id}", "Arrivals without a ticket show their ids.")
    if found.channel != Channel.EMAIL:
        raise Problem(409, "A call is not released", "Mend what its reason says, and feed the record again.")
    if found.state != "quarantined" and key is None:
        raise Problem(409, f"This e-mail is {found.state}, not quarantined", "Nothing needs to be done.")


def _accept(tx: Transaction, event: EmailReleased | EmailRejected) -> Said:
    tx.say(event)
    return Said(event_id=event.event_id, arrival_id=event.arrival_id)


def _page(request: Request, state: State = "quarantined", *, wrong: Problem | None = None) -> HTMLResponse:
    with store.reading() as session:
        rows, lost = store.list_arrivals(session, state), store.counts(session)["lost"]
    status = wrong.status if wrong else 200
    may = settings().token is not None
    return page(
        request, "arrivals.html.j2", status=status, rows=rows, state=state, lost=lost, wrong=wrong, may_write=may
    )
