"""Every query on the e-mails that came: their bytes, their arrivals, and what became of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.email_intake.rules.attachments import MAX_FILE_BYTES, MAX_FILES, file_name
from services.email_intake.rules.identity import mail_key, way_of
from services.email_intake.rules.parts import Attachment
from services.email_intake.store.tables import Arrival, Raw, Seen, State
from shared import files
from shared.bus import Transaction
from shared.db import UNREACHABLE, storable
from shared.errors import Permanent, Transient
from shared.events import EmailStored
from shared.vocabulary import AttachedFile

__all__ = ["Arrival", "State"]


@dataclass(frozen=True, slots=True)
class TooLarge:
    """An e-mail of which only the headers are taken: its size and the limit in bytes, and where all of it still is."""

    size: int
    limit: int
    where: str

    @property
    def reason(self) -> str:
        """For whoever finds it in quarantine."""
        return (
            f"too large: {self.size} bytes, and the limit is {self.limit}; only its headers were taken, "
            f"and it is still in {self.where}"
        )


def store_email(
    raw: bytes,
    mailbox: str = "",
    *,
    envelope_from: str | None = None,
    source: str,
    too_large: TooLarge | None = None,
) -> UUID:
    """Make one e-mail durable and tell the bus, in one transaction; gives the arrival's id.

    `mailbox` is the address that it was delivered to, empty when only its headers tell. With `too_large` only
    its headers are `raw`, and a person must look at it. Transient when the database
    does not answer: then it may not be stored, and its sender has to try again.
    """
    sender = None if envelope_from is None else storable(envelope_from)
    arrival = Arrival(
        content_hash=hashlib.sha256(raw).hexdigest(),
        key=mail_key(raw),
        recipient=storable(mailbox),
        envelope_from=sender,
        source=storable(source),
        reason=too_large.reason if too_large else None,
        too_large=too_large.size if too_large else None,
    )
    with durably() as tx:
        keep(tx, arrival, raw)
    return arrival.id


@contextmanager
def durably() -> Iterator[Transaction]:
    """A transaction of a gateway; Transient when the database does not answer."""
    try:
        with Transaction.begin("email_intake") as tx:
            yield tx
    except UNREACHABLE as error:
        raise Transient("the database does not answer; the e-mail was not stored") from error


def keep(tx: Transaction, arrival: Arrival, raw: bytes) -> None:
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


def keep_attachments(session: Session, attached: Sequence[Attachment]) -> tuple[AttachedFile, ...]:
    """Keep the files of an e-mail apart from it, each content once; those beyond the limits by name only."""
    return tuple(
        AttachedFile(
            name=storable(file_name(file.name, position)),
            content_type=storable(file.content_type),
            size=file.size,
            content_hash=files.keep(session, file.data)
            if position < MAX_FILES and file.size <= MAX_FILE_BYTES
            else None,
            held=file.held,
        )
        for position, file in enumerate(attached)
    )


def arrivals(session: Session) -> Iterator[tuple[UUID, str, str, str]]:
    """Every arrival in the order of their ids: by which way it came, its mailbox (empty: none told), its state."""
    mailbox = func.coalesce(col(Arrival.mailbox), col(Arrival.recipient))
    statement = select(Arrival.id, Arrival.source, mailbox, Arrival.state).order_by(col(Arrival.id))
    for arrival_id, source, place, state in session.exec(statement.execution_options(yield_per=1000)):
        yield arrival_id, way_of(source), place, state


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
