"""The page on which a customer agrees to a quote, or declines it.

Looking never agrees: mail scanners and previews follow links (GET, HEAD). Only the form's POST does, and what it says
is checked like any other agreement. There is no session: the link itself is what was mailed to one address.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.billing import rules
from services.billing.store import quotes as store
from services.billing.store.tables import QuoteVersion
from services.billing.tasks.consents import agree
from services.billing.tasks.quotes import withdraw
from shared import clock
from shared.bus import Transaction
from shared.policies import load_policies
from shared.reply_tokens import AskedConsent
from shared.settings import settings
from shared.web import read_form
from shared.wording import civil_time, language, price

router = APIRouter(prefix="/quotes", include_in_schema=False, default_response_class=HTMLResponse)

TEMPLATES = Jinja2Templates(
    env=Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ),
)


class Page(StrEnum):
    """What a reader of the link is told."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    NEWER = "newer"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    NOT_YOURS = "not-yours"
    UNKNOWN = "unknown"


STATUS = {Page.NEWER: 410, Page.OVER: 410, Page.WITHDRAWN: 410, Page.NOT_YOURS: 403, Page.UNKNOWN: 404}


class Choice(StrEnum):
    """What the form says."""

    AGREE = "agree"
    DECLINE = "decline"


@router.api_route("/{mark}", methods=["GET", "HEAD"])
def show_quote(request: Request, mark: str) -> HTMLResponse:
    """Show the quote of a link and ask; nothing changes, however often it is opened."""
    with Transaction.begin("billing") as tx:
        asked = settings().require_reply_tokens().consent_of(mark)
        row = store.newest(tx.session, asked.quote_id) if asked else None
        return _show(request, tx, _standing(row, asked), row)


@router.post("/{mark}")
def answer_quote(request: Request, mark: str, form: Annotated[dict[str, str], Depends(read_form)]) -> HTMLResponse:
    """Record what the reader chose, and tell at once what that means; anything but a choice asks again."""
    choice = form.get("choice")
    with Transaction.begin("billing") as tx:
        asked = settings().require_reply_tokens().consent_of(mark)
        row = store.lock_quote(tx.session, asked.quote_id) if asked else None
        page = _standing(row, asked)
        if page is Page.ASKED and row and asked and choice in set(Choice):
            page = _answer(row, asked, Choice(choice), tx)
        return _show(request, tx, page, row)


def _answer(row: QuoteVersion, asked: AskedConsent, choice: Choice, tx: Transaction) -> Page:
    if choice is Choice.DECLINE:
        withdraw(row, "the customer declined it", tx)
        return Page.DECLINED
    agreed = agree(
        row,
        version=asked.version,
        by=_reader(row, asked),
        how="link",
        at=clock.now(),
        vouched_for=True,  # the link was mailed to this address and to no other
        tx=tx,
    )
    return Page.AGREED if agreed else Page.OVER


def _reader(row: QuoteVersion, asked: AskedConsent) -> str | None:
    """Whose link it is, of those who may approve costs."""
    tokens = settings().require_reply_tokens()
    return next((address for address in row.approvers if tokens.addressee(address) == asked.addressee), None)


def _standing(row: QuoteVersion | None, asked: AskedConsent | None) -> Page:
    """What a link comes to now."""
    if row is None or asked is None:
        return Page.UNKNOWN
    if _reader(row, asked) is None:
        return Page.NOT_YOURS
    if row.version != asked.version:
        return Page.NEWER
    quote = store.as_quote(row)
    if quote.is_open(clock.now()):
        return Page.ASKED
    over = {rules.QuoteState.OFFERED: Page.OVER, rules.QuoteState.EXPIRED: Page.OVER}
    return (over | {rules.QuoteState.AGREED: Page.AGREED}).get(quote.state, Page.WITHDRAWN)


def _show(request: Request, tx: Transaction, page: Page, row: QuoteVersion | None) -> HTMLResponse:
    known = store.decided(tx.session, row.ticket_id) if row else None
    lang = language(known[1].reply_language) if known else "en"
    context: dict[str, Any] = {"page": page, "provider": None, "quote": None}
    if row and known and page not in {Page.UNKNOWN, Page.NOT_YOURS}:
        policy = load_policies().provider(row.provider)
        zone = str(policy.counted_on(known[0].plan).zone)
        context |= {"provider": policy.name, "quote": _words(row, lang, zone)}
    return TEMPLATES.TemplateResponse(request, f"quote.{lang}.html.j2", context, status_code=STATUS.get(page, 200))


def _words(row: QuoteVersion, lang: str, zone: str) -> dict[str, Any]:
    """A quote as its page tells it."""
    policy, offer = load_policies().provider(row.provider), store.as_quote(row).offer
    line, clause = policy.prices.get(offer.line), policy.clauses.get(offer.clause)
    return {
        "id": row.quote_id,
        "version": row.version,
        "ticket": row.ticket_id,
        "work": line.title.in_language(lang) if line else offer.title,
        "price": price(offer.model_copy(update={"total": row.total}), lang),
        "basis": offer.basis,
        "valid_until": civil_time(row.valid_until, zone, lang) if row.valid_until else None,
        "clause": clause,
        "buys": line.buys.in_language(lang) if line else None,
        "does_not_buy": line.does_not_buy.in_language(lang) if line and line.does_not_buy else None,
        "free": line.free_alternative.text.in_language(lang) if line and line.free_alternative else None,
    }
