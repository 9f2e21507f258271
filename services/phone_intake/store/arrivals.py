"""The call records as they came, and every query on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.phone_intake import rules
from shared import clock
from shared.bus import Transaction
from shared.db import UNREACHABLE, Model, json_column, storable
from shared.errors import Permanent, Transient
from shared.events import CallStored


class State(StrEnum):
    """How far a record has come."""

    RECEIVED = "received"
    LOGGED = "logged"
    SUPPRESSED = "suppressed"
    QUARANTINED = "quarantined"


class Arrival(Model, table=True):
    """One record as it came, even when it came before; `caller` and `started_at` are known once it was read.

    `reason`: why it is no ticket of its own, if it is none.
    """

    __tablename__ = "arrival"
    __table_args__ = {"schema": "phone_intake"}  # noqa: RUF012

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    key: str = Field(index=True)
    source: str
    raw: dict[str, Any] = Field(sa_column=json_column())
    received_at: datetime = Field(default_factory=clock.now, sa_type=DateTime(timezone=True))
    state: str = Field(default=State.RECEIVED, index=True)
    reason: str | None = None
    provider: str | None = None
    caller: str | None = Field(default=None, index=True)
    started_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Call(Model, table=True):
    """The arrival that counts under a key: the first one, or the first that could be used when that one could not."""

    __tablename__ = "call"
    __table_args__ = {"schema": "phone_intake"}  # noqa: RUF012

    key: str = Field(primary_key=True)
    arrival_id: UUID


def store_call(fields: dict[str, Any], source: str, idempotency_key: str | None = None) -> UUID:
    """Make one record durable and tell the bus, in one transaction; gives the arrival's id.

    `source` says where it came from ("calls.csv, line 7"). Transient when the database does not answer: nothing was
    stored then, and the sender has to try again.
    """
    with durably() as tx:
        return keep(tx, fields, source, idempotency_key)


@contextmanager
def durably() -> Iterator[Transaction]:
    """A transaction of a gateway; Transient when the database does not answer."""
    try:
        with Transaction.begin("phone_intake") as tx:
            yield tx
    except UNREACHABLE as error:
        raise Transient("the database does not answer; the call record was not stored") from error


def keep(tx: Transaction, fields: Mapping[str, Any], source: str, idempotency_key: str | None = None) -> UUID:
    """Keep one record in a transaction, and say so; gives the arrival's id."""
    told = {storable(name): storable(value) if isinstance(value, str) else value for name, value in fields.items()}
    arrival = Arrival(key=rules.key_of(told, idempotency_key), source=source, raw=told)
    tx.session.add(arrival)
    tx.say(CallStored(arrival_id=arrival.id, source=source))
    return arrival.id


def arrival_to_read(session: Session, arrival_id: UUID) -> Arrival:
    """The arrival, locked for this transaction; Permanent when there is none."""
    found = session.get(Arrival, arrival_id, with_for_update=True)
    if found is None:
        raise Permanent(f"no arrival {arrival_id} is stored")
    return found


def first_under(session: Session, key: str, arrival_id: UUID) -> Arrival | None:
    """Claim a key for this arrival; gives the earlier arrival when another one has it already.

    Two arrivals under one key that are read at once wait for each other here.
    """
    session.execute(insert(Call).values(key=key, arrival_id=arrival_id).on_conflict_do_nothing())
    holder = session.exec(select(Call.arrival_id).where(col(Call.key) == key).with_for_update()).one()
    return None if holder == arrival_id else session.get(Arrival, holder)


def pass_on(session: Session, key: str, arrival_id: UUID) -> None:
    """Give a key that `first_under` found taken to this arrival."""
    session.execute(update(Call).where(col(Call.key) == key).values(arrival_id=arrival_id))


def logged_of_caller(
    session: Session,
    provider: str,
    caller: str,
    between: tuple[datetime, datetime],
    *,
    besides: UUID,
) -> list[Arrival]:
    """The calls of this number to this provider that opened a ticket in a span of time.

    Two records of one caller wait for each other here, so that each sees what became of the other.
    """
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:caller, 0))"),
        {"caller": f"phone_intake:{provider}:{caller}"},
    )
    statement = select(Arrival).where(
        col(Arrival.provider) == provider,
        col(Arrival.caller) == caller,
        col(Arrival.state) == State.LOGGED,
        col(Arrival.reason).is_(None),
        col(Arrival.started_at).between(*between),
        col(Arrival.id) != besides,
    )
    return list(session.exec(statement.order_by(col(Arrival.started_at))))


def call_of(session: Session, callers: Collection[str], between: tuple[datetime, datetime]) -> Arrival | None:
    """A call of one of these numbers in a span of time, if all such calls are of one number to one provider."""
    statement = select(Arrival).where(
        col(Arrival.caller).in_(callers), col(Arrival.provider).is_not(None), col(Arrival.started_at).between(*between)
    )
    found = session.exec(statement).all()
    return found[0] if len({(call.provider, call.caller) for call in found}) == 1 else None


def arrivals(session: Session) -> Iterator[tuple[UUID, str, str, str]]:
    """Every record in the order of their ids: by which way it came, its file, its state."""
    statement = select(Arrival.id, Arrival.source, Arrival.state).order_by(col(Arrival.id))
    for arrival_id, source, state in session.exec(statement.execution_options(yield_per=1000)):
        way, place = rules.way_of(source)
        yield arrival_id, way, place, state


def counts(session: Session) -> dict[str, int]:
    """How many records were received, and what became of them; `waiting` ones have not been read yet."""
    found = dict(session.exec(select(Arrival.state, func.count()).group_by(col(Arrival.state))).all())
    return {
        "received": sum(found.values()),
        "logged": found.get(State.LOGGED, 0),
        "suppressed": found.get(State.SUPPRESSED, 0),
        "quarantined": found.get(State.QUARANTINED, 0),
        "waiting": found.get(State.RECEIVED, 0),
    }
