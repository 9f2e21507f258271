"""Tickets that are one case: what was said of them together, where each goes on, and what is proposed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from services.desk.rules.summary import View
from shared import events as e


class ProposedCase(View):
    """Another ticket that may be the same case, and what they have in common."""

    ticket_id: str
    evidence: tuple[str, ...]


def together(events: Sequence[e.Event], of_merged: Sequence[e.Event]) -> list[e.Event]:
    """What was said of a ticket and of those that go on in it, as one; what was said of both is told once."""
    if not of_merged:
        return list(events)
    both = (e.TicketsMerged, e.MergeUndone)
    told = {(type(event), event.merge_id) for event in events if isinstance(event, both)}
    others = (item for item in of_merged if not (isinstance(item, both) and (type(item), item.merge_id) in told))
    return sorted([*events, *others], key=lambda event: event.happened_at)


def staying(events: Sequence[e.Event]) -> list[e.Event]:
    """What was said without the messages that became tickets of their own."""
    split = {event.reply_id for event in events if isinstance(event, e.MessageSplit)}
    return [event for event in events if event.event_id not in split]


def merge_of(events: Iterable[e.Event]) -> e.TicketsMerged | None:
    """The merge that holds of a ticket, by everything that was said of it; None when it stands alone."""
    holding: e.TicketsMerged | None = None
    for event in events:
        if isinstance(event, e.TicketsMerged) and event.merged == event.ticket_id:
            holding = event
        elif isinstance(event, e.MergeUndone) and holding and event.merge_id == holding.merge_id:
            holding = None
    return holding


def asks(event: e.Event) -> bool:
    """Whether something opens a ticket again and waits for us."""
    if isinstance(event, e.TicketReplied):
        return not (event.is_courtesy or event.is_repeat)
    return isinstance(event, e.TicketReopened)


def asked_at(events: Iterable[e.Event]) -> datetime | None:
    """When something was last asked in a ticket, after what it was opened with."""
    return max((event.happened_at for event in events if asks(event)), default=None)


def proposed(events: Sequence[e.Event], one_case: Collection[str | None]) -> Iterator[ProposedCase]:
    """The proposals on which nobody has decided; those are of `one_case` already that a person merged."""
    dismissed = {event.other_ticket_id for event in events if isinstance(event, e.OneCaseDismissed)}
    proposals = {event.other_ticket_id: event for event in events if isinstance(event, e.OneCaseProposed)}
    for number, event in proposals.items():
        if number not in dismissed and number not in one_case:
            yield ProposedCase(ticket_id=number, evidence=event.evidence)
