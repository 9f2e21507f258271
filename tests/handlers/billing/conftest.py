"""What tests of billing share: work that is agreed to, done and given back; plans that are agreed to on a day."""

import pytest
from sqlalchemy import text

from paid_work import ANALYSIS, CORRECTION, KENO, KENO_QUOTE, LUX, LUX_QUOTE, OWNER
from plans import TODAY, at, ticket
from services.billing.tasks import worker
from shared.bus.worker import Outcome
from shared.events import (
    ChargeRecorded,
    ConsentGiven,
    CreditGiven,
    QuotePriced,
    ScopeDecided,
    WorkReported,
    WorkSettled,
    WorkStarted,
)
from shared.vocabulary import Decision, Verdict


@pytest.fixture
def decided(say, hear):
    """A ticket whose decision billing has heard."""

    def decided(facts, verdict=Verdict.COURTESY, price=None):
        decision = Decision(verdict=verdict, price=price, needs_person=False, clauses=("a.b.c",))
        say("scope", ScopeDecided(ticket_id=facts.ticket_id, ticket=facts, text="Please", decision=decision))
        assert hear(worker, "quote_paid_work") == [Outcome.DONE]

    return decided


@pytest.fixture
def consent(say, hear):
    def consent(quote_id, version=1):
        say("desk", ConsentGiven(quote_id=quote_id, version=version, given_by_email=OWNER, taken_by="Kees"))
        assert hear(worker, "record_consent") == [Outcome.DONE]
        assert hear(worker, "charge") == [Outcome.DONE]

    return consent


@pytest.fixture
def bought_hour(decided, consent):
    """LuxCloud's hour, agreed to and paid."""
    decided(LUX, Verdict.PAID, ANALYSIS)
    consent(LUX_QUOTE)


@pytest.fixture
def three_hours(decided, consent, say, hear):
    """At most three hours at a person's rate, agreed to."""
    decided(KENO)
    say("desk", QuotePriced(ticket_id="KX-1", quote_id=None, offer=CORRECTION, agent="Vera"))
    assert hear(worker, "price_quote") == [Outcome.DONE]
    consent(KENO_QUOTE)


@pytest.fixture
def report(say, hear):
    def report(ticket_id, minutes=None, quote_id=None, agent="Kees", **fields):
        told = WorkReported(
            ticket_id=ticket_id, agent=agent, minutes=minutes, quote_id=quote_id, note="Looked at it", **fields
        )
        say("desk", told)
        return hear(worker, "record_work")

    return report


@pytest.fixture
def start(say, hear):
    def start(**fields):
        say("desk", WorkStarted(**{"ticket_id": "LC-1", "agent": "Kees", **fields}))
        assert hear(worker, "start_clock") == [Outcome.DONE]

    return start


@pytest.fixture
def settle(say, hear):
    def settle(ticket_id="KX-1", quote_id=KENO_QUOTE):
        say("desk", WorkSettled(ticket_id=ticket_id, quote_id=quote_id, agent="Kees"))
        return hear(worker, "settle_quote")

    return settle


@pytest.fixture
def give_back(say, hear, said):
    def give_back(amount=None, charge_id=None):
        charge_id = charge_id or said(ChargeRecorded)[0].charge_id
        say("desk", CreditGiven(charge_id=charge_id, amount=amount, agent="Vera", reason="our own fault"))
        assert hear(worker, "credit") == [Outcome.DONE]

    return give_back


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
