"""The desk shows what calls tell: another ticket of the same case, a call back, and a breach that was none."""

from uuid import uuid4

import pytest

import samples
from services.desk.tasks import worker
from services.desk.web.app import create_app
from shared import clock
from shared.events import BreachWithdrawn, CustomerCalledBack, OneCaseProposed, TargetBreached, TicketOpened
from shared.vocabulary import TargetName
from web_client import Web

TICKET = samples.ticket("HN-1", provider="hypernode", subject="Redis")
OPENED = TicketOpened(ticket_id="HN-1", arrival_id=uuid4(), ticket=TICKET, text="Redis is down")
FIRST = TargetName.FIRST_RESPONSE


@pytest.fixture
def web(database):
    return Web(create_app())


@pytest.fixture
def happen(say, hear):
    """Say events one by one, and let the desk hear each."""

    def happen(*events):
        for event in events:
            say("tickets", event)
            for handler in worker.handlers:
                hear(worker, handler.partition(".")[2])

    return happen


def shown(web):
    return web.get("/api/tickets/HN-1").json()


def withdrawn(*others):
    return BreachWithdrawn(ticket_id="HN-1", target=FIRST, due_at=clock.now(), reached_at=clock.now(), others=others)


def breached():
    return TargetBreached(ticket_id="HN-1", target=FIRST, due_at=clock.now(), team="Support")


def test_a_proposed_case_stands_on_the_tickets_page_with_its_evidence(happen, web):
    happen(OPENED, OneCaseProposed(ticket_id="HN-1", other_ticket_id="HN-2", evidence=("both say redis",)))
    page = web.get("/tickets/HN-1").text
    assert 'One case?</dt><dd><a href="/tickets/HN-2">HN-2</a>' in page
    assert "both say redis" in page


def test_a_call_back_answers_the_ticket_and_stands_in_its_conversation(happen, web):
    back = {"ticket_id": "HN-1", "arrival_id": uuid4(), "agent": "Sanne", "answered_at": clock.now()}
    happen(OPENED, CustomerCalledBack(**back, talk_seconds=90))
    told = shown(web)
    assert told["ticket"]["state"] == "answered"
    assert told["conversation"][-1]["text"] == "Called back, 90 seconds."


def test_a_breach_that_was_none_is_taken_from_the_ticket_and_said(happen, web):
    happen(OPENED, breached(), withdrawn())
    told = shown(web)
    assert not told["ticket"]["breached"]
    assert "Correction: the first-response was in time" in told["history"][-1]["words"]


def test_a_breach_stays_marked_while_another_due_time_has_passed(happen, web):
    happen(OPENED, breached(), withdrawn(TargetName.RESOLUTION))
    assert shown(web)["ticket"]["breached"]
