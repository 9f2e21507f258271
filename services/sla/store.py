"""The tables of the sla room (schema `sla`): what happened to a ticket, and the targets that follow from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Index, and_, delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.sla.rules.clocks import Cycle, Noted, counted, reclassified
from services.sla.rules.merging import Merge, known, standing_merge
from services.sla.rules.on_call import State as AlarmState
from services.sla.rules.routing import State
from shared.db import Model, json_column
from shared.vocabulary import Decision, Routing, Target, TargetName, TicketFacts

SCHEMA = "sla"


class Clocks(Model, table=True):
    """A ticket's history as far as its clocks care, and the routing that was last said.

    `version` counts the routings; a timer of an older one is void. What is heard before the decision waits here.
    `merged_into` follows from `merges`: what it goes on in, while its own clocks stand by.
    """

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_merged_into", "merged_into"), {"schema": SCHEMA})

    ticket_id: str = Field(primary_key=True)
    history: list[dict[str, Any]] = Field(sa_column=json_column())
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    facts: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    decision: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    routing: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    version: int = 0
    cycle: int = 0
    merges: list[dict[str, Any]] = Field(default_factory=list, sa_column=json_column())
    merged_into: str | None = None


class TargetRow(Model, table=True):
    """A due time of the present cycle, how it stands, and its proof. `due_at` None: its clock stands still."""

    __tablename__ = "target"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    cycle: int
    version: int
    minutes: int
    due_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    latest_start_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    state: str = Field(index=True)
    stopped_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    proof: dict[str, Any] = Field(sa_column=json_column())


Backlog = Iterator[tuple[TicketFacts, Routing, list[TargetRow]]]
"""Tickets with the targets that nothing has reached yet, the next due first."""


class Alarm(Model, table=True):
    """Why people on call are told of a ticket, how far that has come (`step`, see rules.on_call), and how it stands."""

    __tablename__ = "alarm"
    __table_args__ = ({"schema": SCHEMA},)

    id: UUID = Field(primary_key=True)
    ticket_id: str = Field(index=True)
    cause: str
    cycle: int
    state: str
    step: int = 0
    raised_at: datetime = Field(sa_type=DateTime(timezone=True))


def lock(session: Session, ticket_id: str) -> Clocks:
    """The clocks of a ticket, made at its first mention; nobody else changes them until the transaction ends."""
    new = {"ticket_id": ticket_id, "history": [], "merges": [], "version": 0, "cycle": 0}
    session.execute(insert(Clocks).values(new).on_conflict_do_nothing())
    return session.exec(select(Clocks).where(col(Clocks.ticket_id) == ticket_id).with_for_update()).one()


def history(clocks: Clocks) -> list[Noted]:
    """What happened to a ticket, in order of hearing, without what turned out to be none of it."""
    return counted([Noted.model_validate(noted) for noted in clocks.history])


def histories(session: Session, ticket_ids: Collection[str]) -> dict[str, list[Noted]]:
    """What happened to these tickets, each in order of hearing; a ticket that was not heard of is left out."""
    found = session.exec(select(Clocks).where(col(Clocks.ticket_id).in_(ticket_ids)))
    return {clocks.ticket_id: history(clocks) for clocks in found}


def note(clocks: Clocks, noted: Noted) -> None:
    """Keep that something happened."""
    clocks.history = [*clocks.history, noted.model_dump(mode="json", exclude_none=True)]


def merges(clocks: Clocks) -> tuple[Merge, ...]:
    """Every merge of a ticket that was heard of."""
    return tuple(Merge.model_validate(merge) for merge in clocks.merges)


def keep_merge(clocks: Clocks, new: Merge) -> None:
    """Keep something new of a ticket's merges, and what it goes on in by all of them."""
    merged = known(merges(clocks), new)
    clocks.merges = [merge.model_dump(mode="json") for merge in merged]
    holds = standing_merge(merged)
    clocks.merged_into = holds.into if holds else None


def merged_with(session: Session, ticket_id: str) -> list[Clocks]:
    """The tickets that go on in this one."""
    statement = select(Clocks).where(col(Clocks.merged_into) == ticket_id).order_by(col(Clocks.ticket_id))
    return list(session.exec(statement))


def decide(clocks: Clocks, at: datetime, facts: TicketFacts, decision: Decision) -> None:
    """Keep a decision with the facts it was made on, unless a newer one is kept already."""
    if clocks.decided_at is None or at >= clocks.decided_at:
        clocks.decided_at = at
        clocks.facts, clocks.decision = facts.model_dump(mode="json"), decision.model_dump(mode="json")


def decided(clocks: Clocks) -> tuple[TicketFacts, Decision] | None:
    """The newest decision with its facts, and the plan and level an agent gave; None while none was heard."""
    if clocks.facts is None or clocks.decision is None:
        return None
    facts, decision = TicketFacts.model_validate(clocks.facts), Decision.model_validate(clocks.decision)
    plan, emergency = reclassified(history(clocks))
    return (
        facts.model_copy(update={"plan": plan}) if plan else facts,
        decision.model_copy(update={"emergency": emergency}) if emergency else decision,
    )


def reroute(clocks: Clocks, routing: Routing, cycle: Cycle) -> None:
    """Keep a new routing under the next version."""
    clocks.routing, clocks.cycle = routing.model_dump(mode="json"), cycle.number
    clocks.version += 1


def routing(clocks: Clocks) -> Routing | None:
    """The routing that was last said."""
    return Routing.model_validate(clocks.routing) if clocks.routing else None


def targets(session: Session, ticket_id: str) -> dict[TargetName, TargetRow]:
    """The targets of a ticket by name."""
    rows = session.exec(select(TargetRow).where(col(TargetRow.ticket_id) == ticket_id))
    return {TargetName(row.name): row for row in rows}


def write_target(
    session: Session,
    clocks: Clocks,
    cycle: Cycle,
    target: Target,
    *,
    state: State,
    proof: dict[str, Any],
) -> None:
    """Write how a target of the present cycle stands now, in place of how it stood."""
    session.merge(
        TargetRow(
            ticket_id=clocks.ticket_id,
            name=target.name,
            cycle=cycle.number,
            version=clocks.version,
            minutes=target.minutes,
            due_at=target.due_at,
            latest_start_at=target.latest_start_at,
            state=state,
            stopped_at=cycle.stopped_at(target.name),
            proof=proof,
        ),
    )


def open_tickets(session: Session) -> list[str]:
    """The tickets that have a target which nothing has reached yet, in the order of their numbers."""
    statement = select(TargetRow.ticket_id).where(col(TargetRow.stopped_at).is_(None), _stands_alone())
    return list(session.exec(statement.distinct().order_by(TargetRow.ticket_id)))


def _stands_alone() -> ColumnElement[bool]:
    """Of a ticket that goes on in no other: what that one has to reach stands there."""
    return col(TargetRow.ticket_id).not_in(select(Clocks.ticket_id).where(col(Clocks.merged_into).is_not(None)))


def forget_other_targets(session: Session, ticket_id: str, names: Collection[TargetName]) -> None:
    """Forget the targets of a ticket that it has no longer."""
    others = col(TargetRow.name).not_in(names)
    session.execute(delete(TargetRow).where(col(TargetRow.ticket_id) == ticket_id, others))


def backlog(session: Session) -> Backlog:
    """Every open ticket whose clocks do not stand still."""
    found = session.exec(
        select(Clocks, TargetRow)
        .where(
            col(Clocks.ticket_id) == col(TargetRow.ticket_id),
            col(TargetRow.state).in_([State.RUNNING, State.BREACHED]),
            col(TargetRow.stopped_at).is_(None),
            col(Clocks.merged_into).is_(None),
        )
        .order_by(col(TargetRow.ticket_id), col(TargetRow.due_at))
    )
    for _, group in groupby(found, key=lambda pair: pair[0].ticket_id):
        pairs = list(group)
        known, said = decided(pairs[0][0]), routing(pairs[0][0])
        if known and said and not said.paused:
            yield known[0], said, [row for _, row in pairs]


def standing(session: Session, now: datetime) -> tuple[datetime | None, int]:
    """The next due time that runs, and how many tickets are late."""
    open_targets = and_(col(TargetRow.stopped_at).is_(None), _stands_alone())
    coming = select(func.min(col(TargetRow.due_at))).where(
        open_targets, col(TargetRow.state) == State.RUNNING, col(TargetRow.due_at) > now
    )
    late = select(func.count(func.distinct(col(TargetRow.ticket_id)))).where(
        open_targets, col(TargetRow.state) == State.BREACHED
    )
    return session.exec(coming).one(), session.exec(late).one()


def alarms(session: Session, ticket_id: str) -> list[Alarm]:
    """Every alarm of a ticket, oldest first. Whoever changes them holds the ticket's clocks (`lock`)."""
    statement = select(Alarm).where(col(Alarm.ticket_id) == ticket_id).order_by(col(Alarm.raised_at))
    return list(session.exec(statement))


def add_alarm(session: Session, clocks: Clocks, alarm_id: UUID, cause: str, at: datetime) -> Alarm:
    """A new alarm in the present cycle of a ticket; it rings."""
    alarm = Alarm(
        id=alarm_id,
        ticket_id=clocks.ticket_id,
        cause=cause,
        cycle=clocks.cycle,
        state=AlarmState.RINGING,
        raised_at=at,
    )
    session.add(alarm)
    return alarm
