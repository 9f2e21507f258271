"""The mail catcher of a stack: takes every letter, sends none, and shows them. Run: `python -m deploy.mail_catcher`.

A letter is on disk before the sender hears 250. One that comes again under the same Message-ID is the same letter,
counted once more: that is how a letter that was sent twice shows.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import structlog
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from deploy.settings import stack_settings
from shared import logs
from shared.errors import ScopedeskError
from shared.settings import settings
from shared.web import configuration, listen

log = structlog.get_logger()

LARGEST_LETTER_BYTES = 40_000_000
MOST_SHOWN = 1000
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
"""A letter's HTML may bring its looks and nothing else: no script, no picture from elsewhere, no form."""


class Letters:
    """A Maildir whose file names derive from the Message-ID, with a count file beside each."""

    def __init__(self, folder: Path) -> None:
        self._new, self._tmp, self._counts = folder / "new", folder / "tmp", folder / "counts"
        for path in (folder, self._new, self._tmp, self._counts, folder / "cur"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, raw: bytes, sender: str, recipients: list[str]) -> str:
        """Write a letter to disk, or count it once more if it is there; returns its key. OSError when it cannot."""
        message_id = email.message_from_bytes(raw, policy=email.policy.compat32)["Message-ID"]
        key = sha256(str(message_id).strip().encode() if message_id else raw).hexdigest()[:24]
        if not (self._new / key).exists():
            envelope = f"Return-Path: <{sender.strip('<>')}>\r\n" + "".join(
                f"Delivered-To: {to}\r\n" for to in recipients
            )
            written = self._tmp / f"{key}.{os.urandom(4).hex()}"
            _write_through(written, envelope.encode() + raw)
            written.replace(self._new / key)
            _sync(self._new)
        with (self._counts / key).open("ab") as count:
            count.write(b"\n")  # a byte for each time it came: appending needs no lock
            count.flush()
            os.fsync(count.fileno())
        return key

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The letters that came last, newest first, without their texts."""
        found = sorted(((path.stat().st_mtime_ns, path.name) for path in self._new.iterdir()), reverse=True)
        return [self._summary(key, self._read(key)) for _, key in found[:limit]]

    def show(self, key: str) -> dict[str, Any] | None:
        """One letter whole; None when there is none of that key."""
        if not key.isalnum() or not (self._new / key).exists():
            return None
        message = self._read(key)
        plain, rich = message.get_body(("plain",)), message.get_body(("html",))
        return self._summary(key, message) | {
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": plain.get_content() if plain else "",
            "html": rich.get_content() if rich else "",
            "attachments": [part.get_filename() or part.get_content_type() for part in message.iter_attachments()],
        }

    def __len__(self) -> int:
        return sum(1 for _ in self._new.iterdir())

    def _read(self, key: str) -> EmailMessage:
        message = email.message_from_bytes((self._new / key).read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def _summary(self, key: str, message: EmailMessage) -> dict[str, Any]:
        counted = self._counts / key
        return {
            "id": key,
            "message_id": _header(message, "Message-ID"),
            "from": _header(message, "From"),
            "to": _header(message, "To"),
            "subject": _header(message, "Subject"),
            "in_reply_to": _header(message, "In-Reply-To"),
            "caught_at": datetime.fromtimestamp((self._new / key).stat().st_mtime, UTC).isoformat(timespec="seconds"),
            "count": max(1, counted.stat().st_size if counted.exists() else 0),
        }


def _header(message: EmailMessage, name: str) -> str:
    return str(message[name] or "")


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Catcher:
    """What aiosmtpd calls for each letter."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer 250 once the letter is on disk."""
        content = envelope.original_content or b""
        try:
            key = await asyncio.to_thread(self._letters.keep, content, envelope.mail_from or "", envelope.rcpt_tos)
        except OSError as error:
            log.exception("letter not kept", error=type(error).__name__)
            return "451 4.3.0 cannot write it down, try again later"
        return f"250 2.0.0 kept as {key}"


def pages(letters: Letters) -> FastAPI:
    """The web side: pages for people, JSON for machines."""
    app = FastAPI(title="Scopedesk mail catcher", docs_url=None, redoc_url=None)
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = CONTENT_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/", response_class=HTMLResponse)
    def list_page() -> str:
        return templates.get_template("letters.html").render(letters=letters.newest(MOST_SHOWN), total=len(letters))

    @app.get("/letters/{key}", response_class=HTMLResponse)
    def letter_page(key: str) -> str:
        return templates.get_template("letter.html").render(letter=_found(key))

    @app.get("/api/letters")
    def list_letters(limit: Annotated[int, Query(ge=1, le=100_000)] = MOST_SHOWN) -> list[dict[str, Any]]:
        return letters.newest(limit)

    @app.get("/api/letters/{key}")
    def show_letter(key: str) -> dict[str, Any]:
        return _found(key)

    def _found(key: str) -> dict[str, Any]:
        if (letter := letters.show(key)) is None:
            raise HTTPException(404, "no such letter")
        return letter

    return app


class _Web(uvicorn.Server):
    """A web server that leaves signals to `serve`, which has an SMTP server to stop as well."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve() -> None:
    """Catch letters until SIGTERM or Ctrl-C."""
    wanted, loop = stack_settings(), asyncio.get_running_loop()
    letters = Letters(settings().data_dir / "letters")
    web = _Web(configuration(pages(letters)))

    def session() -> SMTP:
        return SMTP(Catcher(letters), data_size_limit=LARGEST_LETTER_BYTES, enable_SMTPUTF8=True, hostname="catcher")

    with (
        listen(wanted.catcher_host, wanted.catcher_smtp_port, "SCOPEDESK_CATCHER_SMTP_PORT") as smtp_socket,
        listen(wanted.catcher_host, wanted.catcher_web_port, "SCOPEDESK_CATCHER_WEB_PORT") as web_socket,
    ):
        smtp = await loop.create_server(session, sock=smtp_socket)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, setattr, web, "should_exit", True)
        log.info("mail catcher started", smtp=wanted.catcher_smtp_port, web=wanted.catcher_web_port)
        await web.serve([web_socket])
        smtp.close()


def main() -> int:
    """Run as a process; 1 when it cannot start."""
    try:
        logs.configure()
        asyncio.run(serve())
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the supervisor shows it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
