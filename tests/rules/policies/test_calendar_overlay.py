"""An operator's overlay changes a calendar, says so with its reason, and never does something nobody asked for."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from deploy.cli.policy import app
from deploy.doctor import examine
from shared.errors import Misconfigured
from shared.policies import load_policies, read_policies
from shared.policies.yaml_source import WrongYaml
from shared.settings import settings

HOUR = timedelta(hours=1)


def moment(text):
    return datetime.fromisoformat(text)


@pytest.fixture
def overlay(tmp_path):
    """Writes an overlay and reads the policies under it."""

    def overlay(text):
        path = tmp_path / "overlay.yaml"
        path.write_text(f"calendars:\n{text}")
        return read_policies(overlay=path)

    return overlay


@pytest.fixture
def in_force(tmp_path, monkeypatch):
    """Writes an overlay that the commands of this test read."""

    def in_force(text):
        path = tmp_path / "overlay.yaml"
        path.write_text(f"calendars:\n{text}")
        monkeypatch.setenv("SCOPEDESK_CALENDAR_OVERLAY", str(path))
        settings.cache_clear()
        load_policies.cache_clear()
        return path

    yield in_force
    monkeypatch.undo()
    settings.cache_clear()
    load_policies.cache_clear()


CHRISTMAS = "  hypernode:\n    holidays: [{from: 2026-12-25, name: Christmas Day, reason: agreed}]\n"


def test_a_holiday_of_the_overlay_is_a_holiday_with_its_name_in_the_proof(overlay):
    calendar = overlay(CHRISTMAS).calendar("hypernode")
    proof = calendar.prove(moment("2026-12-24T17:30:00+01:00"), HOUR)
    assert proof.due == moment("2026-12-28T08:30:00+01:00")
    assert proof.named_days == ((date(2026, 12, 25), "Christmas Day"),)


def test_a_holiday_of_the_overlay_has_the_holiday_hours_of_its_calendar(overlay):
    policies = overlay("  h-sphere/priority:\n    holidays: [{from: 2026-11-26, name: Thanksgiving, reason: asked}]\n")
    assert policies.calendar("h-sphere/priority").next_opening(moment("2026-11-26T01:00:00-05:00")) == moment(
        "2026-11-26T03:00:00-05:00"
    )


def test_a_closure_and_a_half_day_beat_the_week_and_a_day_taken_back_is_ordinary(overlay):
    policies = overlay(
        "  h-sphere/regular:\n"
        "    closed: [{from: 2026-09-07, until: 2026-09-08, name: Move, reason: a}]\n"
        "    half_days: [{from: 2026-09-09, windows: ['02:00-03:00'], name: Party, reason: b}]\n"
        "    ordinary_days: [{from: 2026-10-01, reason: c}]\n"
    )
    calendar = policies.calendar("h-sphere/regular")
    week = moment("2026-09-07T00:00:00-04:00")
    assert calendar.elapsed(week, week + 72 * HOUR) == HOUR
    defenders_day = moment("2026-10-01T00:00:00-04:00")
    assert calendar.elapsed(defenders_day, defenders_day + 24 * HOUR) == 14 * HOUR
    assert policies.calendar("h-sphere/priority").holidays[date(2026, 10, 1)]  # each calendar for itself


def test_other_hours_hold_between_their_dates_and_the_past_stays_as_it_was(overlay):
    hours = "{mon: ['07:00-19:00'], tue: ['07:00-19:00']}"
    calendar = overlay(
        f"  hypernode:\n    weeks: [{{from: 2027-01-01, name: New hours, week: {hours}, reason: more staff}}]\n"
    ).calendar("hypernode")
    assert calendar.add(moment("2026-12-28T17:00:00+01:00"), 2 * HOUR) == moment("2026-12-29T09:00:00+01:00")
    assert calendar.add(moment("2027-01-04T17:00:00+01:00"), 2 * HOUR) == moment("2027-01-04T19:00:00+01:00")
    assert calendar.next_opening(moment("2027-01-06T12:00:00+01:00")) == moment("2027-01-11T07:00:00+01:00")


def test_est_is_eastern_clock_time_unless_the_overlay_reads_it_as_a_fixed_offset(overlay):
    thursday = moment("2026-06-04T15:45:00-04:00")
    fixed = overlay("  h-sphere/regular:\n    clock: {reading: fixed, reason: our contract}\n")
    assert fixed.calendar("h-sphere/regular").add(thursday, HOUR / 2) == moment("2026-06-04T16:15:00-04:00")
    assert read_policies().calendar("h-sphere/regular").add(thursday, HOUR / 2) == moment("2026-06-05T02:15:00-04:00")


def test_the_version_changes_with_the_overlay_and_only_where_it_says_something(overlay):
    before, after = read_policies(), overlay(CHRISTMAS)
    assert after.provider("hypernode").version != before.provider("hypernode").version
    assert after.provider("kenotronix").version == before.provider("kenotronix").version
    assert overlay(f"# a remark\n{CHRISTMAS}").provider("hypernode").version == after.provider("hypernode").version
    assert (
        overlay(CHRISTMAS.replace("agreed", "ordered")).provider("hypernode").version
        != after.provider("hypernode").version
    )


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("  hypernod: {}\n", 2, "there is no calendar 'hypernod': did you mean 'hypernode'?"),
        ("  hypernode:\n    closed: [{from: 2026-12-25, name: X}]\n", 3, "the field 'reason' is missing"),
        ("  hypernode:\n    closed:\n      - {from: 2026-12-25, name: X, reason: ''}\n", 4, "at least 1 character"),
        ("  hypernode:\n    closd: []\n", 3, "did you mean 'closed'?"),
        ("  hypernode:\n    ordinary_days: [{from: 2026-12-25, reason: x}]\n", 3, "no holiday or exception then"),
        ("  hypernode:\n    clock: {reading: fixed, reason: x}\n", 2, "has no `fixed_zone`"),
        (
            "  hypernode:\n    closed: [{from: 2026-12-25, until: 2026-12-24, name: X, reason: y}]\n",
            3,
            "from `from` on",
        ),
        (
            "  hypernode:\n    closed: [{from: 2026-12-25, until: 2036-12-24, name: X, reason: y}]\n",
            3,
            "at most 400 days",
        ),
        (
            "  hypernode:\n    closed: [{from: 2026-12-25T09:00:00, name: X, reason: y}]\n",
            3,
            "is a time: write the date alone",
        ),
        ("  hypernode:\n    half_days: [{from: 2026-12-24, windows: ['8-12'], name: X, reason: y}]\n", 2, "no window"),
        (
            f"{CHRISTMAS}    closed:\n      - {{from: 2026-12-24, until: 2026-12-26, name: X, reason: y}}\n",
            5,
            "2026-12-25 stands under `holidays` already",
        ),
        (
            "  hypernode:\n    weeks:\n      - {from: 2027-01-01, name: X, week: {monday: []}, reason: y}\n",
            2,
            "'monday' is no day",
        ),
    ],
)
def test_a_mistake_is_told_with_file_and_line(overlay, tmp_path, text, line, complaint):
    with pytest.raises(WrongYaml) as caught:
        overlay(text)
    [mistake] = caught.value.mistakes
    assert (mistake.path, mistake.line) == (tmp_path / "overlay.yaml", line)
    assert complaint in mistake.message


def test_a_pack_cannot_have_a_time_for_a_holiday(tmp_path):
    from shared.policies.provider import Holidays

    with pytest.raises(ValueError, match="write the date alone"):
        Holidays.model_validate({"dates": {datetime(2026, 12, 25): "X"}})  # noqa: DTZ001
    with pytest.raises(ValueError, match="write the date alone"):
        Holidays.model_validate({"dates": {"2026-12-25T00:00:00": "X"}})


def test_an_overlay_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Misconfigured, match=r"nowhere\.yaml"):
        read_policies(overlay=tmp_path / "nowhere.yaml")


def test_the_commands_say_which_days_come_from_the_overlay(in_force):
    path = in_force(f"{CHRISTMAS}    closed: [{{from: 2026-12-28, name: Stocktaking, reason: yearly}}]\n")
    shown = json.loads(CliRunner().invoke(app, ["show", "calendar", "hypernode", "--json"]).stdout)
    assert shown["holidays"] == {"2026-12-25": "Christmas Day (overlay: agreed)"}
    assert shown["exceptions"] == {"2026-12-28": "Stocktaking: closed (overlay: yearly)"}
    assert str(path) in shown["days_come_from"]
    untouched = json.loads(CliRunner().invoke(app, ["show", "calendar", "h-sphere/regular", "--json"]).stdout)
    assert untouched["days_come_from"] == "the pack of h-sphere"
    assert "overlay" not in json.dumps(untouched["holidays"])
    assert f"overlay {path} (changes hypernode) is in order" in CliRunner().invoke(app, ["lint"]).stdout
    [policies] = [finding for finding in examine() if finding.about == "policies"]
    assert (policies.well, str(path) in policies.said) == (True, True)


def test_lint_ends_with_one_for_a_mistake_in_the_overlay(in_force):
    path = in_force("  hypernode:\n    closed: [{from: 2026-12-25, name: X}]\n")
    result = CliRunner().invoke(app, ["lint"])
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:3: ")


def test_an_open_clock_goes_on_under_the_same_overlay_for_ever(overlay):
    calendar = overlay(CHRISTMAS).calendar("hypernode")
    assert calendar.is_open(datetime(2199, 6, 5, 12, tzinfo=UTC))
