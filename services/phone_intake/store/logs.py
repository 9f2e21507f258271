"""The call logs that are followed: how far each was read, and the rows whose call may not be whole yet.

A row and the place behind it commit together, and so do a call and the mark on its rows: whoever is killed in between
reads, or judges, the same once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, delete, select

from services.phone_intake.store.arrivals import durably, keep
from shared import clock
from shared.db import Model, json_column, storable

SCHEMA = "phone_intake"


class Log(Model, table=True):
    """A log that is followed, and how it goes.

    `identity` is the file's device and inode, `position` the first byte not read, `lines` how many are read. `head`
    is the SHA-256 of its first `head_length` bytes: it tells the file when it was renamed, copied or compressed, and
    tells that it is another when its inode was given anew.
    """

    __tablename__ = "log"
    __table_args__ = ({"schema": SCHEMA},)

    path: str = Field(primary_key=True)
    identity: str
    position: int = Field(sa_type=BigInteger)
    head: str
    head_length: int
    lines: int
    looked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    problem: str | None = None


class Leg(Model, table=True):
    """A row of a log: one leg of a call. `judged_at`: when its call became a record."""

    __tablename__ = "leg"
    __table_args__ = (
        Index("ix_leg_path_call", "path", "call"),
        Index("ix_leg_judged_at", "judged_at"),
        {"schema": SCHEMA},
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    path: str
    call: str
    line: int
    row: dict[str, Any] = Field(sa_column=json_column())
    read_at: datetime = Field(default_factory=clock.now, sa_type=DateTime(timezone=True))
    judged_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on, see `Log`; as it is made, in a log that was never read."""

    identity: str = ""
    position: int = 0
    head: str = ""
    head_length: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a log by its line; without a `call` it is a record of its own."""

    line: int
    call: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """How it goes with a log. `waiting`: its rows that are no record yet."""

    path: str
    lines: int
    waiting: int
    looked_at: datetime | None
    problem: str | None


def place_in(path: str) -> Place:
    """How far a log was read. Transient when the database does not answer."""
    with durably() as tx:
        found = tx.session.get(Log, path)
        return _place_of(found) if found else Place()


def take(path: str, before: Place, after: Place, rows: Iterable[Row]) -> bool:
    """Keep what stands between two places of a log; False when somebody else has read on from `before`.

    Transient when the database does not answer.
    """
    with durably() as tx:
        tx.session.execute(insert(Log).values(path=path, **asdict(Place())).on_conflict_do_nothing())
        log = tx.session.exec(select(Log).where(col(Log.path) == path).with_for_update()).one()
        if _place_of(log) != before:
            return False
        for name, value in asdict(after).items():
            setattr(log, name, value)
        for row in rows:
            if row.call:
                fields = {storable(name): storable(str(value)) for name, value in row.fields.items()}
                tx.session.add(Leg(path=path, call=storable(row.call), line=row.line, row=fields))
            else:
                keep(tx, row.fields, f"{path}, line {row.line}")
    return True


def quiet_calls(path: str, since: datetime) -> list[str]:
    """The calls with rows that are not judged and all older than a moment, in the order of the log."""
    statement = (
        select(Leg.call)
        .where(col(Leg.path) == path, col(Leg.judged_at).is_(None))
        .group_by(col(Leg.call))
        .having(func.max(col(Leg.read_at)) <= since)
        .order_by(func.min(col(Leg.id)))
    )
    with durably() as tx:
        return list(tx.session.exec(statement))


def judge(path: str, call: str, record_of: Callable[[Sequence[dict[str, Any]]], dict[str, Any] | None]) -> None:
    """Make a record of all rows of a call, those of an earlier judgement too; none when `record_of` gives None."""
    statement = select(Leg).where(col(Leg.path) == path, col(Leg.call) == call).order_by(col(Leg.id))
    with durably() as tx:
        legs = tx.session.exec(statement.with_for_update()).all()
        if all(leg.judged_at for leg in legs):
            return  # somebody else was quicker
        if fields := record_of([leg.row for leg in legs]):
            keep(tx, fields, f"{path}, line {legs[0].line}")
        for leg in legs:
            leg.judged_at = clock.now()


def note(path: str, problem: str | None) -> None:
    """How it goes with a log now; a problem leaves the time of the last look as it was."""
    values: dict[str, Any] = {"problem": problem} | ({} if problem else {"looked_at": clock.now()})
    row = insert(Log).values(path=path, **asdict(Place()), **values)
    with durably() as tx:
        tx.session.execute(row.on_conflict_do_update(index_elements=["path"], set_=values))


def tidy(paths: Iterable[str], judged_before: datetime) -> None:
    """Forget how it went with other logs than these (not how far they were read), and rows judged long ago."""
    with durably() as tx:
        tx.session.execute(
            update(Log).where(col(Log.path).not_in(list(paths))).values(looked_at=None, problem=None),
        )
        tx.session.execute(delete(Leg).where(col(Leg.judged_at) < judged_before))


def followed(session: Session) -> list[Progress]:
    """How it goes with each log that is followed."""
    waiting = select(func.count()).where(col(Leg.path) == Log.path, col(Leg.judged_at).is_(None)).scalar_subquery()
    statement = select(Log, waiting).where(or_(col(Log.looked_at).is_not(None), col(Log.problem).is_not(None)))
    return [
        Progress(log.path, log.lines, rows, log.looked_at, log.problem)
        for log, rows in session.exec(statement.order_by(col(Log.path)))
    ]


def _place_of(log: Log) -> Place:
    return Place(log.identity, log.position, log.head, log.head_length, log.lines)
