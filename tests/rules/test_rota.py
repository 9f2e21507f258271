"""Who is on call, at every hour of a year with two clock changes; and what is wrong with a rota file, with its line."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Misconfigured
from shared.rota import Rota, who_is_on_call
from shared.rota_file import load_rota, read_rota
from shared.settings import settings

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NIGHTS = {day: ["00:00-08:00", "18:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
PEOPLE = {name: {"name": name.title(), "email": f"{name}@host.example"} for name in ("anna", "bob", "carla")}


def layer(name="first", **fields):
    handover = {"first": "2026-01-05 09:00"}
    return {"name": name, "zone": "Europe/Amsterdam", "people": ["anna", "bob"], "handover": handover, **fields}


def rota(*layers, **fields):
    levels = [{"name": f"level-{number}", "layers": [layer]} for number, layer in enumerate(layers, 1)]
    return Rota.model_validate({"people": PEOPLE, "levels": levels, **fields})


def on_call(rota, moment):
    return [list(level.people) for level in who_is_on_call(rota, datetime.fromisoformat(moment))]


def test_people_take_turns_week_by_week_at_the_hour_of_the_handover():
    weekly = rota(layer())
    assert on_call(weekly, "2026-01-05T09:00+01:00") == [["anna"]]
    assert on_call(weekly, "2026-01-12T08:59:59+01:00") == [["anna"]]
    assert on_call(weekly, "2026-01-12T09:00+01:00") == [["bob"]]
    assert on_call(weekly, "2026-01-19T09:00+01:00") == [["anna"]]


def test_before_the_first_shift_nobody_is_on_call():
    assert on_call(rota(layer()), "2026-01-05T08:59:59+01:00") == [[]]


def test_the_handover_follows_the_wall_clock_over_both_clock_changes():
    weekly = rota(layer())
    assert on_call(weekly, "2026-03-30T08:59:59+02:00") == [["bob"]]
    assert on_call(weekly, "2026-03-30T09:00+02:00") == [["anna"]]
    assert on_call(weekly, "2026-10-26T08:59:59+01:00") == [["bob"]]
    assert on_call(weekly, "2026-10-26T09:00+01:00") == [["anna"]]


def test_a_handover_at_a_time_that_occurs_twice_leaves_both_on_call_for_that_hour():
    daily = rota(layer(handover={"first": "2026-10-24 02:30", "unit": "days"}))
    assert on_call(daily, "2026-10-25T02:29:59+02:00") == [["anna"]]
    assert on_call(daily, "2026-10-25T02:30+02:00") == [["anna", "bob"]]  # the first 02:30: the next shift begins
    assert on_call(daily, "2026-10-25T02:29:59+01:00") == [["anna", "bob"]]
    assert on_call(daily, "2026-10-25T02:30+01:00") == [["bob"]]  # the last 02:30: the shift before ends


def test_a_handover_at_a_time_that_is_skipped_is_at_the_moment_of_the_skip():
    daily = rota(layer(handover={"first": "2026-03-28 02:30", "unit": "days"}))
    assert on_call(daily, "2026-03-29T01:59:59+01:00") == [["anna"]]
    assert on_call(daily, "2026-03-29T03:00+02:00") == [["bob"]]


def test_a_layer_with_windows_is_on_call_only_in_them():
    nights = rota(layer(only=NIGHTS))
    assert on_call(nights, "2026-01-06T17:59:59+01:00") == [[]]
    assert on_call(nights, "2026-01-06T18:00+01:00") == [["anna"]]
    assert on_call(nights, "2026-01-07T07:59:59+01:00") == [["anna"]]
    assert on_call(nights, "2026-01-07T08:00+01:00") == [[]]
    assert on_call(nights, "2026-01-10T20:00+01:00") == [[]]  # a Saturday


def test_a_window_that_ends_at_a_time_that_occurs_twice_ends_at_its_last_occurrence():
    sundays = rota(layer(only={"sun": ["01:00-02:30"]}))
    assert on_call(sundays, "2026-10-25T02:29:59+01:00") == [["bob"]]
    assert on_call(sundays, "2026-10-25T02:30+01:00") == [[]]


def test_a_layer_counts_in_its_own_zone():
    abroad = rota(layer(), layer("abroad", zone="America/New_York", people=["carla"], only={"mon": ["09:00-17:00"]}))
    assert on_call(abroad, "2026-01-12T13:59:59+00:00") == [["bob"], []]
    assert on_call(abroad, "2026-01-12T14:00+00:00") == [["bob"], ["carla"]]


def test_an_override_puts_somebody_else_in_a_layer_for_its_time_and_the_last_one_counts():
    swaps = [
        {"layer": "first", "person": "carla", "from": "2026-01-06 18:00", "until": "2026-01-07 09:00"},
        {"layer": "first", "person": "bob", "from": "2026-01-07 08:00", "until": "2026-01-07 09:00"},
    ]
    swapped = rota(layer(), overrides=swaps)
    assert on_call(swapped, "2026-01-06T17:59:59+01:00") == [["anna"]]
    assert on_call(swapped, "2026-01-06T18:00+01:00") == [["carla"]]
    assert on_call(swapped, "2026-01-07T08:30+01:00") == [["bob"]]
    assert on_call(swapped, "2026-01-07T09:00+01:00") == [["anna"]]


def test_an_override_keeps_to_the_windows_of_its_layer():
    swap = {"layer": "first", "person": "carla", "from": "2026-01-06 00:00", "until": "2026-01-07 00:00"}
    swapped = rota(layer(only=NIGHTS), overrides=[swap])
    assert on_call(swapped, "2026-01-06T12:00+01:00") == [[]]
    assert on_call(swapped, "2026-01-06T20:00+01:00") == [["carla"]]


def test_everybody_of_a_level_is_told_and_nobody_twice():
    level = {"name": "all", "layers": [layer(), layer("more", people=["carla"]), layer("again")]}
    everybody = Rota.model_validate({"people": PEOPLE, "levels": [level]})
    assert on_call(everybody, "2026-01-06T12:00+01:00") == [["anna", "carla"]]


@given(
    hours=st.integers(0, 366 * 24 * 4),
    every=st.integers(1, 30),
    unit=st.sampled_from(["hours", "days", "weeks"]),
    zone=st.sampled_from(["Europe/Amsterdam", "America/New_York", "Europe/Kyiv", "UTC"]),
)
def test_a_layer_without_windows_is_never_without_a_person(hours, every, unit, zone):
    shifts = rota(layer(zone=zone, handover={"first": "2026-01-01 02:30", "every": every, "unit": unit}))
    moment = datetime(2026, 1, 1, 2, 30, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    [level] = who_is_on_call(shifts, moment + hours * timedelta(minutes=15))
    assert level.people


GOOD = """\
people:
  anna: {name: Anna, email: anna@host.example, webhook: "https://hooks.host.example/secret"}
  bob: {name: Bob, email: bob@host.example, language: nl}
levels:
  - name: first
    layers:
      - name: nights
        zone: Europe/Amsterdam
        people: [anna, bob]
        handover: {first: 2026-01-05 09:00, every: 1, unit: weeks}
        only: {sat: ["00:00-24:00"]}
overrides:
  - {layer: nights, person: bob, from: 2026-02-07 00:00, until: 2026-02-08 00:00}
lead: bob
"""


@pytest.fixture
def written(tmp_path):
    def written(text):
        path = tmp_path / "rota.yaml"
        path.write_text(text)
        return path

    return written


def test_a_rota_file_is_read(written):
    assert on_call(read_rota(written(GOOD)), "2026-02-07T12:00+01:00") == [["bob"]]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words"),
    [
        ("people: [anna, bob]", "people: [anna, bop]", 9, "there is no person 'bop': did you mean 'bob'?"),
        ("Europe/Amsterdam", "Europe/Amsterdm", 8, "is no time zone"),
        ("first: 2026-01-05 09:00", "first: 2026-01-05 09:00+01:00", 10, "write it as 2026-06-05 18:00"),
        ("sat: [", "sit: [", 11, "did you mean 'sat'?"),
        ("00:00-24:00", "18:00-08:00", 11, "ends before it begins"),
        ("layer: nights", "layer: night", 13, "there is no layer 'night'"),
        ("until: 2026-02-08", "until: 2026-02-06", 13, "`until` lies after `from`"),
        ("lead: bob", "lead: carla", 14, "there is no person 'carla'"),
        ("language: nl", "lang: nl", 3, "did you mean 'language'?"),
    ],
)
def test_a_mistake_in_a_rota_file_is_told_with_its_line(written, right, wrong, line, words):
    path = written(GOOD.replace(right, wrong))
    with pytest.raises(Misconfigured) as refused:
        read_rota(path)
    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert words in str(refused.value)


def test_the_address_of_a_webhook_is_shown_to_nobody(written):
    assert "secret" not in repr(read_rota(written(GOOD)))
    with pytest.raises(Misconfigured) as refused:
        read_rota(written(GOOD.replace("https://hooks", "ftp://hooks")))
    assert "begins with https://" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_changed_turn_counts_without_a_restart(written, monkeypatch):
    path = written(GOOD)
    monkeypatch.setenv("SCOPEDESK_ONCALL_FILE", str(path))
    settings.cache_clear()
    try:
        assert load_rota().lead == "bob"
        path.write_text(GOOD.replace("lead: bob", "lead: anna"))
        assert load_rota().lead == "anna"
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_rota_that_is_wrong_is_none_so_that_the_team_is_told(written, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_ONCALL_FILE", str(written("people: {}")))
    settings.cache_clear()
    try:
        assert load_rota() is None
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_without_a_file_there_is_no_rota(monkeypatch):
    monkeypatch.delenv("SCOPEDESK_ONCALL_FILE", raising=False)
    settings.cache_clear()
    assert load_rota() is None
