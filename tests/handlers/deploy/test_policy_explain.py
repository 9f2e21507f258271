"""`scopedesk policy explain` on real tables: a ticket is decided and routed by its workers, then explained."""

import json
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from services.desk.tasks import worker as desk
from services.scope.tasks import worker as scope
from services.sla.tasks import worker as sla
from shared.errors import Permanent
from shared.events import (
    TargetsRederived,
    TicketOpened,
    TicketPaused,
    TicketReclassified,
    TicketResolved,
    TicketRouted,
)
from shared.vocabulary import Channel, Requester, SupplierCase, TicketFacts

FRIDAY_AFTERNOON = datetime(2026, 8, 21, 15, tzinfo=ZoneInfo("America/New_York"))
"""An hour before closing; the Monday after it is Ukraine's Independence Day."""


@pytest.fixture
def explain(database):
    def explain(*arguments):
        answer = CliRunner().invoke(app, ["explain", *arguments])
        if answer.exception:
            raise answer.exception
        return answer.stdout

    return explain


@pytest.fixture
def ticket(say, hear):
    """A ticket of a customer who has just upgraded, decided and routed."""

    def ticket(number, provider, text, *notes, decided=True):
        facts = TicketFacts(
            ticket_id=number,
            provider=provider,
            product="general",
            channel=Channel.EMAIL,
            subject="Help [red]please[/red]",
            requester=Requester(email="lea@racks.example"),
            customer_facts=notes,
            received_at=FRIDAY_AFTERNOON,
        )
        say("tickets", TicketOpened(ticket_id=number, arrival_id=uuid4(), ticket=facts, text=text))
        hear(desk, "show_ticket")
        if decided:
            hear(scope, "decide_scope")
            hear(sla, "route_ticket")
            hear(desk, "show_decision")
            hear(desk, "show_routing")

    return ticket


@pytest.fixture
def upgraded(ticket):
    ticket(
        "HS-1001",
        "h-sphere",
        "Since the upgrade apache goes crazy on the web server.",
        "The upgrade to 2.5.0 was done 3 hours ago",
    )


def test_a_decision_is_explained_by_its_sentence_its_words_and_its_facts(explain, upgraded):
    decision = json.loads(explain("HS-1001", "--json"))["decision"]
    assert (decision["verdict"], decision["emergency"]) == ("supported", "immediate-after-upgrade")
    best = decision["clauses"][0]
    assert (best["id"], best["line"]) == ("h-sphere.policy.just-upgraded-immediate", 60)
    assert "upgrade" in best["sentence"]
    assert "apache goes crazy" in decision["read_as"]["phrases"]
    deciding = {fact["fact"]: fact for fact in decision["facts"] if fact["decided"]}
    assert deciding["just-upgraded"] == {
        "fact": "just-upgraded",
        "value": "yes",
        "from": "customer record",
        "words": "upgrade to 2.5.0 was done 3 hours ago",
        "decided": True,
    }
    assert deciding["apache-or-dns"]["from"] == "message"
    assert decision["read_as"]["topic"] not in {vote["topic"] for vote in decision["runners_up"]}
    assert decision["policy_is_current"]


def test_a_due_time_is_explained_by_its_windows_and_the_holiday_between(explain, ticket):
    ticket("HS-1002", "h-sphere", "Please recompile PHP with imap support.")
    due = json.loads(explain("HS-1002", "--json"))["due_times"]
    assert (due["calendar"], due["zone"]) == ("h-sphere/regular", "America/New_York")
    first, resolution = due["targets"]
    assert first["house_default"]
    assert first["windows"][0] == {
        "opens_at": "2026-08-21T06:00:00+00:00",
        "closes_at": "2026-08-21T20:00:00+00:00",
        "opens_local": "2026-08-21T02:00:00-04:00",
        "closes_local": "2026-08-21T16:00:00-04:00",
        "counted_seconds": 3600,
        "holiday": None,
    }
    assert first["windows"][1]["opens_at"] == "2026-08-25T06:00:00+00:00"
    assert first["holidays"] == ["2026-08-24 Independence Day"]
    for target in (first, resolution):
        assert sum(window["counted_seconds"] for window in target["windows"]) == target["minutes"] * 60
        assert target["state"] == "running"


def test_the_proof_of_a_due_time_is_reckoned_again_and_told_in_a_sentence_in_both_zones(explain, ticket):
    ticket("HS-1002", "h-sphere", "Please recompile PHP with imap support.")
    first = json.loads(explain("HS-1002", "--json", "--zone", "Europe/Kyiv"))["due_times"]["targets"][0]
    assert first["does_not_add_up"] == []
    assert first["sentence"] == (
        "The first response to ticket HS-1002 is due by Tuesday 25 August 2026, 15:00 (EDT, America/New_York), "
        "that is Tuesday 25 August 2026, 22:00 (EEST, Europe/Kyiv). "
        "840 minutes of support hours were counted from Friday 21 August 2026, 15:00 (EDT, America/New_York), "
        "that is Friday 21 August 2026, 22:00 (EEST, Europe/Kyiv) on. "
        "Days with other hours on the way: 2026-08-24 Independence Day. "
        "This is a target of our own, not part of the policy."
    )
    shown = explain("HS-1002", "--language", "nl")
    assert "De eerste reactie op ticket HS-1002 volgt uiterlijk dinsdag 25 augustus 2026" in shown
    assert "the proof adds up" in shown


def test_a_pause_is_explained_by_its_reason_and_its_evidence(explain, ticket, say, hear):
    ticket("LC-1002", "luxcloud", "Our Exchange mailbox is empty.")
    case = SupplierCase(supplier="Microsoft", case_reference="MS-77", message_sent="<m1@luxcloud.example>")
    since = {"ticket_id": "LC-1002", "happened_at": FRIDAY_AFTERNOON + timedelta(minutes=1)}
    say("desk", TicketPaused(standstill=case, by="Kim", **since))
    hear(sla, "stop_clocks")
    hear(desk, "show_routing")
    shown = explain("LC-1002")
    assert "case reference MS-77" in shown
    assert "by Kim" in shown
    assert "stands still" in shown


def test_people_get_tables(explain, upgraded):
    shown = explain("hs-1001")
    assert "HS-1001  Help [red]please[/red]" in shown
    assert "h-sphere.policy.just-upgraded-immediate" in shown
    assert "just-upgraded: yes" in shown
    assert "The runners-up" in shown
    assert "2026-08-21 06:00 to 2026-08-21 20:00" in shown
    assert "2026-08-21 02:00 to 2026-08-21 16:00" in shown
    assert "Independence Day" in shown
    assert "house default, not policy" in shown


def test_each_question_of_a_message_is_explained_by_itself(explain, ticket):
    text = "1. Please write a VCL for our shop.\n2. Which A record do we need for our domain?\n"
    ticket("HN-1001", "hypernode", text)
    told = json.loads(explain("HN-1001", "--json"))["decision"]
    assert [part["verdict"] for part in told["parts"]] == ["unsupported", "courtesy"]
    assert all(part["read_as"] and part["clauses"] for part in told["parts"])
    assert "Question 2" in explain("HN-1001")


def test_a_price_and_what_the_work_waits_for_are_told(explain, ticket):
    ticket("HN-1002", "hypernode", "Please restore our database from the backup of yesterday.")
    shown = explain("HN-1002")
    assert "125.00" in shown
    assert "consent" in shown


def test_a_ticket_that_nobody_has_decided_on_says_so(explain, ticket):
    ticket("HN-1003", "hypernode", "Redis stopped.", decided=False)
    assert "Nothing is decided yet." in explain("HN-1003")
    told = json.loads(explain("HN-1003", "--json"))
    assert (told["decision"], told["due_times"]) == (None, None)


def test_hours_of_the_house_are_not_shown_as_policy(explain, ticket):
    ticket("LC-1001", "luxcloud", "I cannot make an FTP connection to my account.")
    assert "house hours: the policy states none" in explain("LC-1001")


def test_a_ticket_that_is_none_is_an_error_with_a_way_on(explain):
    with pytest.raises(Permanent, match="tickets list"):
        explain("HN-9999")


def test_due_times_of_open_tickets_are_derived_anew_with_a_reason(ticket, say, hear, said):
    ticket("HS-1001", "h-sphere", "Please recompile PHP with imap support.")
    ticket("KX-1001", "kenotronix", "FTP is refused for everybody.")
    say("desk", TicketResolved(ticket_id="KX-1001", agent="Kim"))
    hear(sla, "stop_all_targets")
    answer = CliRunner().invoke(app, ["rederive", "--why", "closed on 25 August"])
    assert answer.stdout == "open tickets that are derived anew: 1\n"
    hear(sla, "reclassify_ticket")
    assert [(event.ticket_id, event.why) for event in said(TicketReclassified)] == [("HS-1001", "closed on 25 August")]
    assert len(said(TicketRouted)) == 3
    assert said(TargetsRederived) == []  # nothing moved
