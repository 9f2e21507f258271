"""Tickets are merged and stand alone again, through every room: what the desk shows, what is due, who is written to."""

import importlib
import random
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from services.desk import store as desk
from services.sla import store as sla
from services.tickets import store as book
from services.tickets.rules import Customer, Person
from shared import clock
from shared.bus import Transaction
from shared.bus.worker import Outcome
from shared.db import engine
from shared.events import (
    ConsentRecorded,
    CustomerChosen,
    EmailReceived,
    MergeRequested,
    QuoteIssued,
    ScopeDecided,
    SplitRequested,
    TicketAnswered,
    TicketPaused,
    TicketReopened,
    TicketResolved,
    TicketRouted,
    UnmergeRequested,
)
from shared.topology import ROOMS
from shared.vocabulary import Requester, WaitingForCustomer

ANNA, SHARED = "anna@bloemen.example", "office@shared.example"
FIRST, SECOND = "HN-1001", "HN-1002"
RESTORE = "Please restore the database from yesterday's backup for us."
HOUR = timedelta(hours=1)
ELSEWHERE = {"notifications.post_letter"}
"""No mail server takes letters here."""


def customer(number, *emails, plan=None):
    people = tuple(Person("Anna", email, None, may_approve_costs=True) for email in emails)
    return Customer(f"c-{number}", "hypernode", f"C {number}", f"acct{number}", "general", plan, "en", (), people)


class House:
    """Every room in one process: what is said is heard in an order drawn by chance."""

    def __init__(self, seed=1):
        self.workers = {room: importlib.import_module(f"services.{room}.tasks").worker for room in ROOMS}
        self.chance = random.Random(seed)
        with Transaction.begin("tickets") as tx:
            for known in (customer(1, ANNA, SHARED), customer(2, SHARED)):
                book.save_customer(tx.session, known)

    def hears(self, *events, room="desk"):
        with Transaction.begin(room) as tx:
            for event in events:
                tx.say(event)
        while due := self._due():
            delivery, hearer = self.chance.choice(due)
            outcome = self.workers[hearer.partition(".")[0]].deliver(hearer, delivery)
            assert outcome in {Outcome.DONE, Outcome.RETRY_LATER}, hearer

    def gets(self, subject, words="The shop shows a 502 error.", sender=ANNA, **told):
        known = {"provider": "hypernode", "mailbox": "support@hypernode.example", "text": words, "full_text": words}
        known |= {"message_id": f"<{uuid4()}@x.example>", "received_at": clock.now(), "arrival_id": uuid4()}
        event = EmailReceived(sender=Requester(email=sender), sender_verified=True, subject=subject, **(known | told))
        self.hears(event, room="email_intake")
        return event

    def shows(self, number):
        with Session(engine()) as session:
            return desk.show_ticket(session, number)

    def targets(self, number):
        with Session(engine()) as session:
            rows = sla.targets(session, number).values()
            return sorted((row.name, row.state, row.due_at, row.stopped_at) for row in rows)

    def timers(self, number):
        statement = text("select count(*) from bus.delivery where ticket_id = :t and hearer = 'sla.check_target'")
        with Session(engine()) as session:
            return session.execute(statement, {"t": number}).scalar_one()

    @staticmethod
    def _due():
        with Session(engine()) as session:
            session.execute(text("update bus.delivery set due_at = now() where attempts > 0"))
            session.commit()
            found = session.execute(text("select id, hearer from bus.delivery where due_at <= now() order by id")).all()
        return [(delivery, hearer) for delivery, hearer in found if hearer not in ELSEWHERE]


@pytest.fixture
def house(database):
    return House()


@pytest.fixture
def two(house):
    house.gets("Shop down")
    house.gets("Still down")
    return house


def merge(number=SECOND, into=FIRST):
    return MergeRequested(ticket_id=number, into=into, agent="Kim")


def unmerge(number=SECOND):
    return UnmergeRequested(ticket_id=number, agent="Kim")


def told(story):
    """What a story says but for its history, which only grows."""
    return story.model_dump(exclude={"history"})


def test_a_merge_that_is_undone_has_never_been(two):
    two.hears(TicketAnswered(ticket_id=FIRST, agent="Kim", text="We look"))
    two.hears(TicketPaused(ticket_id=SECOND, by="Kim", standstill=WaitingForCustomer()))
    before = [(told(two.shows(n)), two.targets(n), two.timers(n)) for n in (FIRST, SECOND)]
    two.hears(merge())
    assert two.timers(SECOND) == 0
    two.hears(unmerge())
    assert [(told(two.shows(n)), two.targets(n), two.timers(n)) for n in (FIRST, SECOND)] == before
    for number in (FIRST, SECOND):
        words = [line.words for line in two.shows(number).history]
        assert words.index("Kim merged HN-1002 into HN-1001.") < words.index(
            "Kim took the merge of HN-1002 into HN-1001 back."
        )


def test_a_merged_ticket_is_closed_and_its_question_waits_where_it_goes_on(house):
    two, now = house, clock.now()
    two.gets("Shop down", received_at=now - 3 * HOUR)
    two.gets("Still down", received_at=now - 2 * HOUR)
    two.hears(TicketAnswered(ticket_id=FIRST, agent="Kim", text="We look", happened_at=now - HOUR))
    two.hears(TicketResolved(ticket_id=FIRST, agent="Kim", happened_at=now - HOUR))
    two.hears(merge())
    merged, case = two.shows(SECOND), two.shows(FIRST)
    assert (merged.ticket.state, merged.ticket.merged_into, merged.ticket.due_at) == ("merged", FIRST, None)
    assert (case.ticket.state, case.ticket.due_for, case.merged_tickets) == ("open", "next-response", (SECOND,))
    assert [said.text for said in case.conversation if said.by == "requester"] == ["The shop shows a 502 error."] * 2
    assert case.routing.targets
    with Session(engine()) as session:
        assert sla.open_tickets(session) == [FIRST]
        assert [row.number for row in desk.list_tickets(session, state="merged")] == [SECOND]
    two.hears(unmerge())
    assert [two.shows(n).ticket.state for n in (FIRST, SECOND)] == ["resolved", "open"]


def test_what_comes_by_the_thread_of_a_merged_ticket_shows_where_it_goes_on_and_goes_back_with_it(two):
    two.hears(merge())
    two.hears(TicketAnswered(ticket_id=FIRST, agent="Kim", text="We look"))
    assert two.shows(FIRST).ticket.state == "answered"
    two.gets("Re: Still down [HN-1002]", "It is worse now")
    case = two.shows(FIRST)
    assert (case.ticket.state, case.conversation[-1].text) == ("open", "It is worse now")
    assert case.conversation[-1].ticket_id == SECOND
    assert ("next-response", "running") in {row[:2] for row in two.targets(FIRST)}
    two.hears(unmerge())
    assert two.shows(FIRST).ticket.state == "answered"
    assert two.targets(FIRST)[0][:2] == ("first-response", "met")
    back = two.shows(SECOND)
    assert (back.ticket.state, back.conversation[-1].text) == ("open", "It is worse now")
    assert "It is worse now" not in {said.text for said in two.shows(FIRST).conversation}


def test_the_offer_of_a_merged_ticket_can_be_agreed_to_in_either_thread(house, said):
    house.gets("Shop down")
    house.gets("Backup", RESTORE)
    [quote] = said(QuoteIssued)
    house.hears(merge())
    assert [shown.quote_id for shown in house.shows(FIRST).billing.quotes] == [quote.quote_id]
    house.gets("Re: Shop down [HN-1001]", f"I agree to {quote.quote_id}.")
    assert [consent.quote_id for consent in said(ConsentRecorded)] == [quote.quote_id]


def test_chains_of_merges_come_apart_where_they_are_taken_back(two):
    two.gets("And mail")
    two.hears(merge("HN-1003", SECOND), room="desk")
    two.hears(merge())
    assert two.shows(FIRST).merged_tickets == (SECOND, "HN-1003")
    two.gets("Re: mail [HN-1003]", "Slow")
    assert two.shows(FIRST).conversation[-1].text == "Slow"
    two.hears(unmerge())
    assert two.shows(SECOND).conversation[-1].text == "Slow"
    assert (two.shows(FIRST).merged_tickets, two.shows(SECOND).merged_tickets) == ((), ("HN-1003",))


def test_a_message_that_is_split_off_leaves_its_ticket_as_if_it_had_never_come(two):
    two.hears(TicketAnswered(ticket_id=FIRST, agent="Kim", text="We look"))
    before = told(two.shows(FIRST)), two.targets(FIRST)
    added = two.gets("Re: [HN-1001]", "Our mail is slow too")
    assert two.shows(FIRST).ticket.state == "open"
    two.hears(SplitRequested(ticket_id=FIRST, arrival_id=added.arrival_id, agent="Kim"))
    assert (told(two.shows(FIRST)), two.targets(FIRST)) == before
    new = two.shows("HN-1003")
    assert (new.related_ticket, new.ticket.state, new.conversation[0].text) == (FIRST, "open", "Our mail is slow too")
    assert {row[:2] for row in two.targets("HN-1003")} == {("first-response", "running"), ("resolution", "running")}
    two.hears(merge("HN-1003"))
    assert two.shows(FIRST).ticket.state == "open"
    assert two.shows(FIRST).conversation[-1].text == "Our mail is slow too"


def test_a_chosen_customer_decides_routes_and_quotes_again(house, said):
    house.gets("Backup", RESTORE, sender=SHARED)
    assert house.shows(FIRST).facts.customer_candidates == ("c-1", "c-2")
    house.hears(CustomerChosen(ticket_id=FIRST, customer_id="c-2", agent="Kim"))
    story = house.shows(FIRST)
    assert (story.facts.account, story.facts.customer_candidates, story.decision.version) == ("acct2", (), 2)
    assert story.decision.explanation["customer_chosen"] == {"agent": "Kim", "customer": "c-2"}
    assert said(TicketRouted)[-1].ticket.account == "acct2"
    assert [quote.version for quote in said(QuoteIssued)] == [1, 2]
    assert said(QuoteIssued)[-1].ticket.approvers == (SHARED,)
    assert [decided.decision.version for decided in said(ScopeDecided)] == [1, 2]


HAPPENINGS = st.lists(
    st.sampled_from(
        [
            ("mail", FIRST),
            ("mail", SECOND),
            (TicketAnswered, FIRST),
            (TicketResolved, FIRST),
            (TicketReopened, FIRST),
        ]
    ),
    max_size=4,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(), HAPPENINGS, HAPPENINGS)
def test_whatever_arrives_in_between_goes_where_it_belongs(empty_tables, seed, before, between):
    def shown(*, merged):
        empty_tables()
        house = House(seed)
        house.gets("Shop down")
        house.gets("Still down")
        _live(house, before, "before")
        if merged:
            house.hears(merge())
        _live(house, between, "between")
        if merged:
            house.hears(unmerge())
        return [_seen(house, number) for number in (FIRST, SECOND)]

    assert shown(merged=True) == shown(merged=False)


def _live(house, happenings, when):
    for place, (what, number) in enumerate(happenings):
        if what == "mail":
            house.gets(f"Re: [{number}]", f"{when} {place}")
        else:
            more = {"text": f"{when} {place}"} if what is TicketAnswered else {}
            house.hears(what(ticket_id=number, agent="Kim", **more))


def _seen(house, number):
    """What the desk shows of a ticket, but for moments: no two lives happen at the same time.

    Which of the targets that run is next is such a moment: clocks start at whole seconds, and a life takes none.
    """
    story = house.shows(number)
    return (
        story.ticket.model_dump(include={"state", "merged_into", "verdict", "paused", "left_closed", "team"}),
        [(said.by, said.text) for said in story.conversation if said.by != "letter"],
        [target.name for target in story.routing.targets],
        [row[:2] for row in house.targets(number)],
        house.timers(number),
    )
