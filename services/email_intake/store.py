"""The tables of email_intake, and every query on them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import DateTime, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.email_intake.rules.identity import mail_key
from shared import clock
from shared.bus import Transaction
from shared.db import UNREACHABLE, Model, storable
from shared.errors import Permanent, Transient
from shared.events import EmailStored

SCHEMA = {"schema": "email_intake"}


class State(StrEnum):
    """How far an arrival has come."""

    RECEIVED = "received"
    READ = "read"
    SUPPRESSED = "suppressed"
    QUARANTINED = "quarantined"


class Raw(Model, table=True):
    """The bytes of an e-mail as they came, once, however often they come. `content_hash` is their SHA-256."""

    __tablename__ = "raw"
    __table_args__ = SCHEMA

    content_hash: str = Field(primary_key=True)
    bytes: bytes


class Arrival(Model, table=True):
    """One delivery of an e-mail, even when the same one came before.

    `recipient` is the address that it was delivered to, empty when only its headers tell; `mailbox` is ours once it
    was read. `envelope_from` is null when unknown and empty for the null return path. `key` says which mail it is.
    """

    __tablename__ = "arrival"
    __table_args__ = SCHEMA

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    content_hash: str = Field(index=True)
    key: str
    recipient: str
    mailbox: str | None = None
    envelope_from: str | None = None
    source: str
    received_at: datetime = Field(default_factory=clock.now, sa_type=DateTime(timezone=True))
    state: str = Field(default=State.RECEIVED, index=True)
    reason: str | None = None


class Seen(Model, table=True):
    """The first arrival of a mail in a mailbox: every later one is a duplicate."""

    __tablename__ = "seen"
    __table_args__ = SCHEMA

    mailbox: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    arrival_id: UUID


def store_email(raw: bytes, mailbox: str = "", *, envelope_from: str | None = None, source: str) -> UUID:
    """Make one e-mail durable and tell the bus, in one transaction; gives the arrival's id.

    `mailbox` is the address that it was delivered to, empty when only its headers tell. Transient when the database
    does not answer: then it may not be stored, and its sender has to try again.
    """
    content_hash = hashlib.sha256(raw).hexdigest()
    arrival_id = uuid4()
    arrival = Arrival(
        id=arrival_id,
        content_hash=content_hash,
        key=mail_key(raw),
        recipient=storable(mailbox),
        envelope_from=None if envelope_from is None else storable(envelope_from),
        source=storable(source),
    )
    try:
        with Transaction.begin("email_intake") as tx:
            tx.session.execute(insert(Raw).values(content_hash=content_hash, bytes=raw).on_conflict_do_nothing())
            tx.session.add(arrival)
            tx.say(EmailStored(arrival_id=arrival_id, mailbox=arrival.recipient, source=arrival.source))
    except UNREACHABLE as error:
        raise Transient("the database does not answer; the e-mail was not stored") from error
    return arrival_id


def arrival_to_read(session: Session, arrival_id: UUID) -> tuple[Arrival, bytes]:
    """An arrival, locked for this transaction, and its bytes; Permanent when there is none."""
    arrival = session.get(Arrival, arrival_id, with_for_update=True)
    raw = session.get(Raw, arrival.content_hash) if arrival else None
    if arrival is None or raw is None:
        raise Permanent(f"no e-mail is stored for arrival {arrival_id}")
    return arrival, raw.bytes


def first_in_mailbox(session: Session, mailbox: str, key: str, arrival_id: UUID) -> UUID:
    """Claim a mail for this arrival; gives the arrival that has it, which is an earlier one for a duplicate.

    Two arrivals of one mail that are read at once wait for each other here.
    """
    row = insert(Seen).values(mailbox=mailbox, key=key, arrival_id=arrival_id)
    session.execute(row.on_conflict_do_nothing())
    return session.exec(select(Seen.arrival_id).where(col(Seen.mailbox) == mailbox, col(Seen.key) == key)).one()


def counts(session: Session) -> dict[str, int]:
    """How many e-mails arrived, and what became of them; `waiting` ones have not been read yet."""
    found = dict(session.exec(select(Arrival.state, func.count()).group_by(col(Arrival.state))).all())
    return {
        "received": sum(found.values()),
        "read": found.get(State.READ, 0),
        "suppressed": found.get(State.SUPPRESSED, 0),
        "quarantined": found.get(State.QUARANTINED, 0),
        "waiting": found.get(State.RECEIVED, 0),
    }
