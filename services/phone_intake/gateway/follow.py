"""The follower of call logs: `python -m services.phone_intake.gateway.follow`.

It reads each Master.csv of the settings as the exchange writes it. Rows of one call are kept until none came for a
while, and are a record then; a row that comes later still makes a fuller record of the same call. Nothing depends on
how it ends: what is not committed is still in the file.
"""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import structlog

from services.phone_intake import rules
from services.phone_intake.gateway import exchanges, files, formats
from services.phone_intake.gateway.exchanges import Site
from services.phone_intake.gateway.tail import PIECE_BYTES, Piece, Tail
from services.phone_intake.rules import Column
from services.phone_intake.settings import FollowedLog, settings
from services.phone_intake.store import logs
from shared import clock
from shared import logs as logging
from shared.civil_time import zone_named
from shared.errors import Misconfigured, ScopedeskError
from shared.settings import settings as house_settings

log = structlog.get_logger()

QUIET = timedelta(seconds=60)
"""A call is whole when none of its rows came for so long: each is written when its leg ends."""
KEPT = timedelta(days=1)
"""How long the rows of a call are kept for one that comes late."""
LOOK_SECONDS = 1.0
NOTE_SECONDS = 30.0


class Follower:
    """Reads one log, and lets go of it at the end of a `with`."""

    def __init__(self, path: Path, how: FollowedLog) -> None:
        wanted = settings()
        zone = how.zone or wanted.zone
        self._path = str(path)
        self._tail = Tail(path)
        self._site = Site(wanted.numbers, zone_named(zone) if zone else None)
        self._since = how.since and datetime(
            how.since.year, how.since.month, how.since.day, tzinfo=self._site.zone or UTC
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tail.close()

    def look(self) -> bool:
        """Take the next rows of the log; False when there are none.

        Misconfigured when its beginning is none of a Master.csv, OSError when it cannot be read, Transient when the
        database does not answer.
        """
        place = logs.place_in(self._path)
        piece = self._tail.next_piece(place)
        return piece is not None and logs.take(self._path, place, piece.after, self._rows(piece, place))

    def judge(self, quiet_since: datetime) -> int:
        """Make records of the calls of which no row came since a moment; gives their number."""
        calls = logs.quiet_calls(self._path, quiet_since)
        for call in calls:
            logs.judge(self._path, call, self._record)
        return len(calls)

    def _rows(self, piece: Piece, place: logs.Place) -> list[logs.Row]:
        if piece.lost:
            reason = f"the file that was read up to line {place.lines} is gone, and may have had more: feed it by hand"
            return [logs.Row(place.lines, "", {rules.DOUBTFUL: reason, "name": self._path, "place": place.head})]
        rows = _rows_of(piece.text.decode(errors=files.AS_WINDOWS_1252), is_beginning=place.position == 0)
        return [row for number, fields in rows if (row := self._row(place.lines + number, fields))]

    def _row(self, line: int, fields: dict[str, str]) -> logs.Row | None:
        if rules.UNPARSED in fields:
            return logs.Row(line, "", fields)
        if call := exchanges.call_of(fields):
            return logs.Row(line, call, fields)
        alone = self._record([fields])
        return logs.Row(line, "", alone) if alone else None

    def _record(self, legs: Sequence[Mapping[str, str]]) -> dict[str, Any] | None:
        record = exchanges.from_asterisk(legs, self._site)
        return None if self._since and self._is_old(record[Column.STARTED_AT]) else record

    def _is_old(self, written: str) -> bool:
        try:
            began = datetime.fromisoformat(written)
        except ValueError:
            return False
        return bool(self._since and began.tzinfo and began < self._since)


def check(path: Path) -> str:
    """Say how a log begins; Misconfigured when it cannot be read or is no Master.csv."""
    try:
        with path.open("rb") as log:
            begin = log.read(PIECE_BYTES).decode(errors=files.AS_WINDOWS_1252)
    except OSError as error:
        raise Misconfigured(f"cannot be read: {error.strerror or error}") from error
    if not begin:
        return "is empty as yet"
    _rows_of(begin, is_beginning=True)
    return "is one of Asterisk's"


def _rows_of(text: str, *, is_beginning: bool) -> list[tuple[int, dict[str, str]]]:
    lines = io.StringIO(text, newline="\n").readlines()
    rows = list(formats.rows(lines, exchanges.asterisk_columns, ",", header=False))
    if is_beginning and all(rules.UNPARSED in fields for _, fields in rows):
        raise Misconfigured("none of its first lines is a row of Asterisk's Master.csv")
    return rows


def follow(wanted: Mapping[Path, FollowedLog], stop: threading.Event) -> None:
    """Follow logs until told to stop, whatever happens to them and to the database."""
    told: dict[str, str | None] = {}
    noted_at = -NOTE_SECONDS
    with ExitStack() as opened:
        followers = {str(path): opened.enter_context(Follower(path, how)) for path, how in wanted.items()}
        log.info("following call logs", paths=list(followers))
        while not stop.is_set():
            found = {path: _turn(path, follower) for path, follower in followers.items()}
            problems = {path: problem for path, (_, problem) in found.items()}
            if problems != told or time.monotonic() - noted_at >= NOTE_SECONDS:
                _note(problems, told)
                told, noted_at = problems, time.monotonic()
            house_settings().beat()
            if not any(took for took, _ in found.values()):
                stop.wait(LOOK_SECONDS)


def _turn(path: str, follower: Follower) -> tuple[bool, str | None]:
    """One look at a log: whether it had something, and what is wrong with it."""
    try:
        took = follower.look()
        follower.judge(clock.now() - QUIET)
    except ScopedeskError as error:
        return False, str(error)
    except OSError as error:
        return False, (error.strerror or str(error)).lower()
    except Exception:  # this loop is what must not end
        log.exception("a call log cannot be followed", path=path)
        return False, "see its log"
    return took, None


def _note(problems: Mapping[str, str | None], told: Mapping[str, str | None]) -> None:
    """Tell `scopedesk status` how it goes; a database that is away is told of by everybody else."""
    for path, problem in problems.items():
        if problem and problem != told.get(path):
            log.warning("call log not read", path=path, why=problem)
    try:
        for path, problem in problems.items():
            logs.note(path, problem)
        logs.tidy(problems, clock.now() - KEPT)
    except ScopedeskError as error:
        log.warning("cannot write down how the call logs do", why=str(error))


def main() -> None:
    """Follow the logs of the settings until SIGTERM or SIGINT; exit code 1 when something is misconfigured."""
    logging.configure()
    try:
        house_settings().require_database_url()
        wanted = settings().logs
        if not wanted:
            raise Misconfigured("no call log is named: see SCOPEDESK_PHONE_INTAKE_LOGS in docs/operations.md")
        follow(wanted, stop_on_signal())
    except ScopedeskError as error:
        sys.stderr.write(f"call logs: {error}\n")
        sys.exit(1)


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    main()
