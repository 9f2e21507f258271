"""Who asks, and which ticket it belongs to."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import TOKENS
from services.tickets import rules
from services.tickets.rules import Customer, Match, Person
from shared import clock
from shared.events import CallLogged, EmailReceived
from shared.vocabulary import Channel, Requester, TicketFacts

ANNA = Person("Anna de Wit", "anna@bloemen.example", None, may_approve_costs=True)
BOB = Person("Bob Maas", "bob@bloemen.example", "+31200000001", may_approve_costs=False)
SWITCHBOARD = Person("Bloemen BV", None, "+31200000000", may_approve_costs=False)
OUR_LETTER = TOKENS.message_id("HN-1042", uuid4(), "hypernode.example")
BLOEMEN = Customer(
    id="c-1",
    provider="hypernode",
    name="Bloemen BV",
    account="bloemen",
    product="hypernode",
    plan="pelican",
    language="nl",
    facts=("certificate bought via Hypernode",),
    people=(ANNA, BOB, SWITCHBOARD),
)


def email(subject="Site is slow", **fields):
    return EmailReceived(
        **{
            "arrival_id": uuid4(),
            "provider": "hypernode",
            "mailbox": "support@hypernode.example",
            "sender": Requester(name="Anna", email="Anna@Bloemen.example"),
            "subject": subject,
            "text": "Help",
            "full_text": "Help",
            "received_at": clock.now(),
            **fields,
        }
    )


def call(subject, text):
    return CallLogged(
        arrival_id=uuid4(),
        provider="hypernode",
        caller=Requester(phone="+31200000000"),
        subject=subject,
        text=text,
        outcome="answered",
        started_at=clock.now(),
        duration_seconds=60,
    )


def trail(mail, filed=None):
    return rules.email_trail(mail, "HN", filed or {}, TOKENS)


def ticket_of(requester):
    return TicketFacts(
        ticket_id="HN-1001",
        provider="hypernode",
        channel=Channel.EMAIL,
        subject="Site is slow",
        requester=requester,
        received_at=clock.now(),
    )


# who


def test_an_address_on_record_brings_the_persons_rights():
    anna = rules.known_as(Requester(name="Anna", email="Anna@Bloemen.EXAMPLE"), BLOEMEN)
    assert (anna.name, anna.email, anna.customer_id) == ("Anna", "anna@bloemen.example", "c-1")
    assert anna.may_approve_costs


def test_a_contact_without_the_right_may_not_approve_costs():
    assert not rules.known_as(Requester(email="bob@bloemen.example"), BLOEMEN).may_approve_costs


def test_nobody_keeps_a_right_that_they_claim_themselves():
    stranger = Requester(email="eve@elsewhere.example", customer_id="c-1", may_approve_costs=True)
    assert rules.known_as(stranger, None) == Requester(email="eve@elsewhere.example")


def test_a_caller_on_record_gets_letters_at_their_own_address():
    assert rules.known_as(Requester(phone="+31200000001"), BLOEMEN).email == "bob@bloemen.example"


def test_a_call_from_the_switchboard_is_answered_to_the_account_holder_without_rights():
    caller = rules.known_as(Requester(phone="+31200000000"), BLOEMEN)
    assert (caller.name, caller.email) == ("Bloemen BV", "anna@bloemen.example")
    assert not caller.may_approve_costs


def test_an_address_that_two_customers_share_names_nobody():
    assert rules.only([BLOEMEN, replace(BLOEMEN, id="c-2")]) is None
    assert rules.only([BLOEMEN]) is BLOEMEN
    assert rules.only([]) is None


def test_shared_addresses_are_found_within_a_provider_only():
    other = replace(BLOEMEN, id="c-2", people=(ANNA,))
    elsewhere = replace(BLOEMEN, id="c-3", provider="luxcloud")
    assert rules.shared_addresses([BLOEMEN, other, elsewhere]) == [("hypernode", "anna@bloemen.example")]


# which ticket


@pytest.mark.parametrize(
    ("mail", "numbers"),
    [
        (email("Site is slow"), []),
        (email("Re: Site is slow [HN-1042]"), ["HN-1042"]),
        (email("RE: re: slow [hn-1042]"), ["HN-1042"]),
        (email("Re: slow HN-1042"), []),
        (email("Re: slow [KX-1042]"), []),
        (email("Re: slow [#286614]"), []),
        (email("Fwd: [HN-1001] Re: [HN-1002]"), ["HN-1002"]),
        (email(reply_token="hn-1042"), ["HN-1042"]),
        (email(reply_token="kx-1042"), []),
        (email(references=(OUR_LETTER,)), ["HN-1042"]),
        (email(references=(OUR_LETTER.replace("1042", "1041"),)), []),
        (email(references=("<hn-1042.6f0b5c0e-6a3e-4d0a-8a5d-1f2e3d4c5b6a@hypernode.example>",)), []),
        (email(references=("<hn-1042@elsewhere.example>",)), []),
    ],
)
def test_what_an_email_points_at(mail, numbers):
    assert trail(mail) == numbers


def test_a_token_beats_references_and_references_beat_the_subject():
    mail = email("Re: [HN-1003]", reply_token="hn-1001", references=("<a@x.example>",))
    assert trail(mail, {"<a@x.example>": "HN-1002"}) == ["HN-1001", "HN-1002", "HN-1003"]


def test_the_nearest_answered_mail_comes_first():
    mail = email(references=("<c@x.example>", "<b@x.example>", "<a@x.example>"))
    assert trail(mail, {"<a@x.example>": "HN-1001", "<b@x.example>": "HN-1002"}) == ["HN-1002", "HN-1001"]


def test_an_agents_note_of_a_call_may_name_a_ticket_without_brackets():
    assert rules.call_trail(call("Asks about hn-1042", "again about KX-7 and HN-1043"), "HN") == ["HN-1042", "HN-1043"]


@given(st.text(), st.text())
def test_any_subject_and_reference_can_be_read(subject, reference):
    assert all(number.startswith("HN-") for number in trail(email(subject, references=(reference,))))


# who may add to it


def test_the_requester_and_the_same_customer_may_append():
    facts = ticket_of(rules.known_as(Requester(email="anna@bloemen.example"), BLOEMEN))
    bob = rules.known_as(Requester(email="bob@bloemen.example"), BLOEMEN)
    assert rules.may_append(bob, bob.email, ticket=facts, participants={"anna@bloemen.example"})


def test_a_stranger_with_the_right_tag_may_not_append():
    facts = ticket_of(rules.known_as(Requester(email="anna@bloemen.example"), BLOEMEN))
    eve = rules.known_as(Requester(email="eve@elsewhere.example"), None)
    assert not rules.may_append(eve, eve.email, ticket=facts, participants={"anna@bloemen.example"})


def test_two_strangers_are_not_the_same_customer():
    facts = ticket_of(Requester(email="kim@elsewhere.example"))
    eve = Requester(email="eve@elsewhere.example")
    assert not rules.may_append(eve, eve.email, ticket=facts, participants={"kim@elsewhere.example"})


def test_somebody_without_an_address_may_not_append():
    facts = ticket_of(Requester(email="kim@elsewhere.example"))
    assert not rules.may_append(Requester(), None, ticket=facts, participants={"kim@elsewhere.example"})


def test_who_wrote_in_a_ticket_may_write_again_although_no_customer():
    facts = ticket_of(Requester(email="kim@elsewhere.example"))
    kim = Requester(email="kim@elsewhere.example")
    assert rules.may_append(kim, kim.email, ticket=facts, participants={"kim@elsewhere.example"})


# what the ticket says


def test_a_ticket_carries_what_the_customer_record_says():
    arrival = rules.Arrival.of_email(email())
    facts = rules.facts_of(arrival, "HN-1001", rules.known_as(arrival.author, BLOEMEN), Match(BLOEMEN, "address"))
    assert (facts.product, facts.plan, facts.account) == ("hypernode", "pelican", "bloemen")
    assert facts.customer_facts == ("certificate bought via Hypernode",)
    assert facts.approvers == ("anna@bloemen.example",)
    assert facts.language == "nl"


def test_a_call_is_never_from_a_verified_author():
    assert not rules.Arrival.of_call(call("a", "b")).author_verified
