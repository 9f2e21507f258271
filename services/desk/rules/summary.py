"""A ticket on one line, and the order of the lines."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from shared.errors import Permanent
from shared.money import Money
from shared.vocabulary import (
    Channel,
    Decision,
    Emergency,
    PauseReason,
    Routing,
    Target,
    TargetName,
    TicketFacts,
    Verdict,
)

LOST_AFTER = timedelta(hours=1)
"""An arrival of which nothing was heard for so long is in dead letters, or lost."""


class View(BaseModel):
    """Something the desk shows."""

    model_config = ConfigDict(frozen=True)


class State(StrEnum):
    """What a ticket waits for: us, its requester, or nothing; a merged one goes on in another."""

    OPEN = "open"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    MERGED = "merged"


OVER = (State.RESOLVED, State.MERGED)
"""Nobody has to do anything with a ticket that is one of these."""


class Sort(StrEnum):
    """The order of a list. By the latest moment at which work can begin and still be done in time, at first."""

    LATEST_START = "latest-start"
    DUE = "due"
    NEWEST = "newest"


class QuoteState(StrEnum):
    """How far a quote has come; a later member is never followed by an earlier one within a version."""

    DRAFT = "draft"
    OFFERED = "offered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    AGREED = "agreed"
    CHARGED = "charged"

    @property
    def rank(self) -> int:
        """Its place among the states, because events arrive in any order."""
        return list(QuoteState).index(self)


class QuoteRow(View):
    """The newest version of a quote. `total` is without VAT; None while nobody has named a price.

    `charged`: what was charged for it and not given back, without VAT; `booked`: all of that is on the books of the
    billing system. Both None while nothing was charged.
    """

    quote_id: str
    version: int
    state: QuoteState
    title: str | None = None
    total: Money | None = None
    valid_until: AwareDatetime | None = None
    charged: Money | None = None
    booked: bool | None = None


class PageRow(View):
    """Somebody on call was told of a ticket; `person` is the id of an entry in the rota, None the team's mailbox."""

    page_id: UUID
    ticket_id: str
    subject: str
    level: str
    person: str | None
    reason: str
    best_effort: bool
    paged_at: AwareDatetime
    answer_by: AwareDatetime


class HeldLetterRow(View):
    """A letter that was written and is held until a person releases it; `reason` is the limit it would break."""

    letter_id: UUID
    ticket_id: str
    kind: str
    reason: str
    held_at: AwareDatetime


class StoppedRow(View):
    """A provider whose automatic letters are stopped: so many wanted to go out within so many minutes."""

    provider: str
    stopped_at: AwareDatetime
    letters: int
    minutes: int


class TicketRow(View):
    """A ticket on one line. `due_at` is the next target that still runs; None when nothing does.

    Work of a typical length must begin at `latest_start_at`. `warned`: so many percent of the time were over when a
    warning last came. `priority` is the place in the provider's queue, 1 first, 0 while there is none.
    """

    number: str
    merged_into: str | None = None
    provider: str
    channel: Channel
    language: str | None = None
    subject: str
    requester: str | None = None
    account: str | None = None
    state: State
    verdict: Verdict | None = None
    clause: str | None = None
    topic: str | None = None
    emergency: Emergency | None = None
    needs_person: bool = False
    sla: str = "running"
    team: str | None = None
    priority: int = 0
    paused: PauseReason | None = None
    latest_start_at: AwareDatetime | None = None
    warned: int | None = None
    escalated_to: str | None = None
    due_at: AwareDatetime | None = None
    due_for: TargetName | None = None
    due_is_house_default: bool = False
    breached: bool = False
    letter_refused: bool = False
    letter_suppressed: bool = False
    """Something the requester should know was not written to them."""
    letter_held: bool = False
    """A letter is written and waits until a person releases it."""
    left_closed: bool = False
    """A reply to the resolved ticket reopened nothing: a person has to look."""
    consent_waits: bool = False
    """Somebody agreed to a quote and it does not count: an agent has to ask."""
    charge_in_question: bool = False
    """A decision changed after its price had been agreed to, or a plan is in question: a person has to look."""
    used_up: bool = False
    """What was agreed to, or the courtesy, is used up: nothing more is worked without agreeing anew."""
    money_refused: bool = False
    """Something that an agent wanted with a price, work or a charge was refused: the ticket's billing says why."""
    quotes: tuple[QuoteRow, ...] = ()
    received_at: AwareDatetime

    @property
    def price(self) -> str | None:
        """The prices of the ticket's quotes in words, or what was charged; None when nothing costs money."""
        standing = (quote for quote in self.quotes if quote.state is not QuoteState.WITHDRAWN or quote.charged)
        return ", ".join(str(quote.charged or quote.total or "to be quoted") for quote in standing) or None


class TicketQuery(BaseModel):
    """Which tickets a list shows, in which order. `after` is the cursor of the page before; an empty word is none."""

    model_config = ConfigDict(extra="forbid")

    provider: str | None = None
    verdict: Verdict | None = None
    team: str | None = None
    state: State | None = None
    sort: Sort = Sort.LATEST_START
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, told: Any) -> Any:
        return {name: value for name, value in told.items() if value != ""} if isinstance(told, dict) else told


def summarise(
    facts: TicketFacts,
    decision: Decision | None,
    routing: Routing | None,
    *,
    state: State,
    due_at: datetime | None,
    answered_at: datetime | None,
    breached: bool,
    letter_refused: bool,
    letter_suppressed: bool,
    letter_held: bool = False,
    left_closed: bool = False,
    consent_waits: bool,
    charge_in_question: bool = False,
    used_up: bool = False,
    money_refused: bool = False,
    quotes: tuple[QuoteRow, ...],
    priority: int = 0,
    merged_into: str | None = None,
    warned: int | None = None,
    escalated_to: str | None = None,
) -> TicketRow:
    """Put what is known of a ticket on one line."""
    target = next_target(routing, answered_at) if routing and due_at else None
    return TicketRow(
        number=facts.ticket_id,
        merged_into=merged_into,
        provider=facts.provider,
        channel=facts.channel,
        language=facts.language or (decision.language if decision else None),
        subject=facts.subject,
        requester=facts.requester.name or facts.requester.email or facts.requester.phone,
        account=facts.account,
        state=state,
        verdict=decision.verdict if decision else None,
        clause=next(iter(decision.clauses), None) if decision else None,
        topic=decision.topic if decision else None,
        emergency=decision.emergency if decision else None,
        needs_person=decision.needs_person if decision else False,
        sla=decision.sla if decision else "running",
        team=routing.team if routing else None,
        priority=priority,
        paused=routing.paused.reason if routing and routing.paused and state not in OVER else None,
        latest_start_at=target.latest_start_at if target else None,
        warned=warned,
        escalated_to=escalated_to,
        due_at=due_at,
        due_for=target.name if target else None,
        due_is_house_default=bool(target and target.house_default),
        breached=breached,
        letter_refused=letter_refused,
        letter_suppressed=letter_suppressed,
        letter_held=letter_held,
        left_closed=left_closed,
        consent_waits=consent_waits,
        charge_in_question=charge_in_question,
        used_up=used_up,
        money_refused=money_refused,
        quotes=quotes,
        received_at=facts.received_at,
    )


def response_of(routing: Routing) -> Target | None:
    """The response that is due, or was last: the first one, or the next one to a later reply."""
    responses = [target for target in routing.targets if target.name is not TargetName.RESOLUTION]
    return max(responses, key=lambda target: target.started_at or routing.starts_at, default=None)


def next_target(routing: Routing, answered_at: datetime | None) -> Target | None:
    """The target that a ticket has to reach next: a response until it was given, then the resolution."""
    response = response_of(routing)
    if response and (answered_at is None or (response.started_at and answered_at < response.started_at)):
        return response
    return next((target for target in routing.targets if target.name is TargetName.RESOLUTION), None)


def cursor(row: TicketRow, sort: Sort) -> str:
    """Where a list goes on after this line."""
    moments = {Sort.LATEST_START: row.latest_start_at, Sort.DUE: row.due_at, Sort.NEWEST: row.received_at}
    moment = moments[sort]
    return f"{moment.isoformat() if moment else ''}~{row.number}~{row.priority}"


def read_cursor(words: str) -> tuple[datetime | None, str, int]:
    """The moment, ticket number and priority of a cursor; Permanent when it is none."""
    moment, _, rest = words.partition("~")
    number, _, place = rest.partition("~")
    try:
        found, priority = datetime.fromisoformat(moment) if moment else None, int(place)
    except ValueError:
        found, number, priority = None, "", 0
    if not number or (found and found.tzinfo is None):
        raise Permanent(f"after: {words!r} is no cursor: take `next` from an earlier answer")
    return found, number, priority
