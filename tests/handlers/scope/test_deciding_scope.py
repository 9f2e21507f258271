"""A ticket is decided once, on real tables."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from services.scope.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import ScopeDecided, TicketOpened
from shared.vocabulary import Channel, Requester, TicketFacts, Verdict


@pytest.fixture
def opened():
    return TicketOpened(
        ticket_id="HN-1042",
        arrival_id=uuid4(),
        ticket=TicketFacts(
            ticket_id="HN-1042",
            provider="hypernode",
            product="general",
            channel=Channel.EMAIL,
            subject="Certificate",
            requester=Requester(email="anna@bloemen.example"),
            customer_facts=("SSL certificate bought elsewhere",),
            received_at=clock.now(),
        ),
        text="Our SSL certificate has expired, please renew it.",
    )


def test_a_new_ticket_is_decided_with_the_facts_of_its_customer(say, hear, said, session, opened):
    say("tickets", opened)
    assert hear(worker, "decide_scope") == [Outcome.DONE]
    (event,) = said(ScopeDecided)
    assert event.ticket == opened.ticket
    assert event.decision.verdict is Verdict.UNSUPPORTED
    rows = session.execute(text("select ticket_id, version, policy_version, decision from scope.decision")).all()
    assert [(row.ticket_id, row.version, row.policy_version) for row in rows] == [
        ("HN-1042", 1, event.decision.policy_version)
    ]
    assert rows[0].decision["explanation"]["facts"]


def test_a_ticket_heard_twice_is_decided_once(say, hear, said, session, opened):
    say("tickets", opened, opened.model_copy(update={"event_id": uuid4()}))
    assert hear(worker, "decide_scope") == [Outcome.DONE, Outcome.DONE]
    assert len(said(ScopeDecided)) == 1
    assert session.scalar(text("select count(*) from scope.decision")) == 1


def test_a_provider_without_a_policy_leaves_nothing_behind(say, hear, said, session, opened):
    ticket = opened.ticket.model_copy(update={"provider": "nobody"})
    say("tickets", opened.model_copy(update={"ticket": ticket}))
    assert hear(worker, "decide_scope") == [Outcome.DEAD]
    assert said(ScopeDecided) == []
    assert session.scalar(text("select count(*) from scope.decision")) == 0
