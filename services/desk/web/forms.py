"""Forms of the desk's pages: each carries the desk's token, as the API's callers do, and comes from this site.

No cookie says who somebody is, so that no other site can write in his name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel, ValidationError

from services.desk.web.api import may_write
from shared.bus import Transaction
from shared.web import Problem, read_form

Wish = TypeVar("Wish", bound=BaseModel)

Form = Annotated[dict[str, str], Depends(read_form)]
"""What somebody filled in."""


def take_form(
    request: Request,
    form: Mapping[str, Any],
    kind: type[Wish],
    say: Callable[[Transaction, Wish], None],
    *,
    back: str,
    show: Callable[[Problem], HTMLResponse],
) -> Response:
    """Take what an agent filled in, let it be said, and go `back`; or `show` what was wrong."""
    filled = {name: value for name, value in form.items() if value}
    shown = HTTPAuthorizationCredentials(scheme="Bearer", credentials=filled.pop("token", ""))
    try:
        _from_this_site(request)
        may_write(shown)
        wish = kind.model_validate(filled)
        with Transaction.begin("desk") as tx:
            say(tx, wish)
    except ValidationError as error:
        return show(Problem(422, "The form is not complete", _what_to_look_at(error)))
    except Problem as problem:
        return show(problem)
    return RedirectResponse(back, status_code=303)


def _what_to_look_at(error: ValidationError) -> str:
    problems = error.errors()
    fields = ", ".join(dict.fromkeys(str(problem["loc"][0]) for problem in problems if problem["loc"]))
    return f"Look at: {fields.replace('_', ' ')}." if fields else problems[0]["msg"]  # of the form as a whole


def _from_this_site(request: Request) -> None:
    """Refuse a form that another site sent; Problem 403."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site not in {"same-origin", "none"} if site else origin and urlsplit(origin).netloc != request.url.netloc
    if foreign:
        raise Problem(403, "This form came from another site", "Open the ticket at the desk, and decide there.")
