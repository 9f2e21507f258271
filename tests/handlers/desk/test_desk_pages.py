"""People on call see at the desk which pages are open, and take one."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

import samples
from services.desk.tasks import worker
from shared import clock
from shared.events import OnCallPaged, PageAcknowledged, PagingEnded, TicketOpened, TicketResolved
from web_client import WRITE

TICKET = samples.ticket("HS-1", provider="h-sphere", plan="regular", subject="Server down")
ALARM = uuid4()


@pytest.fixture
def happen(say, hear):
    """Say events, and let the desk hear everything."""

    def happen(*events):
        say("sla", *events)
        for handler in worker.handlers:
            hear(worker, handler.partition(".")[2])

    return happen


@pytest.fixture
def open_pages(web):
    return lambda: [page["person"] for page in web.get("/api/pages").json()["pages"]]


def paged(person="anna", step=0):
    page_id = uuid4()
    return OnCallPaged(
        event_id=page_id,
        ticket_id="HS-1",
        page_id=page_id,
        alarm_id=ALARM,
        step=step,
        level="first",
        person=person,
        reason="a server is down",
        best_effort=True,
        last=False,
        ticket=TICKET,
        team="Technical support",
        answer_by=clock.now() + timedelta(minutes=15),
    )


def ended():
    return PagingEnded(ticket_id="HS-1", alarm_id=ALARM, why="somebody has taken the ticket", by="Anna")


def opened():
    return TicketOpened(ticket_id="HS-1", arrival_id=uuid4(), ticket=TICKET, text="Help")


def take(web, page_id, **options):
    headers = WRITE | {name.replace("_", "-"): value for name, value in options.items()}
    return web.post(f"/api/pages/{page_id}/acknowledge", json={"by": "Anna"}, headers=headers)


def test_open_pages_are_listed_the_oldest_first(happen, web, open_pages):
    happen(opened(), paged("anna"))
    happen(paged("bob", step=1))
    assert open_pages() == ["anna", "bob"]
    [first, _] = web.get("/api/pages").json()["pages"]
    assert (first["ticket_id"], first["subject"], first["best_effort"]) == ("HS-1", "Server down", True)


def test_a_page_is_open_before_anything_else_is_known_of_its_ticket(happen, open_pages):
    happen(paged())
    assert open_pages() == ["anna"]


def test_pages_of_an_alarm_that_is_over_are_not_open_whichever_is_heard_first(happen, open_pages):
    happen(ended())
    happen(opened(), paged("anna"), paged("bob", step=1))
    assert open_pages() == []


def test_pages_of_a_resolved_ticket_are_not_open(happen, open_pages):
    happen(opened(), paged(), TicketResolved(ticket_id="HS-1", agent="Kim"))
    assert open_pages() == []


def test_who_takes_a_page_is_named_in_what_is_said(happen, web, said):
    page = paged()
    happen(opened(), page)
    assert take(web, page.page_id).status_code == 202
    assert take(web, page.page_id).status_code == 202
    [event] = said(PageAcknowledged)
    assert (event.page_id, event.alarm_id, event.ticket_id, event.by) == (page.page_id, ALARM, "HS-1", "Anna")


def test_a_page_that_somebody_else_took_says_who(happen, web):
    page = paged()
    happen(opened(), page, ended())
    refused = take(web, page.page_id)
    assert refused.status_code == 409
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"] == "It ended by Anna: somebody has taken the ticket."
    assert take(web, page.page_id, Idempotency_Key="k").status_code == 202


def test_a_page_that_there_is_not_cannot_be_taken(web):
    refused = take(web, UUID(int=1))
    assert (refused.status_code, refused.json()["title"]) == (404, f"There is no page {UUID(int=1)}")


def test_only_the_token_takes_a_page(happen, web):
    page = paged()
    happen(page)
    assert web.post(f"/api/pages/{page.page_id}/acknowledge", json={"by": "Anna"}).status_code == 401


def test_the_story_of_a_ticket_tells_who_was_told_and_who_took_it(happen, web):
    happen(opened(), paged(), ended())
    words = [line["words"] for line in web.get("/api/tickets/HS-1").json()["history"]]
    assert "anna was told (first, best effort only): a server is down." in words
    assert "Nobody else on call is told: somebody has taken the ticket (Anna)." in words
