"""Arrivals become tickets, or parts of one, on real tables."""

from uuid import uuid4

import pytest

from samples import TOKENS
from services.tickets import rules, store
from services.tickets.rules import Customer, Person
from services.tickets.tasks import worker
from services.tickets.tasks.filing import WAITS_FOR_THE_ANSWERED_MAIL
from shared import clock
from shared.bus import Transaction
from shared.bus.worker import Outcome
from shared.errors import Misconfigured
from shared.events import CallLogged, EmailReceived, TicketOpened, TicketReplied
from shared.vocabulary import Channel, Requester

BLOEMEN = Customer(
    id="c-1",
    provider="hypernode",
    name="Bloemen BV",
    account="bloemen",
    product="magento",
    plan="pelican",
    language="nl",
    facts=("certificate bought via Hypernode",),
    people=(
        Person("Anna de Wit", "anna@bloemen.example", None, may_approve_costs=True),
        Person("Bob Maas", "bob@bloemen.example", "+31200000001", may_approve_costs=False),
    ),
)


@pytest.fixture
def bloemen(database):
    with Transaction.begin("tickets") as tx:
        store.save_customer(tx.session, BLOEMEN)
    return BLOEMEN


@pytest.fixture
def mail(say, hear):
    """Receive an e-mail and let it be filed; gives the event."""

    def mail(sender="anna@bloemen.example", subject="Shop down", *, filed=True, **fields):
        event = EmailReceived(
            **{
                "arrival_id": uuid4(),
                "provider": "hypernode",
                "mailbox": "support@hypernode.example",
                "sender": Requester(name="Somebody", email=sender),
                "subject": subject,
                "text": "Help",
                "full_text": "Help",
                "message_id": f"<{uuid4()}@bloemen.example>",
                "received_at": clock.now(),
                **fields,
            }
        )
        say("email_intake", event)
        if filed:
            assert set(hear(worker, "file_email")) == {Outcome.DONE}
        return event

    return mail


def call(phone, text="My shop is down", subject="Shop down"):
    return CallLogged(
        arrival_id=uuid4(),
        provider="hypernode",
        caller=Requester(phone=phone),
        subject=subject,
        text=text,
        outcome="answered",
        started_at=clock.now(),
        duration_seconds=60,
    )


def test_a_first_email_opens_a_ticket_with_what_the_customer_record_says(bloemen, mail, said, session):
    event = mail()
    [opened] = said(TicketOpened)
    assert (opened.ticket_id, opened.arrival_id, opened.related_ticket_id) == ("HN-1001", event.arrival_id, None)
    assert opened.ticket.requester.customer_id == "c-1"
    assert opened.ticket.requester.may_approve_costs
    assert (opened.ticket.plan, opened.ticket.account, opened.ticket.message_id) == (
        "pelican",
        "bloemen",
        event.message_id,
    )
    assert opened.ticket.approvers == ("anna@bloemen.example",)
    assert store.counts(session) == {"ticketed": 1, "appended": 0}


@pytest.mark.usefixtures("bloemen")
def test_the_same_arrival_is_filed_once_however_often_it_is_said(mail, say, hear, said, session):
    event = mail()
    say("email_intake", event.model_copy(update={"event_id": uuid4()}))
    assert hear(worker, "file_email") == [Outcome.DONE]
    assert len(said(TicketOpened)) == 1
    assert store.counts(session) == {"ticketed": 1, "appended": 0}


def test_a_colleague_adds_to_the_ticket_by_its_tag(bloemen, mail, said, session):
    mail()
    added = mail("bob@bloemen.example", "Re: Shop down [HN-1001]", text="Still down")
    [replied] = said(TicketReplied)
    assert replied.received_at == added.received_at
    assert (replied.ticket_id, replied.text, replied.channel) == ("HN-1001", "Still down", Channel.EMAIL)
    assert (replied.author.email, replied.author.may_approve_costs) == ("bob@bloemen.example", False)
    assert replied.ticket.requester.email == "anna@bloemen.example"
    assert store.counts(session) == {"ticketed": 1, "appended": 1}


def test_a_reply_is_found_by_the_message_it_answers_ours_or_theirs(bloemen, mail, said):
    first = mail()
    mail(subject="Re: something else", references=("<unknown@x.example>", first.message_id))
    mail(subject="Re: something else", references=(TOKENS.message_id("HN-1001", uuid4(), "hypernode.example"),))
    assert [reply.ticket_id for reply in said(TicketReplied)] == ["HN-1001", "HN-1001"]


def test_a_stranger_with_a_tag_gets_a_ticket_of_their_own_that_refers_to_it(bloemen, mail, said):
    mail()
    mail("eve@elsewhere.example", "Re: Shop down [HN-1001]")
    assert said(TicketReplied) == []
    assert [(o.ticket_id, o.related_ticket_id) for o in said(TicketOpened)] == [
        ("HN-1001", None),
        ("HN-1002", "HN-1001"),
    ]
    assert said(TicketOpened)[1].ticket.account is None


def test_a_tag_of_a_ticket_that_is_not_there_opens_a_new_one(bloemen, mail, said):
    mail(subject="Re: [HN-9999]")
    assert [(o.ticket_id, o.related_ticket_id) for o in said(TicketOpened)] == [("HN-1001", None)]


def test_a_reply_waits_a_little_for_the_mail_it_answers(bloemen, mail, hear, said):
    first_id = "<first@bloemen.example>"
    mail(subject="Re: Shop down", references=(first_id,), filed=False)
    assert hear(worker, "file_email") == [Outcome.RETRY_LATER]
    mail(message_id=first_id, filed=False)
    assert sorted(hear(worker, "file_email")) == [Outcome.DONE, Outcome.RETRY_LATER]
    assert hear(worker, "file_email") == [Outcome.DONE]
    assert len(said(TicketOpened)) == 1
    assert [reply.ticket_id for reply in said(TicketReplied)] == ["HN-1001"]


def test_a_reply_to_a_mail_that_never_comes_is_filed_all_the_same(bloemen, mail, hear, said):
    mail(references=("<never@elsewhere.example>",), filed=False)
    outcomes = [hear(worker, "file_email") for _ in range(WAITS_FOR_THE_ANSWERED_MAIL + 1)]
    assert outcomes == [[Outcome.RETRY_LATER]] * WAITS_FOR_THE_ANSWERED_MAIL + [[Outcome.DONE]]
    assert len(said(TicketOpened)) == 1


def test_an_address_on_two_customers_matches_neither(bloemen, mail, said):
    with Transaction.begin("tickets") as tx:
        store.save_customer(tx.session, rules.Customer(**{**vars(BLOEMEN), "id": "c-2"}))
    mail()
    assert said(TicketOpened)[0].ticket.requester.customer_id is None


def test_a_customer_of_another_provider_is_nobody_here(bloemen, mail, said):
    mail(provider="luxcloud")
    [opened] = said(TicketOpened)
    assert (opened.ticket_id, opened.ticket.requester.customer_id) == ("LC-1001", None)


def test_a_call_from_a_known_number_opens_a_ticket_that_is_answered_by_letter(bloemen, say, hear, said):
    say("phone_intake", call("+31200000001"))
    assert hear(worker, "file_call") == [Outcome.DONE]
    [opened] = said(TicketOpened)
    assert opened.ticket.channel is Channel.PHONE
    assert (opened.ticket.requester.customer_id, opened.ticket.requester.email) == ("c-1", "bob@bloemen.example")


def test_an_agents_note_adds_a_call_to_the_ticket_it_names(bloemen, mail, say, hear, said):
    mail()
    say("phone_intake", call("+31200000001", "Asks how it goes with HN-1001"))
    assert hear(worker, "file_call") == [Outcome.DONE]
    [replied] = said(TicketReplied)
    assert (replied.ticket_id, replied.author_verified) == ("HN-1001", False)


def test_an_anonymous_call_is_a_ticket_of_nobody(bloemen, say, hear, said):
    say("phone_intake", call(None))
    assert hear(worker, "file_call") == [Outcome.DONE]
    assert said(TicketOpened)[0].ticket.requester == Requester()


def test_an_arrival_for_an_unknown_provider_leaves_nothing_but_a_dead_letter(mail, hear, said, session):
    mail(provider="nobody", filed=False)
    assert hear(worker, "file_email") == [Outcome.DEAD]
    assert said(TicketOpened) == []
    assert store.counts(session) == {"ticketed": 0, "appended": 0}


def test_loading_a_customer_again_brings_the_people_up_to_date(bloemen, mail, said):
    with Transaction.begin("tickets") as tx:
        store.save_customer(
            tx.session, rules.Customer(**{**vars(BLOEMEN), "plan": "eagle", "people": BLOEMEN.people[1:]})
        )
    mail()
    mail("bob@bloemen.example")
    anna, bob = said(TicketOpened)
    assert anna.ticket.requester.customer_id is None
    assert (bob.ticket.plan, bob.ticket.approvers) == ("eagle", ())


def test_an_id_of_another_providers_customer_is_refused_and_that_customer_stays(bloemen, session):
    with pytest.raises(Misconfigured, match="'c-1' of luxcloud belongs to a customer of hypernode"):
        store.save_customer(session, rules.Customer(**{**vars(BLOEMEN), "provider": "luxcloud", "name": "Other"}))
    session.rollback()
    assert store.customer(session, "c-1") == BLOEMEN
