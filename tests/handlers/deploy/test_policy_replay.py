"""`scopedesk policy replay stored` on real tables: a ticket is opened and decided, then its pack changes."""

import json
import shutil
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from services.scope.tasks import worker as scope
from services.sla.tasks import worker as sla
from shared.events import TicketOpened, TicketReclassified
from shared.policies.loader import BUILT_IN
from shared.vocabulary import Channel, Requester, TicketFacts

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def opened(say, hear):
    """Two tickets that were opened and decided, of two providers."""
    for number, provider in (("HN-1001", "hypernode"), ("HS-1001", "h-sphere")):
        facts = TicketFacts(
            ticket_id=number,
            provider=provider,
            plan="regular" if provider == "h-sphere" else None,
            channel=Channel.EMAIL,
            subject="Our backup",
            requester=Requester(name="Anna de Vries", email="anna@bloemen.example"),
            received_at=MONDAY,
        )
        text = "Please restore our backup of last night. Anna de Vries"
        say("tickets", TicketOpened(ticket_id=number, arrival_id=uuid4(), ticket=facts, text=text))
    hear(scope, "decide_scope")
    hear(sla, "route_ticket")


@pytest.fixture
def folder(tmp_path):
    """A pack of Hypernode that is shut on Monday afternoons, and one of H-Sphere whose priority plan starts late."""
    for name, old, new in (
        ("hypernode", 'mon: ["08:00-18:00"]', 'mon: ["08:00-12:00"]'),
        ("h-sphere", 'mon: ["00:00-24:00"]', 'mon: ["12:00-24:00"]'),
    ):
        shutil.copytree(BUILT_IN / name, tmp_path / name)
        path = tmp_path / name / "provider.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    return tmp_path


def replay(folder):
    result = CliRunner().invoke(app, ["replay", "--against", str(folder), "--json"])
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_stored_ticket_is_told_by_its_number_with_its_due_times_before_and_after(opened, folder):
    result, (flipped, told) = replay(folder)
    assert (flipped["id"], told["requests"], told["flipped"], result.exit_code) == ("HN-1001", 2, 1, 3)
    assert {flip["what"] for flip in flipped["flips"]} == {"due"}
    first = next(flip for flip in flipped["flips"] if flip["target"] == "first-response")
    assert (first["before"], first["after"]) == ("2026-11-23T13:00+00:00", "2026-11-24T09:00+00:00")
    assert "anna" not in result.stdout.lower()


def test_a_stored_ticket_is_counted_on_the_plan_that_an_agent_gave_it(opened, say, hear, folder):
    given = {"by": "agent", "why": "bought this morning", "plan": "priority"}
    say("desk", TicketReclassified(ticket_id="HS-1001", **given))
    hear(sla, "reclassify_ticket")
    _, found = replay(folder)
    assert [line.get("id") for line in found] == ["HN-1001", "HS-1001", None]
