"""Bytes that one room keeps and another serves: the files that came with e-mails. Each content is kept once.

A room gets them by the hash that an event tells. Their names, and whether anybody may open them, stand in the event.
"""

from __future__ import annotations

import hashlib

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session

from shared.db import Model

SCHEMA = "files"


class Content(Model, table=True):
    """The bytes of a file. `content_hash` is their SHA-256 in hexadecimal."""

    __tablename__ = "content"
    __table_args__ = ({"schema": SCHEMA},)

    content_hash: str = Field(primary_key=True)
    bytes: bytes


def keep(session: Session, data: bytes) -> str:
    """Keep the bytes of a file with the transaction; gives the hash by which `fetch` finds them."""
    content_hash = hashlib.sha256(data).hexdigest()
    session.execute(insert(Content).values(content_hash=content_hash, bytes=data).on_conflict_do_nothing())
    return content_hash


def fetch(session: Session, content_hash: str) -> bytes | None:
    """The bytes of this hash; None when nobody kept any."""
    found = session.get(Content, content_hash)
    return found.bytes if found else None
