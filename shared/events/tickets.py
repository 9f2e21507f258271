"""Tickets: requests, what is added to them, and which of them are one case."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.vocabulary import AttachedFile, Channel, Requester, Stated, TicketFacts


class TicketOpened(Event):
    """A request became a ticket. `attachments` and `warnings` are those of its mail."""

    arrival_id: UUID
    ticket: TicketFacts
    text: str
    related_ticket_id: str | None = None
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()


class TicketRouteAdded(Event):
    """A mail that is in this ticket already came to another mailbox of the provider too: one ticket, two routes."""

    arrival_id: UUID
    mailbox: str


class TicketReplied(Event):
    """The requester or another authorised person added to a ticket.

    `received_at`: when it reached us, which may be long before it is heard; None in events older than the field.
    `is_courtesy`: it only says thanks. `is_repeat`: its author wrote the same words in this ticket within a day, as a
    machine does. Neither reopens anything or starts a clock.
    `case`: the other tickets that are one case with this one, by merging; it may speak of theirs.
    """

    arrival_id: UUID
    ticket: TicketFacts
    author: Requester
    author_verified: bool
    text: str
    channel: Channel
    received_at: AwareDatetime | None = None
    is_courtesy: bool = False
    is_repeat: bool = False
    case: tuple[str, ...] = ()
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()


class OneCaseProposed(Event):
    """This ticket and another may be one case: a call and a mail of one customer about one thing. A person decides.

    Said of both tickets; `evidence` tells what they have in common.
    """

    other_ticket_id: str
    evidence: tuple[str, ...]


class OneCaseDismissed(Event):
    """An agent found that this ticket and another are two cases; it is not proposed again. Said of both tickets."""

    other_ticket_id: str
    agent: Stated


class MergeRequested(Event):
    """An agent found that this ticket is one case with `into`, where it is to go on."""

    into: str
    agent: Stated


class TicketsMerged(Event):
    """A ticket goes on in another, until that is undone: it is closed, and what it gets is shown there.

    Said of both tickets.
    """

    merge_id: UUID
    merged: str
    into: str
    by: str
    merged_at: AwareDatetime


class UnmergeRequested(Event):
    """An agent found that the merging of this ticket into another was a mistake."""

    agent: Stated


class MergeUndone(Event):
    """A ticket stands alone again, as if it had never been merged. Said of both tickets."""

    merge_id: UUID
    merged: str
    into: str
    by: str


class SplitRequested(Event):
    """An agent found that a message of this ticket asks for something else."""

    arrival_id: UUID
    agent: Stated


class MessageSplit(Event):
    """A message of this ticket became a ticket of its own. `reply_id` is the id of its `TicketReplied`."""

    arrival_id: UUID
    reply_id: UUID
    new_ticket_id: str
    by: str


class CustomerChosen(Event):
    """An agent told which customer this ticket is of; None: of none that we know."""

    customer_id: str | None
    agent: Stated


class CustomerRecorded(Event):
    """A ticket has the customer that a person chose, and what his record says."""

    ticket: TicketFacts
    by: str


class FilingRefused(Event):
    """What an agent asked (to merge, take back, split, choose a customer) was not done; `reason` says why."""

    agent: str
    reason: str


class CustomerCalledBack(Event):
    """The customer of a ticket was called and answered: a response, at `answered_at`.

    `one_of`: the call may have been about any of these tickets, so it counts for none until a person says so.
    """

    arrival_id: UUID
    agent: str | None = None
    text: str = ""
    answered_at: AwareDatetime
    talk_seconds: int
    one_of: tuple[str, ...] = ()
