"""`scopedesk decide`: JSON Lines in, JSON Lines out."""

import json

from typer.testing import CliRunner

from deploy.cli.decide import app

RESTORE = {
    "id": "r1",
    "provider": "hypernode",
    "product": "general",
    "channel": "email",
    "received_at": "2026-03-10T10:00:00+01:00",
    "subject": "Backup",
    "body": "Please restore our database from yesterday's backup.",
    "customer": {"name": None, "account": None, "facts": []},
}


def run(*lines):
    result = CliRunner().invoke(app, [], input="\n".join(lines))
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_request_gets_a_decision_on_one_line():
    code, (answer,) = run(json.dumps(RESTORE))
    assert code == 0
    assert answer["id"] == "r1"
    assert answer["verdict"] == "paid"
    assert answer["clauses"][0] == "hypernode.backups.restore-by-support"
    assert answer["price"]["amount"] == answer["price"]["total"] == 125.0
    assert (answer["price"]["currency"], answer["price"]["unit"]) == ("EUR", "job")
    assert answer["in_support_hours"] is True
    assert answer["parts"] == []


def test_a_bad_line_is_told_and_the_others_are_decided():
    code, answers = run(
        "not json", json.dumps(RESTORE), json.dumps(RESTORE | {"provider": "nobody"}), "", json.dumps({"id": "x"})
    )
    assert code == 1
    assert [answer.get("line") for answer in answers] == [1, None, 3, 5]
    assert "nobody" in answers[2]["error"]
    assert "received_at" in answers[3]["error"]


def test_missing_words_are_no_mistake():
    code, (answer,) = run(json.dumps(RESTORE | {"subject": None, "body": None}))
    assert code == 0
    assert answer["verdict"] == "needs-info"
