"""Call records over HTTP: a telephone system posts each call as JSON, with the fields of `rules.Column`.

`POST /calls` with a bearer token answers 202 only after the record is durable. The call id is its key, or the header
Idempotency-Key when the record has none: a repeated post becomes a suppressed duplicate, never a second ticket. Errors
are problem documents (RFC 9457); after a 503 the sender has to try again.
"""

import hmac
import json
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from services.phone_intake import rules, store
from services.phone_intake.settings import settings
from shared.errors import Transient

MAX_BODY_BYTES = 256 * 1024
"""A long transcript fits many times over."""
RETRY_AFTER_SECONDS = "10"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}

app = FastAPI(title="Scopedesk telephone intake", docs_url=None, redoc_url=None)


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An RFC 9457 problem document."""
    return JSONResponse(
        {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail},
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


@app.exception_handler(HTTPException)
async def _refused(_request: Request, error: HTTPException) -> JSONResponse:
    return problem(HTTPStatus(error.status_code), error.detail, dict(error.headers or {}))


@app.exception_handler(RequestValidationError)
async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    wrong = "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in error.errors())
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong)


@app.exception_handler(Transient)
async def _not_now(_request: Request, error: Transient) -> JSONResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), {"Retry-After": RETRY_AFTER_SECONDS})


@app.exception_handler(Exception)
async def _failed(_request: Request, _error: Exception) -> JSONResponse:
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the call record was not stored; the log of this process says why")


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@app.post("/calls", status_code=HTTPStatus.ACCEPTED)
async def receive_call(
    request: Request,
    authorization: Annotated[str, Header()] = "",
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> dict[str, str]:
    """Store one call record; the answer names its arrival."""
    _check_token(authorization)
    fields = _fields(await _body(request))
    unreadable = rules.read_record(fields, settings().numbers)
    if isinstance(unreadable, rules.Unreadable):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, unreadable.reason)
    arrival_id = await run_in_threadpool(store.store_call, fields, "http", idempotency_key)
    return {"arrival_id": str(arrival_id)}


def _check_token(authorization: str) -> None:
    token = settings().token
    if token is None or not token.get_secret_value():
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "no token is configured: set SCOPEDESK_PHONE_INTAKE_TOKEN",
            _CHALLENGE,
        )
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(shown.encode(), token.get_secret_value().encode()):
        raise HTTPException(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong", _CHALLENGE)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a record has at most {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
    if not isinstance(fields, dict) or any(isinstance(value, dict | list) for value in fields.values()):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "a record is one flat JSON object")
    return fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
