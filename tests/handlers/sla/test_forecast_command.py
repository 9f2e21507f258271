"""`scopedesk forecast` reads what the sla room knows, and foretells who will be late."""

import json
from datetime import timedelta

from typer.testing import CliRunner

from deploy.cli.forecast import app
from services.sla.tasks import worker
from shared import clock
from shared.events import ScopeDecided, TicketAnswered, TicketResolved
from shared.policies import load_policies
from shared.vocabulary import Channel, Decision, Requester, TicketFacts, Verdict

MINUTE = timedelta(minutes=1)
FIRST_RESPONSE = load_policies().provider("kenotronix").targets(None).first_response * MINUTE


def decided(number, due_in):
    facts = TicketFacts(
        ticket_id=number,
        provider="kenotronix",
        channel=Channel.EMAIL,
        subject="Plesk",
        requester=Requester(),
        received_at=clock.now() + due_in - FIRST_RESPONSE,
    )
    return ScopeDecided(ticket_id=number, ticket=facts, text="Help", decision=Decision(verdict=Verdict.SUPPORTED))


def foretold(*arguments):
    result = CliRunner().invoke(app, ["--json", *arguments])
    assert result.exit_code == 0, result.output
    return {line["ticket"]: line for line in map(json.loads, result.stdout.splitlines())}


def test_the_last_in_the_queue_is_late_and_the_others_are_not(happen):
    happen(*(decided(f"KX-{n}", (40 + 3 * n) * MINUTE) for n in range(1, 4)))
    [line] = foretold("--agents", "1", "--handling-minutes", "20").values()
    assert (line["ticket"], line["target"], line["late_minutes"]) == ("KX-3", "first-response", 11)
    assert foretold("--agents", "2", "--handling-minutes", "20") == {}
    assert len(foretold("--agents", "2", "--handling-minutes", "20", "--all")) == 3
    told = CliRunner().invoke(app, ["--agents", "1", "--handling-minutes", "20"]).stdout
    assert "1 of 3 tickets that are in time will be late with 1 at work in each team" in told


def test_what_is_done_is_no_work_and_what_is_answered_waits_for_its_resolution(happen):
    happen(decided("KX-1", 40 * MINUTE), decided("KX-2", 40 * MINUTE))
    happen(TicketResolved(ticket_id="KX-1", agent="kim"), TicketAnswered(ticket_id="KX-2", agent="kim", text="Soon"))
    [line] = foretold("--all").values()
    assert (line["ticket"], line["target"], line["late_minutes"]) == ("KX-2", "resolution", None)


def test_a_ticket_whose_due_times_have_all_passed_is_work_and_not_foretold(happen, hear):
    happen(decided("KX-1", -MINUTE), decided("KX-2", 40 * MINUTE))
    hear(worker, "check_target")  # every timer there is
    assert {line["target"] for line in foretold("--all").values()} == {None}
    assert foretold() == {}
