"""The part of the desk's API for people on call: which pages are open, and to take one."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.desk import store
from services.desk.rules.summary import PageRow
from services.desk.store import on_call
from services.desk.web.api import Accepted, IdempotencyKey, Name, accept, may_write
from shared.bus import Transaction
from shared.events import PageAcknowledged, derived_id
from shared.web import Problem

router = APIRouter(prefix="/api")


class OpenPages(BaseModel):
    """Every page of a ticket that nobody has taken."""

    pages: list[PageRow]


class Acknowledgement(BaseModel):
    """Somebody who was paged, or an agent for him, takes the ticket."""

    by: Name


@router.get("/pages")
def list_pages() -> OpenPages:
    """The open pages, the oldest first."""
    with store.reading() as session:
        return OpenPages(pages=on_call.open_pages(session))


@router.post("/pages/{page_id}/acknowledge", status_code=202, dependencies=[Depends(may_write)])
def acknowledge_page(page_id: UUID, acknowledgement: Acknowledgement, key: IdempotencyKey = None) -> Accepted:
    """Take the ticket of a page: nobody else is told of it."""
    with Transaction.begin("desk") as tx:
        found = on_call.page(tx.session, page_id)
        if found is None:
            raise Problem(404, f"There is no page {page_id}", "GET /api/pages lists the open ones.")
        page, ended = found
        if ended and key is None:
            by = f" by {ended.by}" if ended.by else ""
            raise Problem(409, f"Nobody is told of {page.ticket_id} any more", f"It ended{by}: {ended.why}.")
        event = PageAcknowledged(
            event_id=derived_id("acknowledgement", page_id),
            ticket_id=page.ticket_id,
            page_id=page_id,
            alarm_id=page.alarm_id,
            by=acknowledgement.by,
        )
        return accept(tx, event)
