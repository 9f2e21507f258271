"""The story of one ticket, told from the event log: what was asked, decided, promised, offered, written and done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from pydantic import AwareDatetime

from services.desk.rules import cases
from services.desk.rules.attachments import Attachment, attachments
from services.desk.rules.cases import ProposedCase
from services.desk.rules.money import Trail, trail
from services.desk.rules.sentences import describe, name_of
from services.desk.rules.summary import TicketRow, View
from shared import events as e
from shared.policies import Policy
from shared.vocabulary import Decision, PauseReason, Precedent, Routing, TicketFacts, Verdict


class ClauseView(View):
    """A clause in its own words: the sentence that it stands in."""

    id: str
    section: str
    quote: str


class Said(View):
    """One turn of the conversation. `by` is requester, agent or letter. `warnings`: what to know before trusting it.

    `ticket_id`: by whose thread it came. `arrival_id`: of a message that can become a ticket of its own.
    """

    at: AwareDatetime
    by: str
    author: str
    ticket_id: str | None = None
    arrival_id: UUID | None = None
    channel: str | None = None
    verified: bool | None = None
    subject: str | None = None
    text: str
    warnings: tuple[str, ...] = ()


class DecisionView(View):
    """A version of the decision that stands no longer."""

    version: int
    verdict: Verdict
    clauses: tuple[str, ...]
    topic: str | None = None
    needs_person: bool
    decided_by: str | None = None
    at: AwareDatetime


class LetterView(View):
    """A letter and what the mail server said to it, or why it stayed unwritten."""

    letter_id: UUID
    kind: str
    state: str
    subject: str = ""
    text: str = ""
    at: AwareDatetime
    message_id: str | None = None
    reason: str | None = None


class HistoryLine(View):
    """One event in a sentence, and the ticket that it was said of."""

    ticket_id: str | None
    at: AwareDatetime
    event: str
    words: str


class TicketStory(View):
    """Everything the desk knows of a ticket."""

    ticket: TicketRow
    facts: TicketFacts
    related_ticket: str | None = None
    proposed_cases: tuple[ProposedCase, ...] = ()
    merged_tickets: tuple[str, ...] = ()
    decision: Decision | None = None
    earlier_decisions: tuple[DecisionView, ...] = ()
    precedents: tuple[Precedent, ...] = ()
    clauses: tuple[ClauseView, ...] = ()
    routing: Routing | None = None
    billing: Trail
    letters: tuple[LetterView, ...] = ()
    conversation: tuple[Said, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    history: tuple[HistoryLine, ...] = ()


def tell(
    row: TicketRow,
    *,
    facts: TicketFacts,
    decision: Decision | None,
    routing: Routing | None,
    events: Sequence[e.Event],
    of_merged: Sequence[e.Event] = (),
    policy: Policy,
) -> TicketStory:
    """Tell a ticket's story from everything that was said of it, and of the tickets that go on in it."""
    merged = tuple(dict.fromkeys(event.ticket_id for event in of_merged if event.ticket_id))
    case = cases.together(events, of_merged)
    messages = cases.staying(case)
    return TicketStory(
        ticket=row,
        facts=facts,
        related_ticket=next((event.related_ticket_id for event in events if isinstance(event, e.TicketOpened)), None),
        proposed_cases=tuple(cases.proposed(events, {row.merged_into, *merged})),
        merged_tickets=merged,
        decision=decision,
        earlier_decisions=tuple(_earlier(events, decision)),
        precedents=next((found.precedents for found in reversed(events) if isinstance(found, e.PrecedentsFound)), ()),
        clauses=tuple(cited(decision, policy)) if decision else (),
        routing=routing,
        billing=trail(case),
        letters=tuple(_letters(case)),
        attachments=tuple(attachments(messages)),
        conversation=tuple(sorted(_conversation(messages), key=lambda said: said.at)),
        history=tuple(map(_line, case)),
    )


def _line(event: e.Event) -> HistoryLine:
    name = type(event).__name__
    return HistoryLine(ticket_id=event.ticket_id, at=event.happened_at, event=name, words=describe(event))


def cited(decision: Decision, policy: Policy) -> Iterable[ClauseView]:
    """Every clause that a decision or one of its parts names, once, best first."""
    ids = [*decision.clauses, *(clause for part in decision.parts for clause in part.clauses)]
    for clause_id in dict.fromkeys(ids):
        if clause := policy.clauses.get(clause_id):
            yield ClauseView(id=clause.id, section=clause.section, quote=policy.sentence(clause))


def _earlier(events: Iterable[e.Event], decision: Decision | None) -> Iterable[DecisionView]:
    for event in events:
        if isinstance(event, e.ScopeDecided) and decision and event.decision.version < decision.version:
            told = event.decision.model_dump(include=set(DecisionView.model_fields))
            yield DecisionView.model_validate({**told, "at": event.happened_at})


def open_pause(events: Iterable[e.Event], routing: Routing | None) -> tuple[UUID, PauseReason] | None:
    """The pause that a ticket is in by everything said so far, even where the clocks do not know of it yet."""
    paused: tuple[UUID, PauseReason] | None = None
    ended: set[UUID | None] = set()
    for event in events:
        if isinstance(event, e.TicketPaused):
            paused = (event.event_id, event.standstill.reason)
        elif isinstance(event, e.TicketResumed):
            paused = None
            ended.add(event.pause_id)
    if paused is None and routing and routing.paused and routing.paused.id not in ended:
        paused = (routing.paused.id, routing.paused.reason)  # a decision began it
    return paused


_LETTER_STATES: dict[type[e.Event], str] = {
    e.LetterSent: "sent",
    e.LetterRefused: "refused",
    e.LetterSuppressed: "suppressed",
    e.LetterUndelivered: "undelivered",
    e.LetterHeld: "held",
}


def _letters(events: Sequence[e.Event]) -> Iterable[LetterView]:
    known = [event for event in events if type(event) in _LETTER_STATES]
    became = {event.letter_id for event in known if not isinstance(event, e.LetterHeld)}  # type: ignore[attr-defined]
    for event in known:
        if isinstance(event, e.LetterHeld) and event.letter_id in became:
            continue  # it shows as what became of it
        if state := _LETTER_STATES.get(type(event)):
            told = event.model_dump(include=set(LetterView.model_fields))
            if isinstance(event, e.LetterSent) and not event.confirmed:
                told["reason"] = "the mail server did not confirm it"
            yield LetterView.model_validate({**told, "state": state, "at": event.happened_at})


def _conversation(events: Iterable[e.Event]) -> Iterable[Said]:
    for event in events:
        match event:
            case e.TicketOpened(ticket=ticket):
                yield Said(
                    at=ticket.received_at,
                    by="requester",
                    author=name_of(ticket.requester),
                    ticket_id=event.ticket_id,
                    channel=ticket.channel,
                    subject=ticket.subject,
                    text=event.text,
                    warnings=event.warnings,
                )
            case e.TicketReplied():
                yield Said(
                    at=event.happened_at,
                    by="requester",
                    author=name_of(event.author),
                    ticket_id=event.ticket_id,
                    arrival_id=event.arrival_id,
                    channel=event.channel,
                    verified=event.author_verified,
                    text=event.text,
                    warnings=event.warnings,
                )
            case e.TicketAnswered():
                yield Said(at=event.happened_at, by="agent", author=event.agent, text=event.text)
            case e.CustomerCalledBack(one_of=()):
                text = event.text or f"Called back, {event.talk_seconds} seconds."
                yield Said(at=event.answered_at, by="agent", author=event.agent or "us", channel="phone", text=text)
            case e.LetterSent() if event.kind != "answer":  # an answer is there in the agent's own words
                yield Said(at=event.happened_at, by="letter", author=event.kind, subject=event.subject, text=event.text)
            case _:
                pass
