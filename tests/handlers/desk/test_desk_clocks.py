"""Agents stop clocks, let them run again and say what a ticket really is, by the desk's API."""

import itertools
from datetime import timedelta
from uuid import uuid4

import pytest

import samples
from services.desk import store
from services.desk.rules.summary import Sort
from services.desk.tasks import worker as desk
from services.sla.tasks import worker as sla
from shared import clock
from shared.events import (
    ScopeDecided,
    TargetWarned,
    TicketEscalated,
    TicketOpened,
    TicketPaused,
    TicketReclassified,
    TicketResolved,
    TicketResumed,
)
from shared.vocabulary import Decision, Emergency, TargetName, Verdict
from web_client import WRITE

CUSTOMER = {"agent": "Kim", "pause": {"reason": "waiting-for-customer"}}
SUPPLIER = {
    "agent": "Kim",
    "pause": {
        "reason": "supplier",
        "supplier": "Microsoft",
        "case_reference": "MS-77",
        "message_sent": "<m1@luxcloud.example>",
    },
}


@pytest.fixture
def settle(hear):
    """Let the sla room and the desk hear everything there is to hear, but for timers."""

    def settle():
        for handler in ("route_ticket", "stop_clocks", "resume_clocks", "reclassify_ticket", "stop_all_targets"):
            hear(sla, handler)
        for handler in desk.handlers:
            hear(desk, handler.partition(".")[2])

    return settle


@pytest.fixture
def ticket(say, settle):
    def ticket(number="LC-1", provider="luxcloud", plan=None, **changes):
        known = {"provider": provider, "plan": plan, "received_at": clock.now(), **changes}
        facts = samples.ticket(number, **known)
        decision = Decision(verdict=Verdict.SUPPORTED, needs_person=False)
        say("tickets", TicketOpened(ticket_id=number, arrival_id=uuid4(), ticket=facts, text="Help"))
        say("scope", ScopeDecided(ticket_id=number, ticket=facts, text="Help", decision=decision))
        settle()

    return ticket


@pytest.fixture
def post(web):
    def post(what, body, number="LC-1", **headers):
        return web.post(f"/api/tickets/{number}/{what}", json=body, headers={**WRITE, **headers})

    return post


def shown(session, number="LC-1"):
    session.rollback()
    return store.ticket_row(session, number)


def test_a_supplier_pause_carries_its_evidence_to_list_and_page_until_it_is_ended(
    ticket, post, settle, session, *, said, web
):
    ticket()
    assert post("pause", SUPPLIER).status_code == 202
    settle()
    assert said(TicketPaused)[0].standstill.case_reference == "MS-77"
    row = shown(session)
    assert (row.paused, row.due_at, row.latest_start_at) == ("supplier", None, None)
    page = web.get("/tickets/LC-1").text
    assert "paused: supplier" in page
    assert "case reference: MS-77" in page
    assert "Microsoft has the case (MS-77)" in page
    assert post("resume", {"agent": "Kim", "why": "supplier-answered"}).status_code == 202
    settle()
    [end] = said(TicketResumed)
    assert (end.pause_id, end.paused_for) == (said(TicketPaused)[0].event_id, "supplier")
    row = shown(session)
    assert row.paused is None
    assert row.due_at


def test_only_a_policy_that_says_so_lets_a_supplier_stop_a_clock(ticket, post, said):
    ticket("HN-1", "hypernode")
    answer = post("pause", SUPPLIER, "HN-1")
    assert (answer.status_code, answer.json()["title"]) == (
        409,
        "The policy of Hypernode lets no supplier stop a clock",
    )
    assert post("pause", CUSTOMER, "HN-1").status_code == 202
    assert len(said(TicketPaused)) == 1


@pytest.mark.parametrize("missing", ["supplier", "case_reference", "message_sent"])
def test_no_supplier_stops_a_clock_without_all_of_the_evidence(ticket, post, missing):
    ticket()
    pause = {name: value for name, value in SUPPLIER["pause"].items() if name != missing}
    answer = post("pause", {"agent": "Kim", "pause": pause})
    assert answer.status_code == 422
    assert missing in answer.text


def test_what_makes_no_sense_is_refused_with_a_way_on(ticket, post, settle):
    ticket()
    assert post("resume", {"agent": "Kim"}).status_code == 409
    past = {**CUSTOMER, "until": (clock.now() - timedelta(hours=1)).isoformat()}
    assert post("pause", past).status_code == 422
    assert post("pause", {**CUSTOMER, "until": "2035-06-05T10:00:00"}).status_code == 422
    assert post("pause", CUSTOMER).status_code == 202
    assert post("pause", CUSTOMER).status_code == 409  # at once, before any worker has heard of the first
    assert post("pause", CUSTOMER, "LC-9").status_code == 404
    assert post("resume", {"agent": "Kim"}).status_code == 202
    assert post("resume", {"agent": "Kim"}).status_code == 409


def test_nothing_is_stopped_without_the_token_or_on_a_resolved_ticket(ticket, post, web, say, settle):
    ticket()
    assert web.post("/api/tickets/LC-1/pause", json=CUSTOMER).status_code == 401
    say("desk", TicketResolved(ticket_id="LC-1", agent="Kim"))
    settle()
    assert post("pause", CUSTOMER).status_code == 409


def test_the_same_key_again_stops_and_resumes_once(ticket, post, said):
    ticket()
    for _ in range(2):
        assert post("pause", CUSTOMER, **{"Idempotency-Key": "a"}).status_code == 202
    for _ in range(2):
        assert post("resume", {"agent": "Kim"}, **{"Idempotency-Key": "b"}).status_code == 202
    assert (len(said(TicketPaused)), len(said(TicketResumed))) == (1, 1)


def test_an_agent_gives_a_ticket_another_plan_and_level(ticket, post, settle, said, session):
    ticket("HS-1", "h-sphere", "regular")
    before = shown(session, "HS-1").due_at
    body = {"agent": "Kim", "why": "has paid since", "plan": "priority", "emergency": "highest"}
    assert post("reclassify", body, "HS-1").status_code == 202
    settle()
    assert said(TicketReclassified)[0].emergency is Emergency.HIGHEST
    after = shown(session, "HS-1")
    assert after.due_at < before
    assert after.priority == 1


@pytest.mark.parametrize(
    ("provider", "change", "words"),
    [
        ("h-sphere", {"plan": "gold"}, "Its plans are priority, regular"),
        ("hypernode", {"emergency": "highest"}, "knows no emergency levels"),
        ("hypernode", {}, "give a `plan`"),
    ],
)
def test_a_plan_or_level_that_the_policy_does_not_have_is_refused(ticket, post, provider, change, words):
    ticket("T-1", provider)
    answer = post("reclassify", {"agent": "Kim", "why": "so", **change}, "T-1")
    assert answer.status_code == 422
    assert words in answer.text


def test_a_warning_and_whom_a_breach_was_told_stand_in_the_list(ticket, say, settle, session, web):
    ticket()
    late = {"ticket_id": "LC-1", "target": TargetName.FIRST_RESPONSE, "due_at": clock.now()}
    say("sla", TargetWarned(percent=75, team="T", **late))
    say("sla", TicketEscalated(level=1, to="team lead of T", on_call=False, **late))
    settle()
    row = shown(session)
    assert (row.warned, row.escalated_to) == (75, "team lead of T")
    page = web.get("/").text
    assert "75 % of the time over" in page
    assert "team lead of T was told" in page


def test_the_list_is_in_order_of_the_latest_safe_start_page_after_page(ticket, web, session):
    for number, hours in enumerate((5, 1, 3, 0)):
        ticket(f"KX-{number}", "kenotronix", received_at=clock.now() + timedelta(hours=hours))
    seen, after = [], ""
    for _ in itertools.repeat(None, 5):
        page = web.get("/api/tickets", params={"limit": 1, "after": after}).json()
        seen += [row["number"] for row in page["tickets"]]
        if (after := page["next"]) is None:
            break
    assert seen == ["KX-3", "KX-1", "KX-2", "KX-0"]
    row = shown(session, "KX-3")
    assert row.due_at - row.latest_start_at == timedelta(minutes=30)


def test_where_the_policy_says_so_the_plan_comes_before_the_time(ticket, web, session):
    ticket("HS-1", "h-sphere", "regular")
    ticket("HS-2", "h-sphere", "priority", received_at=clock.now() + timedelta(days=30))
    ticket("HS-3", "h-sphere", "regular", received_at=clock.now() - timedelta(days=30))
    numbers, after = [], None
    for _ in range(3):
        page = store.list_tickets(session, provider="h-sphere", sort=Sort.LATEST_START, after=after, limit=1)
        numbers.append(page[0].number)
        after = web.get("/api/tickets", params={"provider": "h-sphere", "limit": len(numbers)}).json()["next"]
    assert numbers == ["HS-2", "HS-3", "HS-1"]
    everybody = store.list_tickets(session, sort=Sort.LATEST_START)
    assert [row.number for row in everybody] == ["HS-3", "HS-1", "HS-2"]
