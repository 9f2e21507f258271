"""Call records over HTTP: a telephone system posts each call as JSON, with the fields of `rules.Column`.

`POST /calls` with a bearer token answers 202 only after the record is durable. The call id is its key, or the header
Idempotency-Key when the record has none: a repeated post becomes a suppressed duplicate, never a second ticket. Errors
are problem documents (RFC 9457); after a 503 the sender has to try again.

`POST /twilio` takes the status and transcription callbacks of Twilio, which proves itself by its signature.
"""

import json
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from services.phone_intake import rules, store
from services.phone_intake.gateway import twilio
from services.phone_intake.settings import settings
from shared import clock
from shared.web import answer_problems, check_token

MAX_BODY_BYTES = 256 * 1024
"""A long transcript fits many times over."""

bearer = HTTPBearer(auto_error=False, description="The token in SCOPEDESK_PHONE_INTAKE_TOKEN")
app = FastAPI(title="Scopedesk telephone intake", docs_url=None, redoc_url=None)
answer_problems(app)


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


async def may_post(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    """Let a request pass only with the token; 401 also when no token is configured."""
    token = settings().token
    if not token:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            "no token is configured: set SCOPEDESK_PHONE_INTAKE_TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )
    check_token(credentials, token)


@app.post("/calls", status_code=HTTPStatus.ACCEPTED, dependencies=[Depends(may_post)])
async def receive_call(
    request: Request,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> dict[str, str]:
    """Store one call record; the answer names its arrival."""
    fields = _fields(await _body(request))
    unreadable = rules.read_record(fields, settings().numbers)
    if isinstance(unreadable, rules.Unreadable):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, unreadable.reason)
    arrival_id = await run_in_threadpool(store.store_call, fields, "http", idempotency_key)
    return {"arrival_id": str(arrival_id)}


@app.post("/twilio", status_code=HTTPStatus.NO_CONTENT)
async def receive_callback(
    request: Request,
    x_twilio_signature: Annotated[str, Header()] = "",
) -> None:
    """Store what Twilio tells of a call that has ended; 403 for anybody else."""
    token = settings().twilio_token
    if not token:
        raise HTTPException(HTTPStatus.FORBIDDEN, "no token is configured: set SCOPEDESK_PHONE_INTAKE_TWILIO_TOKEN")
    form = _form(await _body(request))
    if not twilio.is_signed(x_twilio_signature, token.get_secret_value(), _address(request), form):
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            "the signature is missing or wrong: SCOPEDESK_PHONE_INTAKE_PUBLIC_URL must be where Twilio finds us",
        )
    if record := twilio.record_of(form, clock.now()):
        await run_in_threadpool(store.store_call, record, "twilio", None)


def _address(request: Request) -> str:
    """The address that the caller wrote, as far as proxies let us know it."""
    public = settings().public_url
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public.rstrip('/')}{request.url.path}{query}" if public else str(request.url)


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is no form") from None


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
