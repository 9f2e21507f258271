"""What arrived and became nothing is told of at the desk; what is in a ticket or under way is not."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.desk.rules.summary import LOST_AFTER
from services.desk.tasks import worker
from shared import clock
from shared.events import CallStored, EmailStored, TicketOpened, TicketReplied, TicketRouteAdded
from shared.vocabulary import Channel, Requester, TicketFacts

LONG_AGO = clock.now() - LOST_AFTER - timedelta(minutes=1)
FACTS = TicketFacts(
    ticket_id="HN-1001",
    provider="hypernode",
    channel=Channel.EMAIL,
    subject="Redis",
    requester=Requester(email="jan@klant.example"),
    received_at=LONG_AGO,
)
ARRIVAL = uuid4()
FILED = {
    "opened": TicketOpened(ticket_id="HN-1001", arrival_id=ARRIVAL, ticket=FACTS, text="Redis"),
    "added": TicketReplied(
        ticket_id="HN-1001",
        arrival_id=ARRIVAL,
        ticket=FACTS,
        author=FACTS.requester,
        author_verified=False,
        text="Redis",
        channel=Channel.EMAIL,
    ),
    "by another mailbox": TicketRouteAdded(ticket_id="HN-1001", arrival_id=ARRIVAL, mailbox="help@hypernode.example"),
}
HANDLERS = {TicketOpened: "show_ticket", TicketReplied: "show_reply", TicketRouteAdded: "show_route"}


@pytest.fixture
def arrive(say, hear):
    """Let the desk hear that something arrived."""

    def arrive(at=LONG_AGO, event=EmailStored, **more):
        say("email_intake", event(arrival_id=ARRIVAL, source="smtp", happened_at=at, **more))
        hear(worker, "show_arrival")

    return arrive


@pytest.fixture
def file(say, hear):
    """Let the desk hear that it was filed."""

    def file(event):
        say("tickets", event)
        hear(worker, HANDLERS[type(event)])

    return file


def lost(web):
    listed = [row["arrival_id"] for row in web.get("/api/arrivals?state=lost").json()]
    assert web.get("/api/health").json()["tickets"]["lost"] == len(listed)
    return listed


@pytest.mark.parametrize(("event", "more"), [(EmailStored, {"mailbox": ""}), (CallStored, {})])
def test_what_became_nothing_for_an_hour_is_told_of_on_the_page_and_to_monitors(arrive, web, event, more):
    arrive(event=event, **more)
    assert lost(web) == [str(ARRIVAL)]
    assert "1 arrived over an hour ago and became nothing" in web.get("/arrivals").text
    assert str(ARRIVAL) in web.get("/arrivals?state=lost").text


def test_what_has_just_arrived_is_not_lost(arrive, web):
    arrive(clock.now(), mailbox="")
    assert lost(web) == []
    assert "became nothing" not in web.get("/arrivals").text


@pytest.mark.parametrize("filed", FILED.values(), ids=FILED)
@pytest.mark.parametrize("heard_first", [True, False])
def test_what_is_in_a_ticket_is_not_lost_in_whatever_order_it_is_heard(file, arrive, web, filed, heard_first):
    steps = [lambda: file(filed), lambda: arrive(mailbox="")]
    for step in steps if heard_first else reversed(steps):
        step()
    assert lost(web) == []


def test_what_was_released_and_then_filed_is_listed_as_released(session, file, arrive, web):
    arrive(mailbox="")
    file(FILED["opened"])
    session.execute(text("update desk.arrival set state = 'released', settled_at = :at"), {"at": LONG_AGO})
    session.commit()
    assert lost(web) == []
    assert [row["arrival_id"] for row in web.get("/api/arrivals?state=released").json()] == [str(ARRIVAL)]
