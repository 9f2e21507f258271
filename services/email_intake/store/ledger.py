"""The ledger: what was taken from the folders of mail servers, by its number there, and how it goes with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, delete, func, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.email_intake.rules.identity import mail_key
from services.email_intake.store import TooLarge, durably, keep
from services.email_intake.store.tables import Arrival, Fetched, Watch
from shared import clock
from shared.db import storable


@dataclass(frozen=True, slots=True)
class Place:
    """Where an e-mail stands on a mail server: RFC 3501 2.3.1.1."""

    account: str
    folder: str
    uid_validity: int
    uid: int


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
    beyond = TooLarge(too_large, limit, f"{place.folder} of {place.account}") if too_large else None
    with durably() as tx:
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
                reason=beyond.reason if beyond else None,
                too_large=too_large,
            )
            keep(tx, arrival, raw)
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
    with durably() as tx:
        return dict(tx.session.exec(rows).all())


def settle(account: str, folder: str, uid_validity: int, uids: Iterable[int]) -> None:
    """These were moved or marked on their server. Transient when the database does not answer."""
    which = (*_in_folder(account, folder, uid_validity), col(Fetched.uid) == any_(list(uids)))  # type: ignore[arg-type]
    with durably() as tx:
        tx.session.execute(update(Fetched).where(*which).values(settled=True))


def note_watch(account: str, folder: str, *, problem: str | None, waits_by: str | None, stuck: int) -> None:
    """How it goes with a folder now; while it is not connected (`waits_by` None) its last look stays as it was."""
    row: dict[str, Any] = {"problem": problem, "waits_by": waits_by, "stuck": stuck}
    if waits_by:
        row["looked_at"] = clock.now()
    statement = insert(Watch).values(account=account, folder=folder, **row)
    with durably() as tx:
        tx.session.execute(statement.on_conflict_do_update(index_elements=["account", "folder"], set_=row))


def forget_other_watches(watched: Iterable[tuple[str, str]]) -> None:
    """Only these folders are read now."""
    with durably() as tx:
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
