"""An agent decides at the desk: over its API, on its page and on the command line."""

from datetime import timedelta
from uuid import uuid4

import pytest
import yaml
from typer.testing import CliRunner

from deploy.cli import policy, tickets
from samples import PAID, RESTORE, ticket
from services.desk import settings as desk_settings
from services.desk.tasks import worker as desk
from services.desk.web.app import create_app
from services.scope import store as scope
from services.scope.tasks import worker as scope_worker
from shared import clock
from shared.errors import Permanent
from shared.events import (
    ChargeQuestioned,
    ConsentRecorded,
    PrecedentsFound,
    QuoteIssued,
    ScopeDecided,
    TicketFactCorrected,
    TicketOpened,
    VerdictOverridden,
)
from shared.policies.topics import ExampleFile
from shared.vocabulary import Decision, Precedent, Verdict
from web_client import TOKEN, WRITE, Web

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLAUSE = "hypernode.backups.restore-by-support"
COURTESY = {
    "agent": "Kim",
    "verdict": "courtesy",
    "clauses": [CLAUSE],
    "reason": "our backup failed",
    "approver": "Noor",
}
GUESS = PAID.model_copy(update={"needs_person": True})
TWO = Decision(verdict=Verdict.MIXED, needs_person=True, parts=(PAID, GUESS))


@pytest.fixture
def shown(say, hear):
    """A ticket as the desk knows it, with this decision and whatever else was said."""

    def shown(decision=PAID, *more, number="HN-1042"):
        facts = ticket(number)
        say("tickets", TicketOpened(ticket_id=number, arrival_id=uuid4(), ticket=facts, text="Restore, please"))
        say("scope", ScopeDecided(ticket_id=number, ticket=facts, text="Restore, please", decision=decision))
        for event in more:
            say("billing", event)
        for handler in desk.handlers:
            hear(desk, handler.partition(".")[2])
        return facts

    return shown


def consented():
    quote = {"ticket_id": "HN-1042", "quote_id": "Q-HN-1042-1", "version": 1, "total": RESTORE.total}
    return [
        QuoteIssued(**quote, ticket=ticket(), decision=PAID, offer=RESTORE, valid_until=clock.now()),
        ConsentRecorded(**quote, consent_id=uuid4(), given_by="a", given_how="email"),
    ]


def post(web, wish, number="HN-1042", what="override", **headers):
    return web.post(f"/api/tickets/{number}/{what}", json=wish, headers=WRITE | headers)


def test_what_an_agent_decides_is_said_with_the_version_he_saw(web, shown, said):
    shown()
    assert post(web, COURTESY | {"version": 1}).status_code == 202
    [event] = said(VerdictOverridden)
    assert (event.verdict, event.clauses, event.version) == (Verdict.COURTESY, (CLAUSE,), 1)
    assert (event.reason, event.agent, event.approver) == ("our backup failed", "Kim", "Noor")
    assert event.ticket == ticket()


def test_the_same_idempotency_key_decides_once(web, shown, said, say, hear):
    facts = shown()
    key = {"Idempotency-Key": "k1"}
    first = post(web, COURTESY | {"version": 1}, **key).json()
    decided = PAID.model_copy(update={"version": 2, "verdict": Verdict.COURTESY})
    say("scope", ScopeDecided(ticket_id="HN-1042", ticket=facts, text="", decision=decided))
    hear(desk, "show_decision")
    assert post(web, COURTESY | {"version": 1}, **key).json() == first
    assert len(said(VerdictOverridden)) == 1


def test_without_the_token_nobody_decides(web, shown, said):
    shown()
    assert web.post("/api/tickets/HN-1042/override", json=COURTESY).status_code == 401
    assert said(VerdictOverridden) == []


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"version": 2}, 409, "version 1 stands"),
        ({"approver": None}, 422, "needs an approver"),
        ({"approver": "KIM"}, 422, "approves his own"),
        ({"clauses": ["hypernode.no.such"]}, 422, "has no clause hypernode.no.such"),
        ({"clauses": []}, 422, "rest on"),
        ({"verdict": "mixed"}, 422, "does not decide"),
        ({"verdict": "needs-info"}, 422, "does not decide"),
        ({"topic": "no-such-topic"}, 422, "no topic"),
        ({"price_line": "restore"}, 422, "Only paid work"),
        ({"verdict": "paid", "price_line": "nothing"}, 422, "no price line"),
        ({"question": 1}, 422, "no question 1"),
        ({"reason": " "}, 422, "not as the API needs it"),
    ],
)
def test_what_cannot_be_decided_is_refused_with_what_to_do(web, shown, said, *, wish, status, words):
    shown()
    answer = post(web, COURTESY | wish)
    assert answer.status_code == status
    assert words in answer.json()["title"]
    assert said(VerdictOverridden) == []


def test_a_ticket_that_is_none_is_not_found(web):
    assert post(web, COURTESY, "HN-9").status_code == 404
    assert post(web, {"agent": "Kim", "fact": "f"}, "HN-9", "correct").status_code == 404


@pytest.mark.parametrize(
    ("was", "verdict", "approved"),
    [
        (PAID, "supported", False),
        (PAID, "unsupported", True),
        (GUESS, "courtesy", True),
        (PAID.model_copy(update={"verdict": Verdict.SUPPORTED}), "paid", False),
        (PAID.model_copy(update={"verdict": Verdict.SUPPORTED}), "courtesy", True),
        (PAID.model_copy(update={"verdict": Verdict.NOT_COVERED, "clauses": ()}), "courtesy", True),
        (PAID.model_copy(update={"verdict": Verdict.UNSUPPORTED}), "courtesy", False),
    ],
)
def test_free_work_is_given_and_taken_back_by_two_people(web, shown, was, verdict, approved):
    shown(was)
    alone = {**COURTESY, "verdict": verdict, "approver": None}
    assert (post(web, alone).status_code == 202) is approved
    assert post(web, alone | {"approver": "Noor"}).status_code == 202


def test_a_guess_is_confirmed_without_naming_the_clause_again(web, shown, said):
    shown(GUESS)
    assert post(web, {"agent": "Kim", "verdict": "paid", "reason": "as it was read"}).status_code == 202
    assert said(VerdictOverridden)[0].verdict is Verdict.PAID


def test_where_the_policy_is_silent_no_clause_is_asked_for(web, shown):
    shown(Decision(verdict=Verdict.NOT_COVERED, needs_person=True))
    assert post(web, {"agent": "Kim", "verdict": "unsupported", "reason": "not our trade"}).status_code == 202


def test_one_question_of_a_message_is_decided(web, shown, said):
    shown(TWO)
    assert post(web, COURTESY | {"question": 2, "approver": None}).status_code == 202
    assert said(VerdictOverridden)[0].question == 2


def test_what_was_agreed_to_is_not_decided_otherwise(web, shown, said):
    shown(PAID, *consented())
    answer = post(web, COURTESY)
    assert (answer.status_code, "EUR 125.00 for this is agreed already" in answer.json()["title"]) == (409, True)
    assert post(web, {"agent": "Kim", "fact": "f"}, what="correct").status_code == 409
    assert said(VerdictOverridden) + said(TicketFactCorrected) == []
    confirmed = {"agent": "Kim", "verdict": "paid", "reason": "as it was read"}
    assert post(web, confirmed).status_code == 202


def test_a_charge_by_a_changed_verdict_is_marked_until_somebody_has_looked(web, shown):
    quote = {"ticket_id": "HN-1042", "quote_id": "Q-HN-1042-1", "version": 1, "total": RESTORE.total}
    shown(PAID, *consented(), ChargeQuestioned(**quote, decision_version=2))
    assert web.get("/api/tickets/HN-1042").json()["ticket"]["charge_in_question"] is True
    assert "charge in question" in web.get("/tickets/HN-1042").text
    assert "charge in question" in web.get("/").text


def test_a_fact_is_corrected_but_not_over_a_person(web, shown, said):
    facts = shown()
    assert post(web, {"agent": "Kim", "fact": "bought elsewhere"}, what="correct").status_code == 202
    assert [(event.fact, event.version) for event in said(TicketFactCorrected)] == [("bought elsewhere", 1)]
    shown(PAID.model_copy(update={"decided_by": "Noor"}), number="HN-1043")
    answer = post(web, {"agent": "Kim", "fact": "f"}, "HN-1043", "correct")
    assert (answer.status_code, answer.json()["title"]) == (409, "Noor has decided HN-1043")
    assert facts


def test_the_story_tells_earlier_decisions_and_precedents(web, shown):
    person = {"agent": "Kim", "approver": "Noor", "reason": "our backup failed"}
    anew = PAID.model_copy(
        update={"version": 2, "verdict": Verdict.COURTESY, "decided_by": "Kim", "explanation": {"person": person}}
    )
    precedent = Precedent(
        ticket_id="HN-7", verdict=Verdict.COURTESY, reason="as last <time>", agent="Kim", decided_at=clock.now(),
        clauses=(CLAUSE,), likeness=0.6,
    )  # fmt: skip
    facts, later = ticket(), clock.now() + timedelta(minutes=1)
    shown(
        PAID,
        ScopeDecided(ticket_id="HN-1042", ticket=facts, text="", decision=anew, happened_at=later),
        PrecedentsFound(ticket_id="HN-1042", precedents=(precedent,)),
    )
    story = web.get("/api/tickets/HN-1042").json()
    assert (story["decision"]["version"], story["decision"]["decided_by"]) == (2, "Kim")
    assert [(was["version"], was["verdict"]) for was in story["earlier_decisions"]] == [(1, "paid")]
    assert [known["ticket_id"] for known in story["precedents"]] == ["HN-7"]
    page = web.get("/tickets/HN-1042").text
    for words in (
        "approved by Noor",
        "Earlier decisions: 1",
        'href="/tickets/HN-7"',
        "60 % alike",
        "as last &lt;time&gt;",
    ):
        assert words in page


# --- the page ---------------------------------------------------------------------------------------------------------

FILLED = {"version": "1", "verdict": "courtesy", "clause": CLAUSE, "reason": "ours", "agent": "Kim", "approver": "Noor"}


def send(web, fields, **headers):
    return web.post("/tickets/HN-1042/override", data=fields, headers=FORM | headers)


def test_the_form_offers_the_clauses_of_the_topic_first(web, shown):
    shown(GUESS)
    page = web.get("/tickets/HN-1042").text
    assert "Confirm or change the verdict" in page
    of_topic = page.partition('label="On this topic"')[2].partition("</optgroup>")[0]
    assert f'<option value="{CLAUSE}" selected>' in of_topic
    assert "hypernode.exclusions.third-party-software-issues" not in of_topic
    assert "hypernode.exclusions.third-party-software-issues" in page


def test_the_form_of_a_mixed_message_begins_with_the_question_that_waits(web, shown):
    shown(TWO)
    page = web.get("/tickets/HN-1042").text
    assert '<option value="2" selected>2: backup restore, paid, a person decides</option>' in page
    assert '<option value="">choose</option>' in page


def test_the_form_decides_and_leads_back_to_the_ticket(web, shown, said):
    shown()
    answer = send(web, FILLED | {"token": TOKEN, "topic": "", "second_clause": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets/HN-1042")
    [event] = said(VerdictOverridden)
    assert (event.clauses, event.topic, event.approver) == ((CLAUSE,), None, "Noor")


@pytest.mark.parametrize(
    ("fields", "headers", "status", "words"),
    [
        ({"token": "wrong"}, {}, 401, "token is missing or wrong"),
        ({}, {}, 401, "token is missing or wrong"),
        ({"token": TOKEN}, {"Origin": "http://elsewhere.example"}, 403, "another site"),
        ({"token": TOKEN}, {"Sec-Fetch-Site": "cross-site"}, 403, "another site"),
        ({"token": TOKEN, "approver": ""}, {}, 422, "needs an approver"),
        ({"token": TOKEN, "version": "7"}, {}, 409, "decided anew"),
        ({"token": TOKEN, "reason": ""}, {}, 422, "Look at: reason"),
    ],
)
def test_a_form_that_cannot_be_taken_comes_back_as_it_was_filled_in(
    web, shown, said, *, fields, headers, status, words
):
    shown()
    answer = send(web, FILLED | {"agent": 'Kim "K" <b>'} | fields, **headers)
    assert answer.status_code == status
    assert words in answer.text
    assert 'value="Kim &#34;K&#34; &lt;b&gt;"' in answer.text
    assert TOKEN not in answer.text
    assert said(VerdictOverridden) == []


def test_a_form_of_the_desk_itself_is_taken(web, shown):
    shown()
    own = {"Origin": "http://desk.example", "Sec-Fetch-Site": "same-origin"}
    assert send(web, FILLED | {"token": TOKEN}, **own).status_code == 303


def test_a_desk_without_a_token_shows_no_form(shown, database):
    desk_settings.settings.cache_clear()
    shown()
    page = Web(create_app()).get("/tickets/HN-1042").text
    assert "<textarea" not in page
    assert "SCOPEDESK_DESK_TOKEN" in page


# --- the command line -------------------------------------------------------------------------------------------------


def run(command, *arguments):
    answer = CliRunner().invoke(command.app, arguments)
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer


def test_the_command_line_decides_and_corrects(shown, said):
    shown()
    who = ("--reason", "ours", "--agent", "Kim")
    run(
        tickets, "override", "hn-1042", "--verdict", "unsupported", "--clause", CLAUSE, "--clause", RESTORE.clause, *who
    )
    run(tickets, "correct", "HN-1042", "--fact", "bought elsewhere", "--agent", "Kim")
    assert said(VerdictOverridden)[0].clauses == (CLAUSE, RESTORE.clause)
    assert said(TicketFactCorrected)[0].fact == "bought elsewhere"
    with pytest.raises(Permanent, match="needs an approver"):
        run(tickets, "override", "HN-1042", "--verdict", "supported", "--clause", CLAUSE, *who)
    with pytest.raises(Permanent, match="no ticket HN-9"):
        run(tickets, "correct", "HN-9", "--fact", "f", "--agent", "Kim")
    assert run(tickets, "override", "HN-1042", "--verdict", "maybe", *who).exit_code == 2


@pytest.fixture
def overridden(say, hear):
    """A real decision that a person changed, topic and all."""
    facts = ticket(subject="Backup", account="winkel")
    words = "Hello,\nPlease restore the shop of Anna at anna@winkel.example from the backup.\nRegards,\nAnna"
    say("tickets", TicketOpened(ticket_id="HN-1042", arrival_id=uuid4(), ticket=facts, text=words))
    hear(scope_worker, "decide_scope")
    told = {"verdict": Verdict.COURTESY, "clauses": (CLAUSE,), "topic": "backup-service", "reason": "told\nso"}
    say("desk", VerdictOverridden(ticket_id="HN-1042", ticket=facts, version=1, agent="Kim", **told))
    hear(scope_worker, "override_verdict")


def test_suggestions_are_masked_examples_and_rows_to_review(overridden, session):
    [kept] = scope.precedents(session)
    assert kept.read["verdict"] == Verdict.PAID
    printed = run(policy, "suggestions").stdout
    told = ExampleFile.model_validate(yaml.safe_load(printed)).examples
    assert told == {
        "backup-service": {"en": ("Backup. Please restore the shop of [name] at [address] from the backup.",)}
    }
    assert "# 1 times hypernode, backup-restore" in printed
    assert "paid became courtesy" in printed
    assert "#   HN-1042: told so" in printed


def test_without_overrides_there_is_nothing_to_suggest(database):
    assert run(policy, "suggestions").stdout == "# No topic was corrected.\n# No verdict was changed.\n"
    assert (
        run(policy, "suggestions", "--provider", "hypernode", "--json").stdout
        == '{\n  "examples": {},\n  "verdicts": []\n}\n'
    )
