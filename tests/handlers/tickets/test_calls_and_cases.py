"""Calls of ours find the ticket that they answer; a call and a mail about one thing are proposed as one case."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.tickets import store
from services.tickets.rules import Customer, Person
from services.tickets.tasks import worker
from services.tickets.tasks.filing import WAITS_FOR_THE_TICKET_CALLED_ABOUT
from shared import clock
from shared.bus import Transaction
from shared.bus.worker import Outcome
from shared.events import (
    CallLogged,
    CallMade,
    CustomerCalledBack,
    EmailReceived,
    OneCaseProposed,
    TicketOpened,
    TicketReplied,
)
from shared.vocabulary import Requester

PHONE, NOW = "+31200000001", clock.now()
MINUTE = timedelta(minutes=1)
BLOEMEN = Customer(
    id="c-1",
    provider="hypernode",
    name="Bloemen BV",
    account="bloemen",
    product=None,
    plan=None,
    language="nl",
    facts=(),
    people=(Person("Anna", "anna@bloemen.example", PHONE, may_approve_costs=True),),
)


@pytest.fixture(autouse=True)
def _bloemen(database):
    with Transaction.begin("tickets") as tx:
        store.save_customer(tx.session, BLOEMEN)


@pytest.fixture
def heard(say, hear):
    """Say something and let the room hear it."""
    handlers = {CallLogged: "file_call", EmailReceived: "file_email", CallMade: "credit_call"}

    def heard(event, outcome=Outcome.DONE):
        say("phone_intake", event)
        assert hear(worker, handlers[type(event)]) == [outcome]

    return heard


def call(text="Redis geeft connection refused op app.bloemen.example", *, at=NOW, phone=PHONE):
    told = {"arrival_id": uuid4(), "provider": "hypernode", "caller": Requester(phone=phone), "outcome": "answered"}
    return CallLogged(**told, subject=text, text=text, started_at=at, duration_seconds=60)


def mail(text="The connection to Redis is refused.", *, at=NOW, sender="anna@bloemen.example"):
    return EmailReceived(
        arrival_id=uuid4(),
        provider="hypernode",
        mailbox="support@hypernode.example",
        sender=Requester(email=sender),
        subject="Redis",
        text=text,
        full_text=text,
        received_at=at,
    )


def made(**changes):
    told = {"provider": "hypernode", "callee": PHONE, "answered_at": NOW, "talk_seconds": 90}
    return CallMade(arrival_id=uuid4(), **{**told, **changes})


def test_a_call_and_a_mail_about_one_thing_are_proposed_on_both_tickets(heard, said):
    heard(call())
    heard(mail(at=NOW + 40 * MINUTE))
    proposed = said(OneCaseProposed)
    assert [(p.ticket_id, p.other_ticket_id) for p in proposed] == [("HN-1002", "HN-1001"), ("HN-1001", "HN-1002")]
    assert proposed[0].evidence == (
        "a call and a mail of one customer, 40 minutes apart",
        "both say connection, redis, refused",
    )
    assert len(said(TicketOpened)) == 2, "nothing is merged"


def test_a_call_log_that_comes_after_the_mail_counts_at_the_time_of_the_call(heard, said):
    heard(mail())
    heard(call(at=NOW - 30 * MINUTE))
    assert len(said(OneCaseProposed)) == 2


@pytest.mark.parametrize(
    "other",
    [
        mail("Our invoice of last month is too high."),
        mail(at=NOW + timedelta(hours=5)),
        mail(sender="eve@elsewhere.example"),
        call("Redis connection refused again"),
    ],
    ids=["another thing", "hours later", "another customer", "the same channel"],
)
def test_what_is_not_alike_is_not_proposed(heard, said, other):
    heard(call())
    heard(other)
    assert said(OneCaseProposed) == []


def test_a_call_back_answers_the_only_ticket_that_it_may_be_about(heard, said):
    heard(call(at=NOW - MINUTE))
    heard(made(agent="Sanne"))
    [back] = said(CustomerCalledBack)
    assert (back.ticket_id, back.one_of, back.agent, back.answered_at) == ("HN-1001", (), "Sanne", NOW)


def test_a_caller_without_a_record_is_called_back_too(heard, said):
    heard(call(at=NOW - MINUTE, phone="+31200000077"))
    heard(made(callee="+31200000077"))
    assert [back.ticket_id for back in said(CustomerCalledBack)] == ["HN-1001"]


def test_between_several_tickets_the_note_decides_else_nobody_guesses(heard, said):
    heard(call(at=NOW - MINUTE))
    heard(mail("Our invoice of last month is too high.", at=NOW - MINUTE))
    heard(made(note="Called about hn-1002"))
    heard(made())
    assert [(back.ticket_id, back.one_of) for back in said(CustomerCalledBack)] == [
        ("HN-1002", ()),
        ("HN-1001", ("HN-1001", "HN-1002")),
        ("HN-1002", ("HN-1001", "HN-1002")),
    ]


def test_a_call_before_the_ticket_was_opened_answers_it_not(heard, hear, said):
    heard(call(at=NOW + MINUTE))
    heard(made(), Outcome.RETRY_LATER)
    outcomes = [hear(worker, "credit_call") for _ in range(WAITS_FOR_THE_TICKET_CALLED_ABOUT)]
    assert outcomes[-1] == [Outcome.DONE]
    assert said(CustomerCalledBack) == []


def test_a_call_log_that_tells_of_the_call_back_first_is_read_alike(heard, hear, said):
    heard(made(), Outcome.RETRY_LATER)
    heard(call(at=NOW - MINUTE))
    assert hear(worker, "credit_call") == [Outcome.DONE]
    assert [back.ticket_id for back in said(CustomerCalledBack)] == ["HN-1001"]


def test_a_call_that_adds_to_another_one_is_in_its_ticket_and_the_same_words_again_are_a_repeat(heard, said):
    first = call("Missed call", phone="+31200000077")
    heard(first)
    heard(call("Missed call", phone="+31200000077").model_copy(update={"adds_to": first.arrival_id}))
    heard(call("Redis does not answer", phone="+31200000077").model_copy(update={"adds_to": first.arrival_id}))
    assert len(said(TicketOpened)) == 1
    assert [(reply.ticket_id, reply.is_repeat) for reply in said(TicketReplied)] == [
        ("HN-1001", True),
        ("HN-1001", False),
    ]


def test_a_call_waits_for_the_one_that_it_adds_to(heard, say, hear, said):
    first = call(phone="+31200000077")
    heard(call(phone="+31200000077").model_copy(update={"adds_to": first.arrival_id}), Outcome.RETRY_LATER)
    say("phone_intake", first)
    assert hear(worker, "file_call") == [Outcome.RETRY_LATER, Outcome.DONE]
    assert hear(worker, "file_call") == [Outcome.DONE]
    assert len(said(TicketOpened)) == len(said(TicketReplied)) == 1
