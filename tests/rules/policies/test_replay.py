"""What a changed pack would flip: verdicts, clauses, prices and hours, each under the clause that says so."""

import json
import shutil
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from deploy.replay import HOUSE_DEFAULT, Answer, Case, Flip, Flipped, answer, by_clause, compare
from services.scope.rules.decide import Decider, Request
from services.sla.rules.clocks import Happening, Noted
from shared.policies import read_policies
from shared.policies.loader import BUILT_IN
from shared.vocabulary import Emergency

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RESTORE, HOURS = "hypernode.backups.restore-by-support", "hypernode.availability.office-hours"
PAID = Answer("paid", (RESTORE,), "restore, EUR 125.00", True, {"first-response": NOON, "resolution": NOON}, HOURS)


def changed(**values):
    return Answer(**{**vars(PAID), **values})


def test_the_same_answer_flips_nothing():
    assert compare(PAID, changed()) == ()


@pytest.mark.parametrize(
    ("values", "flip"),
    [
        ({"verdict": "supported"}, Flip("verdict", RESTORE, "paid", "supported")),
        ({"clauses": (HOURS,)}, Flip("clauses", HOURS, RESTORE, HOURS)),
        ({"clauses": ()}, Flip("clauses", RESTORE, RESTORE, "none")),
        ({"price": None}, Flip("price", RESTORE, "restore, EUR 125.00", "none")),
        ({"in_support_hours": False}, Flip("hours", HOURS, "open", "closed")),
        ({"in_support_hours": None}, Flip("hours", HOURS, "open", "not stated")),
        ({"due": {"first-response": NOON}}, Flip("due", HOURS, "2026-11-23T12:00+00:00", "none", "resolution")),
        (
            {"due": {"first-response": None, "resolution": NOON}},
            Flip("due", HOURS, "2026-11-23T12:00+00:00", "stands still", "first-response"),
        ),
    ],
)
def test_what_differs_flips_under_the_clause_that_says_so(values, flip):
    assert compare(PAID, changed(**values)) == (flip,)


def test_a_policy_that_is_gone_or_new_flips_the_verdict():
    assert compare(PAID, None) == (Flip("verdict", RESTORE, "paid", "no policy"),)
    assert compare(None, PAID) == (Flip("verdict", RESTORE, "no policy", "paid"),)
    assert compare(None, None) == ()


def test_a_request_counts_once_for_each_clause_and_kind_and_the_clause_with_most_stands_first():
    due = tuple(Flip("due", HOURS, "a", "b", target) for target in ("first-response", "resolution"))
    paid = Flip("price", RESTORE, "a", "b")
    flipped = [Flipped("1", "hypernode", (*due, paid)), Flipped("2", "hypernode", due)]
    assert list(by_clause(flipped).items()) == [(HOURS, {"due": 2}), (RESTORE, {"price": 1})]


# --- requests that are answered by real packs


@pytest.fixture(scope="module")
def decider():
    return Decider.of(read_policies())


def request(provider, body, **values):
    values = {"product": None, "plan": None, "subject": "", "received_at": NOON, **values}
    return Request(provider=provider, body=body, **values)


def test_a_house_default_is_no_clause(decider):
    found = answer(Case("1", request("luxcloud", "The website is down for everybody")), decider)
    assert (found.hours_rest_on, found.in_support_hours) == (HOUSE_DEFAULT, None)


def test_a_ticket_is_counted_on_the_plan_and_level_that_an_agent_gave_it(decider):
    asked = request("h-sphere", "The panel shows an error", plan="regular")
    given = Noted(at=NOON, what=Happening.RECLASSIFIED, plan="priority", emergency=Emergency.HIGHEST)
    before, after = answer(Case("1", asked), decider), answer(Case("1", asked, (given,)), decider)
    assert before.verdict == after.verdict
    assert after.due["first-response"] < before.due["first-response"]


def test_the_clocks_of_a_ticket_that_a_changed_pack_hands_to_a_supplier_stand_still(decider):
    asked = request("luxcloud", "Office 365 is down", notes=("handed over to Microsoft support",))
    decided = Noted(at=NOON, what=Happening.RUNNING)
    found = answer(Case("1", asked, (decided,)), decider)
    assert (found.verdict, set(found.due.values())) == ("supplier", {None})


# --- the command


@pytest.fixture
def folder(tmp_path):
    """A changed pack of Hypernode: a dearer restore, and shut on Monday afternoons."""
    pack = tmp_path / "changed" / "hypernode"
    shutil.copytree(BUILT_IN / "hypernode", pack)
    path = pack / "provider.yaml"
    text = path.read_text().replace("amount: 12500", "amount: 15000")
    path.write_text(text.replace('mon: ["08:00-18:00"]', 'mon: ["08:00-12:00"]'))
    return pack.parent


@pytest.fixture
def requests(tmp_path):
    lines = [
        {"id": "r-1", "provider": "hypernode", "body": "Please restore our backup from yesterday. Anna de Vries"},
        {"id": "r-2", "provider": "kenotronix", "body": "Please restore our backup from yesterday."},
    ]
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join(json.dumps(line | {"received_at": NOON.isoformat()}) for line in lines))
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, ["replay", *arguments])


def test_what_flips_is_told_by_id_and_clause_and_ends_with_three(folder, requests):
    result = run(requests, "--against", str(folder))
    assert result.exit_code == 3
    assert "r-1 (hypernode) price: restore, EUR 125.00 → restore, EUR 150.00; hours: open → closed;" in result.stdout
    assert "1 of 2 requests would be answered otherwise" in result.stdout
    assert "Anna" not in result.stdout


def test_a_machine_reads_a_line_for_each_request_that_flips_and_one_for_all(folder, requests):
    flipped, told = map(json.loads, run(requests, "--against", str(folder), "--json").stdout.splitlines())
    assert (flipped["id"], flipped["flips"][0]["clause"], flipped["flips"][0]["what"]) == ("r-1", RESTORE, "price")
    assert (told["requests"], told["flipped"], told["by_clause"][RESTORE]) == (2, 1, {"price": 1})


def test_nothing_flips_under_the_same_packs(tmp_path, requests):
    same = tmp_path / "same"
    shutil.copytree(BUILT_IN / "hypernode", same / "hypernode")
    result = run(requests, "--against", str(same))
    assert (result.exit_code, result.stdout) == (0, "0 of 2 requests would be answered otherwise\n")


def test_a_line_that_is_no_request_is_told_without_its_words(folder, tmp_path):
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"provider": "hypernode", "body": "I am Anna", "received_at": "yesterday"}')
    result = run(str(path), "--against", str(folder))
    assert str(result.exception).startswith(f"{path}, line 1: received_at: ")
    assert "Anna" not in str(result.exception)


def test_without_changed_packs_it_is_a_wrong_use(requests):
    assert run(requests).exit_code == 2
