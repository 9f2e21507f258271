"""What the house's web servers share: a port, a bearer token, and errors as problem documents (RFC 9457)."""

from __future__ import annotations

import hmac
import socket
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import SecretStr
from starlette.exceptions import HTTPException

from shared import logs
from shared.db import UNREACHABLE
from shared.errors import Misconfigured, Permanent, ScopedeskError, Transient

log = structlog.get_logger()

RETRY_AFTER = {"Retry-After": "5"}
"""Seconds that a caller waits while the database is away."""
MAX_FORM_BYTES = 1 << 18


class Problem(Exception):
    """Something the caller can mend. `title` says what is wrong, `detail` what to do."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})


def listen(host: str, port: int, chosen_by: str) -> socket.socket:
    """Open a port; Misconfigured when that cannot be. `chosen_by` names the variables that choose another."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]  # the rest repeats the address
        raise Misconfigured(f"cannot listen on {host} port {port}: {why}. {chosen_by} chooses another") from error


def configuration(app: FastAPI) -> uvicorn.Config:
    """How every server of the house runs: it logs as the house does, and no requests, which may name people."""
    return uvicorn.Config(app, access_log=False, log_config=None, log_level="warning")


def serve(app: FastAPI, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C; those under way are finished first."""
    host, port = listener.getsockname()[:2]
    log.info("listening for requests", server=app.title, host=host, port=port)
    uvicorn.Server(configuration(app)).run(sockets=[listener])


def run(opened: Callable[[], tuple[FastAPI, socket.socket]]) -> int:
    """Open an application's port and serve it until told to stop: 0; 1, having said why, when it cannot start."""
    try:
        logs.configure()
        app, listener = opened()
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the supervisor shows it
        return 1
    serve(app, listener)
    return 0


def check_token(shown: HTTPAuthorizationCredentials | None, expected: SecretStr) -> None:
    """Let a request pass that shows the bearer token (RFC 6750); Problem 401 for any other."""
    token = shown.credentials if shown else ""
    if not hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "The bearer token is missing or wrong",
            "Send the token as `Authorization: Bearer …`.",
            {"WWW-Authenticate": "Bearer"},
        )


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form (application/x-www-form-urlencoded), without space around them; a dependency.

    Problem 413 for one that nobody has filled in: whoever reaches a page must not fill our memory.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large", "Send less text.")
    fields = parse_qsl(body.decode(errors="replace"))
    return {name: value.strip() for name, value in fields}


def answer_problems(app: FastAPI) -> None:
    """Make every error of an application a problem document."""

    @app.exception_handler(Problem)
    def _known(_request: Request, problem: Problem) -> JSONResponse:
        return _document(problem.status, problem.title, problem.detail, problem.headers)

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        return _document(error.status_code, phrase, error.detail if error.detail != phrase else None, error.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        found = [{"field": ".".join(map(str, problem["loc"])), "message": problem["msg"]} for problem in error.errors()]
        return _document(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not as the API needs it", errors=found)

    @app.exception_handler(Permanent)
    def _refused(_request: Request, error: Permanent) -> JSONResponse:
        return _document(HTTPStatus.BAD_REQUEST, "The request cannot work", str(error))

    @app.exception_handler(Transient)
    def _not_now(_request: Request, error: Transient) -> JSONResponse:
        log.warning("a request has to come again", server=app.title, reason=str(error))
        return _document(HTTPStatus.SERVICE_UNAVAILABLE, "This cannot be done now", str(error), RETRY_AFTER)

    def _away(_request: Request, error: Exception) -> JSONResponse:
        log.error("the database does not answer", server=app.title, error=type(error).__name__)
        title = "The database cannot be reached"
        return _document(HTTPStatus.SERVICE_UNAVAILABLE, title, "Try again in a moment.", RETRY_AFTER)

    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _away)

    @app.exception_handler(ScopedeskError)
    def _misconfigured(_request: Request, error: ScopedeskError) -> JSONResponse:
        log.error("the server is not set up as it must be", server=app.title, reason=str(error))
        return _ours("The server is not set up as it must be")

    @app.exception_handler(Exception)  # the traceback reaches the log by itself
    def _broken(_request: Request, _error: Exception) -> JSONResponse:
        return _ours("The server made a mistake")


def _ours(title: str) -> JSONResponse:
    return _document(HTTPStatus.INTERNAL_SERVER_ERROR, title, "Its operator finds the reason in the log.")


def _document(
    status: int,
    title: str,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem document; `more` are members of its own."""
    body = {"type": "about:blank", "status": int(status), "title": title, "detail": detail, **more}
    return JSONResponse(
        {name: value for name, value in body.items() if value is not None},
        status,
        headers,
        media_type="application/problem+json",
    )
