"""Forms of the desk's pages: each carries the desk's token, as the API's callers do, and comes from this site.

No cookie says who somebody is, so that no other site can write in his name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel, ValidationError

from services.desk.web.api import may_write
from services.desk.web.pages import from_this_site
from shared.bus import Transaction
from shared.web import Problem

Wish = TypeVar("Wish", bound=BaseModel)


def take_form(
    request: Request,
    body: bytes,
    kind: type[Wish],
    say: Callable[[Transaction, Wish], None],
    *,
    back: str,
    show: Callable[[Problem], HTMLResponse],
) -> Response:
    """Read what an agent filled in, let it be said, and go `back`; or `show` what was wrong."""
    filled = {name: value.strip() for name, value in parse_qsl(body.decode(errors="replace")) if value.strip()}
    shown = HTTPAuthorizationCredentials(scheme="Bearer", credentials=filled.pop("token", ""))
    try:
        from_this_site(request)
        may_write(shown)
        wish = kind.model_validate(filled)
        with Transaction.begin("desk") as tx:
            say(tx, wish)
    except ValidationError as error:
        fields = ", ".join(dict.fromkeys(str(problem["loc"][0]) for problem in error.errors()))
        return show(Problem(422, "The form is not complete", f"Look at: {fields.replace('_', ' ')}."))
    except Problem as problem:
        return show(problem)
    return RedirectResponse(back, status_code=303)
