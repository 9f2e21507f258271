"""Tickets that are one case: which goes on in which, and which are known to be two."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.tickets.store.tables import DismissedCase, Ticket


def hold_cases(session: Session, *, to_change: bool = False) -> None:
    """Keep every case as it is until the transaction ends; whoever is `to_change` one does so alone."""
    mode = "" if to_change else "_shared"
    session.execute(text(f"select pg_advisory_xact_lock{mode}(hashtextextended('tickets:cases', 0))"))


def goes_on_in(session: Session, number: str) -> str:
    """The ticket that a ticket goes on in: itself, unless it is merged."""
    while into := session.exec(select(Ticket.merged_into).where(col(Ticket.number) == number)).first():
        number = into
    return number


def case_of(session: Session, number: str) -> list[str]:
    """The tickets that are one case with this one, itself among them; the one that goes on is the first."""
    case = latest = [goes_on_in(session, number)]
    while latest:
        latest = list(session.exec(select(Ticket.number).where(col(Ticket.merged_into).in_(latest))))
        case = [*case, *latest]
    return case


def dismiss(session: Session, one: str, other: str) -> None:
    """Keep that two tickets are no one case."""
    number, other_number = sorted((one, other))
    pair = {"ticket_number": number, "other_number": other_number}
    session.execute(insert(DismissedCase).values(pair).on_conflict_do_nothing())


def dismissed(session: Session, one: str, other: str) -> bool:
    """Whether a person found two tickets to be no one case."""
    return session.get(DismissedCase, tuple(sorted((one, other)))) is not None
