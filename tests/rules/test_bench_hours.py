"""The measurement of open time asks everybody the same, and is honest about who cannot answer."""

import json

import pytest
from typer.testing import CliRunner

from deploy.bench import hours
from deploy.cli import app
from shared.policies import load_policies


@pytest.fixture(scope="module")
def figures():
    return list(hours.measure(load_policies(), additions=3))


def test_every_calendar_and_span_is_measured(figures):
    ours = [(figure.calendar, figure.span) for figure in figures if figure.library == hours.OURS]
    assert ours == [(calendar, span) for calendar in hours.CALENDARS for span in hours.SPANS]
    assert all(figure.median_us > 0 for figure in figures)


def test_libraries_are_asked_only_for_calendars_that_they_can_express(figures):
    asked = {figure.calendar for figure in figures if figure.library in hours.OTHERS}
    assert asked == {"hypernode", "h-sphere/regular"}  # not holidays with hours of their own, not round the clock


def test_a_library_that_counts_as_we_do_gives_the_same_answers(figures):
    assert {figure.agrees for figure in figures if figure.library == "businesstimedelta"} == {1.0}


def test_a_machine_reads_json_lines_and_a_person_a_table(figures, monkeypatch):
    monkeypatch.setattr(hours, "measure", lambda policies: iter(figures))
    lines = CliRunner().invoke(app, ["bench", "hours", "--json"]).stdout.splitlines()
    assert [json.loads(line)["library"] for line in lines] == [figure.library for figure in figures]
    table = CliRunner().invoke(app, ["bench", "hours"]).stdout
    assert "h-sphere/priority" in table
    assert "builds its years" in table
