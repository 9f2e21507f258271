"""Reading the event log: the history of a ticket, and a feed that can be followed from a cursor."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from sqlalchemy import text
from sqlmodel import Session

from shared.bus.event_log import EVENT_TYPES
from shared.db import engine
from shared.errors import Permanent
from shared.events import Event


@dataclass(frozen=True, order=True)
class Cursor:
    """A place in the log, after the event it names. Its text form is what a consumer keeps."""

    written_in: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.written_in}-{self.seq}"

    @classmethod
    def parse(cls, words: str) -> Self:
        """Read the text form; Permanent when it is none."""
        written_in, dash, seq = words.partition("-")
        if not (dash and written_in.isdecimal() and seq.isdecimal()):
            raise Permanent(f"{words!r} is no cursor; a cursor looks like 1234-56 and comes from an earlier read")
        return cls(int(written_in), int(seq))


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
        select written_in, seq, name, body from bus.event
         where (written_in, seq) > (:written_in, :seq) and name = any(:names)
           and written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         order by written_in, seq limit :limit
        """,
    )
    parameters = {"written_in": after.written_in, "seq": after.seq, "names": list(names), "limit": limit}
    with Session(engine()) as session:
        return [
            (Cursor(written_in, seq), EVENT_TYPES[name].model_validate(body))
            for written_in, seq, name, body in session.execute(statement, parameters)
        ]
