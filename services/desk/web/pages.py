"""The desk's pages: plain HTML without scripts, readable on a phone, by a screen reader, and in the dark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.desk import store
from services.desk.rules.overrides import DECIDABLE, Overriding, clauses_of
from services.desk.rules.summary import Sort, State, TicketQuery, TicketRow, cursor
from services.desk.settings import settings
from services.desk.store import holding
from services.desk.web import overrides
from services.desk.web.api import Reopening, reopened
from services.desk.web.forms import Form, take_form
from shared import clock
from shared.bus import Transaction
from shared.policies import load_policies
from shared.vocabulary import Verdict
from shared.web import Problem

HERE = Path(__file__).parent

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


def zone_of(ticket: TicketRow, calendar: str | None = None) -> ZoneInfo:
    """The civil time of a ticket's provider: that of the calendar its targets are counted on."""
    calendars = load_policies().provider(ticket.provider).calendars
    return (calendars.get(calendar or "") or next(iter(calendars.values()))).zone


def moment(at: datetime, zone: tzinfo) -> str:
    """An instant in a zone, with the zone's name: `Fri 5 Jun 2026, 18:00 CEST`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def away(at: datetime, now: datetime) -> str:
    """How far off an instant is, roughly: `in 3 h`, `20 min ago`."""
    minutes = abs(at - now).total_seconds() / 60
    size = next((f"{minutes / per:.0f} {unit}" for per, unit in ((1440, "d"), (60, "h")) if minutes >= per), None)
    words = size or f"{minutes:.0f} min"
    return f"in {words}" if at >= now else f"{words} ago"


def provider_name(provider: str) -> str:
    """A provider's name as customers know it."""
    return load_policies().provider(provider).name


def span(seconds: int) -> str:
    """A stretch of time in hours and minutes: `2 h 05 min`."""
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def breakable(clause_id: str) -> Markup:
    """A clause id that a narrow column may break after a dot."""
    return Markup(".<wbr>").join(clause_id.split("."))  # join escapes what it joins


def pretty(told: Any) -> str:
    """A nested explanation as indented text."""
    return json.dumps(told, indent=2, ensure_ascii=False, default=str)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        away=away, breakable=breakable, moment=moment, pretty=pretty, span=span, provider_name=provider_name
    )
    environment.globals.update(zone_of=zone_of, utc=UTC)
    return environment


FIELDS = ("question", "verdict", "clause", "second_clause", "topic", "price_line", "reason", "agent", "approver")
"""What an agent fills in who decides a ticket; besides these, the form carries a version and the token."""

templates = Jinja2Templates(env=_environment())


@router.get("/")
def tickets(request: Request, query: Annotated[TicketQuery, Query()]) -> HTMLResponse:
    """Every ticket on a line, what is due first on top."""
    with store.reading() as session:
        rows = store.list_tickets(session, **dict(query))
        counts = store.counts(session)
        stopped, waiting = holding.stopped(session), holding.waiting(session)
    return page(
        request,
        "tickets.html.j2",
        rows=rows,
        more=_link(query, after=cursor(rows[-1], query.sort)) if len(rows) == query.limit else None,
        links={state.value: _link(query, state=state, after=None) for state in State},
        everything=_link(query, state=None, after=None),
        counts=counts,
        stopped=stopped,
        held_back=waiting,
        query=query,
        sorts=list(Sort),
        verdicts=list(Verdict),
        policies=list(load_policies()),
        now=clock.now(),
    )


def _link(query: TicketQuery, **changes: Any) -> str:
    wanted = query.model_copy(update=changes).model_dump(mode="json", exclude_defaults=True)
    return f"/?{urlencode(wanted)}" if wanted else "/"


@router.get("/tickets/{number}")
def ticket(request: Request, number: str) -> HTMLResponse:
    """The story of one ticket."""
    return ticket_page(request, number)


def ticket_page(
    request: Request, number: str, *, wrong: Problem | None = None, filled: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The page of a ticket; when a form could not be taken, with what was `wrong` and as it was `filled` in."""
    with store.reading() as session:
        story = store.show_ticket(session, number)
    if story is None:
        return page(request, "missing.html.j2", status=404, number=number)
    counted_on = story.routing.counted_on if story.routing else None
    policies = load_policies()
    policy = policies.provider(story.ticket.provider)
    return page(
        request,
        "ticket.html.j2",
        status=wrong.status if wrong else 200,
        story=story,
        ticket=story.ticket,
        zone=zone_of(story.ticket, counted_on),
        document=policy.provider.document,
        policy=policy,
        topics=sorted(policies.topics.items(), key=lambda item: item[1].title),
        verdicts=DECIDABLE,
        of_topic=clauses_of(story.decision, policy) if story.decision else [],
        may_write=settings().token is not None,
        wrong=wrong,
        filled={**dict.fromkeys(FIELDS, ""), **(filled or {})},
        now=clock.now(),
    )


@router.post("/tickets/{number}/override")
def override(request: Request, number: str, form: Form) -> Response:
    """Take the form of an agent who decides a ticket, and show the ticket again."""
    clauses = tuple(filter(None, (form.get("clause"), form.get("second_clause"))))
    of_wish = {"token", "version", *FIELDS} - {"clause", "second_clause"}
    told = {name: value for name, value in form.items() if name in of_wish}

    def say(tx: Transaction, wish: Overriding) -> None:
        tx.say(overrides.override(tx, number, wish))

    return take_form(
        request,
        {**told, "clauses": clauses},
        Overriding,
        say,
        back=f"/tickets/{number}",
        show=lambda problem: ticket_page(request, number, wrong=problem, filled=form),
    )


@router.post("/tickets/{number}/reopen")
def reopen(request: Request, number: str, form: Form) -> Response:
    """Take the form of an agent who reopens a ticket, and show the ticket again."""

    def say(tx: Transaction, wish: Reopening) -> None:
        tx.say(reopened(tx, number, wish))

    return take_form(
        request,
        form,
        Reopening,
        say,
        back=f"/tickets/{number}",
        show=lambda problem: ticket_page(request, number, wrong=problem),
    )


def page(request: Request, name: str, *, status: int = 200, **words: Any) -> HTMLResponse:
    """A page of the desk, made of a template."""
    return templates.TemplateResponse(request, name, words, status_code=status)
