"""E-mails in files: .eml, folders of them, Maildir, mbox, and standard input. Nothing is moved or changed.

Of a mail over the size limit the headers are taken, and a person looks at it; on standard input it is refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.email_intake import store
from services.email_intake.settings import settings
from services.email_intake.store import TooLarge
from shared.errors import Misconfigured, Transient

STDIN = Path("-")
MAILDIR_FOLDERS = ("cur", "new")

_MBOX_SEPARATOR = re.compile(rb"From \S.*\d{1,2}:\d{2}.*\d{4}\s*$|From \S+\s+\w{3} \w{3} .*\d{4}\s*$")
HEAD_BYTES = 65_536
"""Of the headers of a mail that is too large."""
PIECE_BYTES = 1 << 20
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_ESCAPED_SEPARATOR = re.compile(rb">+From ")


@dataclass(frozen=True, slots=True)
class Found:
    """The bytes of one e-mail and where they were. `size` is set, and `raw` its headers only, when it is too large."""

    raw: bytes
    source: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class _Large:
    """A mail over the size limit: how it begins, and its size in bytes."""

    raw: bytes
    source: str
    size: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A path, or a mail in it, that could not be taken, and why. `final`: no other try will do better."""

    text: str
    final: bool = False


def ingest(paths: Iterable[Path], mailbox: str = "", sender: str | None = None) -> Iterator[Found | Problem]:
    """Store every e-mail of the paths, each in its own transaction; gives what was stored and what was not.

    `mailbox` says where they were delivered; without it their headers tell. Misconfigured when it is none of ours.
    `sender` is the envelope's, as a mail server tells it ("" for the null return path): standard input is then one
    e-mail, even if a line in it looks like the beginning of another.
    """
    if mailbox and not settings().own.owns(mailbox):
        known = ", ".join(settings().mailboxes)
        raise Misconfigured(f"{mailbox} is none of our mailboxes ({known}): see SCOPEDESK_EMAIL_INTAKE_MAILBOXES")
    for item in emails_in(paths) if sender is None else _piped(sys.stdin.buffer):
        if isinstance(item, Found):
            try:
                beyond = TooLarge(item.size, settings().size_limit, item.source) if item.size else None
                store.store_email(item.raw, mailbox, envelope_from=sender, source=item.source, too_large=beyond)
            except Transient as error:
                yield Problem(f"{item.source}: {error}")
                return
        yield item


def emails_in(paths: Iterable[Path]) -> Iterator[Found | Problem]:
    """Every e-mail in these files, folders, Maildirs and mboxes; `-` is standard input."""
    for path in paths:
        try:
            if path == STDIN:
                yield from _refusing(_mails(sys.stdin.buffer, "standard input"))
            elif path.is_dir():
                yield from _folder(path)
            else:
                yield from _file(path)
        except OSError as error:
            yield Problem(f"{path}: {(error.strerror or str(error)).lower()}")


def _refusing(mails: Iterable[Found | _Large]) -> Iterator[Found | Problem]:
    """What a mail server pipes in is refused when it is too large: it tells the sender, whom it knows better."""
    for item in mails:
        yield item if isinstance(item, Found) else _too_large(item.source, settings().size_limit)


def _folder(folder: Path) -> Iterator[Found | Problem]:
    """All files below a folder, in the order of their names; hidden ones and Maildir's unfinished ones are left."""
    is_maildir = all((folder / name).is_dir() for name in MAILDIR_FOLDERS)
    for path in sorted(folder.iterdir()):
        if is_maildir and path.name not in MAILDIR_FOLDERS and not (path / "cur").is_dir():
            continue
        if path.name.startswith(".") and not (is_maildir and path.is_dir()):
            continue
        yield from emails_in([path])


def _file(path: Path) -> Iterator[Found]:
    """The mails of a file; of one that is too large only the headers."""
    with path.open("rb") as stream:
        for item in _mails(stream, str(path)):
            yield item if isinstance(item, Found) else Found(_head(item.raw), item.source, item.size)


def _head(raw: bytes) -> bytes:
    """The headers that a mail begins with."""
    end = _HEAD_END.search(raw, 0, HEAD_BYTES)
    return raw[: end.end()] if end else raw[:HEAD_BYTES]


def _mails(stream: BinaryIO, source: str) -> Iterator[Found | _Large]:
    """One mail, or each of an mbox. A mail over the size limit is read past, keeping no more of it than the limit."""
    limit = settings().size_limit
    first = stream.readline(limit + 1)
    if not _MBOX_SEPARATOR.match(first):
        raw = first + stream.read(limit + 1 - len(first))
        size = len(raw) + sum(map(len, iter(lambda: stream.read(PIECE_BYTES), b"")))
        yield Found(raw, source) if size <= limit else _Large(raw, source, size)
        return
    number, size, lines, after_blank = 1, 0, list[bytes](), False
    for line in iter(lambda: stream.readline(limit + 1), b""):
        if after_blank and _MBOX_SEPARATOR.match(line):
            yield _mbox_mail(lines, size, f"{source}, mail {number}", limit)
            number, size, lines, after_blank = number + 1, 0, [], False
            continue
        size += len(line)
        if size <= limit:
            lines.append(line[1:] if _ESCAPED_SEPARATOR.match(line) else line)
        after_blank = not line.strip(b"\r\n")
    yield _mbox_mail(lines, size, f"{source}, mail {number}", limit)


def _piped(stream: BinaryIO) -> Iterator[Found | Problem]:
    """The e-mail that a mail server hands over; the line that some put before it, as in an mbox, is not of it."""
    limit = settings().size_limit
    first = stream.readline(limit + 1)
    raw = b"" if _MBOX_SEPARATOR.match(first) else first
    raw += stream.read(limit + 1 - len(raw))
    yield Found(raw, "pipe") if len(raw) <= limit else _too_large("pipe", limit)


def _mbox_mail(lines: list[bytes], size: int, source: str, limit: int) -> Found | _Large:
    if size > limit:
        return _Large(b"".join(lines), source, size)
    if lines and not lines[-1].strip(b"\r\n"):  # the empty line before the next separator is not of the mail
        lines = lines[:-1]
    return Found(b"".join(lines), source)


def _too_large(source: str, limit: int) -> Problem:
    return Problem(f"{source}: larger than {limit} bytes, see SCOPEDESK_EMAIL_INTAKE_SIZE_LIMIT", final=True)
