import json

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from shared.errors import Misconfigured


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_built_in_packs_are_in_order():
    result = run("lint", "--strict")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.count("is in order") == 4
    assert len(result.stdout.splitlines()) == 4


def test_a_pack_with_a_mistake_ends_with_one_and_names_file_and_line(tmp_path):
    pack = tmp_path / "zandbank"
    pack.mkdir()
    for name in ("clauses.yaml", "decisions.yaml", "document.txt"):
        (pack / name).touch()
    (pack / "provider.yaml").write_text("id: zandbank\nnaam: Zandbank\n")
    result = run("lint", str(tmp_path))
    assert result.exit_code == 1
    assert f"{pack / 'provider.yaml'}:2: naam: there is no field 'naam' here: did you mean 'name'?" in result.stdout
    machine = [json.loads(line) for line in run("lint", str(tmp_path), "--json").stdout.splitlines()]
    assert {"file", "line", "level", "message"} == set(machine[0])
    assert machine[0]["level"] == "error"


def test_a_clause_is_shown_with_its_quote_and_its_document():
    shown = json.loads(run("show", "hypernode.backups.restore-price", "--json").stdout)
    assert (shown["quote"], shown["document"]) == ("This service costs €125,-", "Scope of Support")
    assert "€125" in run("show", "hypernode.backups.restore-price").stdout


def test_a_calendar_is_shown_with_its_windows_and_holidays():
    shown = json.loads(run("show", "calendar", "h-sphere/priority", "--json").stdout)
    assert (shown["zone"], shown["holiday_windows"]) == ("America/New_York", "03:00-16:00")
    assert shown["holidays"]["2026-08-24"] == "Independence Day"


@pytest.mark.parametrize("name", ["restore", "hypernode/restore"])
def test_a_price_line_is_shown_by_its_id_with_or_without_the_provider(name):
    shown = json.loads(run("show", "price", name, "--json").stdout)
    assert (shown["amount"], shown["currency"], shown["clause"]) == ("125.00", "EUR", "hypernode.backups.restore-price")


def test_a_provider_is_shown_with_what_is_ours_marked():
    assert "(house default)" in run("show", "luxcloud").stdout


def test_an_unknown_name_is_answered_with_what_there_is():
    assert isinstance(run("show", "luxclod").exception, Misconfigured)
    assert "hypernode/restore" in str(run("show", "price", "nothing").exception)


def test_a_word_without_a_name_is_a_wrong_use():
    assert run("show", "calendar").exit_code == 2
