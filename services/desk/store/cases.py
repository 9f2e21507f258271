"""Which ticket goes on in which, and what therefore waits where; reckoned from the log and from the tickets' own rows.

Nothing of one ticket is written into another that could not be taken out again.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, or_, select

from services.desk.rules import cases
from services.desk.rules.summary import State
from services.desk.store.states import own_state
from services.desk.store.tables import Ticket
from shared.bus import feed
from shared.events import Event
from shared.vocabulary import Verdict


def keep_merge(session: Session, number: str) -> None:
    """Keep where a ticket goes on, by everything that was said of it."""
    ticket = _lock(session, number)
    merge = cases.merge_of(feed.history(session, number))
    before, ticket.merged_into = ticket.merged_into, merge.into if merge else None
    ticket.merged_at = merge.merged_at if merge else None
    session.flush()
    for into in filter(None, dict.fromkeys((before, ticket.merged_into))):
        reckon(session, into)


def reckon(session: Session, number: str) -> None:
    """Keep since when a ticket waits for us because of those merged into it; and so on, where it is merged itself."""
    asked_at = func.greatest(col(Ticket.merged_at), col(Ticket.replied_at), col(Ticket.others_asked_at))
    seen: set[str] = set()
    into: str | None = number
    while into and into not in seen:
        seen.add(into)
        ticket = _lock(session, into)
        asks = or_(col(Ticket.verdict).is_(None), col(Ticket.verdict) != Verdict.NO_ACTION)
        waiting = select(func.max(asked_at)).where(col(Ticket.merged_into) == into, own_state == State.OPEN, asks)
        ticket.others_asked_at = session.exec(waiting).one()
        session.flush()
        into = ticket.merged_into


def forget_reply(session: Session, number: str, reply_id: UUID) -> bool:
    """Keep a ticket as if a reply had never come; False while that reply has not been heard itself."""
    ticket, events = _lock(session, number), feed.history(session, number)
    reply = next((event for event in events if event.event_id == reply_id), None)
    if reply and cases.asks(reply) and (ticket.replied_at is None or ticket.replied_at < reply.happened_at):
        return False
    ticket.replied_at = cases.asked_at(cases.staying(events))
    session.flush()
    if ticket.merged_into:
        reckon(session, ticket.merged_into)
    return True


def merged_with(session: Session, number: str) -> list[str]:
    """The tickets that go on in this one, and those that go on in them."""
    found: list[str] = []
    latest = [number]
    while latest:
        statement = select(Ticket.ticket_id).where(col(Ticket.merged_into).in_(latest)).order_by(col(Ticket.ticket_id))
        latest = [other for other in session.exec(statement) if other not in {number, *found}]
        found += latest
    return found


def events_of_merged(session: Session, number: str) -> list[Event]:
    """Everything that was said of the tickets that go on in this one."""
    return [event for other in merged_with(session, number) for event in feed.history(session, other)]


def _lock(session: Session, number: str) -> Ticket:
    session.execute(insert(Ticket).values(ticket_id=number).on_conflict_do_nothing())
    return session.exec(
        select(Ticket)
        .where(col(Ticket.ticket_id) == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
