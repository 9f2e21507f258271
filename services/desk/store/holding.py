"""What is held back so that no loop goes on, until a person lets it go: letters, providers' letters, reopenings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, false, func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.desk.rules.summary import HeldLetterRow, StoppedRow
from services.desk.store.tables import HeldLetter, StoppedLetters, Ticket
from shared.events import AutomaticLettersResumed, AutomaticLettersStopped, LetterHeld


def keep_held(session: Session, event: LetterHeld) -> None:
    """Keep that a letter is held; that it is over may have been heard before."""
    told = event.model_dump(include={"ticket_id", "kind", "reason"}) | {"held_at": event.happened_at}
    row = insert(HeldLetter).values(letter_id=event.letter_id, **told)
    session.execute(row.on_conflict_do_update(index_elements=["letter_id"], set_=told))


def keep_over(session: Session, letter_id: UUID, ticket_id: str, at: datetime) -> None:
    """Keep that a letter is not held any more, whether or not it was heard of."""
    row = insert(HeldLetter).values(letter_id=letter_id, ticket_id=ticket_id, over_at=at)
    session.execute(row.on_conflict_do_update(index_elements=["letter_id"], set_={"over_at": at}))


_held = and_(col(HeldLetter.held_at).is_not(None), col(HeldLetter.over_at).is_(None))


def held_letters(session: Session) -> list[HeldLetterRow]:
    """The letters that are held, the oldest first."""
    statement = select(HeldLetter).where(_held).order_by(col(HeldLetter.held_at), col(HeldLetter.letter_id))
    return [HeldLetterRow.model_validate(row.model_dump()) for row in session.exec(statement)]


def ticket_of_held(session: Session, letter_id: UUID, *, even_over: bool = False) -> str | None:
    """The ticket of a letter that is held, or that was; None when there is none of this id."""
    letter = session.get(HeldLetter, letter_id)
    if letter is None or letter.held_at is None or (letter.over_at and not even_over):
        return None
    return letter.ticket_id


def waiting(session: Session) -> int:
    """How many letters and replies wait for a person here."""
    letters = session.exec(select(func.count()).select_from(HeldLetter).where(_held)).one()
    return letters + len(left_closed(session))


def left_closed(session: Session) -> list[str]:
    """The tickets that a reply did not reopen and nobody has looked at since, the oldest reply first."""
    at = col(Ticket.left_closed_at)
    looked = (col(Ticket.answered_at) >= at, col(Ticket.resolved_at) >= at, col(Ticket.replied_at) > at)
    nobody = and_(at.is_not(None), *(func.coalesce(seen, false()).is_(False) for seen in looked))
    return list(session.exec(select(Ticket.ticket_id).where(nobody).order_by(at, col(Ticket.ticket_id))))


def tickets_with_held_letters(session: Session, numbers: list[str]) -> set[str]:
    """Those of these tickets that have a letter which is held."""
    return set(session.exec(select(HeldLetter.ticket_id).where(_held, col(HeldLetter.ticket_id).in_(numbers))))


def keep_stopped(session: Session, event: AutomaticLettersStopped) -> None:
    """Keep that a provider's automatic letters are stopped, unless they were stopped anew since."""
    _keep(session, event.provider, "stopped_at", event.since, letters=event.letters, minutes=event.minutes)


def keep_resumed(session: Session, event: AutomaticLettersResumed) -> None:
    """Keep that a provider's automatic letters go out again."""
    _keep(session, event.provider, "resumed_at", event.happened_at, resumed_by=event.by)


def _keep(session: Session, provider: str, stamp: str, at: datetime, **told: Any) -> None:
    statement = insert(StoppedLetters).values(provider=provider, **{stamp: at}, **told)
    old, new = StoppedLetters.__table__.c, statement.excluded  # type: ignore[attr-defined]
    newer = or_(old[stamp].is_(None), new[stamp] >= old[stamp])
    changes: dict[str, Any] = {name: case((newer, new[name]), else_=old[name]) for name in told}
    changes[stamp] = func.greatest(old[stamp], new[stamp])
    session.execute(statement.on_conflict_do_update(index_elements=["provider"], set_=changes))


def stopped(session: Session) -> list[StoppedRow]:
    """The providers whose automatic letters are stopped."""
    last = col(StoppedLetters.resumed_at)
    stands = and_(
        col(StoppedLetters.stopped_at).is_not(None), or_(last.is_(None), last < col(StoppedLetters.stopped_at))
    )
    rows = session.exec(select(StoppedLetters).where(stands).order_by(col(StoppedLetters.provider)))
    return [StoppedRow.model_validate(row.model_dump()) for row in rows]
