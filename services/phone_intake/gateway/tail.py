"""Reading on in a file that grows and is rotated, from where reading stopped, whoever was killed in between.

A file is known by its device and inode and by the hash of its beginning: so it is found again under another name or
compressed, and another file that was given its inode is not taken for it. It is read up to its last newline; when it
was rotated it is read to its end before its successor is.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from services.phone_intake.store.logs import Place
from shared import clock

PIECE_BYTES = 256 * 1024
HEAD_BYTES = 4096
ROTATED_SECONDS = 2.0
"""A rotated file has been quiet for so long before it counts as ended: its writer may have had it open."""

_ROTATED_NAME = re.compile(r"[.-]\d[\d.-]*(?:\.gz)?")
"""What logrotate puts behind a name."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines as they follow a place, and the place behind them.

    Without text it only goes on to the next file. `lost`: the file of the place is gone, and may have had more lines.
    """

    text: bytes
    after: Place
    lost: bool = False


class Tail:
    """One log, which keeps its file open between two pieces."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def next_piece(self, place: Place) -> Piece | None:
        """What follows a place; None when there is nothing yet. OSError when a file cannot be read."""
        try:
            return self._next_piece(place)
        except (EOFError, zlib.error) as error:
            raise OSError(f"a compressed log is broken: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
        self._file = None

    def _next_piece(self, place: Place) -> Piece | None:
        file = self._file_at(place)
        if file is None:
            return Piece(b"", Place(identity=_identity(self._path.stat())), lost=True)
        file.seek(place.position)
        read = file.read(PIECE_BYTES)
        whole = read.rfind(b"\n") + 1 or (len(read) if len(read) == PIECE_BYTES else 0)
        if not whole:
            successor = self._successor(file, place)
            if successor is None:
                return None
            if not read:
                return Piece(b"", Place(identity=_identity(successor.stat())))
            whole = len(read)  # nobody will end its last line
        text = read[:whole]
        position = place.position + whole
        head_length = max(place.head_length, min(position, HEAD_BYTES))
        head = place.head if head_length == place.head_length else _head(file, head_length)
        identity = _identity(os.fstat(file.fileno()))
        return Piece(text, Place(identity, position, head, head_length, place.lines + text.count(b"\n")))

    def _file_at(self, place: Place) -> BinaryIO | None:
        """The file of a place; None when it is gone."""
        if self._file and _has(self._file, place):
            return self._file
        self.close()
        for path in (self._path, *self._rotated()):
            file = _open(path)
            if not place.identity or _has(file, place):
                self._file = file
                return file
            file.close()
        return None

    def _rotated(self) -> list[Path]:
        """Earlier files of this name, the oldest first."""
        name = self._path.name
        found = [path for path in self._path.parent.iterdir() if path.name.startswith(name)]
        return sorted(
            (path for path in found if _ROTATED_NAME.fullmatch(path.name.removeprefix(name))),
            key=lambda path: path.stat().st_mtime_ns,
        )

    def _successor(self, file: BinaryIO, place: Place) -> Path | None:
        """The file that was begun after this one was put aside; None while this one is written."""
        ended = os.fstat(file.fileno())
        if not self._path.exists() or os.path.samestat(self._path.stat(), ended):
            return None
        if clock.now().timestamp() - ended.st_mtime < ROTATED_SECONDS:
            return None
        later = (path for path in self._rotated() if path.stat().st_mtime_ns > ended.st_mtime_ns)
        return next((path for path in later if not _is_copy(path, place)), self._path)


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _identity(found: os.stat_result) -> str:
    return f"{found.st_dev}:{found.st_ino}"


def _head(file: BinaryIO, length: int) -> str:
    file.seek(0)
    return hashlib.sha256(file.read(length)).hexdigest()


def _has(file: BinaryIO, place: Place) -> bool:
    """Whether this is the file of a place, and reaches as far."""
    if not place.head_length:
        return _identity(os.fstat(file.fileno())) == place.identity
    if _head(file, place.head_length) != place.head:
        return False
    file.seek(place.position - 1)
    return bool(file.read(1))


def _is_copy(path: Path, place: Place) -> bool:
    """Whether a file begins as the one of a place does: what compressing it makes, for example."""
    with _open(path) as file:
        return bool(place.head_length) and _head(file, place.head_length) == place.head
