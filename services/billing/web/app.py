"""The web application of billing, and the headers that keep what it shows between us and the reader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from services.billing.web import feed, quotes
from shared.web import answer_problems

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",  # the address of a page is the key to it
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def create_app() -> FastAPI:
    """What customers see of billing, and what the billing system reads."""
    app = FastAPI(title="Scopedesk billing", version="1", docs_url=None, redoc_url=None)
    answer_problems(app)
    app.mount("/quotes/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.include_router(quotes.router)
    app.include_router(feed.router)

    @app.middleware("http")
    async def secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app
