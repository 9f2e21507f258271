"""Errors as problem details (RFC 9457): one form for everything that goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.desk.store import UNREACHABLE
from shared.errors import Permanent, ScopedeskError

log = structlog.get_logger()


class Problem(Exception):
    """Something the caller can mend. `title` says what is wrong, `detail` what to do."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})


def answer(
    status: int,
    title: str,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem as a response; `more` are members of its own."""
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail, **more}
    return JSONResponse(
        {name: value for name, value in body.items() if value is not None},
        status,
        headers,
        media_type="application/problem+json",
    )


def register(app: FastAPI) -> None:
    """Make every error of this application a problem."""

    @app.exception_handler(Problem)
    def _known(_request: Request, problem: Problem) -> JSONResponse:
        return answer(problem.status, problem.title, problem.detail, problem.headers)

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        return answer(error.status_code, HTTPStatus(error.status_code).phrase, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        found = [{"field": ".".join(map(str, problem["loc"])), "message": problem["msg"]} for problem in error.errors()]
        return answer(422, "The request is not as the API needs it", errors=found)

    @app.exception_handler(Permanent)
    def _refused(_request: Request, error: Permanent) -> JSONResponse:
        return answer(400, "The request cannot work", str(error))

    def _away(_request: Request, error: Exception) -> JSONResponse:
        log.error("desk cannot answer", error=type(error).__name__)
        return answer(503, "The desk cannot reach its database", "Try again in a moment.", {"Retry-After": "5"})

    def _broken(_request: Request, error: Exception) -> JSONResponse:
        log.error("desk cannot answer", error=type(error).__name__)
        return answer(500, "The desk is not set up as it must be", "Its operator finds the reason in the log.")

    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(ScopedeskError, _broken)
