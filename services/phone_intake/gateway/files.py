"""Call logs as CSV: the call-centre export, with a header line and the columns of `rules.Column`.

Comma, semicolon or tab; UTF-8, and bytes that are no UTF-8 are read as Windows-1252. Unknown columns are kept with the
record. A line that is no row under the header is stored as it is, so that it can be quarantined by its number; one
stray quotation mark does not swallow the rest of the file.
"""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from services.phone_intake import rules, store
from shared.errors import Misconfigured

MAX_LINES_PER_RECORD = 200
"""A note may have line breaks, but a quotation mark still open after so many lines was a mistake."""
STANDARD_INPUT = Path("-")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("as-windows-1252", _as_windows_1252)


def store_log(path: Path) -> int:
    """Store every record of a call log (`-`: standard input) and give their number.

    Misconfigured when the file is not there or its header lacks a required column; nothing was stored then.
    """
    if path == STANDARD_INPUT:
        return _store(sys.stdin.buffer, "standard input")
    try:
        with path.open("rb") as log:
            return _store(log, path.name)
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror or error}") from error


def _store(log: BinaryIO, name: str) -> int:
    stored = 0
    for line, fields in read_log(log, name):
        store.store_call(fields, f"{name}, line {line}")
        stored += 1
    return stored


def read_log(log: BinaryIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every record of a call log with the number of its first line; Misconfigured when the header is unusable."""
    lines = io.TextIOWrapper(log, encoding="utf-8-sig", errors="as-windows-1252", newline="\n")
    try:
        header = lines.readline()
        delimiter = max(",;\t", key=header.count)
        columns = [column.strip().lower() for column in _cells(header, delimiter)]
        missing = [column for column in rules.REQUIRED_COLUMNS if column not in columns]
        if missing:
            raise Misconfigured(
                f"{name}: the first line must name the columns; missing: {', '.join(missing)}. "
                f"Known columns: {', '.join(rules.Column)}",
            )
        yield from _rows(lines, columns, delimiter)
    finally:
        lines.detach()  # the file belongs to the caller


def _rows(lines: Iterable[str], columns: list[str], delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    source, ahead, number = iter(lines), deque[str](), 2
    while length := _record_length(ahead, source):
        taken = [ahead.popleft() for _ in range(length)]
        cells = _cells("".join(taken), delimiter)
        swallowed = any(len(_cells(line, delimiter)) == len(columns) for line in taken[1:-1])
        if length > 1 and (swallowed or len(cells) != len(columns)):
            # the mistake is in the first line; the next one may be a sound record
            ahead.extendleft(reversed(taken[1:]))
            taken = taken[:1]
            cells = _cells(taken[0], delimiter)
        if len(cells) == len(columns):
            yield number, dict(zip(columns, cells, strict=True))
        elif taken[0].strip():
            yield number, {rules.UNPARSED: taken[0].rstrip("\r\n")}
        number += len(taken)


def _record_length(ahead: deque[str], source: Iterator[str]) -> int:
    """How many lines the next record has, read into `ahead`; 0 at the end.

    An even number of quotation marks closes a record (a doubled mark counts as two). One that never closes is one line.
    """
    marks = 0
    for length in range(1, MAX_LINES_PER_RECORD + 1):
        if len(ahead) < length:
            line = next(source, None)
            if line is None:
                break
            ahead.append(line)
        marks += ahead[length - 1].count('"')
        if marks % 2 == 0:
            return length
    return min(1, len(ahead))


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
