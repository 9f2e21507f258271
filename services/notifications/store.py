"""The notifications room's tables and every query on them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.notifications.rules.sending import DAY, Kind
from shared.db import Model, json_column
from shared.events import QuoteIssued, ScopeDecided, TicketRouted
from shared.vocabulary import Decision, TicketFacts

SCHEMA = "notifications"


class KnownTicket(Model, table=True):
    """What later letters need to know of a ticket, from the newest event that told it.

    `told` is the decision that its requester was last written of.
    """

    __tablename__ = "ticket"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    facts: dict[str, object] = Field(sa_column=json_column())
    reply_language: str
    known_at: datetime = Field(sa_type=DateTime(timezone=True))
    told: dict[str, object] | None = Field(default=None, sa_column=json_column(nullable=True))


class Letter(Model, table=True):
    """A letter, written once.

    `state`: written, sent, undelivered (it came back), refused, or suppressed (never to be sent); `reason` says why.
    `unanswered`: how often the mail server got it and did not say that it took it.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_ticket_id", "ticket_id"),
        Index("ix_letter_recipient", "recipient", "kind", "written_at"),
        {"schema": SCHEMA},
    )

    id: UUID = Field(primary_key=True)
    ticket_id: str
    kind: str
    language: str
    recipient: str | None
    mailbox: str
    message_id: str | None = None
    headers: dict[str, str] = Field(default_factory=dict, sa_column=json_column())
    body: str = ""
    state: str
    reason: str | None = None
    attempts: int = 0
    unanswered: int = 0
    written_at: datetime = Field(sa_type=DateTime(timezone=True))
    settled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


def know(session: Session, event: TicketRouted | QuoteIssued | ScopeDecided) -> None:
    """Keep a ticket's facts unless something newer is known already; its letters are written one after the other."""
    row = {
        "ticket_id": event.ticket.ticket_id,
        "facts": event.ticket.model_dump(mode="json"),
        "reply_language": event.decision.reply_language,
        "known_at": event.happened_at,
    }
    statement = insert(KnownTicket).values(row)
    newer = {name: statement.excluded[name] for name in row if name != "ticket_id"}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["ticket_id"],
            set_=newer,
            where=col(KnownTicket.known_at) < statement.excluded.known_at,
        ),
    )


def told(session: Session, ticket_id: str) -> Decision | None:
    """The decision that the requester was last written of; None: of none. Held until the transaction ends."""
    row = session.get(KnownTicket, ticket_id, with_for_update=True)
    return Decision.model_validate(row.told) if row and row.told else None


def tell(session: Session, ticket_id: str, decision: Decision) -> None:
    """Keep which decision the requester was written of."""
    row = session.get(KnownTicket, ticket_id)
    assert row, "a ticket is known before its requester is written to"
    row.told = decision.model_dump(mode="json")


def known(session: Session, ticket_id: str) -> tuple[TicketFacts, str] | None:
    """A ticket's facts and the language to write in; None when no event told of it yet."""
    row = session.get(KnownTicket, ticket_id)
    return (TicketFacts.model_validate(row.facts), row.reply_language) if row else None


def written_to(session: Session, recipient: str, kind: Kind, now: datetime) -> list[datetime]:
    """When letters of a kind were written to an address within the last day.

    Holds the address until the transaction ends, so that two letters at once cannot both be the last allowed one.
    """
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"{kind}:{recipient}"})
    statement = select(Letter.written_at).where(
        col(Letter.recipient) == recipient,
        col(Letter.kind) == kind,
        col(Letter.state) != "suppressed",
        col(Letter.written_at) > now - DAY,
    )
    return list(session.exec(statement))


def thread_of(session: Session, ticket_id: str) -> list[str]:
    """Message-IDs of the letters to a ticket's requester that were written to be sent, oldest first."""
    statement = (
        select(Letter.message_id)
        .where(col(Letter.ticket_id) == ticket_id, col(Letter.state) != "suppressed", col(Letter.kind) != Kind.PAGE)
        .order_by(col(Letter.written_at))
    )
    return [message_id for message_id in session.exec(statement) if message_id]


def exists(session: Session, letter_id: UUID) -> bool:
    """Whether this letter was written or suppressed before."""
    return session.exec(select(Letter.id).where(col(Letter.id) == letter_id)).first() is not None


def write(session: Session, letter: Letter) -> bool:
    """Keep a letter; False when it was written before."""
    statement = insert(Letter).values(letter.model_dump()).on_conflict_do_nothing().returning(col(Letter.id))
    return session.execute(statement).first() is not None


def letter(session: Session, letter_id: UUID) -> Letter | None:
    """Return a letter, held against others until the transaction ends."""
    return session.get(Letter, letter_id, with_for_update=True)


def count_unanswered(session: Session, letter_id: UUID) -> int:
    """Note that the mail server did not confirm a letter, once more; gives how often it did not."""
    found = letter(session, letter_id)
    assert found is not None, "letters are never deleted"
    found.unanswered += 1
    return found.unanswered


def counts(session: Session) -> dict[str, int]:
    """How many letters were written to be sent, and how many of them the mail server took or refused for good."""
    statement = select(Letter.state, func.count()).group_by(col(Letter.state))
    found = dict(session.exec(statement).all())
    # What came back had been sent.
    sent, refused = found.get("sent", 0) + found.get("undelivered", 0), found.get("refused", 0)
    return {
        "written": found.get("written", 0) + sent + refused,
        "sent": sent,
        "refused": refused,
        "suppressed": found.get("suppressed", 0),
    }
