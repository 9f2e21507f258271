"""The tables of email_intake, and every query on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, Index, any_, delete, func, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, col, select

from services.email_intake.rules.attachments import MAX_FILE_BYTES, MAX_FILES
from services.email_intake.rules.identity import mail_key
from services.email_intake.rules.parts import Attachment
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
    A `reason` before it was read is its gateway's, and sends it to a person.
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


class Blob(Model, table=True):
    """The bytes of an attachment, once, however often it came. `content_hash` is their SHA-256."""

    __tablename__ = "blob"
    __table_args__ = SCHEMA

    content_hash: str = Field(primary_key=True)
    bytes: bytes


class AttachedFile(Model, table=True):
    """A file that came with an arrival, in the order of the mail. `held`: why nobody should open it unlooked-at.

    `content_hash` is null for a file beyond the limits, which the stored e-mail alone holds.
    """

    __tablename__ = "attachment"
    __table_args__ = SCHEMA

    arrival_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    name: str
    content_type: str
    size: int
    content_hash: str | None = None
    held: str | None = None


class Seen(Model, table=True):
    """The first arrival of a mail in a mailbox: every later one is a duplicate."""

    __tablename__ = "seen"
    __table_args__ = SCHEMA

    mailbox: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    arrival_id: UUID


class Fetched(Model, table=True):
    """What was taken from the folder of a mail server, by the number that the server gave it: the ledger.

    `arrival_id` is where it is stored. `settled`: it was moved or marked there, as far as that is wanted. `too_large`:
    its size in bytes, when only its headers were taken.
    """

    __tablename__ = "fetched"
    __table_args__ = (Index("ix_fetched_account_content_hash", "account", "content_hash"), SCHEMA)

    account: str = Field(primary_key=True)
    folder: str = Field(primary_key=True)
    uid_validity: int = Field(primary_key=True, sa_type=BigInteger)
    uid: int = Field(primary_key=True, sa_type=BigInteger)
    content_hash: str
    arrival_id: UUID
    settled: bool = False
    too_large: int | None = Field(default=None, sa_type=BigInteger)
    fetched_at: datetime = Field(default_factory=clock.now, sa_type=DateTime(timezone=True))


class Watch(Model, table=True):
    """How it goes with a folder that is read.

    `looked_at`: when nothing was left to take. `waits_by`: how it hears of new mail, null while it is not connected.
    `stuck`: how many e-mails in it cannot be taken.
    """

    __tablename__ = "watch"
    __table_args__ = SCHEMA

    account: str = Field(primary_key=True)
    folder: str = Field(primary_key=True)
    looked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    waits_by: str | None = None
    problem: str | None = None
    stuck: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where an e-mail stands on a mail server: RFC 3501 2.3.1.1."""

    account: str
    folder: str
    uid_validity: int
    uid: int


def store_email(raw: bytes, mailbox: str = "", *, envelope_from: str | None = None, source: str) -> UUID:
    """Make one e-mail durable and tell the bus, in one transaction; gives the arrival's id.

    `mailbox` is the address that it was delivered to, empty when only its headers tell. Transient when the database
    does not answer: then it may not be stored, and its sender has to try again.
    """
    sender = None if envelope_from is None else storable(envelope_from)
    arrival = Arrival(
        content_hash=hashlib.sha256(raw).hexdigest(),
        key=mail_key(raw),
        recipient=storable(mailbox),
        envelope_from=sender,
        source=storable(source),
    )
    with _durably() as tx:
        _keep(tx, arrival, raw)
    return arrival.id


def store_fetched(
    place: Place,
    raw: bytes,
    mailbox: str,
    *,
    received_at: datetime | None,
    too_large: int | None,
    limit: int,
) -> UUID:
    """Make an e-mail of a mail server durable together with its place, in one transaction; gives its arrival's id.

    The same bytes in the same account are the same e-mail, wherever the server puts it and however it numbers it:
    they are no second arrival. `too_large`: its size; then only its headers are `raw`, and a person must look at it.
    Transient when the database does not answer.
    """
    content_hash = hashlib.sha256(raw).hexdigest()
    reason = None
    if too_large:
        reason = (
            f"too large: {too_large} bytes, and the limit is {limit}; only its headers were taken, "
            f"and it is still in {place.folder} of {place.account}"
        )
    with _durably() as tx:
        # readers of one account take turns, so that none of them misses what the other one stores
        tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(place.account, 0))))
        same = select(Fetched.arrival_id).where(
            col(Fetched.account) == place.account, col(Fetched.content_hash) == content_hash
        )
        arrival_id = tx.session.exec(same.limit(1)).first()
        if arrival_id is None:
            arrival = Arrival(
                content_hash=content_hash,
                key=mail_key(raw),
                recipient=mailbox,
                source=storable(f"IMAP {place.account}, {place.folder}, UID {place.uid}"),
                received_at=min(received_at or clock.now(), clock.now()),
                reason=reason,
            )
            _keep(tx, arrival, raw)
            arrival_id = arrival.id
        row = {
            "content_hash": content_hash,
            "arrival_id": arrival_id,
            "settled": too_large is not None,
            "too_large": too_large,
            "fetched_at": clock.now(),
        }
        statement = insert(Fetched).values(
            account=place.account, folder=place.folder, uid_validity=place.uid_validity, uid=place.uid, **row
        )
        keys = ["account", "folder", "uid_validity", "uid"]
        tx.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))
    return arrival_id


def taken(account: str, folder: str, uid_validity: int, uids: Iterable[int], *, limit: int) -> dict[int, bool]:
    """Which of these are stored already, each with whether it is settled too.

    One that was too large is not among them once the limit allows it. Transient when the database does not answer.
    """
    wanted = list(uids)
    if not wanted:
        return {}
    rows = select(Fetched.uid, Fetched.settled).where(
        *_in_folder(account, folder, uid_validity),
        col(Fetched.uid) == any_(wanted),  # type: ignore[arg-type]
        func.coalesce(Fetched.too_large, limit + 1) > limit,
    )
    with _durably() as tx:
        return dict(tx.session.exec(rows).all())


def settle(account: str, folder: str, uid_validity: int, uids: Iterable[int]) -> None:
    """These were moved or marked on their server. Transient when the database does not answer."""
    which = (*_in_folder(account, folder, uid_validity), col(Fetched.uid) == any_(list(uids)))  # type: ignore[arg-type]
    with _durably() as tx:
        tx.session.execute(update(Fetched).where(*which).values(settled=True))


def note_watch(account: str, folder: str, *, problem: str | None, waits_by: str | None, stuck: int) -> None:
    """How it goes with a folder now; while it is not connected (`waits_by` None) its last look stays as it was."""
    row: dict[str, Any] = {"problem": problem, "waits_by": waits_by, "stuck": stuck}
    if waits_by:
        row["looked_at"] = clock.now()
    statement = insert(Watch).values(account=account, folder=folder, **row)
    with _durably() as tx:
        tx.session.execute(statement.on_conflict_do_update(index_elements=["account", "folder"], set_=row))


def forget_other_watches(watched: Iterable[tuple[str, str]]) -> None:
    """Only these folders are read now."""
    with _durably() as tx:
        tx.session.execute(delete(Watch).where(tuple_(col(Watch.account), col(Watch.folder)).not_in(list(watched))))


def watches(session: Session) -> list[Watch]:
    """How it goes with each folder that is read."""
    return list(session.exec(select(Watch).order_by(col(Watch.account), col(Watch.folder))))


def _in_folder(account: str, folder: str, uid_validity: int) -> tuple[Any, ...]:
    return (
        col(Fetched.account) == account,
        col(Fetched.folder) == folder,
        col(Fetched.uid_validity) == uid_validity,
    )


@contextmanager
def _durably() -> Iterator[Transaction]:
    """A transaction of a gateway; Transient when the database does not answer."""
    try:
        with Transaction.begin("email_intake") as tx:
            yield tx
    except UNREACHABLE as error:
        raise Transient("the database does not answer; the e-mail was not stored") from error


def _keep(tx: Transaction, arrival: Arrival, raw: bytes) -> None:
    tx.session.execute(insert(Raw).values(content_hash=arrival.content_hash, bytes=raw).on_conflict_do_nothing())
    tx.session.add(arrival)
    tx.say(EmailStored(arrival_id=arrival.id, mailbox=arrival.recipient, source=arrival.source))


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


def keep_attachments(session: Session, arrival_id: UUID, files: Sequence[Attachment]) -> None:
    """Store the files of an e-mail apart from it, each content once; those beyond the limits by name only."""
    for position, file in enumerate(files):
        kept = position < MAX_FILES and file.size <= MAX_FILE_BYTES
        content_hash = hashlib.sha256(file.data).hexdigest() if kept else None
        if content_hash:
            row = insert(Blob).values(content_hash=content_hash, bytes=file.data)
            session.execute(row.on_conflict_do_nothing())
        session.add(
            AttachedFile(
                arrival_id=arrival_id,
                position=position,
                name=storable(file.name),
                content_type=storable(file.content_type),
                size=file.size,
                content_hash=content_hash,
                held=file.held,
            ),
        )


def attachments(session: Session, arrival_id: UUID) -> list[AttachedFile]:
    """What came with an arrival."""
    whose = col(AttachedFile.arrival_id) == arrival_id
    return list(session.exec(select(AttachedFile).where(whose).order_by(col(AttachedFile.position))))


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
