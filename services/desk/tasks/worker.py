"""The worker of the desk; its handlers stand in the other modules here."""

from __future__ import annotations

from shared.bus import Worker
from shared.events import Event

worker = Worker("desk")


def number(event: Event) -> str:
    """The ticket an event is about."""
    assert event.ticket_id is not None, f"{type(event).__name__} names no ticket"
    return event.ticket_id
