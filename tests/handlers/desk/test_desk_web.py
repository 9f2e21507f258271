"""The desk's pages and API on real tables, filled by its own handlers."""

import itertools
import random
from datetime import timedelta
from uuid import uuid4

import pytest

import samples
from samples import PAID, RECEIVED, RESTORE
from services.desk import settings as desk_settings
from services.desk import store
from services.desk.tasks import worker
from shared.events import (
    CallQuarantined,
    CallSuppressed,
    ChargeRecorded,
    ConsentGiven,
    ConsentRecorded,
    ConsentRefused,
    EmailQuarantined,
    EmailStored,
    LetterRefused,
    LetterSent,
    LetterSuppressed,
    QuoteExpired,
    QuoteIssued,
    ScopeDecided,
    TargetBreached,
    TicketAnswered,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketRouted,
)
from shared.money import Money
from shared.vocabulary import (
    Channel,
    CountedWindow,
    Requester,
    Routing,
    Target,
    TargetName,
    Verdict,
)
from web_client import TOKEN, WRITE

HANDLERS = list(worker.handlers)


def at(minutes):
    return RECEIVED + timedelta(minutes=minutes)


def ticket(number="HN-1042", **changes):
    known = {
        "subject": "Restore <b>please</b>",
        "requester": Requester(name="Anna & Zoon", email="anna@winkel.example"),
    }
    return samples.ticket(number, **known | changes)


def opened(facts, text="Please restore <script>alert(1)</script> our shop."):
    return TicketOpened(
        ticket_id=facts.ticket_id, arrival_id=uuid4(), ticket=facts, text=text, happened_at=facts.received_at
    )


def routed(facts, due=240, decision=PAID):
    windows = (CountedWindow(opens_at=at(-180), closes_at=at(420), counted_seconds=14400),)
    targets = tuple(
        Target(name=name, minutes=minutes, due_at=at(minutes), house_default=True, windows=windows)
        for name, minutes in ((TargetName.FIRST_RESPONSE, due), (TargetName.RESOLUTION, due + 100))
    )
    routing = Routing(
        team="Technical support",
        calendar="hypernode",
        counted_on="hypernode",
        priority=1,
        starts_at=RECEIVED,
        targets=targets,
        policy_version="v1",
    )
    return TicketRouted(ticket_id=facts.ticket_id, ticket=facts, decision=decision, routing=routing, happened_at=at(2))


def whole_life(facts):
    """Everything that can happen to a paid ticket, in its order."""
    number, quote = facts.ticket_id, {"quote_id": f"Q-{facts.ticket_id}-1", "version": 1}
    letter = {"letter_id": uuid4(), "kind": "acknowledgement", "subject": "Re", "text": "Hello"}
    return [
        opened(facts),
        ScopeDecided(ticket_id=number, ticket=facts, text="…", decision=PAID, happened_at=at(1)),
        routed(facts),
        QuoteIssued(
            ticket_id=number, ticket=facts, decision=PAID, offer=RESTORE, total=RESTORE.total, valid_until=at(9000),
            happened_at=at(3), **quote,
        ),
        LetterRefused(ticket_id=number, reason="550 no", happened_at=at(4), **letter),
        LetterSent(ticket_id=number, message_id="<l@hypernode.example>", happened_at=at(5), **letter),
        TicketReplied(
            ticket_id=number, arrival_id=uuid4(), ticket=facts, author=facts.requester, author_verified=False,
            text="Akkoord", channel=Channel.EMAIL, happened_at=at(6),
        ),
        ConsentRecorded(
            ticket_id=number, consent_id=uuid4(), given_by="anna@winkel.example", given_how="telephone",
            total=RESTORE.total, happened_at=at(7), **quote,
        ),
        ChargeRecorded(
            ticket_id=number, charge_id=uuid4(), line="restore", clause=RESTORE.clause, customer_id=None, account=None,
            provider="hypernode", total=RESTORE.total, happened_at=at(8), **quote,
        ),
        QuoteExpired(ticket_id=number, happened_at=at(9), **quote),
        TicketAnswered(ticket_id=number, agent="Pieter", text="Done.", happened_at=at(10)),
    ]  # fmt: skip


@pytest.fixture
def show(say, hear):
    """Say events and let the desk hear them."""

    def show(*events):
        for event in events:
            say("tickets", event)
        for handler in HANDLERS:
            hear(worker, handler.partition(".")[2])

    return show


def problem(response):
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


@pytest.mark.parametrize("seed", range(6))
def test_the_list_is_the_same_whatever_order_events_came_in(show, session, seed):
    events = whole_life(ticket())
    random.Random(seed).shuffle(events)
    show(*events)
    [row] = store.list_tickets(session)
    assert row.number == "HN-1042"
    assert (row.state, row.verdict, row.team) == ("answered", "paid", "Technical support")
    assert (row.due_for, row.due_at) == (TargetName.RESOLUTION, at(340))
    assert [(quote.state, quote.total) for quote in row.quotes] == [("charged", Money.of(125, "EUR"))]
    assert row.letter_refused is False


def test_an_older_decision_does_not_hide_a_newer_one(show, session):
    facts = ticket()
    newer = PAID.model_copy(update={"verdict": Verdict.SUPPORTED})
    show(
        opened(facts),
        ScopeDecided(ticket_id="HN-1042", ticket=facts, text="", decision=newer, happened_at=at(5)),
        ScopeDecided(ticket_id="HN-1042", ticket=facts, text="", decision=PAID, happened_at=at(1)),
    )
    assert store.list_tickets(session)[0].verdict == "supported"


def test_a_reply_makes_an_answered_ticket_open_again(show, session):
    facts = ticket()
    reply = TicketReplied(
        ticket_id="HN-1042", arrival_id=uuid4(), ticket=facts, author=facts.requester, author_verified=True,
        text="And now?", channel=Channel.EMAIL, happened_at=at(20),
    )  # fmt: skip
    show(opened(facts), TicketAnswered(ticket_id="HN-1042", agent="P", text="…", happened_at=at(10)))
    assert store.list_tickets(session)[0].state == "answered"
    show(reply)
    assert store.list_tickets(session)[0].state == "open"


def test_thanks_leave_a_closed_ticket_closed_and_one_click_reopens_it(show, session, web):
    facts = ticket()
    reply = TicketReplied(
        ticket_id="HN-1042", arrival_id=uuid4(), ticket=facts, author=facts.requester, author_verified=True,
        text="Thanks!", channel=Channel.EMAIL, happened_at=at(20), is_courtesy=True,
    )  # fmt: skip
    show(opened(facts), TicketResolved(ticket_id="HN-1042", agent="P", happened_at=at(10)), reply)
    assert store.list_tickets(session)[0].state == "resolved"
    show(TicketReopened(ticket_id="HN-1042", agent="P", happened_at=at(30)))
    assert store.list_tickets(session)[0].state == "open"


def refused_consent(minutes):
    return ConsentRefused(
        ticket_id="HN-1042", quote_id="Q-HN-1042-1", version=1, given_how="email",
        reason="the sender is not authenticated", happened_at=at(minutes),
    )  # fmt: skip


def flags(session):
    [row] = store.list_tickets(session)
    return row.consent_waits, row.letter_suppressed


def test_a_yes_that_does_not_count_waits_for_an_agent_in_list_and_page(show, web):
    *events, _, _, _, _ = whole_life(ticket())
    show(*events, refused_consent(7))
    assert "a yes waits for an agent" in web.get("/").text
    page = web.get("/tickets/HN-1042").text
    assert "a yes waits for an agent" in page
    assert "does not count:\n    the sender is not authenticated" in page


@pytest.mark.parametrize(
    "mending",
    [
        TicketAnswered(ticket_id="HN-1042", agent="P", text="Who are you?", happened_at=at(20)),
        TicketResolved(ticket_id="HN-1042", agent="P", happened_at=at(20)),
        ConsentRecorded(
            ticket_id="HN-1042", quote_id="Q-HN-1042-1", version=1, consent_id=uuid4(), given_by="anna@winkel.example",
            given_how="telephone", total=RESTORE.total, happened_at=at(20),
        ),
    ],
    ids=lambda event: type(event).__name__,
)  # fmt: skip
def test_a_refused_yes_waits_until_an_agent_has_dealt_with_it(show, session, mending):
    show(opened(ticket()), mending)
    show(refused_consent(19))
    assert flags(session) == (False, False)
    show(refused_consent(21))
    assert flags(session) == (True, False)


@pytest.mark.parametrize(("kind", "flagged"), [("quote", True), ("answer", True), ("acknowledgement", False)])
def test_a_letter_that_stayed_unwritten_is_shown_and_flagged_when_it_is_missed(show, session, web, kind, flagged):
    suppressed = LetterSuppressed(ticket_id="HN-1042", letter_id=uuid4(), kind=kind, reason="no-address")
    show(opened(ticket()), suppressed)
    assert flags(session) == (False, flagged)
    assert ("letter not sent" in web.get("/").text) is flagged
    page = web.get("/tickets/HN-1042").text
    assert "suppressed" in page
    assert "no-address" in page
    assert ("letter not sent" in page) is flagged


@pytest.mark.parametrize("sort", ["due", "newest"])
def test_pages_of_a_list_show_every_ticket_once(show, web, sort):
    numbers = [f"HN-{1001 + n}" for n in range(7)]
    for n, number in enumerate(numbers):
        facts = ticket(number, received_at=at(-n))
        show(opened(facts), *([routed(facts, due=60 * (n % 3 + 1))] if n % 4 else []))
    seen, after = [], ""
    for _ in itertools.repeat(None, 9):
        page = web.get("/api/tickets", params={"limit": 2, "sort": sort, "after": after}).json()
        seen += [row["number"] for row in page["tickets"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == numbers
    if sort == "newest":
        assert seen == numbers


def test_a_list_is_filtered(show, web):
    show(opened(ticket()), routed(ticket()), opened(ticket("LC-1043", provider="luxcloud")))
    assert [row["number"] for row in web.get("/api/tickets?provider=luxcloud").json()["tickets"]] == ["LC-1043"]
    assert [row["number"] for row in web.get("/api/tickets?team=Technical support").json()["tickets"]] == ["HN-1042"]
    assert web.get("/api/tickets?state=resolved").json()["tickets"] == []


def test_a_wrong_filter_and_a_wrong_cursor_are_problems(web):
    assert problem(web.get("/api/tickets?verdict=maybe"))["status"] == 422
    assert problem(web.get("/api/tickets?after=nonsense"))["status"] == 400
    assert problem(web.get("/api/nothing"))["status"] == 404


def test_a_tickets_story_has_everything(show, web):
    show(*whole_life(ticket()))
    story = web.get("/api/tickets/hn-1042").json()
    assert story["clauses"][0]["quote"].startswith("We can also restore the Hypernode from a backup")
    assert story["routing"]["targets"][0]["windows"][0]["counted_seconds"] == 14400
    assert [said["by"] for said in story["conversation"]] == ["requester", "letter", "requester", "agent"]
    [quote] = story["billing"]["quotes"]
    assert (quote["state"], quote["agreed_by"]) == ("charged", "anna@winkel.example")
    assert quote["charges"][0]["total"] == {"minor": 12500, "currency": "EUR"}
    assert [letter["state"] for letter in story["letters"]] == ["refused", "sent"]
    assert story["history"][0]["event"] == "TicketOpened"


def test_what_customers_write_stays_text_on_the_pages(show, web):
    show(*whole_life(ticket()))
    for page in (web.get("/"), web.get("/tickets/HN-1042")):
        assert page.status_code == 200
        assert "Restore &lt;b&gt;please" in page.text
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_an_unknown_ticket_is_said_to_be_unknown(web):
    assert web.get("/tickets/HN-9999").status_code == 404
    assert problem(web.get("/api/tickets/HN-9999"))["title"] == "There is no ticket HN-9999"


def test_an_agents_answer_is_said_once_for_one_key(show, web, said):
    show(opened(ticket()))
    body = {"agent": "Pieter", "text": "It is done."}
    for _ in range(2):
        response = web.post("/api/tickets/HN-1042/answer", json=body, headers=WRITE | {"Idempotency-Key": "k1"})
        assert response.status_code == 202
    [event] = said(TicketAnswered)
    assert (event.ticket_id, event.agent, event.text) == ("HN-1042", "Pieter", "It is done.")


def test_a_ticket_is_resolved_once(show, web, said):
    show(opened(ticket()))
    assert web.post("/api/tickets/HN-1042/resolve", json={"agent": "P"}, headers=WRITE).status_code == 202
    show()
    assert problem(web.post("/api/tickets/HN-1042/resolve", json={"agent": "P"}, headers=WRITE))["status"] == 409
    assert len(said(TicketResolved)) == 1


def test_a_closed_ticket_is_reopened_over_the_api_and_by_the_button_on_its_page(show, web, said):
    show(opened(ticket()))
    assert problem(web.post("/api/tickets/HN-1042/reopen", json={"agent": "P"}, headers=WRITE))["status"] == 409
    assert 'action="/tickets/HN-1042/reopen"' not in web.get("/tickets/HN-1042").text
    show(TicketResolved(ticket_id="HN-1042", agent="P"))
    assert 'action="/tickets/HN-1042/reopen"' in web.get("/tickets/HN-1042").text
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    assert web.post("/tickets/HN-1042/reopen", content="agent=Kim&token=wrong", **form).status_code == 401
    web.post("/tickets/HN-1042/reopen", content=f"agent=Kim&token={TOKEN}", **form)
    assert [event.agent for event in said(TicketReopened)] == ["Kim"]


def test_a_consent_is_passed_on_for_the_version_that_is_offered(show, web, said):
    show(*whole_life(ticket())[:4])
    body = {"version": 2, "given_by_email": "anna@winkel.example", "taken_by": "Pieter"}
    assert "version 1 now" in problem(web.post("/api/quotes/Q-HN-1042-1/consent", json=body, headers=WRITE))["title"]
    assert web.post("/api/quotes/Q-HN-1042-1/consent", json=body | {"version": 1}, headers=WRITE).status_code == 202
    [event] = said(ConsentGiven)
    assert (event.ticket_id, event.quote_id, event.version) == ("HN-1042", "Q-HN-1042-1", 1)


def test_nobody_writes_without_the_token(show, web, said, monkeypatch):
    show(opened(ticket()))
    body = {"agent": "Eve", "text": "Hello"}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        response = web.post("/api/tickets/HN-1042/answer", json=body, headers=headers)
        assert problem(response)["status"] == 401
    monkeypatch.delenv("SCOPEDESK_DESK_TOKEN")
    desk_settings.settings.cache_clear()
    refused = web.post("/api/tickets/HN-1042/answer", json=body, headers={"Authorization": "Bearer "})
    assert problem(refused)["title"] == "The desk is read-only"
    assert said(TicketAnswered) == []


def test_arrivals_without_a_ticket_are_listed_with_the_reason(show, web):
    arrival = uuid4()
    show(
        EmailQuarantined(arrival_id=arrival, reason="no headers"),
        EmailStored(arrival_id=arrival, mailbox="a@b.example"),
    )
    page = web.get("/arrivals").text
    assert "no headers" in page
    assert "a@b.example" in page
    assert web.get("/api/health").json()["tickets"]["quarantined"] == 1


def test_an_arrival_from_a_file_tells_which_file_it_was(show, web):
    arrival = uuid4()
    show(
        EmailStored(arrival_id=arrival, mailbox="", source="inbox/84-broken.eml"),
        EmailQuarantined(arrival_id=arrival, reason="no headers"),
    )
    assert "inbox/84-broken.eml" in web.get("/arrivals").text


def test_an_arrival_that_left_quarantine_does_not_come_back_when_older_news_is_heard_late(show, web):
    arrival = uuid4()
    show(CallSuppressed(arrival_id=arrival, reason="came again", happened_at=at(5)))
    show(CallQuarantined(arrival_id=arrival, reason="no such number", happened_at=at(0)))
    assert "came again" in web.get("/arrivals?state=suppressed").text
    assert str(arrival) not in web.get("/arrivals").text


def test_a_breached_target_is_shown(show, web):
    facts = ticket()
    breach = TargetBreached(
        ticket_id="HN-1042", target=TargetName.FIRST_RESPONSE, due_at=at(240), team="T", happened_at=at(240)
    )
    show(opened(facts), routed(facts), breach)
    assert "breached" in web.get("/").text
