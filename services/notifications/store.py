"""The notifications room's tables and every query on them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, func, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.notifications.rules.limits import Limit, Per
from services.notifications.rules.sending import Kind, Suppression
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


class Merge(Model, table=True):
    """A ticket that went on in another, and whether that was undone."""

    __tablename__ = "merge"
    __table_args__ = (Index("ix_merge_ticket_id", "ticket_id"), {"schema": SCHEMA})

    id: UUID = Field(primary_key=True)
    ticket_id: str
    undone: bool


class Letter(Model, table=True):
    """A letter, written once.

    `state`: written, sent, undelivered (it came back), refused, held (until a person releases it), or suppressed (never
    to be sent); `reason` says why. `provider` and `domain`, that of the recipient, are what limits count by.
    `version` tells letters of one kind on a ticket apart; after it and a colon may stand which reader it is for.
    Of no ticket (`ticket_id` is empty) is what tells a sender that his e-mail was too large.
    `unanswered`: how often the mail server got it and did not say that it took it.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_ticket_id", "ticket_id"),
        Index("ix_letter_recipient", "recipient", "written_at"),
        Index("ix_letter_domain", "domain", "written_at"),
        Index("ix_letter_provider", "provider", "written_at"),
        {"schema": SCHEMA},
    )

    id: UUID = Field(primary_key=True)
    ticket_id: str
    provider: str
    kind: str
    version: str = "1"
    language: str
    recipient: str | None
    domain: str | None = None
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


class Breaker(Model, table=True):
    """Whether the automatic letters of a provider are stopped, since when, and when they were last let go again."""

    __tablename__ = "breaker"
    __table_args__ = ({"schema": SCHEMA},)

    provider: str = Field(primary_key=True)
    stopped_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    resumed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


UNSENT = ("suppressed", "held")
AUTOMATIC = tuple(kind for kind in Kind if kind.automatic)


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


def keep_merge(session: Session, merge_id: UUID, ticket_id: str, *, undone: bool) -> None:
    """Keep that a ticket goes on in another, or that this is undone, whichever is heard first."""
    row = insert(Merge).values(id=merge_id, ticket_id=ticket_id, undone=undone)
    changed = {"undone": or_(col(Merge.undone), row.excluded.undone)}
    session.execute(row.on_conflict_do_update(index_elements=["id"], set_=changed))


def is_merged(session: Session, ticket_id: str) -> bool:
    """Whether a ticket goes on in another."""
    statement = select(Merge.id).where(col(Merge.ticket_id) == ticket_id, ~col(Merge.undone)).limit(1)
    return session.exec(statement).first() is not None


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


def breaker(session: Session, provider: str) -> Breaker:
    """The breaker of a provider, held until the transaction ends: its letters are counted one after the other."""
    session.execute(insert(Breaker).values(provider=provider).on_conflict_do_nothing())
    return session.exec(select(Breaker).where(col(Breaker.provider) == provider).with_for_update()).one()


def hold_domain(session: Session, domain: str) -> None:
    """Hold a mail domain until the transaction ends, so that two letters at once cannot both be the last allowed."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"letters:{domain}"})


def sent_within(session: Session, limit: Limit, letter: Letter, since: datetime | None = None) -> int:
    """How many automatic letters a limit counts before this one; the breaker's only `since` it was closed."""
    name = {Per.ADDRESS: "recipient", Per.DOMAIN: "domain", Per.PROVIDER: "provider"}[limit.per]
    begin = letter.written_at - limit.span
    statement = select(func.count()).where(
        getattr(Letter, name) == getattr(letter, name),
        col(Letter.kind).in_(AUTOMATIC),
        col(Letter.state).not_in(UNSENT),
        col(Letter.written_at) > (max(begin, since) if since else begin),
    )
    return session.exec(statement).one()


def wanted_since(session: Session, provider: str, since: datetime) -> int:
    """How many automatic letters of a provider went out or were stopped by its breaker after a moment."""
    stopped = (col(Letter.reason) == Suppression.BREAKER) | col(Letter.state).not_in(UNSENT)
    of_provider = (col(Letter.provider) == provider) & col(Letter.kind).in_(AUTOMATIC)
    return session.exec(select(func.count()).where(of_provider, stopped, col(Letter.written_at) > since)).one()


def versions(session: Session, ticket_id: str, kind: Kind, version: str) -> list[Letter]:
    """The letters of one version to everybody who gets it, held against others until the transaction ends."""
    same = (col(Letter.version) == version) | col(Letter.version).startswith(f"{version}:", autoescape=True)
    statement = select(Letter).where(col(Letter.ticket_id) == ticket_id, col(Letter.kind) == kind, same)
    return list(session.exec(statement.order_by(col(Letter.id)).with_for_update()))


def thread_of(session: Session, ticket_id: str) -> list[str]:
    """Message-IDs of the letters to a ticket's requester that were written to be sent, oldest first."""
    statement = (
        select(Letter.message_id)
        .where(col(Letter.ticket_id) == ticket_id, col(Letter.state).not_in(UNSENT), col(Letter.kind) != Kind.PAGE)
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
    """How many letters were written to be sent, sent, and refused for good; how many are held, and never to be sent."""
    statement = select(Letter.state, func.count()).group_by(col(Letter.state))
    found = dict(session.exec(statement).all())
    # What came back had been sent.
    sent, refused = found.get("sent", 0) + found.get("undelivered", 0), found.get("refused", 0)
    return {
        "written": found.get("written", 0) + sent + refused,
        "sent": sent,
        "refused": refused,
        "suppressed": found.get("suppressed", 0),
        "held": found.get("held", 0),
    }


def stopped_providers(session: Session) -> dict[str, datetime]:
    """The providers whose automatic letters are stopped, and since when."""
    rows = session.exec(select(Breaker).where(col(Breaker.stopped_at).is_not(None)).order_by(col(Breaker.provider)))
    return {row.provider: row.stopped_at for row in rows if row.stopped_at}
