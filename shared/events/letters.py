"""Letters: what became of each."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.vocabulary import Stated


class LetterWritten(Event):
    """A letter is ready to be handed to the mail server."""

    letter_id: UUID
    kind: str


class LetterSent(Event):
    """The mail server took a letter. `text` is what the requester reads.

    Not `confirmed`: it got the letter several times over and never said that it took it.
    """

    letter_id: UUID
    kind: str
    message_id: str
    subject: str = ""
    text: str = ""
    confirmed: bool = True


class LetterRefused(Event):
    """The mail server refused a letter for good; the requester has not been told."""

    letter_id: UUID
    kind: str
    reason: str
    subject: str = ""
    text: str = ""


class LetterBounced(Event):
    """A letter of ours came back: for good (`permanent`), or it is late and may yet arrive.

    Said only of letters whose Message-ID we signed. `status` as RFC 3463 numbers it, empty when the report has none.
    """

    letter_id: UUID
    arrival_id: UUID
    permanent: bool
    status: str = ""


class LetterUndelivered(Event):
    """A letter that the mail server had taken did not arrive; the requester has not been told."""

    letter_id: UUID
    kind: str
    status: str = ""


class LetterSuppressed(Event):
    """A letter stays unwritten or is never sent; `reason` says why (no address, a limit, a machine to answer)."""

    letter_id: UUID
    kind: str
    reason: str


class LetterHeld(Event):
    """A letter is written and not sent, because it would break the limit in `reason`: a person may release it."""

    letter_id: UUID
    kind: str
    reason: str


class LetterReleased(Event):
    """A person lets a letter that was held go out."""

    letter_id: UUID
    by: Stated


class AutomaticLettersStopped(Event):
    """The breaker of a provider: as many automatic letters as a loop would make. No more go out; people's answers do.

    `letters` in `minutes` wanted to go out. Said again each time that it is looked at and has not become quiet; `since`
    is when it began. Heard again by `notifications` when it is time to look.
    """

    provider: str
    since: AwareDatetime
    letters: int
    minutes: int


class AutomaticLettersResumed(Event):
    """Automatic letters of a provider go out again. `by` None: by itself, because it became quiet."""

    provider: str
    by: str | None = None
