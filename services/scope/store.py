"""The tables of the scope room (schema `scope`): every decision that was made, with everything that explains it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, func, select

from shared import clock
from shared.db import Model, json_column
from shared.vocabulary import Decision

SCHEMA = "scope"


class DecisionRecord(Model, table=True):
    """One decision on a ticket; a later one has the next version. `request_id` is the arrival that was decided on."""

    __tablename__ = "decision"
    __table_args__ = ({"schema": SCHEMA},)

    ticket_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    request_id: UUID = Field(unique=True)
    decision: dict[str, Any] = Field(sa_column=json_column())
    policy_version: str
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))


def record(session: Session, ticket_id: str, request_id: UUID, decision: Decision) -> bool:
    """Keep a decision as the next version of its ticket; False when this request was decided on before."""
    latest = select(func.coalesce(func.max(col(DecisionRecord.version)), 0)).where(
        col(DecisionRecord.ticket_id) == ticket_id
    )
    values = {
        "ticket_id": ticket_id,
        "version": session.exec(latest).one() + 1,
        "request_id": request_id,
        "decision": decision.model_dump(mode="json"),
        "policy_version": decision.policy_version,
        "decided_at": clock.now(),
    }
    statement = insert(DecisionRecord).values(values).on_conflict_do_nothing(index_elements=["request_id"])
    return session.execute(statement.returning(col(DecisionRecord.version))).first() is not None
