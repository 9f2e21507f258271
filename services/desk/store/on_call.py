"""Who was told of which ticket outside the ordinary way, and what is still open of it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.desk.rules.summary import OVER, PageRow
from services.desk.store.states import ticket_state
from services.desk.store.tables import EndedAlarm, Page, Ticket
from shared.events import OnCallPaged, PagingEnded


def keep_page(session: Session, event: OnCallPaged) -> None:
    """Keep that somebody was told."""
    told = event.model_dump(include=set(Page.model_fields))
    row = insert(Page).values(told | {"subject": event.ticket.subject, "paged_at": event.happened_at})
    session.execute(row.on_conflict_do_nothing())


def keep_end(session: Session, event: PagingEnded) -> None:
    """Keep that nobody else is told of an alarm; its pages may be heard of later."""
    told = {"alarm_id": event.alarm_id, "why": event.why, "by": event.by, "ended_at": event.happened_at}
    session.execute(insert(EndedAlarm).values(told).on_conflict_do_nothing())


def open_pages(session: Session) -> list[PageRow]:
    """The pages of tickets that nobody has taken, the oldest first."""
    statement = (
        select(Page)
        .outerjoin(EndedAlarm, col(EndedAlarm.alarm_id) == col(Page.alarm_id))
        .outerjoin(Ticket, col(Ticket.ticket_id) == col(Page.ticket_id))
        .where(col(EndedAlarm.alarm_id).is_(None), ticket_state.not_in(OVER))
        .order_by(col(Page.paged_at), col(Page.page_id))
    )
    return [PageRow.model_validate(page.model_dump()) for page in session.exec(statement)]


def page(session: Session, page_id: UUID) -> tuple[Page, EndedAlarm | None] | None:
    """A page, and how its alarm ended, if it has; None when there is no such page."""
    found = session.get(Page, page_id)
    return (found, session.get(EndedAlarm, found.alarm_id)) if found else None
