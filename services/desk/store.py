"""The desk's tables: what lists need of tickets, quotes and arrivals. They can be built anew from the event log.

Events arrive in any order, so every group of columns carries the time of the event it came from, and an older event
changes nothing. The story of one ticket is read from the log itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Index, and_, case, func, null, or_, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlmodel import Field, Session, col, select

from services.desk.rules import story, summary
from services.desk.rules.summary import QuoteRow, QuoteState, Sort, State, TicketRow
from shared.bus import feed
from shared.db import Model, engine, json_column
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Decision, Routing, TargetName, TicketFacts

SCHEMA = "desk"


def _instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True))


class Ticket(Model, table=True):
    """A ticket as lists show it. `facts` is empty while only later events have been heard."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_received_at", "received_at", "ticket_id"),
        {"schema": SCHEMA},
    )

    ticket_id: str = Field(primary_key=True)
    facts: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    provider: str | None = None
    received_at: datetime | None = _instant()
    facts_at: datetime | None = _instant()
    decision: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    verdict: str | None = None
    decided_at: datetime | None = _instant()
    routing: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    team: str | None = None
    first_response_due: datetime | None = _instant()
    resolution_due: datetime | None = _instant()
    routed_at: datetime | None = _instant()
    replied_at: datetime | None = _instant()
    answered_at: datetime | None = _instant()
    resolved_at: datetime | None = _instant()
    breached_at: datetime | None = _instant()
    written_to_at: datetime | None = _instant()
    letter_refused_at: datetime | None = _instant()


class Quote(Model, table=True):
    """A version of a quote, and how far it has come. Version 0 is a draft without a price."""

    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_ticket_id", "ticket_id"), {"schema": SCHEMA})

    quote_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    ticket_id: str
    state: str
    rank: int
    title: str | None = None
    total_minor: int | None = None
    currency: str | None = None
    valid_until: datetime | None = _instant()


class Arrival(Model, table=True):
    """Something that reached us by mail or telephone, and why it is no ticket, if it is none."""

    __tablename__ = "arrival"
    __table_args__ = (Index("ix_arrival_state", "state"), {"schema": SCHEMA})

    arrival_id: UUID = Field(primary_key=True)
    channel: str
    source: str | None = None
    state: str = "received"
    reason: str | None = None
    received_at: datetime | None = _instant()
    settled_at: datetime | None = _instant()


# --- keeping what was heard ------------------------------------------------------------------------------------------


def merge(session: Session, ticket_id: str, at: datetime, groups: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep groups of a ticket's columns, each under the column that holds its time, unless something newer is there."""
    row: dict[str, Any] = {"ticket_id": ticket_id}
    for stamp, values in groups.items():
        row |= {stamp: at, **values}
    statement = insert(Ticket).values(row)
    old, new = Ticket.__table__.c, statement.excluded  # type: ignore[attr-defined]
    changes: dict[str, Any] = {}
    for stamp, values in groups.items():
        newer = or_(old[stamp].is_(None), new[stamp] >= old[stamp])
        changes |= {name: case((newer, new[name]), else_=old[name]) for name in values}
        changes[stamp] = func.greatest(old[stamp], new[stamp])
    session.execute(statement.on_conflict_do_update(index_elements=["ticket_id"], set_=changes))


def facts_group(ticket: TicketFacts) -> dict[str, Any]:
    """The columns that come from a ticket's facts."""
    return {
        "facts": ticket.model_dump(mode="json"),
        "provider": ticket.provider,
        "received_at": ticket.received_at,
    }


def decision_group(decision: Decision) -> dict[str, Any]:
    """The columns that come from a decision."""
    return {"decision": decision.model_dump(mode="json"), "verdict": decision.verdict}


def routing_group(routing: Routing) -> dict[str, Any]:
    """The columns that come from a routing."""
    due = {target.name: target.due_at for target in routing.targets}
    return {
        "routing": routing.model_dump(mode="json"),
        "team": routing.team,
        "first_response_due": due.get(TargetName.FIRST_RESPONSE),
        "resolution_due": due.get(TargetName.RESOLUTION),
    }


def keep_quote(
    session: Session,
    ticket_id: str,
    quote_id: str,
    version: int,
    state: QuoteState,
    *,
    title: str | None = None,
    total: Money | None = None,
    valid_until: datetime | None = None,
) -> None:
    """Keep what an event tells of a version of a quote; its state only ever goes forward."""
    row = {
        "quote_id": quote_id,
        "version": version,
        "ticket_id": ticket_id,
        "state": state,
        "rank": state.rank,
        "title": title,
        "total_minor": total.minor if total else None,
        "currency": total.currency if total else None,
        "valid_until": valid_until,
    }
    statement = insert(Quote).values(row)
    old, new = Quote.__table__.c, statement.excluded  # type: ignore[attr-defined]
    changes: dict[str, Any] = {
        name: func.coalesce(old[name], new[name]) for name in ("title", "total_minor", "currency", "valid_until")
    }
    changes |= {name: case((new["rank"] > old["rank"], new[name]), else_=old[name]) for name in ("state", "rank")}
    session.execute(statement.on_conflict_do_update(index_elements=["quote_id", "version"], set_=changes))


def keep_arrival(session: Session, arrival_id: UUID, channel: str, **told: Any) -> None:
    """Keep what an event tells of an arrival; it leaves alone what other events told."""
    statement = insert(Arrival).values(arrival_id=arrival_id, channel=channel, **{"state": "received", **told})
    session.execute(statement.on_conflict_do_update(index_elements=["arrival_id"], set_=told))


# --- reading ---------------------------------------------------------------------------------------------------------


@contextmanager
def reading() -> Iterator[Session]:
    """A session for pages that only read."""
    with Session(engine()) as session:
        yield session


def _since_reply(stamp: Any) -> ColumnElement[bool]:
    return and_(stamp.is_not(None), or_(col(Ticket.replied_at).is_(None), col(Ticket.replied_at) <= stamp))


ticket_state: ColumnElement[str] = case(
    (_since_reply(col(Ticket.resolved_at)), State.RESOLVED),
    (_since_reply(col(Ticket.answered_at)), State.ANSWERED),
    else_=State.OPEN,
)
next_due: ColumnElement[datetime | None] = case(
    (_since_reply(col(Ticket.resolved_at)), null()),
    (col(Ticket.answered_at).is_not(None), col(Ticket.resolution_due)),
    else_=col(Ticket.first_response_due),
)


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

    Permanent when `after` is no cursor.
    """
    statement = select(Ticket, ticket_state, next_due).where(col(Ticket.facts).is_not(None))
    for column, wanted in ((Ticket.provider, provider), (Ticket.verdict, verdict), (Ticket.team, team)):
        if wanted:
            statement = statement.where(col(column) == wanted)
    if state:
        statement = statement.where(ticket_state == state)
    if after:
        statement = statement.where(_behind(sort, *summary.read_cursor(after)))
    if sort is Sort.DUE:
        statement = statement.order_by(next_due.asc().nulls_last(), col(Ticket.ticket_id))
    else:
        statement = statement.order_by(col(Ticket.received_at).desc(), col(Ticket.ticket_id).desc())
    found = session.exec(statement.limit(limit)).all()
    quotes = _quotes_of(session, [ticket.ticket_id for ticket, _, _ in found])
    return [_row(ticket, state, due_at, quotes) for ticket, state, due_at in found]


def _behind(sort: Sort, moment: datetime | None, number: str) -> ColumnElement[bool]:
    if sort is Sort.NEWEST:
        return tuple_(col(Ticket.received_at), col(Ticket.ticket_id)) < tuple_(moment, number)
    if moment is None:
        return and_(next_due.is_(None), col(Ticket.ticket_id) > number)
    return or_(next_due > moment, and_(next_due == moment, col(Ticket.ticket_id) > number), next_due.is_(None))


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
        policy=load_policies().provider(row.provider),
    )


def _known(session: Session, number: str) -> tuple[TicketRow, Ticket] | None:
    number = number.upper()
    statement = select(Ticket, ticket_state, next_due).where(
        col(Ticket.ticket_id) == number, col(Ticket.facts).is_not(None)
    )
    found = session.exec(statement).first()
    if found is None:
        return None
    ticket, state, due_at = found
    return _row(ticket, state, due_at, _quotes_of(session, [number])), ticket


def _row(ticket: Ticket, state: str, due_at: datetime | None, quotes: Mapping[str, Sequence[QuoteRow]]) -> TicketRow:
    return summary.summarise(
        TicketFacts.model_validate(ticket.facts),
        _decision(ticket),
        _routing(ticket),
        state=State(state),
        due_at=due_at,
        answered=ticket.answered_at is not None,
        breached=ticket.breached_at is not None,
        letter_refused=_last_letter_refused(ticket),
        quotes=tuple(quotes.get(ticket.ticket_id, ())),
    )


def _last_letter_refused(ticket: Ticket) -> bool:
    refused, taken = ticket.letter_refused_at, ticket.written_to_at
    return refused is not None and (taken is None or taken < refused)


def _decision(ticket: Ticket) -> Decision | None:
    return Decision.model_validate(ticket.decision) if ticket.decision else None


def _routing(ticket: Ticket) -> Routing | None:
    return Routing.model_validate(ticket.routing) if ticket.routing else None


def _newest_quotes() -> Any:
    newest = select(Quote).order_by(col(Quote.quote_id), col(Quote.version).desc())
    return newest.ext(distinct_on(col(Quote.quote_id)))


def _quotes_of(session: Session, numbers: Sequence[str]) -> dict[str, list[QuoteRow]]:
    found: dict[str, list[QuoteRow]] = {}
    for quote in session.exec(_newest_quotes().where(col(Quote.ticket_id).in_(numbers))):
        found.setdefault(quote.ticket_id, []).append(_quote_row(quote))
    return found


def quote(session: Session, quote_id: str) -> tuple[str, QuoteRow] | None:
    """The ticket and the newest version of a quote; None when there is none of this id."""
    found = session.exec(_newest_quotes().where(col(Quote.quote_id) == quote_id)).first()
    return (found.ticket_id, _quote_row(found)) if found else None


def _quote_row(quote: Quote) -> QuoteRow:
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
    )


def list_arrivals(session: Session, state: str, limit: int = 200) -> list[Arrival]:
    """The newest arrivals in a state: received, suppressed or quarantined."""
    newest = func.coalesce(col(Arrival.received_at), col(Arrival.settled_at)).desc()
    return list(session.exec(select(Arrival).where(col(Arrival.state) == state).order_by(newest).limit(limit)))


def counts(session: Session) -> dict[str, int]:
    """How many tickets are open, answered and resolved, and how many arrivals wait for a person."""
    statement = select(ticket_state, func.count()).where(col(Ticket.facts).is_not(None)).group_by(ticket_state)
    states = dict(session.exec(statement).all())
    waiting = session.exec(select(func.count()).where(col(Arrival.state) == "quarantined")).one()
    return {**{state.value: states.get(state.value, 0) for state in State}, "quarantined": waiting}
