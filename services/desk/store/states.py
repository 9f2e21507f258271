"""What a ticket waits for and by when, as the database works it out of the tickets' rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, null, or_
from sqlmodel import col

from services.desk.rules.summary import State
from services.desk.store.tables import Ticket

_asked_at = func.greatest(col(Ticket.replied_at), col(Ticket.others_asked_at))


def _since_reply(stamp: Any) -> ColumnElement[bool]:
    """It happened after the last reply that counts: one that reopened nothing does not."""
    counts_not = (_asked_at.is_(None), _asked_at <= col(Ticket.left_closed_at))
    return and_(stamp.is_not(None), or_(*counts_not, _asked_at <= stamp))


own_state: ColumnElement[str] = case(
    (_since_reply(col(Ticket.resolved_at)), State.RESOLVED),
    (_since_reply(col(Ticket.answered_at)), State.ANSWERED),
    else_=State.OPEN,
)
"""What it waits for, merged or not."""
ticket_state: ColumnElement[str] = case((col(Ticket.merged_into).is_not(None), State.MERGED), else_=own_state)
_answered = and_(
    col(Ticket.answered_at).is_not(None),
    or_(col(Ticket.response_started_at).is_(None), col(Ticket.answered_at) >= col(Ticket.response_started_at)),
)


def _of_next_target(response: Any, resolution: Any) -> ColumnElement[datetime | None]:
    over = or_(col(Ticket.merged_into).is_not(None), _since_reply(col(Ticket.resolved_at)))
    return case((over, null()), (_answered, resolution), else_=response)


next_due = _of_next_target(col(Ticket.response_due), col(Ticket.resolution_due))
start_by = _of_next_target(col(Ticket.response_start_by), col(Ticket.resolution_start_by))
place_in_queue = func.coalesce(col(Ticket.priority), 0)
