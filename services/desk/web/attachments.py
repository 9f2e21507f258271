"""The files of a ticket: listed, fetched and, where they are held, released by a person.

A file is always saved and never shown: what a stranger sent must not run in the desk's name.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.desk import store
from services.desk.rules.attachments import Attachment, disposition
from services.desk.web.api import Accepted, IdempotencyKey, Name, accept, event_id_of, may_write, unknown_ticket
from services.desk.web.clocks import Reason
from services.desk.web.forms import Form, take_form
from services.desk.web.pages import ticket_page
from shared.bus import Transaction
from shared.events import AttachmentReleased, Event
from shared.web import Problem

router = APIRouter(prefix="/api/tickets/{number}/attachments")
pages = APIRouter(include_in_schema=False)

NEVER_SHOWN = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Releasing(BaseModel):
    """A person has looked at a held file."""

    agent: Name
    reason: Reason


@router.get("")
def list_attachments(number: str) -> list[Attachment]:
    """The files of a ticket: names, types by content, sizes in bytes, and what is held and why."""
    with store.reading() as session:
        found = store.attachments(session, number)
    if found is None:
        raise unknown_ticket(number)
    return found


@router.get("/{file_id}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
def fetch_attachment(number: str, file_id: str) -> Response:
    """The bytes of a file. A held one must have been released."""
    with store.reading() as session:
        file = known_file(store.attachments(session, number), number, file_id)
        data = store.bytes_of(session, openable(file))
    headers = {**NEVER_SHOWN, "Content-Disposition": disposition(file.name)}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/{file_id}/release", status_code=202, dependencies=[Depends(may_write)])
def release_attachment(number: str, file_id: str, releasing: Releasing, key: IdempotencyKey = None) -> Accepted:
    """Let a held file be fetched; who did and why stands in the ticket's history."""
    with Transaction.begin("desk") as tx:
        return accept(tx, release(tx, number, file_id, releasing, key))


@pages.post("/tickets/{number}/attachments/{file_id}/release")
def release_on_page(
    request: Request,
    number: str,
    file_id: str,
    form: Form,
) -> Response:
    """Take the form of an agent who releases a file, and show the ticket again."""

    def say(tx: Transaction, releasing: Releasing) -> None:
        tx.say(release(tx, number, file_id, releasing))

    return take_form(
        request,
        form,
        Releasing,
        say,
        back=f"/tickets/{number}#attachments",
        show=lambda problem: ticket_page(request, number, wrong=problem),
    )


def release(tx: Transaction, number: str, file_id: str, releasing: Releasing, key: str | None = None) -> Event:
    """What an agent says who releases a file; Problem when nothing holds it."""
    file = known_file(store.attachments(tx.session, number), number, file_id)
    if file.held is None:
        raise Problem(409, f"{file.name} is not held", "It can be fetched.")
    if file.released and key is None:
        raise Problem(409, f"{file.released.agent} has released {file.name} already", "It can be fetched.")
    return AttachmentReleased(
        event_id=event_id_of("release", number.upper(), file.id, key),
        ticket_id=file.ticket_id,
        arrival_id=file.arrival_id,
        position=file.position,
        name=file.name,
        **releasing.model_dump(),
    )


def known_file(found: list[Attachment] | None, number: str, file_id: str) -> Attachment:
    """The file of this id; Problem 404 when the ticket has none."""
    if found is None:
        raise unknown_ticket(number)
    file = next((file for file in found if file.id == file_id), None)
    if file is None:
        raise Problem(404, f"{number.upper()} has no attachment {file_id}", "The ticket's attachments show their ids.")
    return file


def openable(file: Attachment) -> str:
    """The hash of a file that may be fetched; Problem 403 for a held one, 404 for one beyond the limits."""
    if file.content_hash is None:
        raise Problem(404, f"{file.name} was not kept apart", "It is beyond the limits: only the stored e-mail has it.")
    if not file.is_open:
        raise Problem(403, f"{file.name} is held: {file.held}", "A person who has looked at it can release it.")
    return file.content_hash
