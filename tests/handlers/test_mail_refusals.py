"""What a mail may not do, from its bytes to the tickets and the money: nobody gains anything by writing a header."""

import importlib
from email import message_from_bytes, policy
from uuid import uuid4

import pytest

from deploy.bench.mutated import mutated
from samples import PAID, TOKENS
from services.email_intake import settings as room_settings
from services.email_intake.store import counts, store_email
from services.notifications.gateway import Parcel
from services.notifications.rules import envelope
from services.tickets import store
from services.tickets.rules import Customer, Person
from shared import clock, files
from shared.bus import Transaction
from shared.bus.worker import Outcome
from shared.events import (
    ConsentRecorded,
    ConsentRefused,
    EmailQuarantined,
    EmailReceived,
    EmailSuppressed,
    QuoteIssued,
    ScopeDecided,
    TicketOpened,
    TicketReplied,
    TicketRouteAdded,
)
from shared.vocabulary import Authentication

US, ANNA = "support@hypernode.example", "anna@bloemen.example"
PASSED = "mx.hypernode.example; dmarc=pass header.from={domain}"
FAILED = "mx.hypernode.example; dmarc=fail header.from={domain}"


def customer(number, email, **owned):
    person = Person("Anna", email, None, may_approve_costs=True)
    return Customer(
        f"c-{number}",
        "hypernode",
        f"Customer {number}",
        f"acct{number}",
        "general",
        "pelican",
        "nl",
        (),
        (person,),
        **owned,
    )


@pytest.fixture(autouse=True)
def _book(database, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_TRUSTED_AUTHSERV_IDS", '["mx.hypernode.example"]')
    monkeypatch.setenv(
        "SCOPEDESK_EMAIL_INTAKE_MAILBOXES",
        f'{{"{US}": "hypernode", "sales@hypernode.example": "hypernode", "support@luxcloud.example": "luxcloud"}}',
    )
    room_settings.settings.cache_clear()
    with Transaction.begin("tickets") as tx:
        store.save_customer(tx.session, customer(1, ANNA, domains=("bloemen.example",), servers=("web7",)))
        store.save_customer(tx.session, customer(2, "bob@kaas.example", domains=("kaas.example",), servers=("web8",)))
    yield
    room_settings.settings.cache_clear()


@pytest.fixture
def arrive(hear):
    """Let a mail arrive and be filed."""

    def arrive(
        subject="Shop down",
        words="Please look.",
        *,
        sender=ANNA,
        to=US,
        results=None,
        mailbox=US,
        message_id=None,
        **more,
    ):
        results = results and results.format(domain=sender.rpartition("@")[2])
        head = {
            "Authentication-Results": results,
            "From": f"Somebody <{sender}>",
            "To": to,
            "Subject": subject,
            "Message-ID": message_id or f"<{uuid4()}@x.example>",
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        raw = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value) + f"\r\n{words}\r\n"
        store_email(raw.encode(), mailbox, source="test")
        for room, handler in (("email_intake", "read_email"), ("tickets", "file_email")):
            for _ in range(4):
                outcomes = hear(importlib.import_module(f"services.{room}.tasks").worker, handler)
                if Outcome.RETRY_LATER not in outcomes:
                    break
            assert set(outcomes) <= {Outcome.DONE}

    return arrive


def opened(said):
    return [
        (event.ticket_id, event.related_ticket_id, event.ticket.requester.customer_id) for event in said(TicketOpened)
    ]


# another customer's thread


def test_a_forged_from_gets_a_ticket_of_nobody_beside_the_customers(arrive, said):
    arrive(results=PASSED)
    arrive("Re: Shop down [HN-1001]", results=FAILED)
    assert said(TicketReplied) == []
    assert opened(said) == [("HN-1001", None, "c-1"), ("HN-1002", "HN-1001", None)]
    forged = said(EmailReceived)[1]
    assert (forged.authentication, forged.sender_verified, forged.may_acknowledge) == (
        Authentication.FAIL,
        False,
        False,
    )


def test_not_even_a_signed_address_opens_the_thread_to_a_forged_sender(arrive, said):
    arrive(results=PASSED)
    to = TOKENS.reply_address(US, "HN-1001")
    arrive("Re: Shop down", to=to, mailbox=to, results=FAILED)
    assert said(TicketReplied) == []


@pytest.mark.parametrize("sender", ["eve@evil.example", "bob@kaas.example"])
def test_neither_a_stranger_nor_another_customer_writes_into_a_thread_by_any_mark(arrive, said, sender):
    arrive(results=PASSED, message_id="<first@x.example>")
    to, letter = TOKENS.reply_address(US, "HN-1001"), TOKENS.message_id("HN-1001", uuid4(), "hypernode.example")
    for more in (
        {"subject": "Re: [HN-1001]"},
        {"to": to, "mailbox": to},
        {"References": letter},
        {"In_Reply_To": "<first@x.example>"},
    ):
        arrive(sender=sender, results=PASSED, **more)
    assert said(TicketReplied) == []
    assert {related for _, related, _ in opened(said)[1:]} == {"HN-1001"}


def test_a_forged_token_is_no_way_to_a_ticket(arrive, said):
    arrive(results=PASSED)
    forged = "support+hn-1001.aaaaaaaaaaaaaaaa@hypernode.example"
    arrive("Hello", to=forged, mailbox=forged, results=PASSED)
    arrive("Hello", References=f"<hn-1001.{uuid4()}.aaaaaaaaaaaaaaaa@hypernode.example>", results=PASSED)
    assert [related for _, related, _ in opened(said)] == [None, None, None]


def test_the_customer_finds_the_thread_by_a_signed_address_whatever_the_subject(arrive, said):
    arrive(results=PASSED)
    to = TOKENS.reply_address(US, "HN-1001")
    arrive("Something else", to=to, mailbox=to, results=PASSED)
    [reply] = said(TicketReplied)
    assert (reply.ticket_id, reply.author_verified) == ("HN-1001", True)


# headers


EVIL = "=?utf-8?q?x=0D=0ABcc:_eve=40evil.example=0D=0A=0D=0Abody?="


def test_neither_a_subject_nor_a_name_becomes_a_header_of_our_letter(arrive, said):
    arrive(EVIL, From=f"{EVIL} <{ANNA}>", results=PASSED)
    ticket = said(TicketOpened)[0].ticket
    told = envelope.headers(
        ticket,
        message_id="<a@hypernode.example>",
        sender_name="us",
        mailbox=US,
        reply_address=US,
        written_at=clock.now(),
        loop_mark="hn-1042.mark",
        auto_submitted="auto-generated",
    )
    letter = message_from_bytes(Parcel("", ANNA, told, "our text").as_bytes(), policy=policy.default)
    assert letter["Bcc"] is None
    assert letter.get_content().strip() == "our text"


# money


@pytest.fixture
def quoted(arrive, say, hear, said):
    arrive("Restore please", results=PASSED)
    ticket = said(TicketOpened)[0].ticket
    say("scope", ScopeDecided(ticket_id=ticket.ticket_id, ticket=ticket, text="Restore", decision=PAID))
    billing = importlib.import_module("services.billing.tasks").worker
    hear(billing, "quote_paid_work")
    return said(QuoteIssued)[0].token


def agree(arrive, hear, words, **more):
    arrive("Re: Restore please [HN-1001]", words, **more)
    hear(importlib.import_module("services.billing.tasks").worker, "read_consent")


def test_a_yes_of_an_authenticated_authorised_contact_counts(arrive, hear, said, quoted):
    agree(arrive, hear, f"I agree to {quoted}.", results=PASSED)
    assert [(event.quote_id, event.given_by) for event in said(ConsentRecorded)] == [(quoted, ANNA)]


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({}, "the sender of the e-mail is not authenticated: an agent has to ask the person"),
        ({"results": "mx.attacker.example; dmarc=pass"}, "the sender of the e-mail is not authenticated"),
        ({"results": FAILED}, None),
        ({"results": PASSED, "sender": "eve@evil.example"}, None),
        ({"results": PASSED, "sender": "intern@bloemen.example"}, "this person is not on record"),
    ],
    ids=["not authenticated", "by another server", "forged", "a stranger", "a colleague without the right"],
)
def test_a_yes_of_anybody_else_never_counts(arrive, hear, said, quoted, more, refused):  # noqa: PLR0917 -- fixtures
    agree(arrive, hear, f"I agree to {quoted}.", **more)
    assert said(ConsentRecorded) == []
    reasons = [event.reason for event in said(ConsentRefused)]
    assert len(reasons) == (refused is not None)
    assert all(reason.startswith(refused) for reason in reasons)


# whose it is


def test_a_domain_that_was_authenticated_tells_the_customer_and_gives_no_right(arrive, said):
    arrive(sender="intern@bloemen.example", results=PASSED)
    ticket = said(TicketOpened)[0].ticket
    assert (ticket.requester.customer_id, ticket.customer_found_by) == ("c-1", "domain")
    assert not ticket.requester.may_approve_costs


@pytest.mark.parametrize("words", ["Our site www.bloemen.example is down", "WEB7 does not answer", "account ACCT1"])
def test_who_is_only_named_in_the_text_is_spoken_of_and_owns_nothing(arrive, said, words):
    arrive("Help", words, sender="eve@evil.example", results=PASSED)
    ticket = said(TicketOpened)[0].ticket
    assert (ticket.account, ticket.plan, ticket.customer_found_by) == ("acct1", "pelican", "named")
    assert (ticket.requester.customer_id, ticket.approvers) == (None, ())


def test_of_several_customers_nobody_is_picked(arrive, said):
    arrive("Help", "web7 and web8 are down", sender="eve@evil.example", results=PASSED)
    ticket = said(TicketOpened)[0].ticket
    assert (ticket.customer_candidates, ticket.account) == (("c-1", "c-2"), None)


# one mail, several ways


def test_the_same_mail_to_two_mailboxes_is_one_ticket_with_two_routes(arrive, said, session):
    for mailbox in (US, "sales@hypernode.example"):
        arrive(message_id="<one@x.example>", mailbox=mailbox)
    assert len(said(TicketOpened)) == 1
    assert [(event.ticket_id, event.mailbox) for event in said(TicketRouteAdded)] == [
        ("HN-1001", "sales@hypernode.example")
    ]
    assert store.counts(session) == {"ticketed": 1, "appended": 1}


def test_a_duplicate_is_recorded_and_another_text_under_the_same_id_is_another_mail(arrive, said, session):
    arrive(message_id="<one@x.example>")
    arrive(message_id="<one@x.example>")
    arrive(words="Something else.", message_id="<one@x.example>")
    assert len(said(EmailSuppressed)) == 1
    assert len(said(TicketOpened)) == 2
    assert counts(session)["received"] == 3


def test_thanks_are_appended_as_a_courtesy(arrive, said):
    arrive(results=PASSED)
    arrive("Re: Shop down [HN-1001]", "Thanks, solved!", results=PASSED, In_Reply_To="<a@x.example>")
    assert [event.is_courtesy for event in said(TicketReplied)] == [True]


# nothing is lost


def test_attachments_are_kept_apart_with_what_they_are(session, hear, said):
    raw = (
        f"From: {ANNA}\r\nTo: {US}\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
        "--B\r\n\r\nhi\r\n--B\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nMZ evil\r\n--B--\r\n"
    )
    store_email(raw.encode(), US, source="test")
    hear(importlib.import_module("services.email_intake.tasks").worker, "read_email")
    [file] = said(EmailReceived)[0].attachments
    assert (file.name, file.content_type, file.size) == ("a.pdf", "application/vnd.microsoft.portable-executable", 7)
    assert file.held
    assert files.fetch(session, file.content_hash) == b"MZ evil"


def test_of_broken_mails_each_ends_as_exactly_one_thing(session, hear, said):
    for raw in mutated(11, 150):
        store_email(raw, source="test")
    worker = importlib.import_module("services.email_intake.tasks").worker
    assert set(hear(worker, "read_email")) == {Outcome.DONE}
    found = counts(session)
    assert found["waiting"] == 0
    ends = sum(len(said(event)) for event in (EmailReceived, EmailSuppressed, EmailQuarantined))
    assert found["received"] == ends == 150
