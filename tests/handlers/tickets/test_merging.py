"""People decide of a ticket's place: it is merged, stands alone again, is split, gets a customer; on real tables."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import text

from samples import TOKENS
from services.tickets import store
from services.tickets.rules import Customer, Person
from services.tickets.tasks import worker
from shared import clock
from shared.bus import Transaction
from shared.bus.worker import Outcome
from shared.events import (
    CallLogged,
    CallMade,
    CustomerCalledBack,
    CustomerChosen,
    CustomerRecorded,
    EmailReceived,
    FilingRefused,
    MergeRequested,
    MergeUndone,
    MessageSplit,
    OneCaseDismissed,
    OneCaseProposed,
    SplitRequested,
    TicketOpened,
    TicketReplied,
    TicketsMerged,
    UnmergeRequested,
)
from shared.vocabulary import Requester

ANNA, BOB, SHARED, EVE = (f"{name}@bloemen.example" for name in ("anna", "bob", "office", "eve"))
PHONE = "+31200000001"


def customer(number, *emails):
    people = tuple(Person("Anna", email, None, may_approve_costs=True) for email in emails)
    people = (*people, Person("Anna", None, PHONE, may_approve_costs=False)) if number == 1 else people
    return Customer(f"c-{number}", "hypernode", f"C {number}", f"acct{number}", None, "pelican", "nl", (), people)


@pytest.fixture(autouse=True)
def _book(database):
    with Transaction.begin("tickets") as tx:
        for known in (customer(1, ANNA, SHARED), customer(2, BOB, SHARED)):
            store.save_customer(tx.session, known)


HANDLERS = {
    EmailReceived: "file_email",
    CallLogged: "file_call",
    CallMade: "credit_call",
    MergeRequested: "merge_tickets",
    UnmergeRequested: "undo_merge",
    SplitRequested: "split_message",
    CustomerChosen: "record_customer",
    OneCaseDismissed: "keep_dismissal",
}


@pytest.fixture
def heard(say, hear):
    """Say something and let the room hear it; gives the event."""

    def heard(event):
        say("desk", event)
        assert hear(worker, HANDLERS[type(event)]) == [Outcome.DONE]
        return event

    return heard


def mail(sender=ANNA, subject="Shop down", **fields):
    told = {"provider": "hypernode", "mailbox": "support@hypernode.example", "text": "Help", "full_text": "Help"}
    told |= {"message_id": f"<{uuid4()}@bloemen.example>", "received_at": clock.now(), "arrival_id": uuid4()}
    return EmailReceived(**{**told, "sender": Requester(email=sender), "subject": subject, **fields})


def merge(number="HN-1002", into="HN-1001"):
    return MergeRequested(ticket_id=number, into=into, agent="Kim")


def unmerge(number="HN-1002"):
    return UnmergeRequested(ticket_id=number, agent="Kim")


@pytest.fixture
def two(heard):
    """Two tickets of one customer; gives their mails."""
    return heard(mail()), heard(mail(subject="Still down"))


@pytest.mark.usefixtures("two")
def test_a_merge_and_its_undoing_are_said_of_both_tickets(heard, said):
    request = heard(merge())
    heard(unmerge())
    for kind in (TicketsMerged, MergeUndone):
        told = said(kind)
        assert [event.ticket_id for event in told] == ["HN-1002", "HN-1001"]
        assert {(event.merge_id, event.merged, event.into, event.by) for event in told} == {
            (request.event_id, "HN-1002", "HN-1001", "Kim")
        }


def test_what_comes_by_the_thread_of_a_merged_ticket_stays_with_it_and_names_the_case(two, heard, said):
    _, second = two
    heard(merge())
    by_tag = heard(mail(subject="Re: Still down [HN-1002]"))
    by_reference = heard(mail(subject="Re: more", references=(second.message_id,)))
    by_token = heard(mail(subject="Re: more", references=(TOKENS.message_id("HN-1002", uuid4(), "x.example"),)))
    to_the_other = heard(mail(subject="Re: Shop down [HN-1001]", text="And more"))
    replies = {reply.arrival_id: (reply.ticket_id, reply.case) for reply in said(TicketReplied)}
    theirs = ("HN-1002", ("HN-1001",))
    assert replies == {
        by_tag.arrival_id: theirs,
        by_reference.arrival_id: theirs,
        by_token.arrival_id: theirs,
        to_the_other.arrival_id: ("HN-1001", ("HN-1002",)),
    }
    assert len(said(TicketOpened)) == 2
    heard(unmerge())
    heard(mail(subject="Re: Still down [HN-1002]", text="Once more"))
    assert said(TicketReplied)[-1].case == ()


def test_whoever_takes_part_in_a_merged_ticket_may_write_where_it_goes_on_until_that_is_undone(heard, said):
    heard(mail())
    heard(mail(EVE))
    heard(merge())
    heard(mail(EVE, "Re: [HN-1001]", text="It is me"))
    assert [reply.ticket_id for reply in said(TicketReplied)] == ["HN-1001"]
    heard(unmerge())
    heard(mail("mallory@elsewhere.example", "Re: [HN-1001]"))
    assert [opened.related_ticket_id for opened in said(TicketOpened)] == [None, None, "HN-1001"]


def test_our_calls_are_about_the_ticket_that_goes_on(heard, said):
    call = {"provider": "hypernode", "caller": Requester(phone=PHONE), "outcome": "answered", "duration_seconds": 60}
    heard(mail())
    heard(CallLogged(arrival_id=uuid4(), subject="Mail", text="Mail is slow", started_at=clock.now(), **call))
    heard(merge())
    heard(CallMade(arrival_id=uuid4(), provider="hypernode", callee=PHONE, answered_at=clock.now(), talk_seconds=90))
    assert [(back.ticket_id, back.one_of) for back in said(CustomerCalledBack)] == [("HN-1001", ())]


@pytest.mark.parametrize(
    ("others", "request_", "why"),
    [
        ([mail(BOB)], merge(), "two customers"),
        ([mail(provider="luxcloud")], merge("LC-1002"), "two providers"),
        ([], merge("HN-1001"), "into itself"),
        ([], merge("HN-1001", "HN-9"), "no ticket HN-9"),
        ([], unmerge("HN-1001"), "not merged"),
        ([], CustomerChosen(ticket_id="HN-1001", customer_id="c-9", agent="Kim"), "has no customer c-9"),
        ([], SplitRequested(ticket_id="HN-1001", arrival_id=uuid4(), agent="Kim"), "no such message"),
    ],
    ids=["customers", "providers", "itself", "none", "not merged", "no customer", "no message"],
)
def test_what_cannot_be_is_refused_with_the_reason(heard, said, others, request_, why):
    for event in (mail(), *others):
        heard(event)
    heard(request_)
    [refused] = said(FilingRefused)
    assert why in refused.reason
    assert refused.agent == "Kim"
    assert said(TicketsMerged) == []


@pytest.mark.usefixtures("two")
def test_of_two_merges_against_each_other_at_once_one_is_done(say, said, session):
    say("desk", merge("HN-1002", "HN-1001"), merge("HN-1001", "HN-1002"))
    found = session.scalars(text("select id from bus.delivery where hearer = 'tickets.merge_tickets'")).all()
    session.rollback()
    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(lambda delivery: worker.deliver("tickets.merge_tickets", delivery), found))
    assert outcomes == [Outcome.DONE, Outcome.DONE]
    assert len({event.merge_id for event in said(TicketsMerged)}) == 1
    assert "already" in said(FilingRefused)[0].reason or "itself" in said(FilingRefused)[0].reason
    merged = session.scalars(text("select count(*) from tickets.ticket where merged_into is not null")).one()
    assert merged == 1


def test_a_message_becomes_a_ticket_of_its_own_and_what_answers_it_follows(two, heard, said, session):
    added = heard(mail(subject="Re: [HN-1001]", text="Another thing: our mail is slow"))
    heard(SplitRequested(ticket_id="HN-1001", arrival_id=added.arrival_id, agent="Kim"))
    opened = said(TicketOpened)[-1]
    assert (opened.ticket_id, opened.related_ticket_id, opened.text) == ("HN-1003", "HN-1001", added.text)
    assert (opened.ticket.received_at, opened.ticket.plan) == (added.received_at, "pelican")
    [split] = said(MessageSplit)
    assert (split.ticket_id, split.new_ticket_id, split.by) == ("HN-1001", "HN-1003", "Kim")
    assert split.reply_id == said(TicketReplied)[0].event_id
    assert store.counts(session) == {"ticketed": 3, "appended": 0}
    heard(mail(subject="Re: mail", references=(added.message_id,), text="It is fast again"))
    assert said(TicketReplied)[-1].ticket_id == "HN-1003"
    heard(SplitRequested(ticket_id="HN-1003", arrival_id=added.arrival_id, agent="Kim"))
    assert "was opened with this message" in said(FilingRefused)[0].reason
    heard(merge("HN-1003"))
    assert said(TicketsMerged)[0].into == "HN-1001"


def test_a_person_chooses_between_the_customers_of_a_shared_address(heard, said):
    heard(mail(SHARED))
    assert said(TicketOpened)[0].ticket.customer_candidates == ("c-1", "c-2")
    heard(CustomerChosen(ticket_id="HN-1001", customer_id="c-2", agent="Kim"))
    [recorded] = said(CustomerRecorded)
    assert (recorded.by, recorded.ticket.account, recorded.ticket.plan) == ("Kim", "acct2", "pelican")
    assert recorded.ticket.requester.may_approve_costs
    heard(mail(SHARED, "Re: [HN-1001]"))
    [replied] = said(TicketReplied)
    assert (replied.author.customer_id, replied.ticket.account) == ("c-2", "acct2")


def test_a_ticket_of_a_case_gets_no_other_customer_than_the_case(heard, said):
    heard(mail())
    heard(mail(SHARED))
    heard(merge())
    heard(CustomerChosen(ticket_id="HN-1002", customer_id="c-2", agent="Kim"))
    assert "one case with HN-1001" in said(FilingRefused)[0].reason
    heard(CustomerChosen(ticket_id="HN-1002", customer_id="c-1", agent="Kim"))
    assert said(CustomerRecorded)[0].ticket.requester.customer_id == "c-1"


def test_two_cases_are_never_proposed_as_one_again(heard, said):
    told = {"provider": "hypernode", "outcome": "answered", "duration_seconds": 60, "started_at": clock.now()}
    words = "Redis refuses the connection of app.bloemen.example"
    heard(CallLogged(arrival_id=uuid4(), caller=Requester(phone=PHONE), subject=words, text=words, **told))
    heard(mail(SHARED, text=words))
    assert said(OneCaseProposed) == []
    choose = {"ticket_id": "HN-1002", "agent": "Kim"}
    heard(CustomerChosen(customer_id="c-1", **choose))
    assert len(said(OneCaseProposed)) == 2
    heard(OneCaseDismissed(other_ticket_id="HN-1001", **choose))
    heard(CustomerChosen(customer_id=None, **choose))
    heard(CustomerChosen(customer_id="c-1", **choose))
    assert len(said(OneCaseProposed)) == 2
