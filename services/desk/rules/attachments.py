"""The files of a ticket, told from the event log: what came with its mails, and which of them may be opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote
from uuid import UUID

from pydantic import AwareDatetime

from services.desk.rules.summary import View
from shared import events as e


class Release(View):
    """Who let a held file be opened, and why."""

    agent: str
    reason: str
    at: AwareDatetime


class Attachment(View):
    """A file of a ticket. `held`: why it is not given out before a person has released it.

    `content_hash` is the SHA-256 of its bytes; None when it is beyond the limits and only the stored e-mail holds it.
    """

    id: str
    ticket_id: str
    arrival_id: UUID
    position: int
    name: str
    content_type: str
    size: int
    content_hash: str | None = None
    held: str | None = None
    released: Release | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may be fetched."""
        return self.content_hash is not None and (self.held is None or self.released is not None)


def attachments(events: Iterable[e.Event]) -> Iterator[Attachment]:
    """Every file of a ticket in the order of its mails, with the first release that was said of each."""
    told = list(events)
    releases: dict[tuple[UUID, int], Release] = {}
    for event in told:
        if isinstance(event, e.AttachmentReleased):
            release = Release(agent=event.agent, reason=event.reason, at=event.happened_at)
            releases.setdefault((event.arrival_id, event.position), release)
    for event in told:
        if isinstance(event, e.TicketOpened | e.TicketReplied):
            for position, file in enumerate(event.attachments):
                yield Attachment(
                    id=f"{event.arrival_id.hex[:12]}-{position}",
                    ticket_id=event.ticket.ticket_id,
                    arrival_id=event.arrival_id,
                    position=position,
                    released=releases.get((event.arrival_id, position)),
                    **file.model_dump(),
                )


def disposition(name: str) -> str:
    """The Content-Disposition by which a file is saved and never shown (RFC 6266): a plain name, and the real one."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
