"""The work that agents told of a ticket: what was recorded, what lies beyond the agreement, what was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from pydantic import AwareDatetime

from services.desk.rules.summary import View
from shared import events as e


class WorkView(View):
    """An entry, in minutes. `taken_back`: another entry undoes it; that one `reverses` this and is negative.

    `over_minutes` lie beyond what was agreed to, or beyond the courtesy, and are not charged. `locked`: it is settled.
    """

    entry_id: UUID
    ticket_id: str | None
    agent: str
    started_at: AwareDatetime
    minutes: int
    over_minutes: int
    note: str
    quote_id: str | None
    version: int | None
    reverses: UUID | None
    taken_back: bool
    locked: bool

    @property
    def can_be_taken_back(self) -> bool:
        """Whether an agent may reverse it."""
        return not (self.reverses or self.taken_back or self.locked)


class WorkStory(View):
    """The work of a quote, or the courtesy of a ticket, in minutes; `over` lie beyond what was allowed.

    `used_up`: nothing more may be worked without agreeing anew. `settled_by` an agent: the entries are locked.
    """

    entries: tuple[WorkView, ...] = ()
    worked: int = 0
    over: int = 0
    used_up: tuple[str, ...] = ()
    settled_by: str | None = None
    settled_at: AwareDatetime | None = None


def work_story(events: Sequence[e.Event], quote_id: str | None) -> WorkStory:
    """The work of one quote; without one, what was given away."""
    recorded = [event for event in events if isinstance(event, e.WorkRecorded) and event.quote_id == quote_id]
    settled = [event for event in events if isinstance(event, e.QuoteSettled) and event.quote_id == quote_id]
    used_up = [event for event in events if isinstance(event, e.AllowanceUsedUp) and event.quote_id == quote_id]
    locked = {event.version for event in settled}
    undone = {event.reverses for event in recorded}
    entries = [
        WorkView(
            **event.model_dump(include=set(WorkView.model_fields)),
            taken_back=event.entry_id in undone,
            locked=event.version in locked,
        )
        for event in recorded
    ]
    last = max(settled, key=lambda event: event.version, default=None)
    return WorkStory(
        entries=tuple(sorted(entries, key=lambda entry: entry.started_at)),
        worked=sum(entry.minutes for entry in entries),
        over=sum(entry.over_minutes for entry in entries),
        used_up=tuple(
            f"{event.whose} {event.allowed_minutes} minutes are used up: {event.worked_minutes} were worked"
            for event in used_up
        ),
        settled_by=last.agent if last else None,
        settled_at=last.happened_at if last else None,
    )
