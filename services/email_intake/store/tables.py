"""The tables of email_intake."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, Index
from sqlmodel import Field

from shared import clock
from shared.db import Model

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
    A `reason` before it was read is its gateway's, and sends it to a person. `too_large`: its size in bytes, when only
    its headers were taken.
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
    too_large: int | None = Field(default=None, sa_type=BigInteger)


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
