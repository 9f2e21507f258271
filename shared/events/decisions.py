"""Decisions and clocks: what a request is, who has it, and by when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.vocabulary import (
    Decision,
    DueTimeChanged,
    Emergency,
    PauseReason,
    Precedent,
    ResumeReason,
    Routing,
    Standstill,
    TargetName,
    TicketFacts,
)


class ScopeDecided(Event):
    """The policy was applied to a ticket."""

    ticket: TicketFacts
    text: str
    decision: Decision


class OverrideDismissed(Event):
    """What an agent decided or corrected does not count; `reason` says why. The decision stands as it was."""

    agent: str
    reason: str


class PrecedentsFound(Event):
    """People have decided requests like this one: the most similar first. They are shown, and change nothing."""

    precedents: tuple[Precedent, ...]


class TicketRouted(Event):
    """A ticket has a team and due times."""

    ticket: TicketFacts
    decision: Decision
    routing: Routing


class TargetTimerSet(Event):
    """A due time is being watched; heard again by `sla` when so many percent of its minutes are over: 100 is due.

    `rings_at` is that moment, or the next opening when it was heard outside support hours; None: `due_at`.
    """

    target: TargetName
    routing_version: int
    due_at: AwareDatetime
    percent: int = 100
    rings_at: AwareDatetime | None = None

    @property
    def moment(self) -> datetime:
        """When it is to be heard."""
        return self.rings_at or self.due_at


class TargetWarned(Event):
    """So many percent of a target's minutes are over, and nothing has reached it."""

    target: TargetName
    percent: int
    due_at: AwareDatetime
    team: str


class TargetBreached(Event):
    """A due time passed unanswered."""

    target: TargetName
    due_at: AwareDatetime
    team: str


class BreachWithdrawn(Event):
    """A due time that was said to have passed had been reached in time: what reached it became known late.

    `others`: the targets of the ticket that stay breached.
    """

    target: TargetName
    due_at: AwareDatetime
    reached_at: AwareDatetime
    others: tuple[TargetName, ...] = ()


class TicketEscalated(Event):
    """A breach is brought before `to`: the lead of a team or, `on_call`, the person on call.

    `level` counts the targets of this run of the ticket that are breached.
    """

    level: int
    to: str
    on_call: bool
    target: TargetName
    due_at: AwareDatetime


class TargetsRederived(Event):
    """Due times were derived anew, and why: the clocks were stopped or run again, or what they rest on changed."""

    changes: tuple[DueTimeChanged, ...]
    why: str
    routing_version: int


class TicketPaused(Event):
    """An agent stopped the clocks, until a moment at most or, with `until` None, the limit of the policy."""

    standstill: Standstill
    by: str
    until: AwareDatetime | None = None


class PauseLimitSet(Event):
    """A pause ends by itself at a moment; heard again by `sla` when that is reached."""

    pause_id: UUID
    until: AwareDatetime


class TicketResumed(Event):
    """The clocks run again since `resumed_at`, which lies before this event when an answer had arrived unseen.

    `paused_for` and `pause_id` name the pause that is over; `minutes_given_back` of open time had been counted as a
    pause after the answer arrived. `by` None: by itself.
    """

    pause_id: UUID | None = None
    paused_for: PauseReason
    why: ResumeReason
    by: str | None = None
    resumed_at: AwareDatetime
    minutes_given_back: int = 0


class TicketLeftClosed(Event):
    """A reply to a resolved ticket reopened nothing: replies have reopened it as often as they may in a day.

    `replied_at` is when the reply was said, `reopenings` how many there were. A person has to look.
    """

    replied_at: AwareDatetime
    reopenings: int


class TicketReclassified(Event):
    """An agent gave a ticket another plan or emergency level; with neither, its due times are only derived anew."""

    by: str
    why: str
    plan: str | None = None
    emergency: Emergency | None = None
