"""What the desk holds back so that no loop with another machine goes on, and how a person lets it go."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from services.desk import store
from services.desk.rules.summary import HeldLetterRow, StoppedRow
from services.desk.settings import settings
from services.desk.store import holding
from services.desk.web.api import Accepted, IdempotencyKey, Name, accept, event_id_of, may_write
from services.desk.web.forms import Form, take_form
from services.desk.web.pages import page
from shared.bus import Transaction
from shared.events import AutomaticLettersResumed, LetterReleased
from shared.policies import load_policies
from shared.web import Problem

router = APIRouter(prefix="/api")
pages = APIRouter(prefix="/held", include_in_schema=False)


class HeldBack(BaseModel):
    """What waits for a person: stopped providers, letters, and tickets with a reply that reopened nothing."""

    stopped: list[StoppedRow]
    letters: list[HeldLetterRow]
    left_closed: list[str]


class LettingGo(BaseModel):
    """A person lets a letter that is held go out, or a provider's automatic letters again."""

    agent: Name


class Said(BaseModel):
    """It is said; the worker acts on it."""

    event_id: UUID
    provider: str


@router.get("/held")
def held_back() -> HeldBack:
    """What waits for a person, the oldest first."""
    with store.reading() as session:
        return HeldBack(
            stopped=holding.stopped(session),
            letters=holding.held_letters(session),
            left_closed=holding.left_closed(session),
        )


@router.post("/letters/{letter_id}/release", status_code=202, dependencies=[Depends(may_write)])
def release_letter(letter_id: UUID, wish: LettingGo, key: IdempotencyKey = None) -> Accepted:
    """Send a letter that is held. One that offers what is not for sale any more is not held."""
    with Transaction.begin("desk") as tx:
        return accept(tx, released(tx, letter_id, wish, key))


@router.post("/providers/{provider}/letters/resume", status_code=202, dependencies=[Depends(may_write)])
def resume_letters(provider: str, wish: LettingGo, key: IdempotencyKey = None) -> Said:
    """Close the breaker of a provider: its automatic letters go out again. Those that are held stay held."""
    with Transaction.begin("desk") as tx:
        event = resumed(tx, provider, wish, key)
        tx.say(event)
        return Said(event_id=event.event_id, provider=provider)


def released(tx: Transaction, letter_id: UUID, wish: LettingGo, key: str | None = None) -> LetterReleased:
    """What an agent says who releases a letter; Problem when none of this id is held."""
    number = holding.ticket_of_held(tx.session, letter_id, even_over=key is not None)
    event_id = event_id_of("release", str(letter_id), key)
    if number is None:
        raise Problem(404, f"No letter {letter_id} is held", "GET /api/held lists those that are.")
    return LetterReleased(event_id=event_id, ticket_id=number, letter_id=letter_id, by=wish.agent)


def resumed(tx: Transaction, provider: str, wish: LettingGo, key: str | None = None) -> AutomaticLettersResumed:
    """What an operator says who closes a breaker; Problem when it is closed."""
    if provider not in load_policies().by_provider:
        raise Problem(404, f"There is no provider {provider}", f"There are {', '.join(load_policies().by_provider)}.")
    if key is None and provider not in {row.provider for row in holding.stopped(tx.session)}:
        raise Problem(409, f"The automatic letters of {provider} are not stopped", "Nothing needs to be done.")
    return AutomaticLettersResumed(
        event_id=event_id_of("resume letters", provider, key), provider=provider, by=wish.agent
    )


@pages.get("")
def show_held_back(request: Request) -> HTMLResponse:
    """What waits for a person, with a form to let it go."""
    return _page(request)


@pages.post("/letters/{letter_id}")
def release_on_page(request: Request, letter_id: UUID, form: Form) -> Response:
    """Take the form of an agent who releases a letter, and show what is left."""

    def say(tx: Transaction, wish: LettingGo) -> None:
        tx.say(released(tx, letter_id, wish))

    return take_form(request, form, LettingGo, say, back="/held", show=lambda wrong: _page(request, wrong))


@pages.post("/providers/{provider}")
def resume_on_page(request: Request, provider: str, form: Form) -> Response:
    """Take the form of an operator who closes a breaker, and show what is left."""

    def say(tx: Transaction, wish: LettingGo) -> None:
        tx.say(resumed(tx, provider, wish))

    return take_form(request, form, LettingGo, say, back="/held", show=lambda wrong: _page(request, wrong))


def _page(request: Request, wrong: Problem | None = None) -> HTMLResponse:
    status, may = wrong.status if wrong else 200, settings().token is not None
    return page(request, "held.html.j2", status=status, held=held_back(), wrong=wrong, may_write=may)
