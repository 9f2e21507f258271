"""Reading the event log: the history of a ticket, and a feed that can be followed from a cursor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Self
from uuid import UUID

from sqlalchemy import Connection, text
from sqlmodel import Session

from shared.bus.event_log import EVENT_TYPES
from shared.db import engine
from shared.errors import Permanent
from shared.events import Event


@dataclass(frozen=True, order=True)
class Cursor:
    """A place in the log, after the event it names. Its text form is what a consumer keeps."""

    epoch: int = 0
    written_in: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}-{self.written_in}-{self.seq}"

    @classmethod
    def parse(cls, words: str) -> Self:
        """Read the text form; Permanent when it is none."""
        parts = words.split("-")
        if len(parts) != len(fields(cls)) or not all(part.isascii() and part.isdecimal() for part in parts):
            raise Permanent(f"{words!r} is no cursor; a cursor looks like 0-1234-56 and comes from an earlier read")
        return cls(*map(int, parts))


START = Cursor()


def history(session: Session, ticket_id: str) -> list[Event]:
    """Return everything that was said of a ticket, in the order it was said."""
    statement = text("select name, body from bus.event where ticket_id = :ticket order by seq")
    return [EVENT_TYPES[name].model_validate(body) for name, body in session.execute(statement, {"ticket": ticket_id})]


def read(names: Collection[str], after: Cursor = START, limit: int = 500) -> list[tuple[Cursor, Event]]:
    """Return the next events of these names after a cursor.

    Only what was written before the oldest transaction that still runs is shown, so an event that commits late is
    never passed over: a reader that keeps its cursor sees each event exactly once.
    """
    statement = text(
        """
        select epoch, written_in, seq, name, body from bus.event
         where (epoch, written_in, seq) > (:epoch, :written_in, :seq) and name = any(:names)
           and (epoch < bus.epoch() or written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
         order by epoch, written_in, seq limit :limit
        """,
    )
    parameters = asdict(after) | {"names": list(names), "limit": limit}
    with Session(engine()) as session:
        return [
            (Cursor(epoch, written_in, seq), EVENT_TYPES[name].model_validate(body))
            for epoch, written_in, seq, name, body in session.execute(statement, parameters)
        ]


def find(session: Session, event_id: UUID) -> tuple[Cursor, Event] | None:
    """Return a single event and its place in the log; None when there is no such event."""
    statement = text("select epoch, written_in, seq, name, body from bus.event where event_id = :id")
    row = session.execute(statement, {"id": event_id}).one_or_none()
    return None if row is None else (Cursor(*row[:3]), EVENT_TYPES[row.name].model_validate(row.body))


def notice_restore(connection: Connection) -> bool:
    """Begin a new epoch when the log came from a dump of another cluster, whose transaction numbers are ahead of ours.

    Without it, what is said from now on would sort before what consumers have read, and they would never see it.
    """
    ahead = text("select exists (select 1 from bus.event where epoch = bus.epoch() and written_in > :now)")
    now = connection.execute(text("select pg_current_xact_id()::text::bigint")).scalar_one()
    if not connection.execute(ahead, {"now": now}).scalar_one():
        return False
    following = connection.execute(text("select bus.epoch() + 1")).scalar_one()
    connection.execute(text(EPOCH.format(epoch=int(following))))
    return True


EPOCH = "create or replace function bus.epoch() returns integer immutable language sql as 'select {epoch}'"
