"""People decide of a ticket's place at the desk: over its API, on its page and on the command line."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.cli import app
from samples import ticket
from services.desk.tasks import worker as desk
from shared import clock
from shared.bus.worker import Outcome
from shared.errors import Permanent
from shared.events import (
    CustomerChosen,
    FilingRefused,
    MergeRequested,
    MergeUndone,
    OneCaseDismissed,
    OneCaseProposed,
    SplitRequested,
    TicketOpened,
    TicketReplied,
    TicketResolved,
    TicketsMerged,
    UnmergeRequested,
)
from shared.vocabulary import Channel, Requester
from web_client import TOKEN, WRITE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FIRST, SECOND = "HN-1001", "HN-1002"


@pytest.fixture
def shown(say, hear):
    """Two tickets of one customer as the desk knows them, and whatever else was said."""

    def shown(*more, **facts):
        for number in (FIRST, SECOND):
            opened = ticket(number, **facts)
            say("tickets", TicketOpened(ticket_id=number, arrival_id=uuid4(), ticket=opened, text="Shop down"))
        for event in more:
            say("tickets", event)
        for handler in desk.handlers:
            hear(desk, handler.partition(".")[2])

    return shown


def merged(number=SECOND):
    told = {"merge_id": uuid4(), "merged": SECOND, "into": FIRST, "by": "Kim"}
    return TicketsMerged(ticket_id=number, merged_at=clock.now(), **told)


def proposed():
    return [
        OneCaseProposed(ticket_id=number, other_ticket_id=other, evidence=("both say redis",))
        for number, other in ((FIRST, SECOND), (SECOND, FIRST))
    ]


def reply(number=FIRST):
    told = {"author": Requester(email="anna@winkel.example"), "author_verified": True, "channel": Channel.EMAIL}
    return TicketReplied(ticket_id=number, arrival_id=uuid4(), ticket=ticket(number), text="And our mail?", **told)


def post(web, number, what, wish, **headers):
    return web.post(f"/api/tickets/{number}/{what}", json={"agent": "Kim"} | wish, headers=WRITE | headers)


def send(web, number, what, filled):
    told = {"agent": "Kim", "token": TOKEN} | filled
    return web.post(f"/tickets/{number}/filing/{what}", data=told, headers=FORM)


def test_a_merge_is_asked_for_once_with_a_key(web, shown, said):
    shown()
    for _ in range(2):
        answer = post(web, SECOND, "merge", {"into": "hn-1001"}, **{"Idempotency-Key": "k1"})
        assert answer.status_code == 202, answer.text
    assert [(event.ticket_id, event.into, event.agent) for event in said(MergeRequested)] == [(SECOND, FIRST, "Kim")]


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ((FIRST, "merge", {"into": FIRST}), (409, "cannot be merged into itself")),
        ((FIRST, "merge", {"into": "HN-9"}), (404, "There is no ticket HN-9")),
        ((FIRST, "unmerge", {}), (409, "HN-1001 is not merged")),
        ((FIRST, "split", {"arrival_id": str(uuid4())}), (404, "No such message")),
        ((FIRST, "customer", {}), (422, "give a `customer_id`")),
        (("HN-9", "customer", {"nobody": True}), (404, "There is no ticket HN-9")),
        ((FIRST, "one-case", {"other": "HN-9", "one_case": False}), (404, "There is no ticket HN-9")),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(web, shown, asked, refusal):
    shown()
    answer, (status, words) = post(web, *asked), refusal
    assert answer.status_code == status
    assert words in answer.text


def test_a_form_that_says_nothing_is_shown_again_with_what_it_needs(web, shown):
    shown()
    answer = send(web, FIRST, "customer", {})
    assert answer.status_code == 422
    assert "give a `customer_id`" in answer.text


def test_tickets_of_two_customers_are_not_merged(web, shown, say, hear):
    shown(requester=Requester(email="a@b.example", customer_id="c-1"))
    other = ticket("HN-1003", requester=Requester(email="c@d.example", customer_id="c-2"))
    say("tickets", TicketOpened(ticket_id="HN-1003", arrival_id=uuid4(), ticket=other, text="x"))
    hear(desk, "show_ticket")
    assert "two customers" in post(web, "HN-1003", "merge", {"into": FIRST}).text


@pytest.mark.parametrize(
    "what", ["answer", "resolve", "reopen", "pause", "resume", "reclassify", "override", "correct"]
)
def test_nothing_is_done_with_a_merged_ticket_but_where_it_goes_on(web, shown, what):
    shown(merged())
    wish = {
        "answer": {"text": "x"},
        "pause": {"pause": {"reason": "waiting-for-customer"}},
        "reclassify": {"why": "x", "plan": "pelican"},
        "override": {"verdict": "courtesy", "reason": "x"},
        "correct": {"fact": "x"},
    }.get(what, {})
    answer = post(web, SECOND, what, wish)
    assert answer.status_code == 409
    assert "HN-1002 is merged into HN-1001" in answer.text


def test_the_page_of_a_merged_ticket_leads_on_and_takes_the_merge_back(web, shown, said):
    shown(merged())
    page = web.get(f"/tickets/{SECOND}").text
    assert 'href="/tickets/HN-1001"' in page
    assert "Merged into this" in web.get(f"/tickets/{FIRST}").text
    assert send(web, SECOND, "unmerge", {}).status_code == 303
    assert [event.ticket_id for event in said(UnmergeRequested)] == [SECOND]


def test_who_resolves_a_case_says_so_of_what_is_merged_into_it(web, shown, said):
    shown(merged())
    assert post(web, FIRST, "resolve", {}).status_code == 202
    assert [(event.ticket_id, event.case) for event in said(TicketResolved)] == [(FIRST, (SECOND,))]


def test_a_list_shows_merged_tickets_apart(web, shown):
    shown(merged())
    rows = {row["number"]: row for row in web.get("/api/tickets?state=merged").json()["tickets"]}
    assert {number: row["merged_into"] for number, row in rows.items()} == {SECOND: FIRST}
    assert web.get("/api/health").json()["tickets"] == {
        "open": 1,
        "answered": 0,
        "resolved": 0,
        "merged": 1,
        "quarantined": 0,
        "lost": 0,
    }


def test_the_page_asks_whose_ticket_it_is_and_takes_the_answer(web, shown, said):
    shown(customer_candidates=("c-1", "c-2"))
    page = web.get(f"/tickets/{FIRST}").text
    assert "<option>c-1</option>" in page
    assert send(web, FIRST, "customer", {"customer_id": "c-2"}).status_code == 303
    assert send(web, SECOND, "customer", {"nobody": "true"}).status_code == 303
    assert [(e.ticket_id, e.customer_id, e.agent) for e in said(CustomerChosen)] == [
        (FIRST, "c-2", "Kim"),
        (SECOND, None, "Kim"),
    ]
    assert "Look at" in send(web, FIRST, "customer", {"agent": "", "customer_id": "c-1"}).text


def test_a_proposal_is_accepted_by_merging_the_later_into_the_earlier(web, shown, said):
    shown(*proposed())
    assert "both say redis" in web.get(f"/tickets/{FIRST}").text
    assert send(web, SECOND, "one-case", {"other": FIRST, "one_case": "true"}).status_code == 303
    assert len(said(MergeRequested)) == 1


def test_a_dismissed_proposal_is_shown_no_more(web, shown, said):
    shown(*proposed())
    assert send(web, SECOND, "one-case", {"other": FIRST, "one_case": "false"}).status_code == 303
    assert [(e.ticket_id, e.other_ticket_id) for e in said(OneCaseDismissed)] == [(SECOND, FIRST), (FIRST, SECOND)]
    for number in (FIRST, SECOND):
        assert web.get(f"/api/tickets/{number}").json()["proposed_cases"] == []
    assert "Kim found that HN-1001 is another case." in web.get(f"/tickets/{SECOND}").text


def test_a_message_is_split_off_by_its_form(web, shown, said):
    added = reply()
    shown(added)
    assert str(added.arrival_id) in web.get(f"/tickets/{FIRST}").text
    assert send(web, FIRST, "split", {"arrival_id": str(added.arrival_id)}).status_code == 303
    assert [(event.ticket_id, event.arrival_id) for event in said(SplitRequested)] == [(FIRST, added.arrival_id)]


def test_a_message_of_a_merged_ticket_is_split_off_that(web, shown, said):
    added = reply(SECOND)
    shown(added, merged(), merged(FIRST))
    assert post(web, FIRST, "split", {"arrival_id": str(added.arrival_id)}).status_code == 202
    assert [event.ticket_id for event in said(SplitRequested)] == [SECOND]


def test_a_merge_whose_undoing_is_heard_first_is_undone(web, shown, say, session):
    shown()
    merge = merged()
    say("tickets", merge)
    say("tickets", MergeUndone(**merge.model_dump(include={"merge_id", "merged", "into", "by", "ticket_id"})))
    waiting = text("select id from bus.delivery where hearer = 'desk.show_merge' order by id desc")
    for delivery in session.scalars(waiting).all():
        assert desk.deliver("desk.show_merge", delivery) is Outcome.DONE
    assert web.get(f"/api/tickets/{SECOND}").json()["ticket"]["merged_into"] is None


def test_what_was_refused_stands_in_the_history(web, shown):
    shown(FilingRefused(ticket_id=FIRST, agent="Kim", reason="hypernode has no customer c-9"))
    assert "What Kim asked was not done: hypernode has no customer c-9." in web.get(f"/tickets/{FIRST}").text


def run(*arguments):
    outcome = CliRunner().invoke(app, ["tickets", *arguments])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def test_the_command_line_files(shown, said):
    added = reply()
    shown(added, *proposed())
    assert "merging of HN-1002 is said" in run("merge", FIRST, SECOND, "--agent", "Kim").output
    run("split", FIRST, str(added.arrival_id), "--agent", "Kim")
    run("choose-customer", FIRST, "c-1", "--agent", "Kim")
    run("choose-customer", FIRST, "--nobody", "--agent", "Kim")
    run("one-case", FIRST, SECOND, "--no", "--agent", "Kim")
    assert [(event.ticket_id, event.into) for event in said(MergeRequested)] == [(SECOND, FIRST)]
    assert [event.arrival_id for event in said(SplitRequested)] == [added.arrival_id]
    assert [event.customer_id for event in said(CustomerChosen)] == ["c-1", None]
    assert len(said(OneCaseDismissed)) == 2
    with pytest.raises(Permanent, match="HN-1002 is not merged"):
        run("unmerge", SECOND, "--agent", "Kim")
    assert run("choose-customer", FIRST, "--agent", "Kim").exit_code == 2
    assert str(added.arrival_id) in run("show", FIRST).output
