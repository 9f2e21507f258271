"""Whom to tell next, and what raises an alarm beside those that were raised already."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.rules.on_call import EMERGENCY, LEAD, TEAM, State, Told, is_new, told_at
from shared.rota import Rota

NOW = datetime(2026, 6, 5, 12, 0, tzinfo=UTC)
PEOPLE = {name: {"name": name, "email": f"{name}@host.example"} for name in ("anna", "bob", "carla")}


def rota(*on_call, lead=None):
    """A rota with one person at each level, None where nobody is on call today."""
    levels = [
        {
            "name": f"level-{number}",
            "layers": [
                {
                    "name": f"layer-{number}",
                    "zone": "UTC",
                    "people": [person or "anna"],
                    "handover": {"first": "2026-01-05 09:00" if person else "2099-01-05 09:00"},
                }
            ],
        }
        for number, person in enumerate(on_call, 1)
    ]
    return Rota.model_validate({"people": PEOPLE, "levels": levels, "lead": lead})


def everybody(known, rounds=2):
    """Who is told, from first to last."""
    step, told = 0, []
    while not told or not told[-1].last:
        told.append(told_at(known, NOW, step, rounds))
        step = told[-1].step + 1
    return [told.people for told in told]


def test_levels_come_one_after_the_other_so_many_times_and_then_the_lead():
    row = [("anna",), ("bob",)]
    assert everybody(rota("anna", "bob", lead="carla"), rounds=3) == [*row, *row, *row, ("carla",)]


def test_without_a_lead_the_team_is_the_last_to_be_told():
    assert everybody(rota("anna")) == [("anna",), ("anna",), (None,)]


def test_a_level_without_people_is_passed_over():
    assert told_at(rota(None, "bob"), NOW, 0, 1) == Told(1, "level-2", ("bob",))


def test_when_nobody_at_all_is_on_call_the_lead_is_told_at_once():
    assert told_at(rota(None, None, lead="carla"), NOW, 0, 2) == Told(4, LEAD, ("carla",), last=True)


@pytest.mark.parametrize("step", [0, 3])
def test_without_a_rota_the_team_is_told_whatever_the_step(step):
    assert told_at(None, NOW, step, 2) == Told(step, TEAM, (None,), last=True)


@given(
    on_call=st.lists(st.sampled_from(["anna", "bob", None]), min_size=1, max_size=5),
    rounds=st.integers(1, 4),
    lead=st.sampled_from(["carla", None]),
)
def test_somebody_is_told_at_every_step_and_there_is_a_last_one(on_call, rounds, lead):
    told = everybody(rota(*on_call, lead=lead), rounds)
    assert all(told)
    assert len(told) == rounds * sum(person is not None for person in on_call) + 1


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ([], True),
        ([(EMERGENCY, 1, State.RINGING)], False),
        ([("resolution", 1, State.RINGING)], False),
        ([(EMERGENCY, 1, State.TAKEN)], False),
        ([(EMERGENCY, 1, State.UNHEARD)], False),
        ([(EMERGENCY, 1, State.DOWNGRADED)], True),
        ([("resolution", 1, State.TAKEN)], True),
        ([(EMERGENCY, 2, State.TAKEN)], True),
        ([(EMERGENCY, 1, State.DOWNGRADED), (EMERGENCY, 1, State.TAKEN)], False),
    ],
)
def test_a_cause_rings_once_in_a_cycle_and_one_alarm_at_a_time(known, new):
    assert is_new(EMERGENCY, 1, known) is new
