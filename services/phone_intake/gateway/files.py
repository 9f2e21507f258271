"""Call logs as files. What kind a file is, its content tells (`formats`); a file that nobody knows waits in quarantine.

UTF-8, and bytes that are no UTF-8 are read as Windows-1252.
"""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from services.phone_intake import rules, store
from services.phone_intake.gateway import formats
from services.phone_intake.gateway.exchanges import Site
from services.phone_intake.gateway.mapping import read_mappings
from services.phone_intake.settings import settings
from shared.civil_time import zone_named
from shared.errors import Misconfigured

LINES_TO_KNOW_A_FILE = 50
MAX_CONTENT_CHARS = 100_000
"""How much of a doubtful file is kept for the person who looks at it."""
STANDARD_INPUT = Path("-")


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


AS_WINDOWS_1252 = "as-windows-1252"
"""How bytes that are no UTF-8 are decoded."""
codecs.register_error(AS_WINDOWS_1252, _as_windows_1252)


def store_log(path: Path) -> int:
    """Store every record of a call log (`-`: standard input) and give their number.

    Misconfigured when the file is not there, or when it is none that is known: then nothing in it is read, and the
    file itself waits in quarantine with the reason.
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
    try:
        for line, fields in read_log(log, name):
            store.store_call(fields, f"{name}, line {line}")
            stored += 1
    except Doubtful as doubt:
        store.store_call({rules.DOUBTFUL: doubt.reason, "name": name, "content": doubt.content}, name)
        raise Misconfigured(f"{doubt}. The file waits in quarantine; nothing in it was read") from doubt
    return stored


class Doubtful(Misconfigured):
    """A file that is no call log of a known kind; `content` is how it begins."""

    def __init__(self, name: str, reason: str, content: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason
        self.content = content


def read_log(log: BinaryIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every record of a call log with the number of its first line; Doubtful when nothing tells how to read it."""
    lines = io.TextIOWrapper(log, encoding="utf-8-sig", errors=AS_WINDOWS_1252, newline="\n")
    wanted = settings()
    site = Site(wanted.numbers, zone_named(wanted.zone) if wanted.zone else None)
    mappings = read_mappings(wanted.mapping_file) if wanted.mapping_file else ()
    try:
        begin = list(islice(lines, LINES_TO_KNOW_A_FILE))
        try:
            read = formats.known(begin, site, mappings)
        except formats.UnknownFormat as error:
            raise Doubtful(name, str(error), "".join(begin)[:MAX_CONTENT_CHARS]) from None
        yield from read(chain(begin, lines))
    finally:
        lines.detach()  # the file belongs to the caller
