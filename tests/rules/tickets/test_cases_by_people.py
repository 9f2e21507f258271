"""What people may decide of tickets: which can be one case, what a chosen customer changes, what a split message is."""

from dataclasses import replace
from itertools import permutations
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import ticket
from services.tickets import rules
from services.tickets.rules import Customer, Match, Person
from shared import clock
from shared.cases import Filed, objection
from shared.events import TicketReplied
from shared.vocabulary import Channel, Requester

ANNA, BOB = "anna@winkel.example", "bob@winkel.example"
WINKEL = Customer(
    id="c-1",
    provider="hypernode",
    name="Winkel BV",
    account="winkel",
    product="magento",
    plan="pelican",
    language="nl",
    facts=("certificate bought via Hypernode",),
    people=(Person("Anna", ANNA, None, may_approve_costs=True),),
)


def of(number, customer=None, **changes):
    requester = Requester(email=ANNA, customer_id=customer)
    return Filed(ticket(number, requester=requester, **changes))


@pytest.mark.parametrize("customers", [("c-1", "c-1"), ("c-1", None), (None, "c-1"), (None, None)])
def test_tickets_of_one_customer_or_an_unknown_one_can_be_merged(customers):
    mine, theirs = customers
    assert objection(of("HN-2", mine), of("HN-1", theirs)) is None


@pytest.mark.parametrize(
    ("merged", "into", "why"),
    [
        (of("HN-1"), of("HN-1"), "into itself"),
        (of("HN-2"), of("LC-1", provider="luxcloud"), "two providers"),
        (of("HN-2", "c-1"), of("HN-1", "c-2"), "two customers"),
        (of("HN-2", account="winkel"), of("HN-1", account="bloemen"), "two customers"),
        (replace(of("HN-2"), merged_into="HN-3"), of("HN-1"), "HN-2 is merged into HN-3 already"),
        (of("HN-2"), replace(of("HN-1"), merged_into="HN-3"), "HN-1 is merged into HN-3 itself"),
    ],
)
def test_what_cannot_be_merged_is_refused_with_the_reason(merged, into, why):
    assert why in objection(merged, into)


@given(st.lists(st.sampled_from(list(permutations(["A", "B", "C", "D"], 2))), max_size=20))
def test_no_order_of_merges_makes_a_circle(wishes):
    tickets = {name: of(name) for name in "ABCD"}
    for name, into in wishes:
        if objection(tickets[name], tickets[into]) is None:
            tickets[name] = replace(tickets[name], merged_into=into)
    for start in tickets.values():
        at, seen = start, set()
        while into := at.merged_into:
            assert into not in seen
            seen.add(into)
            at = tickets[into]


def test_a_chosen_customer_gives_the_ticket_all_that_his_record_says():
    unsure = ticket(requester=Requester(email=ANNA), customer_candidates=("c-1", "c-2"))
    known = rules.chosen(unsure, WINKEL)
    assert (known.plan, known.account, known.customer_facts) == ("pelican", "winkel", WINKEL.facts)
    assert (known.approvers, known.requester.customer_id, known.requester.may_approve_costs) == ((ANNA,), "c-1", True)
    assert (known.customer_found_by, known.customer_candidates) == ("person", ())


def test_a_ticket_of_nobody_keeps_nothing_of_a_customer():
    named = ticket(requester=Requester(email=ANNA), plan="pelican", account="winkel", customer_found_by="named")
    known = rules.chosen(named, None)
    assert (known.plan, known.account, known.requester.customer_id, known.customer_found_by) == (None, None, None, None)


def test_letters_on_a_callers_ticket_go_to_nobody_of_another_customer():
    phone = "+31200000001"
    caller = Requester(phone=phone, email="kim@bloemen.example", customer_id="c-2")  # the address is of the record
    called = ticket(requester=caller, channel=Channel.PHONE)
    assert rules.chosen(called, WINKEL).requester.email == ANNA
    assert rules.chosen(called, None).requester == Requester(phone=phone)


def test_between_several_customers_the_one_of_the_ticket_is_meant():
    assert rules.among(Match(candidates=("c-1", "c-2")), WINKEL).of_author == WINKEL
    assert rules.among(Match(candidates=("c-2", "c-3")), WINKEL).of_author is None
    assert rules.among(Match(), WINKEL).of_author is None


def test_a_message_that_is_split_off_begins_a_ticket_at_its_own_time_for_its_own_author():
    facts = ticket(plan="pelican", account="winkel")
    reply = TicketReplied(
        ticket_id=facts.ticket_id,
        arrival_id=uuid4(),
        ticket=facts,
        author=Requester(email=BOB),
        author_verified=True,
        text="And our mail?",
        channel=Channel.PHONE,
        received_at=clock.now(),
    )
    known = rules.split_off(reply, facts, "HN-1043", "<m@x.example>")
    assert (known.ticket_id, known.requester.email, known.channel) == ("HN-1043", BOB, Channel.PHONE)
    assert (known.received_at, known.message_id, known.plan) == (reply.received_at, "<m@x.example>", "pelican")
