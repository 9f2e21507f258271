"""What the desk shows: lists, counts and the story of a ticket.

Its tables (`tables`) are kept by what it hears (`heard`) and can be built anew from the event log; the story of one
ticket is read from the log itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from services.desk.rules import money, story, summary
from services.desk.rules.attachments import Attachment
from services.desk.rules.attachments import attachments as files_of
from services.desk.rules.cases import staying, together
from services.desk.rules.summary import QuoteRow, QuoteState, Sort, State, TicketRow
from services.desk.store import bookings, cases, holding
from services.desk.store.states import next_due, place_in_queue, start_by, ticket_state
from services.desk.store.tables import Arrival, Quote, Ticket
from shared import clock, files
from shared.bus import feed
from shared.db import engine
from shared.errors import Permanent
from shared.events import ChargeRecorded, Event
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Decision, PauseReason, Routing, TicketFacts


@contextmanager
def reading() -> Iterator[Session]:
    """A session for pages that only read."""
    with Session(engine()) as session:
        yield session


def list_tickets(
    session: Session,
    *,
    provider: str | None = None,
    verdict: str | None = None,
    team: str | None = None,
    state: str | None = None,
    sort: Sort = Sort.NEWEST,
    after: str | None = None,
    limit: int = 50,
) -> list[TicketRow]:
    """Tickets on a line each; `after` is `summary.cursor` of the last line of the page before.

    By the latest safe start, the tickets of one provider stand by plan and level first, where its policy says so.
    Permanent when `after` is no cursor.
    """
    statement = select(Ticket, ticket_state, next_due).where(col(Ticket.facts).is_not(None))
    for column, wanted in ((Ticket.provider, provider), (Ticket.verdict, verdict), (Ticket.team, team)):
        if wanted:
            statement = statement.where(col(column) == wanted)
    if state:
        statement = statement.where(ticket_state == state)
    by_plan = sort is Sort.LATEST_START and _puts_plans_first(provider)
    if after:
        statement = statement.where(_behind(sort, *summary.read_cursor(after), by_plan=by_plan))
    if sort is Sort.NEWEST:
        statement = statement.order_by(col(Ticket.received_at).desc(), col(Ticket.ticket_id).desc())
    else:
        place = [place_in_queue] if by_plan else []
        statement = statement.order_by(*place, _moment_of(sort).asc().nulls_last(), col(Ticket.ticket_id))
    found = session.exec(statement.limit(limit)).all()
    numbers = [ticket.ticket_id for ticket, _, _ in found]
    quotes, held = _quotes_of(session, numbers), holding.tickets_with_held_letters(session, numbers)
    return [_row(ticket, state, due_at, quotes, held) for ticket, state, due_at in found]


def _moment_of(sort: Sort) -> ColumnElement[datetime | None]:
    return start_by if sort is Sort.LATEST_START else next_due


def _puts_plans_first(provider: str | None) -> bool:
    policy = load_policies().by_provider.get(provider or "")
    return bool(policy and policy.provider.plan_before_time)


def _behind(sort: Sort, moment: datetime | None, number: str, priority: int, *, by_plan: bool) -> ColumnElement[bool]:
    if sort is Sort.NEWEST:
        return tuple_(col(Ticket.received_at), col(Ticket.ticket_id)) < tuple_(moment, number)
    key = _moment_of(sort)
    same = and_(key.is_(None) if moment is None else key == moment, col(Ticket.ticket_id) > number)
    later = false() if moment is None else or_(key > moment, key.is_(None))
    behind = or_(same, later)
    return or_(place_in_queue > priority, and_(place_in_queue == priority, behind)) if by_plan else behind


def ticket_row(session: Session, number: str) -> TicketRow | None:
    """One ticket on its line; None when the desk has not heard of it."""
    told = _known(session, number)
    return told and told[0]


def show_ticket(session: Session, number: str) -> story.TicketStory | None:
    """Everything about a ticket; None when the desk has not heard of it."""
    told = _known(session, number)
    if told is None:
        return None
    row, ticket = told
    return story.tell(
        row,
        facts=TicketFacts.model_validate(ticket.facts),
        decision=_decision(ticket),
        routing=_routing(ticket),
        events=feed.history(session, ticket.ticket_id),
        of_merged=cases.events_of_merged(session, ticket.ticket_id),
        policy=load_policies().provider(row.provider),
    )


def billing(session: Session, number: str) -> money.Trail | None:
    """What a ticket costs, with those that go on in it; None when the desk has not heard of it."""
    if (told := _known(session, number)) is None:
        return None
    number = told[1].ticket_id
    return money.trail(together(feed.history(session, number), cases.events_of_merged(session, number)))


def ticket_of_charge(session: Session, charge_id: UUID) -> str | None:
    """The ticket that an amount was charged for; None when there is no such charge."""
    found = feed.find(session, charge_id)
    return found[1].ticket_id if found and isinstance(found[1], ChargeRecorded) else None


def attachments(session: Session, number: str) -> list[Attachment] | None:
    """The files of a ticket; None when the desk has not heard of it."""
    if (told := _known(session, number)) is None:
        return None
    number = told[1].ticket_id
    return list(files_of(staying([*feed.history(session, number), *cases.events_of_merged(session, number)])))


def bytes_of(session: Session, content_hash: str) -> bytes:
    """The bytes of a file; Permanent when they are not where the event says."""
    data = files.fetch(session, content_hash)
    if data is None:
        raise Permanent("the bytes of this file are gone")
    return data


class DecidedTicket(NamedTuple):
    """A ticket with its facts and the decision that stands; None while there is none."""

    row: TicketRow
    facts: TicketFacts
    decision: Decision | None


def decided_ticket(session: Session, number: str) -> DecidedTicket | None:
    """What an agent has before him who decides a ticket himself; None when the desk has not heard of it."""
    if (told := _known(session, number)) is None:
        return None
    row, ticket = told
    return DecidedTicket(row, TicketFacts.model_validate(ticket.facts), _decision(ticket))


def merged_with(session: Session, number: str) -> list[str]:
    """The tickets that go on in this one."""
    return cases.merged_with(session, number)


def said(session: Session, number: str, event_id: UUID) -> Event | None:
    """The event of this id, if it was said of the ticket before."""
    return next((event for event in feed.history(session, number) if event.event_id == event_id), None)


def open_pause(session: Session, number: str) -> tuple[UUID, PauseReason] | None:
    """The pause that a ticket is in, by everything that was said of it; None when its clocks run."""
    ticket = session.get(Ticket, number)
    return story.open_pause(feed.history(session, number), _routing(ticket) if ticket else None)


def _known(session: Session, number: str) -> tuple[TicketRow, Ticket] | None:
    number = number.upper()
    statement = select(Ticket, ticket_state, next_due).where(
        col(Ticket.ticket_id) == number, col(Ticket.facts).is_not(None)
    )
    found = session.exec(statement).first()
    if found is None:
        return None
    ticket, state, due_at = found
    quotes, held = _quotes_of(session, [number]), holding.tickets_with_held_letters(session, [number])
    return _row(ticket, state, due_at, quotes, held), ticket


def _row(
    ticket: Ticket, state: str, due_at: datetime | None, quotes: Mapping[str, Sequence[QuoteRow]], held: Collection[str]
) -> TicketRow:
    return summary.summarise(
        TicketFacts.model_validate(ticket.facts),
        _decision(ticket),
        _routing(ticket),
        state=State(state),
        due_at=due_at,
        answered_at=ticket.answered_at,
        priority=ticket.priority or 0,
        merged_into=ticket.merged_into,
        warned=ticket.warned_percent if _stands(ticket.warned_at, ticket.answered_at, ticket.resolved_at) else None,
        escalated_to=ticket.escalated_to if _stands(ticket.escalated_at, ticket.resolved_at) else None,
        breached=_stands(ticket.breached_at, ticket.breach_withdrawn_at),
        letter_refused=_stands(ticket.letter_refused_at, ticket.written_to_at),
        letter_suppressed=_stands(ticket.letter_suppressed_at, ticket.answered_at, ticket.resolved_at),
        letter_held=ticket.ticket_id in held,
        left_closed=_stands(ticket.left_closed_at, ticket.answered_at, ticket.resolved_at)
        and ticket.left_closed_at in {ticket.replied_at, ticket.others_asked_at},
        consent_waits=_stands(ticket.consent_refused_at, ticket.consent_at, ticket.answered_at, ticket.resolved_at),
        charge_in_question=_stands(ticket.charge_questioned_at, ticket.answered_at, ticket.resolved_at),
        used_up=_stands(ticket.used_up_at, ticket.consent_at, ticket.resolved_at),
        money_refused=_stands(ticket.money_refused_at, ticket.money_done_at, ticket.answered_at, ticket.resolved_at),
        quotes=tuple(quotes.get(ticket.ticket_id, ())),
    )


def _stands(trouble: datetime | None, *mended: datetime | None) -> bool:
    return trouble is not None and all(at is None or at < trouble for at in mended)


def _decision(ticket: Ticket) -> Decision | None:
    return Decision.model_validate(ticket.decision) if ticket.decision else None


def _routing(ticket: Ticket) -> Routing | None:
    return Routing.model_validate(ticket.routing) if ticket.routing else None


def _newest_quotes() -> Any:
    newest = select(Quote).order_by(col(Quote.quote_id), col(Quote.version).desc())
    return newest.ext(distinct_on(col(Quote.quote_id)))


def _quotes_of(session: Session, numbers: Sequence[str]) -> dict[str, list[QuoteRow]]:
    found: dict[str, list[QuoteRow]] = {}
    charged = bookings.charged(session, numbers)
    for quote in session.exec(_newest_quotes().where(col(Quote.ticket_id).in_(numbers))):
        found.setdefault(quote.ticket_id, []).append(_quote_row(quote, charged.get(quote.quote_id)))
    return found


def quote(session: Session, quote_id: str) -> tuple[str, QuoteRow] | None:
    """The ticket and the newest version of a quote; None when there is none of this id."""
    found = session.exec(_newest_quotes().where(col(Quote.quote_id) == quote_id)).first()
    return (found.ticket_id, _quote_row(found)) if found else None


def _quote_row(quote: Quote, charged: bookings.Charged | None = None) -> QuoteRow:
    total = None
    if quote.total_minor is not None and quote.currency:
        total = Money(minor=quote.total_minor, currency=quote.currency)
    return QuoteRow(
        quote_id=quote.quote_id,
        version=quote.version,
        state=QuoteState(quote.state),
        title=quote.title,
        total=total,
        valid_until=quote.valid_until,
        charged=charged.total if charged else None,
        booked=charged.booked if charged else None,
    )


def arrival(session: Session, arrival_id: UUID) -> Arrival | None:
    """One arrival; None when the desk has not heard of it."""
    return session.get(Arrival, arrival_id)


def list_arrivals(session: Session, state: str, limit: int = 200) -> list[Arrival]:
    """The newest arrivals in a state: received, suppressed, quarantined, released from there, or lost."""
    newest = func.coalesce(col(Arrival.received_at), col(Arrival.settled_at)).desc()
    which = _lost() if state == "lost" else (col(Arrival.state) == state,)
    return list(session.exec(select(Arrival).where(*which).order_by(newest).limit(limit)))


def _lost() -> tuple[ColumnElement[bool], ...]:
    """Nothing was heard of an arrival for too long: there is no ticket, and no reason why not."""
    since = func.coalesce(col(Arrival.settled_at), col(Arrival.received_at))
    on_the_way = col(Arrival.state).in_(("received", "released"))
    return on_the_way, col(Arrival.filed_in).is_(None), since < clock.now() - summary.LOST_AFTER


def counts(session: Session) -> dict[str, int]:
    """How many tickets are open, answered and resolved, and how many arrivals wait for a person, or seem lost."""
    statement = select(ticket_state, func.count()).where(col(Ticket.facts).is_not(None)).group_by(ticket_state)
    states = dict(session.exec(statement).all())
    waiting = session.exec(select(func.count()).where(col(Arrival.state) == "quarantined")).one()
    lost = session.exec(select(func.count()).select_from(Arrival).where(*_lost())).one()
    return {**{state.value: states.get(state.value, 0) for state in State}, "quarantined": waiting, "lost": lost}
