"""The tables of the scope room (schema `scope`): requests, every decision on them, and what people decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlmodel import Field, Session, col, select

from shared import clock
from shared.db import Model, json_column
from shared.events import TicketOpened, VerdictOverridden
from shared.vocabulary import Decision, Precedent, Verdict

SCHEMA = "scope"
MOST_COMPARED = 1_000
"""The newest precedents of a provider that a request is compared with."""

MOST_TOLD = 200
"""The newest waiting tickets of a provider that a new precedent is compared with."""


class RequestRecord(Model, table=True):
    """A request as it was decided on. `corrections` are the facts that agents told since, oldest first."""

    __tablename__ = "request"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    provider: str = Field(index=True)
    ticket: dict[str, Any] = Field(sa_column=json_column())
    text: str
    corrections: list[str] = Field(default_factory=list, sa_column=json_column())

    @property
    def words(self) -> str:
        """Subject and text together."""
        return f"{self.ticket['subject']}\n{self.text}"


class DecisionRecord(Model, table=True):
    """One decision on a ticket; a later one has the next version. `request_id`: the arrival or event that led to it."""

    __tablename__ = "decision"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    request_id: UUID = Field(unique=True)
    decision: dict[str, Any] = Field(sa_column=json_column())
    policy_version: str
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))


class PrecedentRecord(Model, table=True):
    """What a person decided on a ticket, or on one `question` of it; `read` is how the policy had been read before."""

    __tablename__ = "precedent"
    __table_args__ = ({"schema": SCHEMA},)

    override_id: UUID = Field(primary_key=True)
    ticket_id: str
    question: int = 0
    provider: str = Field(index=True)
    product: str | None = None
    topic: str | None = None
    verdict: str
    clauses: list[str] = Field(sa_column=json_column())
    reason: str
    agent: str
    approver: str | None = None
    read: dict[str, Any] = Field(sa_column=json_column())
    language: str | None = None
    text: str
    names: list[str] = Field(sa_column=json_column())
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))

    def as_precedent(self) -> Precedent:
        """As others are told of it, before anything is compared with it."""
        known = self.model_dump(include=set(Precedent.model_fields))
        return Precedent.model_validate({**known, "verdict": Verdict(self.verdict), "likeness": 0.0})


def keep_request(session: Session, event: TicketOpened) -> None:
    """Keep what was asked, once; whoever decides on a ticket waits here for the one before him."""
    values = {
        "ticket_id": event.ticket.ticket_id,
        "provider": event.ticket.provider,
        "ticket": event.ticket.model_dump(mode="json"),
        "text": event.text,
        "corrections": [],
    }
    session.execute(insert(RequestRecord).values(values).on_conflict_do_nothing())


def lock_request(session: Session, ticket_id: str) -> RequestRecord | None:
    """What was asked; nobody else decides on the ticket until the transaction ends. None for an unknown ticket."""
    return session.get(RequestRecord, ticket_id, with_for_update=True)


def latest(session: Session, ticket_id: str) -> Decision | None:
    """The newest decision on a ticket."""
    statement = (
        select(DecisionRecord)
        .where(col(DecisionRecord.ticket_id) == ticket_id)
        .order_by(col(DecisionRecord.version).desc())
    )
    record = session.exec(statement.limit(1)).first()
    return Decision.model_validate(record.decision) if record else None


def decided_on(session: Session, request_id: UUID) -> bool:
    """Whether this arrival or event has led to a decision."""
    statement = select(DecisionRecord.version).where(col(DecisionRecord.request_id) == request_id)
    return session.exec(statement).first() is not None


def record(session: Session, ticket_id: str, request_id: UUID, decision: Decision) -> bool:
    """Keep a decision under its version; False when this request was decided on before."""
    values = {
        "ticket_id": ticket_id,
        "version": decision.version,
        "request_id": request_id,
        "decision": decision.model_dump(mode="json"),
        "policy_version": decision.policy_version,
        "decided_at": clock.now(),
    }
    statement = insert(DecisionRecord).values(values).on_conflict_do_nothing(index_elements=["request_id"])
    return session.execute(statement.returning(col(DecisionRecord.version))).first() is not None


def keep_precedent(session: Session, event: VerdictOverridden, decided: Decision, text: str) -> PrecedentRecord:
    """Keep what a person decided. `decided` is his decision, or the part of it that he decided."""
    ticket = event.ticket
    kept = PrecedentRecord(
        override_id=event.event_id,
        ticket_id=ticket.ticket_id,
        question=event.question or 0,
        provider=ticket.provider,
        product=ticket.product,
        topic=decided.topic,
        verdict=decided.verdict,
        clauses=list(decided.clauses),
        reason=event.reason,
        agent=event.agent,
        approver=event.approver,
        read=decided.explanation["person"]["read"],
        language=decided.language,
        text=text,
        names=[name for name in (ticket.requester.name, ticket.account) if name],
        decided_at=event.happened_at,
    )
    session.add(kept)
    session.flush()
    return kept


def precedents(session: Session, provider: str | None = None) -> list[PrecedentRecord]:
    """What people decided last on each question, newest first; of every provider when none is named."""
    ticket, question, at = (
        col(PrecedentRecord.ticket_id),
        col(PrecedentRecord.question),
        col(PrecedentRecord.decided_at),
    )
    statement = select(PrecedentRecord).order_by(ticket, question, at.desc()).ext(distinct_on(ticket, question))
    if provider:
        statement = statement.where(col(PrecedentRecord.provider) == provider)
    return sorted(session.exec(statement), key=lambda row: row.decided_at, reverse=True)


def comparable(session: Session, provider: str) -> list[tuple[str, Precedent]]:
    """The newest precedents of a provider, with the words of their requests."""
    return [(row.text, row.as_precedent()) for row in precedents(session, provider)[:MOST_COMPARED]]


def waiting(session: Session, provider: str) -> Iterator[tuple[RequestRecord, Decision]]:
    """The newest requests of a provider on which a person still has to decide."""
    ticket, version = col(DecisionRecord.ticket_id), col(DecisionRecord.version)
    newest = select(DecisionRecord).order_by(ticket, version.desc()).ext(distinct_on(ticket)).subquery("newest")
    statement = (
        select(RequestRecord, newest.c.decision)
        .join(newest, newest.c.ticket_id == col(RequestRecord.ticket_id))
        .where(col(RequestRecord.provider) == provider, newest.c.decision["needs_person"].as_boolean())
        .order_by(newest.c.decided_at.desc())
        .limit(MOST_TOLD)
    )
    for request, decision in session.exec(statement):
        yield request, Decision.model_validate(decision)
