"""Who on call is told, and who takes it."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.vocabulary import TicketFacts


class OnCallPaged(Event):
    """Somebody on call is told of a ticket; heard again by `sla` when it is time to tell the next, `answer_by`.

    An alarm is all the pages of one reason. `person` is the id of an entry in the rota; None: the team's mailbox.
    `best_effort`: it is outside support hours, nothing is promised, and the next is told only when they begin. `last`:
    nobody is left to tell after this.
    """

    page_id: UUID
    alarm_id: UUID
    step: int
    level: str
    person: str | None
    reason: str
    best_effort: bool
    last: bool
    ticket: TicketFacts
    team: str
    answer_by: AwareDatetime


class PageAcknowledged(Event):
    """Somebody who was paged, or an agent for him, has taken the ticket."""

    page_id: UUID
    alarm_id: UUID
    by: str


class PagingEnded(Event):
    """Nobody else is told of an alarm: somebody has taken it (`by`), or its ticket needs nobody now; `why` says so."""

    alarm_id: UUID
    why: str
    by: str | None = None


class PageDelivered(Event):
    """A page reached the mail server or the webhook of the person; `way` says which."""

    page_id: UUID
    way: str


class PageUndelivered(Event):
    """A page did not reach the person this way; `reason` is the answer, without any address."""

    page_id: UUID
    way: str
    reason: str
