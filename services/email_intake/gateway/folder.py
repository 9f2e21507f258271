"""One folder of a mail server, over one connection: what is new is stored, then moved or marked.

What was taken is known by (account, folder, UIDVALIDITY, UID) in our database, never by a flag or a highest number:
people read mail too, and a crash comes between any two lines. An e-mail is touched only when it is committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event
from typing import TypeVar

import structlog
from imapclient import DELETED, SEEN, IMAPClient
from imapclient.datetime_util import format_criteria_date
from imapclient.exceptions import IMAPClientError

from services.email_intake.gateway.account import Account, Then
from services.email_intake.gateway.connection import open_folder, origin
from services.email_intake.rules.fetching import PIECE_BYTES, Troubles, batches, portions
from services.email_intake.store import ledger
from shared.errors import Transient

log = structlog.get_logger()

T = TypeVar("T")

FLAG = "$Scopedesk"
SWEEP_SECONDS = 900.0
"""How often the whole folder is compared with what was taken; in between only what is newer is looked for."""

HEADER_BYTES = 65_536
IDLE_SLICE_SECONDS = 1.0
"""How long one wait for news takes, so that a process that is told to stop does."""


class ConnectionLost(Transient):
    """The server is gone, and the library does not say so."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One e-mail as the server gave it. `size` is set, and `raw` holds the headers only, when it is too large."""

    uid: int
    raw: bytes
    arrived_at: datetime | None
    size: int | None = None


class Folder:
    """A folder that is open. `troubles` outlives the connection: it is about the e-mails."""

    def __init__(
        self, client: IMAPClient, account: Account, name: str, *, limit: int, troubles: Troubles, stop: Event
    ) -> None:
        self._client = client
        self._account = account
        self._name = name
        self._limit = limit
        self._troubles = troubles
        self._stop = stop
        self._top = 0
        self._swept_at = 0.0
        self._how = self._way_to_settle()
        self.uid_validity = 0
        self.complaint: str | None = None

    @property
    def idles(self) -> bool:
        """Whether the server tells of new mail by itself."""
        return self._account.idle and bool(self._client.has_capability("IDLE"))

    def look(self) -> int:
        """Store whatever is there and was not stored yet, and move or mark it; gives how many were stored."""
        now = time.monotonic()
        if not self.uid_validity or now - self._swept_at > SWEEP_SECONDS or self._troubles.due(now):
            self._swept_at = now
            self._open()
            uids = self._search("")
            self._troubles.only(uids)
        else:
            uids = [uid for uid in self._search(f"UID {self._top + 1}:*") if uid > self._top]
        known = ledger.taken(self._account.name, self._name, self.uid_validity, uids, limit=self._limit)
        self._settle(uid for uid, settled in known.items() if not settled)
        waiting = self._troubles.waiting(now)
        taken = self._take([uid for uid in uids if uid not in known and uid not in waiting])
        if not self._stop.is_set():
            self._top = max([self._top, *uids])
        return taken

    def wait(self) -> None:
        """Until there is something new, the time to look has come, or the process is told to stop.

        However quiet it is, a look follows after `poll_seconds`: a mail that arrives while the server answers a
        search is announced in that answer, and IDLE does not repeat it.
        """
        if not self.idles:
            self._stop.wait(self._account.poll_seconds)
            return
        until = time.monotonic() + self._account.poll_seconds
        self._client.idle()
        while not self._stop.is_set() and time.monotonic() < until:
            began = time.monotonic()
            news = self._client.idle_check(timeout=IDLE_SLICE_SECONDS)
            if news and not any(item[0] == b"BYE" for item in news):
                break
            if news or time.monotonic() - began < IDLE_SLICE_SECONDS / 2:
                raise ConnectionLost("the connection was lost")
        self._client.idle_done()

    def _open(self) -> None:
        uid_validity = open_folder(self._client, self._account, self._name)
        if uid_validity != self.uid_validity:
            if self.uid_validity:
                log.warning("the server numbers the folder anew", account=self._account.name, folder=self._name)
                self._troubles.only(())
            self.uid_validity, self._top = uid_validity, 0
        if self._account.then is Then.MOVE:
            self._make_processed()

    def _search(self, what: str) -> list[int]:
        since = f"SINCE {format_criteria_date(self._account.since).decode()}" if self._account.since else ""
        return sorted(map(int, self._client.search(f"{what} {since}".strip() or "ALL")))

    def _take(self, uids: list[int]) -> int:
        taken = 0
        for portion in portions(uids, self._troubles.known()):
            sizes = self._ask(portion, partial(self._sizes, portion)) or {}
            for group in batches(sizes):
                if self._stop.is_set():
                    return taken
                mails = self._ask(group, partial(self._fetched, group, sizes)) or []
                stored = [mail.uid for mail in mails if self._store(mail)]
                self._settle(uid for uid in stored if sizes[uid] <= self._limit)
                taken += len(stored)
        return taken

    def _ask(self, group: list[int], question: Callable[[], T]) -> T | None:
        """What the server answers about a group; a failure is noted for each of them, so that they are asked alone."""
        try:
            return question()
        except (IMAPClient.AbortError, OSError):
            self._troubles.failed(group, time.monotonic())
            raise
        except Exception as error:  # noqa: BLE001 -- whatever one answer holds, the others are still fetched
            self._troubles.failed(group, time.monotonic())
            log.warning("not fetched", account=self._account.name, uids=group, error=origin(error))
            return None

    def _sizes(self, uids: list[int]) -> dict[int, int]:
        told = self._client.fetch(uids, ["RFC822.SIZE"])
        return {uid: int(told[uid].get(b"RFC822.SIZE") or 0) for uid in uids if uid in told}

    def _fetched(self, group: list[int], sizes: dict[int, int]) -> list[Fetched]:
        if sizes[group[0]] > PIECE_BYTES:
            large = self._in_pieces(group[0], sizes[group[0]])
            return [large] if large else []
        given = self._client.fetch(group, ["BODY.PEEK[]", "INTERNALDATE"])
        return [
            Fetched(uid, given[uid][b"BODY[]"], _aware(given[uid].get(b"INTERNALDATE")))
            for uid in group
            if given.get(uid, {}).get(b"BODY[]") is not None  # else somebody deleted it meanwhile
        ]

    def _in_pieces(self, uid: int, size: int) -> Fetched | None:
        """A large e-mail, or the headers of one that is too large; None when it vanishes meanwhile."""
        part, most = ("HEADER", HEADER_BYTES) if size > self._limit else ("", PIECE_BYTES)
        whole, arrived_at = bytearray(), None
        while True:
            wanted = [f"BODY.PEEK[{part}]<{len(whole)}.{most}>", "INTERNALDATE"]
            given = self._client.fetch([uid], wanted).get(uid, {})
            piece = given.get(f"BODY[{part}]<{len(whole)}>".encode())
            arrived_at = _aware(given.get(b"INTERNALDATE")) or arrived_at
            if piece is None and len(whole) < size:
                return None
            whole += piece or b""
            if part:
                return Fetched(uid, bytes(whole), arrived_at, size)
            if len(piece or b"") < most:
                return Fetched(uid, bytes(whole), arrived_at)

    def _store(self, mail: Fetched) -> bool:
        """Whether the e-mail is committed; Transient when the database is away, since that concerns all of them."""
        place = ledger.Place(self._account.name, self._name, self.uid_validity, mail.uid)
        try:
            ledger.store_fetched(
                place,
                mail.raw,
                self._account.address,
                received_at=mail.arrived_at,
                too_large=mail.size,
                limit=self._limit,
            )
        except Transient:
            raise
        except Exception as error:  # noqa: BLE001 -- the others are stored all the same, and this one is tried again
            self._troubles.failed([mail.uid], time.monotonic())
            log.warning("not stored", account=self._account.name, uid=mail.uid, error=origin(error))
            return False
        self._troubles.done([mail.uid])
        return True

    def _way_to_settle(self) -> Then:
        """How mail is settled here: a server that can neither move nor expunge one mail gets it marked instead."""
        can_move = self._client.has_capability("MOVE") or self._client.has_capability("UIDPLUS")
        return Then.SEEN if self._account.then is Then.MOVE and not can_move else self._account.then

    def _settle(self, chosen: Iterable[int]) -> None:
        """Move or mark what is stored. A server that refuses loses nothing: it is tried again at the next sweep."""
        uids = sorted(chosen)
        if not uids or self._account.then is Then.LEAVE:
            return
        try:
            if self._how is Then.MOVE:
                self._move(uids)
            else:
                self._client.add_flags(uids, [SEEN if self._how is Then.SEEN else FLAG], silent=True)
        except IMAPClient.AbortError:
            raise
        except IMAPClientError as error:
            self.complaint = (
                f"its e-mails are stored, but the server refuses to {self._how} them "
                f"(`then`, `processed`): {type(error).__name__}"
            )
            log.warning("stored but not settled", account=self._account.name, folder=self._name, how=str(self._how))
            return
        self.complaint = None
        ledger.settle(self._account.name, self._name, self.uid_validity, uids)

    def _move(self, uids: list[int]) -> None:
        if self._client.has_capability("MOVE"):
            self._client.move(uids, self._account.processed)
            return
        self._client.copy(uids, self._account.processed)
        self._client.add_flags(uids, [DELETED], silent=True)
        self._client.uid_expunge(uids)  # only ours: a bare EXPUNGE would take what others marked as well

    def _make_processed(self) -> None:
        if self._how is Then.MOVE and not self._client.folder_exists(self._account.processed):
            try:
                self._client.create_folder(self._account.processed)
                self._client.subscribe_folder(self._account.processed)
            except IMAPClient.AbortError:
                raise
            except IMAPClientError:
                log.warning("cannot make the folder", account=self._account.name, folder=self._account.processed)


def _aware(moment: datetime | None) -> datetime | None:
    """When the server got a mail, if it says a moment that a clock can have shown."""
    return moment if moment and moment.tzinfo and moment.year > 1990 else None  # noqa: PLR2004 -- 1970: vanished
