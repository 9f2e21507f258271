"""What the measurements ask of the database of the stack that they started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from shared.db import Model, engine

TIMER = "sla.check_target"
TOLD = ("TargetWarned", "TargetBreached")
"""What is said when a timer has rung for a ticket that is still open."""

_MULTIPLY_ROWS = """
    insert into {table} ({columns})
    select {values} from {table} row, generate_series(1, :copies) number,
         lateral jsonb_populate_record(
             null::{table}, replace(to_jsonb(row)::text, :ticket, :ticket || '-' || number)::jsonb
         ) as copy
     where row.ticket_id = :ticket
"""

_MULTIPLY_TIMERS = text(
    """
    with copies as materialized (
        select d.id, gen_random_uuid() as event_id, :ticket || '-' || number as ticket_id
          from bus.delivery d, generate_series(1, :copies) number where d.ticket_id = :ticket
    ), events as (
        insert into bus.event (event_id, name, said_by, ticket_id, happened_at, body)
        select c.event_id, e.name, e.said_by, c.ticket_id, e.happened_at,
               e.body || jsonb_build_object('event_id', c.event_id, 'ticket_id', c.ticket_id)
          from copies c join bus.delivery d using (id) join bus.event e on e.event_id = d.event_id
    )
    insert into bus.delivery (event_id, event_name, ticket_id, room, hearer, due_at, ring_at)
    select c.event_id, d.event_name, c.ticket_id, d.room, d.hearer, d.due_at, d.ring_at
      from copies c join bus.delivery d using (id)
    """,
)

_WAITING = text(
    "select event_id from bus.delivery where hearer = :timer and due_at > now() and due_at <= :until",
)

_TOLD = text(
    """
    select told.name, timer.event_id as timer,
           extract(epoch from told.recorded_at - coalesce(
               (timer.body->>'rings_at')::timestamptz, (timer.body->>'due_at')::timestamptz)) as late
      from bus.event told join bus.event timer on timer.event_id = told.caused_by
     where told.name = any(:told) and timer.event_id = any(:timers)
    """,
)


@dataclass(frozen=True)
class Told:
    """That a timer rang, and how many seconds after its moment the sla room took it up."""

    name: str
    timer: str
    late: float


def multiply(ticket_id: str, copies: int) -> None:
    """Give the sla room and its timers so many further tickets that are like this one in everything but their name."""
    import services.sla.store  # noqa: F401 (so that its tables are known)

    with Session(engine()) as session:
        for table in Model.metadata.sorted_tables:
            if table.schema == "sla" and "ticket_id" in table.columns:
                names = list(table.columns.keys())
                statement = _MULTIPLY_ROWS.format(
                    table=f"sla.{table.name}",
                    columns=", ".join(names),
                    values=", ".join(f"copy.{name}" for name in names),
                )
                session.execute(text(statement), {"ticket": ticket_id, "copies": copies})
        session.execute(_MULTIPLY_TIMERS, {"ticket": ticket_id, "copies": copies})
        session.commit()


def settle() -> None:
    """Let PostgreSQL know what the tables hold now, as it does by itself where they grow slowly."""
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def timers(until: datetime) -> list[str]:
    """The timers that wait now and ring by then, by the id of their event."""
    with Session(engine()) as session:
        return [str(event_id) for (event_id,) in session.execute(_WAITING, {"timer": TIMER, "until": until})]


def told(of: Sequence[str]) -> list[Told]:
    """What was said because these timers rang."""
    with Session(engine()) as session:
        rows = session.execute(_TOLD, {"told": list(TOLD), "timers": list(of)})
        return [Told(row.name, str(row.timer), float(row.late)) for row in rows]


def open_tickets() -> int:
    """How many tickets the sla room has."""
    return _count("select count(*) from sla.ticket")


def letters() -> int:
    """How many letters were written."""
    return _count("select count(*) from notifications.letter")


def _count(statement: str) -> int:
    with Session(engine()) as session:
        return int(session.execute(text(statement)).scalar_one())
