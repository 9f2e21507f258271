"""What tests of plans share: a plan that is agreed to on a day, and timers that are due by now."""

import pytest
from sqlalchemy import text

from plans import TODAY, at, ticket
from services.billing.tasks import worker
from shared.bus.worker import Outcome
from shared.events import ConsentGiven, QuotePriced, ScopeDecided
from shared.vocabulary import Decision, Verdict


@pytest.fixture
def agree(say, hear):
    """Offer a plan on a ticket and have it agreed to on a day; its consent is heard unless told otherwise."""

    def agree(offer, on=TODAY, number="HS-1", version=1, *, heard=True, hour=12):
        quote_id = f"Q-{number}-1"
        if version == 1:
            decision = Decision(verdict=Verdict.PAID, price=offer, needs_person=False)
            event = ScopeDecided(
                ticket_id=number, ticket=ticket(number), text="Plan", decision=decision, happened_at=at(on, hour)
            )
            say("scope", event)
            hear(worker, "quote_paid_work")
        else:
            say(
                "desk",
                QuotePriced(ticket_id=number, quote_id=quote_id, offer=offer, agent="Vera", happened_at=at(on, hour)),
            )
            hear(worker, "price_quote")
        given = {"given_by_email": "lee@hosting.example", "taken_by": "Vera", "happened_at": at(on, hour)}
        say("desk", ConsentGiven(ticket_id=number, quote_id=quote_id, version=version, **given))
        assert hear(worker, "record_consent") == [Outcome.DONE]
        if heard:
            assert hear(worker, "charge") == [Outcome.DONE]
            assert hear(worker, "run_plan") == [Outcome.DONE]
        return quote_id

    return agree


@pytest.fixture
def hear_due(session, hear):
    """Hear a handler while something for it is due, and leave what waits for its moment."""

    def hear_due(handler):
        while True:
            session.rollback()
            statement = text("select id from bus.delivery where hearer = :hearer and due_at <= now()")
            due = session.scalars(statement, {"hearer": f"billing.{handler}"}).all()
            session.rollback()
            if not due:
                return
            for delivery in due:
                assert worker.deliver(f"billing.{handler}", delivery) is Outcome.DONE

    return hear_due
