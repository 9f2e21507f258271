"""The web application: API, pages, and the headers that keep a page from running or loading anything foreign."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from services.desk.web import (
    api,
    attachments,
    cases,
    clocks,
    holding,
    money,
    on_call,
    overrides,
    pages,
    plans,
    quarantine,
)
from shared.web import answer_problems

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app() -> FastAPI:
    """The desk. Its API describes itself at /openapi.json; the usual page for that loads scripts from elsewhere."""
    app = FastAPI(title="Scopedesk desk", version="1", docs_url=None, redoc_url=None)
    answer_problems(app)
    app.include_router(api.router)
    app.include_router(api.writes)
    app.include_router(clocks.router)
    app.include_router(on_call.router)
    app.include_router(overrides.router)
    app.include_router(cases.router)
    app.include_router(cases.pages)
    app.include_router(attachments.router)
    app.include_router(attachments.pages)
    app.include_router(quarantine.router)
    app.include_router(quarantine.pages)
    app.include_router(holding.router)
    app.include_router(holding.pages)
    app.include_router(money.reads)
    app.include_router(money.router)
    app.include_router(money.pages)
    app.include_router(plans.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")

    @app.middleware("http")
    async def secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
