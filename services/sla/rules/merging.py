"""What a ticket that is merged lends to the clocks of the one that it goes on in.

Nothing is moved: the clocks of a case follow from what happened to all of its tickets, so that a merge that is undone
has never been.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime

from services.sla.rules.clocks import Happening, House, Noted, current_cycle
from shared.vocabulary import Fact


class Merge(Fact):
    """A merge of a ticket as far as it is known. `at` None: only its undoing has been heard."""

    id: UUID
    into: str
    at: AwareDatetime | None = None
    by: str | None = None
    undone: bool = False


def known(merges: Iterable[Merge], new: Merge) -> tuple[Merge, ...]:
    """What is known of a ticket's merges with something new; it may be heard in any order and more than once."""
    by_id = {merge.id: merge for merge in merges}
    was = by_id.get(new.id, new)
    told = {"at": was.at or new.at, "by": was.by or new.by, "undone": was.undone or new.undone}
    return tuple({**by_id, new.id: new.model_copy(update=told)}.values())


def standing_merge(merges: Iterable[Merge]) -> Merge | None:
    """The merge that holds now: the newest that is not undone."""
    holding = (merge for merge in merges if merge.at and not merge.undone)
    return max(holding, key=lambda merge: (merge.at, merge.id), default=None)


def unanswered_since(received_at: datetime, history: Iterable[Noted], house: House) -> datetime | None:
    """Since when a request waits for an answer of ours; None: it does not."""
    cycle = current_cycle(received_at, history, house)
    first = cycle.first_response
    if first and first.stopped_at is None:
        return first.start
    return cycle.unanswered_since if cycle.resolved_at is None else None


def lent(merge: Merge, waits_since: datetime | None, history: Iterable[Noted], own: Sequence[Noted]) -> Iterator[Noted]:
    """What a merged ticket lends to the one it goes on in, whose `own` history is given.

    Every reply after the merge; and what had not been answered by then, as a reply at its own time, so that merging
    gives nobody more time. An answer that was given in the other ticket in between was not one to this.
    """
    assert merge.at
    yield from (noted for noted in history if noted.what is Happening.REPLIED and noted.at >= merge.at)
    if waits_since:
        ended = {Happening.ANSWERED, Happening.RESOLVED}
        another = any(noted.what in ended and waits_since <= noted.at < merge.at for noted in own)
        at = merge.at if another else waits_since
        yield Noted(at=at, id=merge.id, what=Happening.REPLIED, by=merge.by, known_at=merge.at)
