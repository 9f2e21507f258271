"""The billing feed over HTTP, for a billing system that asks rather than listens."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.billing import rules
from services.billing.rules.bookings import Acknowledgement
from services.billing.rules.cloud_events import BATCH_TYPE
from services.billing.settings import billing_settings
from services.billing.tasks.feed import note
from shared.bus import Transaction, feed
from shared.errors import Permanent
from shared.web import Problem, check_token

PAGE, LONGEST_PAGE = 100, 1000

bearer = HTTPBearer(auto_error=False, description="The key in SCOPEDESK_BILLING_API_KEY")


def _is_billing_system(shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
    """Let a request pass that shows the API key; Problem 403 for all while there is none, 401 for any other."""
    key = billing_settings().api_key
    if key is None:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "The feed is closed",
            "Its operator opens it by setting SCOPEDESK_BILLING_API_KEY.",
        )
    check_token(shown, key)


router = APIRouter(dependencies=[Depends(_is_billing_system)])


@router.get("/events")
def events(
    request: Request,
    after: Annotated[
        str | None, Query(max_length=100, description="The cursor of the last event that you kept.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> JSONResponse:
    """The events after a cursor, oldest first, as a batch of CloudEvents; `Link: rel="next"` while there are more.

    A reader that keeps the cursor of its last event sees each event exactly once.
    """
    cursor = feed.Cursor.parse(after) if after else feed.START
    page = feed.read([event.__name__ for event in rules.FEED], cursor, limit + 1)
    told = [rules.cloud_event(event, str(place)) for place, event in page[:limit]]
    following = urlencode({"after": told[-1]["cursor"], "limit": limit}) if len(page) > limit else ""
    headers = {"Link": f'<{request.url.path}?{following}>; rel="next"'} if following else {}
    return JSONResponse(told, headers=headers, media_type=BATCH_TYPE)


@router.post("/acknowledgements")
def acknowledge(told: Acknowledgement) -> dict[str, Any]:
    """Write down that a charge or a credit is booked; the same again changes nothing. 404 for what is neither."""
    try:
        with Transaction.begin("billing") as tx:
            note(told.booked_id, told.reference, told.total.money, tx)
    except Permanent as error:
        raise Problem(HTTPStatus.NOT_FOUND, "There is nothing of that id to book", str(error)) from error
    return {"booked_id": str(told.booked_id), "status": "booked"}
