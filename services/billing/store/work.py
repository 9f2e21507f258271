"""Time worked, the clocks that run, and which work is settled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.billing import rules
from services.billing.store.tables import Merge, QuoteVersion, RunningClock, Settlement, WorkEntry


def note_merge(session: Session, merge_id: UUID, *, merged: str, into: str, undone: bool) -> None:
    """Write that a ticket goes on in another, or does not any more; the end counts, also when it is heard first."""
    statement = insert(Merge).values(merge_id=merge_id, merged=merged, into=into, undone=undone)
    ended = statement.on_conflict_do_update(index_elements=["merge_id"], set_={"undone": True})
    session.execute(ended if undone else statement.on_conflict_do_nothing())


def together(session: Session, ticket_id: str) -> list[str]:
    """Return a ticket and all that are merged with it, in the order in which they are to be locked."""
    found, new = set[str](), {ticket_id}
    while new:
        found |= new
        statement = select(Merge.merged, Merge.into).where(
            col(Merge.merged).in_(new) | col(Merge.into).in_(new), col(Merge.undone).is_(False)
        )
        new = {number for pair in session.exec(statement) for number in pair} - found
    return sorted(found)


def lock_customer(session: Session, provider: str, customer_id: str) -> None:
    """Let one handler at a time count the courtesy of a customer, until the transaction ends. Lock the ticket first."""
    key = {"key": f"billing:{provider}:customer:{customer_id}"}
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)


def clock(session: Session, ticket_id: str, agent: str) -> RunningClock | None:
    """Return the clock of an agent that runs on a ticket."""
    return session.get(RunningClock, (ticket_id, agent))


def start_clock(session: Session, ticket_id: str, agent: str, started_at: datetime) -> None:
    """Let an agent's clock run."""
    session.add(RunningClock(ticket_id=ticket_id, agent=agent, started_at=started_at))


def stop_clock(session: Session, running: RunningClock) -> None:
    """Take a clock away."""
    session.delete(running)


def reported_after(session: Session, ticket_id: str, agent: str, moment: datetime) -> bool:
    """Whether an agent told work on a ticket later than at this moment."""
    statement = select(WorkEntry.entry_id).where(
        col(WorkEntry.ticket_id) == ticket_id,
        col(WorkEntry.agent) == agent,
        col(WorkEntry.reported_at) > moment,
        col(WorkEntry.reverses).is_(None),
    )
    return session.exec(statement.limit(1)).first() is not None


def record(session: Session, row: WorkEntry) -> None:
    """Write an entry; the database refuses a second one of its id, and a second one that takes the same back."""
    session.add(row)
    session.flush()


def entry(session: Session, entry_id: UUID) -> WorkEntry | None:
    """Return an entry."""
    return session.get(WorkEntry, entry_id)


def is_reversed(session: Session, entry_id: UUID) -> bool:
    """Whether an entry was taken back."""
    statement = select(WorkEntry.entry_id).where(col(WorkEntry.reverses) == entry_id)
    return session.exec(statement).first() is not None


def of_quote(session: Session, quote_id: str, version: int) -> list[rules.Entry]:
    """Return the entries of a version of a quote."""
    statement = select(WorkEntry).where(col(WorkEntry.quote_id) == quote_id, col(WorkEntry.version) == version)
    return [as_entry(row) for row in session.exec(statement)]


def courtesy_of_tickets(session: Session, ticket_ids: Collection[str]) -> list[rules.Entry]:
    """Return the entries of tickets that are given away."""
    statement = select(WorkEntry).where(col(WorkEntry.ticket_id).in_(ticket_ids), col(WorkEntry.quote_id).is_(None))
    return [as_entry(row) for row in session.exec(statement)]


def courtesy_of_customer(
    session: Session, provider: str, customer_id: str, begin: datetime, end: datetime
) -> list[rules.Entry]:
    """Return the entries that are given away to a customer, begun from `begin` on and before `end`."""
    statement = select(WorkEntry).where(
        col(WorkEntry.provider) == provider,
        col(WorkEntry.customer_id) == customer_id,
        col(WorkEntry.started_at) >= begin,
        col(WorkEntry.started_at) < end,
        col(WorkEntry.quote_id).is_(None),
    )
    return [as_entry(row) for row in session.exec(statement)]


def settle(
    session: Session,
    quote: QuoteVersion,
    entries: Collection[rules.Entry],
    *,
    least_hours: int,
    agent: str,
    settled_at: datetime,
) -> None:
    """Lock the work of a version."""
    session.add(
        Settlement(
            quote_id=quote.quote_id,
            version=quote.version,
            worked_minutes=rules.worked(entries),
            minutes=rules.within(entries),
            least_hours=least_hours,
            agent=agent,
            settled_at=settled_at,
        ),
    )


def is_settled(session: Session, quote_id: str | None, version: int | None) -> bool:
    """Whether the work of a version is locked; that of no quote never is."""
    return quote_id is not None and session.get(Settlement, (quote_id, version)) is not None


def as_entry(row: WorkEntry) -> rules.Entry:
    """Return an entry as the rules know it."""
    return rules.Entry(
        entry_id=row.entry_id,
        ticket_id=row.ticket_id,
        minutes=row.minutes,
        over_minutes=row.over_minutes,
        quote_id=row.quote_id,
        version=row.version,
        reverses=row.reverses,
    )
