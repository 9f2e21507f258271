"""The clocks of a ticket, derived from what happened to it.

Due times are derived, never adjusted: everything that happened is kept, and the clocks follow from it in any order of
hearing. They count in *cycles*: the first begins with the request, the next with a reply after the ticket was resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from pydantic import AwareDatetime, Field

from shared.policies.provider import Again, Reopening
from shared.vocabulary import (
    Emergency,
    Fact,
    Pause,
    PauseReason,
    ResumeReason,
    Standstill,
    TargetName,
)


class Happening(StrEnum):
    """What moves a ticket's clocks. Of two at the same moment, the one that stands first here came first."""

    REPLIED = "replied"
    ANSWERED = "answered"
    RUNNING = "running"
    RESUMED = "resumed"
    LIMIT_REACHED = "limit-reached"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    RECLASSIFIED = "reclassified"
    RESOLVED = "resolved"
    FORGOTTEN = "forgotten"


CLAUSE = "clause"
"""The evidence of a pause that a decision began: the clause it rests on."""

DAY = timedelta(hours=24)

ORDER = {happening: place for place, happening in enumerate(Happening)}


class Noted(Fact):
    """Something that happened to a ticket, as it is kept. `id` is that of its event, or of the pause that it ends.

    What is `forgotten` bears the id of what counts no longer.

    `known_at` is when we heard of it, for a reply that reached us long before.
    """

    at: AwareDatetime
    what: Happening
    id: UUID = Field(default_factory=uuid4)
    by: str | None = None
    known_at: AwareDatetime | None = None
    standstill: Standstill | None = None
    clause: str | None = None
    until: AwareDatetime | None = None
    why: ResumeReason | None = None
    plan: str | None = None
    emergency: Emergency | None = None


@dataclass(frozen=True)
class Clock:
    """One run of a target's clock."""

    start: datetime
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class Cycle:
    """One run of a ticket's clocks; a ticket that is reopened begins the next. None: the target has no clock.

    `unanswered_since` is the oldest reply that nobody has answered. `reopened_at`: when replies reopened the ticket,
    in this run and before. `left_closed`: the replies to it since it was resolved that reopened nothing any more.
    """

    number: int
    start: datetime
    first_response: Clock | None
    next_response: Clock | None
    resolution: Clock | None
    resolved_at: datetime | None = None
    unanswered_since: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    reopened_at: tuple[datetime, ...] = ()
    left_closed: tuple[Noted, ...] = ()

    @property
    def clocks(self) -> dict[TargetName, Clock]:
        """The clocks that there are, by target."""
        named = {
            TargetName.FIRST_RESPONSE: self.first_response,
            TargetName.NEXT_RESPONSE: self.next_response,
            TargetName.RESOLUTION: self.resolution,
        }
        return {name: clock for name, clock in named.items() if clock}

    @property
    def paused(self) -> Pause | None:
        """The oldest pause that is not over."""
        return next((pause for pause in self.pauses if pause.ends_at is None), None)

    def stopped_at(self, name: TargetName) -> datetime | None:
        """When a target of this cycle was reached; None while it is not. Resolving a ticket also answers it."""
        clock = self.clocks.get(name)
        return clock.stopped_at if clock else None


@dataclass(frozen=True)
class House:
    """What a policy pack says of clocks: what a reply reopens, and how long a supplier may have a case, if at all."""

    reopening: Reopening = field(default_factory=Reopening)
    supplier_limit: timedelta | None = None


def current_cycle(received_at: datetime, history: Iterable[Noted], house: House) -> Cycle:
    """The cycle a ticket is in, whatever the order in which its history became known. Whole seconds count."""
    clock = Clock(_whole(received_at))
    cycle = Cycle(number=1, start=clock.start, first_response=clock, next_response=None, resolution=clock)
    for noted in sorted(history, key=_order):
        cycle = _after(cycle, noted, house)
    return cycle


def counted(history: Sequence[Noted]) -> list[Noted]:
    """What of a history counts: all but what turned out to be none of this ticket."""
    forgotten = {noted.id for noted in history if noted.what is Happening.FORGOTTEN}
    return [noted for noted in history if noted.id not in forgotten]


def reclassified(history: Iterable[Noted]) -> tuple[str | None, Emergency | None]:
    """The plan and the emergency level that an agent last gave a ticket; None where he gave none."""
    plan, emergency = None, None
    for noted in sorted(history, key=_order):
        plan, emergency = noted.plan or plan, noted.emergency or emergency
    return plan, emergency


def ended_by_themselves(before: Cycle | None, after: Cycle) -> Iterator[tuple[Pause, datetime | None]]:
    """The pauses that are over in one reading of a history and were not, or later, in the reading before.

    Each with its end as it was read before. What an agent ended himself is known and not among them.
    """
    known = {pause.id: pause.ends_at for pause in before.pauses} if before else {}
    for pause in after.pauses:
        if pause.ends_at and pause.resumed_by is None and pause.reason is not PauseReason.RESOLVED:
            was = known.get(pause.id)
            if was is None or pause.ends_at < was:
                yield pause, was


def _order(noted: Noted) -> tuple[datetime, int, UUID]:
    return noted.at, ORDER[noted.what], noted.id


def _after(cycle: Cycle, noted: Noted, house: House) -> Cycle:
    at = _whole(noted.at)
    match noted.what:
        case Happening.REPLIED:
            if cycle.resolved_at is None:
                after = _replied(cycle, at, noted)
            elif noted.by is None and len(reopenings(cycle, at)) >= house.reopening.at_most_a_day:
                after = replace(cycle, left_closed=(*cycle.left_closed, noted))
            else:
                after = _reopened(cycle, at, noted, house.reopening)
        case Happening.ANSWERED:
            first, following = _stop(cycle.first_response, at), _stop(cycle.next_response, at)
            after = replace(cycle, first_response=first, next_response=following, unanswered_since=None)
        case Happening.PAUSED | Happening.SUSPENDED if cycle.resolved_at is None:
            after = _paused(cycle, at, noted, house.supplier_limit)
        case Happening.RUNNING:
            after = _ended(cycle, at, noted, ResumeReason.DECIDED_ANEW, lambda pause: CLAUSE in pause.evidence)
        case Happening.RESUMED:
            after = _ended(cycle, at, noted, noted.why or ResumeReason.AGENT, lambda _: True)
        case Happening.LIMIT_REACHED:
            after = _ended(cycle, at, noted, ResumeReason.LIMIT_REACHED, lambda pause: pause.id == noted.id)
        case Happening.RESOLVED if cycle.resolved_at is None:
            after = _resolved(cycle, at, noted)
        case _:
            after = cycle
    return after


def reopenings(cycle: Cycle, at: datetime) -> list[datetime]:
    """The times that replies reopened a ticket in the day before a moment. An agent may reopen it however often."""
    return [reopened for reopened in cycle.reopened_at if at - reopened < DAY]


def _replied(cycle: Cycle, at: datetime, noted: Noted) -> Cycle:
    """A reply ends the wait for it; the oldest one without an answer starts the clock of the next response."""
    cycle = _ended(cycle, at, noted, ResumeReason.CUSTOMER_ANSWERED, _waits_for_customer)
    if cycle.unanswered_since:
        return cycle
    given = cycle.first_response is None or cycle.first_response.stopped_at is not None
    return replace(cycle, unanswered_since=at, next_response=Clock(at) if given else None)


def _paused(cycle: Cycle, at: datetime, noted: Noted, limit: timedelta | None) -> Cycle:
    """A pause begins, unless one like it has. A wait for an answer that has arrived is over as it begins."""
    pause = _pause(at, noted, limit)
    alike = (
        p for p in cycle.pauses if p.reason is pause.reason and (CLAUSE in p.evidence) == (CLAUSE in pause.evidence)
    )
    if any(p.ends_at is None for p in alike) or (pause.reason is PauseReason.SUPPLIER and limit is None):
        return cycle
    if _waits_for_customer(pause) and cycle.unanswered_since:
        told = {"ends_at": at, "ended_because": ResumeReason.CUSTOMER_ANSWERED, "known_at": _known(noted)}
        pause = pause.model_copy(update=told)
    return replace(cycle, pauses=(*cycle.pauses, pause))


def _pause(at: datetime, noted: Noted, limit: timedelta | None) -> Pause:
    reason, evidence = PauseReason.SUPPLIER, {CLAUSE: noted.clause} if noted.clause else {}
    if noted.standstill:
        reason = noted.standstill.reason
        evidence = noted.standstill.model_dump(exclude={"reason"})
    ends = [noted.until, at + limit if limit and reason is PauseReason.SUPPLIER else None]
    until = min((moment for moment in ends if moment), default=None)
    return Pause(id=noted.id, begins_at=at, reason=reason, by=noted.by, evidence=evidence, until=until)


def _resolved(cycle: Cycle, at: datetime, noted: Noted) -> Cycle:
    cycle = _ended(cycle, at, noted, ResumeReason.RESOLVED, lambda _: True)
    return replace(
        cycle,
        resolved_at=at,
        first_response=_stop(cycle.first_response, at),
        next_response=_stop(cycle.next_response, at),
        resolution=_stop(cycle.resolution, at),
    )


def _reopened(cycle: Cycle, at: datetime, noted: Noted, rule: Reopening) -> Cycle:
    """The next cycle. For a clock that goes on, the time since the ticket was resolved is a pause.

    A reply that was answered after the ticket had been resolved is not owed an answer again.
    """
    since = cycle.resolved_at
    assert since
    gap = Pause(id=noted.id, begins_at=since, ends_at=at, reason=PauseReason.RESOLVED)

    def again(clock: Clock | None, rule: Again) -> Clock | None:
        if rule is Again.CONTINUE and clock:
            return replace(clock, stopped_at=None) if clock.stopped_at == since else clock
        return Clock(at) if rule is Again.FRESH else None

    first = again(cycle.first_response, rule.first_response)
    following = again(cycle.next_response if cycle.unanswered_since else None, rule.next_response)
    if rule.next_response is Again.CONTINUE and (following is None or following.stopped_at):
        following = Clock(at)  # every earlier reply was answered, so there is nothing to go on with
    given = first is None or first.stopped_at is not None
    return Cycle(
        number=cycle.number + 1,
        start=at,
        first_response=first,
        next_response=following if given else None,
        resolution=again(cycle.resolution, rule.resolution),
        unanswered_since=at,
        pauses=(*cycle.pauses, gap),
        reopened_at=cycle.reopened_at if noted.by else (*cycle.reopened_at, at),
    )


def _ended(cycle: Cycle, at: datetime, noted: Noted, why: ResumeReason, which: Callable[[Pause], bool]) -> Cycle:
    by = noted.by if noted.what is Happening.RESUMED else None
    end = {"ends_at": at, "ended_because": why, "resumed_by": by, "known_at": _known(noted)}
    pauses = (p.model_copy(update=end) if p.ends_at is None and which(p) else p for p in cycle.pauses)
    return replace(cycle, pauses=tuple(pauses))


def _waits_for_customer(pause: Pause) -> bool:
    return pause.reason is PauseReason.WAITING_FOR_CUSTOMER


def _stop(clock: Clock | None, at: datetime) -> Clock | None:
    return replace(clock, stopped_at=at) if clock and clock.stopped_at is None else clock


def _known(noted: Noted) -> datetime:
    return _whole(max(noted.at, noted.known_at or noted.at))


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
