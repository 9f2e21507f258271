"""`scopedesk hours` answers line by line, and never lets one bad line spoil the others."""

import json

import pytest
from typer.testing import CliRunner

from deploy.cli.hours import app


def ask(*lines):
    given = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    result = CliRunner().invoke(app, input=given)
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            {"calendar": "hypernode", "start": "2026-03-27T17:30:00+01:00", "minutes": 60},
            {"due": "2026-03-30T08:30:00+02:00"},
        ),
        (
            {"calendar": "hypernode", "start": "2026-05-13T14:00:00Z", "minutes": 240},  # Ascension Day is open: HN-A2
            {"due": "2026-05-14T10:00:00+02:00"},
        ),
        (
            {"calendar": "kenotronix", "start": "2028-02-28T23:00:00Z", "end": "2028-03-01T01:00:00Z"},
            {"elapsed_minutes": 26 * 60},
        ),
        (
            {"calendar": "h-sphere/priority", "start": "2026-06-05T23:30:00-04:00", "minutes": 120},
            {"due": "2026-06-06T04:30:00-04:00"},
        ),
        (
            {"calendar": "h-sphere/priority", "start": "2026-08-24T01:00:00-04:00", "minutes": 60},
            {"due": "2026-08-24T04:00:00-04:00"},
        ),
        (
            {"calendar": "h-sphere/regular", "start": "2026-06-04T15:45:00-04:00", "minutes": 30},
            {"due": "2026-06-05T02:15:00-04:00"},
        ),
        (
            {"calendar": "h-sphere/regular", "start": "2026-08-24T00:00:00-04:00", "end": "2026-08-25T00:00:00-04:00"},
            {"elapsed_minutes": 0},
        ),
        (
            {"id": "a", "calendar": "hypernode", "start": "2026-06-05T08:00:00Z", "end": "2026-06-05T08:00:30Z"},
            {"id": "a", "elapsed_minutes": 0.5},
        ),
    ],
)
def test_a_question_is_answered_on_the_calendar_of_its_policy(question, answer):
    assert ask(question) == (0, [answer])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("nonsense", "Invalid JSON"),
        ("[1]", "an object"),
        ({"calendar": "luxcloud", "start": "2026-06-05T08:00:00Z", "minutes": 1}, "no calendar 'luxcloud'"),
        (
            {"calendar": "hypernode", "start": "2026-06-05T08:00:00", "minutes": 1},
            "start: 2026-06-05T08:00:00 has no zone",
        ),
        ({"calendar": "hypernode", "start": "2026-06-05T08:00:00Z", "minutes": -1}, "greater than or equal to 0"),
        ({"calendar": "hypernode", "start": "2026-06-05T08:00:00Z", "minutes": 9e7}, "not open for so long"),
        ({"calendar": "hypernode", "start": "2026-06-05T08:00:00Z", "minutes": 1e99}, "less than or equal"),
        ({"calendar": "hypernode", "start": "2026-06-05T08:00:00Z", "hours": 1}, "hours: Extra inputs"),
        ({"calendar": "hypernode", "start": "2026-06-05T08:00:00Z"}, "either `minutes` or `end`"),
        (
            {"calendar": "hypernode", "start": "2026-06-05T08:00:00Z", "end": "2026-06-05T07:00:00Z"},
            "before the start",
        ),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_answered(line, complaint):
    good = {"calendar": "kenotronix", "start": "2026-06-05T08:00:00Z", "end": "2026-06-05T09:00:00Z"}
    code, answers = ask(good, "", line, good)
    assert code == 1
    assert answers[::2] == [{"elapsed_minutes": 60}, {"elapsed_minutes": 60}]
    assert answers[1]["line"] == 3
    assert answers[1]["error"].startswith("line 3: ")
    assert complaint in answers[1]["error"]
