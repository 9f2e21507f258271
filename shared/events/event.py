"""What every event has, and ids that follow from facts."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from pydantic import AwareDatetime, Field

from shared import clock
from shared.vocabulary import Fact


def derived_id(*parts: object) -> UUID:
    """An event id that follows from the fact itself, so that the same fact can never be said twice."""
    return uuid5(NAMESPACE_URL, "scopedesk:" + ":".join(map(str, parts)))


class Event(Fact):
    """What happened, to which ticket, and because of what. `caused_by` is filled in by the bus."""

    event_id: UUID = Field(default_factory=uuid4)
    ticket_id: str | None = None
    caused_by: UUID | None = None
    happened_at: AwareDatetime = Field(default_factory=clock.now)
