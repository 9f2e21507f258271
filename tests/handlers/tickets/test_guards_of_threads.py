"""Which mails do not belong into the ticket that they name, from their bytes on: they get one that refers to it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from samples import TOKENS
from services.email_intake import settings as room_settings
from services.email_intake.store import store_email
from services.email_intake.tasks import worker as intake
from services.tickets.tasks import worker as tickets
from shared import clock
from shared.bus.worker import Outcome
from shared.events import TicketOpened, TicketReopened, TicketReplied, TicketResolved

US, ANNA, PIETER = "support@hypernode.example", "anna@bloemen.example", "pieter@hypernode.example"
FORWARD = f"---------- Forwarded message ---------\nFrom: Anna <{ANNA}>\nDate: ma 23 nov 2026\nSubject: Traag\n\nHelp!"


@pytest.fixture(autouse=True)
def _settings(database, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_TRUSTED_AUTHSERV_IDS", '["mx.hypernode.example"]')
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_AGENTS", f'["{PIETER}"]')
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_FORMS", '["form@shop.example"]')
    room_settings.settings.cache_clear()
    yield
    room_settings.settings.cache_clear()


@pytest.fixture
def arrive(hear):
    def arrive(subject="Shop down", words="Please look.", *headers, sender=ANNA, to=US, verified=True):
        domain = sender.rpartition("@")[2]
        result = [f"Authentication-Results: mx.hypernode.example; dmarc=pass header.from={domain}"] * verified
        head = [*result, f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Message-ID: <{uuid4()}@x>", *headers]
        store_email(("\n".join(head) + f"\n\n{words}\n").encode(), to, source="test")
        hear(intake, "read_email")
        while Outcome.RETRY_LATER in hear(tickets, "file_email"):
            pass

    return arrive


@pytest.fixture
def resolve(say, hear):
    def resolve(days_ago):
        at = clock.now() - timedelta(days=days_ago)
        say("desk", TicketResolved(ticket_id="HN-1001", agent="Kim", happened_at=at))
        hear(tickets, "note_resolved")

    return resolve


def opened(said):
    return [(event.ticket_id, event.related_ticket_id) for event in said(TicketOpened)]


# G3


def test_a_forward_that_names_a_ticket_is_a_request_of_its_own_that_refers_to_it(arrive, said):
    arrive()
    arrive("Fwd: Shop down [HN-1001]", FORWARD)
    assert opened(said) == [("HN-1001", None), ("HN-1002", "HN-1001")]
    assert any("forwards a mail" in warning for warning in said(TicketOpened)[1].warnings)


def test_a_forward_to_a_signed_reply_address_is_added_to_its_ticket(arrive, said):
    arrive()
    arrive("Fwd: Traag", FORWARD, to=TOKENS.reply_address(US, "HN-1001"))
    assert [event.ticket_id for event in said(TicketReplied)] == ["HN-1001"]


def test_the_requester_of_what_an_agent_forwards_is_who_wrote_it(arrive, said):
    arrive("Fwd: Traag", FORWARD, sender=PIETER)
    [event] = said(TicketOpened)
    assert event.ticket.requester.email == ANNA


# G4


def test_a_reply_to_a_ticket_that_was_closed_more_than_30_days_ago_is_a_new_one_that_refers_to_it(
    arrive, said, resolve
):
    arrive()
    resolve(31)
    arrive("Re: Shop down [HN-1001]", "It is down again.")
    assert opened(said) == [("HN-1001", None), ("HN-1002", "HN-1001")]
    assert "which was closed more than 30 days before" in said(TicketOpened)[1].warnings[0]


def test_a_reply_to_a_ticket_that_was_closed_less_than_30_days_ago_is_added_to_it(arrive, said, resolve):
    arrive()
    resolve(29)
    arrive("Re: Shop down [HN-1001]", "It is down again.")
    assert [event.ticket_id for event in said(TicketReplied)] == ["HN-1001"]


def test_a_ticket_that_was_opened_again_is_not_long_closed(arrive, said, resolve, say, hear):
    arrive()
    resolve(40)
    say("desk", TicketReopened(ticket_id="HN-1001", agent="Kim", happened_at=clock.now() - timedelta(days=35)))
    hear(tickets, "note_reopened")
    arrive("Re: Shop down [HN-1001]", "Any news?")
    assert [event.ticket_id for event in said(TicketReplied)] == ["HN-1001"]


def test_a_reply_opens_a_ticket_again_and_the_next_one_is_added_too(arrive, said, resolve):
    arrive()
    resolve(20)
    arrive("Re: Shop down [HN-1001]", "It is down again.")
    resolve(40)  # heard late
    arrive("Re: Shop down [HN-1001]", "Any news?")
    assert len(said(TicketReplied)) == 2


def test_thanks_for_a_ticket_that_was_closed_long_ago_are_added_to_it(arrive, said, resolve):
    arrive()
    resolve(40)
    arrive("Re: Shop down [HN-1001]", "Thanks, it works!", "In-Reply-To: <x@y>")
    assert [event.is_courtesy for event in said(TicketReplied)] == [True]


# G6


def test_when_the_signed_address_and_the_references_disagree_the_address_counts_and_the_mail_is_marked(arrive, said):
    arrive()
    arrive("Another thing")
    letter = TOKENS.message_id("HN-1002", uuid4(), "hypernode.example")
    arrive("Re: something", "More.", f"References: {letter}", to=TOKENS.reply_address(US, "HN-1001"))
    [reply] = said(TicketReplied)
    assert reply.ticket_id == "HN-1001"
    assert reply.warnings == ("its reply address names HN-1001, what it answers HN-1002",)


# G7


def test_answers_go_to_from_when_reply_to_is_in_another_domain_and_that_is_told(arrive, said):
    arrive("Hello", "Please look.", "Reply-To: eve@evil.example")
    [event] = said(TicketOpened)
    assert event.ticket.requester.email == ANNA
    assert any("another domain" in warning for warning in event.warnings)


def test_the_reply_to_of_a_configured_contact_form_is_who_asks_and_he_is_not_verified(arrive, said):
    arrive("Contact", "Please look.", f"Reply-To: {ANNA}", sender="form@shop.example")
    arrive("Re: Contact [HN-1001]", "More.", f"Reply-To: {ANNA}", sender="form@shop.example")
    [event], [reply] = said(TicketOpened), said(TicketReplied)
    assert event.ticket.requester.email == ANNA
    assert not reply.author_verified


# G8


def test_a_mail_with_two_from_headers_is_not_verified_and_marked(arrive, said):
    arrive("Hello", "Please look.", "From: eve@evil.example")
    arrive("Re: Hello [HN-1001]", "More.", "From: eve@evil.example")
    assert "several From headers" in said(TicketOpened)[0].warnings
    assert [event.author_verified for event in said(TicketReplied)] == [False]
