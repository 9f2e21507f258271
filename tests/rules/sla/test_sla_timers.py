"""When people are told that a due time comes near or has passed."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.rules.timers import held_until, next_warning, warnings
from shared.policies import load_policies
from shared.vocabulary import Pause, PauseReason, Target, TargetName

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HYPERNODE = load_policies().calendar("hypernode")
FRIDAY = datetime.fromisoformat("2026-06-05T16:00:00+02:00")
NIGHT = datetime.fromisoformat("2026-06-06T03:00:00+02:00")
MONDAY = datetime.fromisoformat("2026-06-08T08:00:00+02:00")


def target(start=FRIDAY, minutes=240, pauses=()):
    intervals = [(pause.begins_at, pause.ends_at) for pause in pauses]
    due = HYPERNODE.add(start, minutes * MINUTE, intervals)
    told = {"name": TargetName.FIRST_RESPONSE, "house_default": True, "started_at": start, "pauses": pauses}
    return Target(minutes=minutes, due_at=due, **told)


def test_a_warning_is_counted_in_support_hours_as_the_due_time_is():
    assert warnings(target(), HYPERNODE, [75, 25]) == [(25, FRIDAY + HOUR), (75, MONDAY + HOUR)]


def test_a_warning_that_falls_on_closing_time_waits_for_the_next_opening():
    assert warnings(target(), HYPERNODE, [50]) == [(50, MONDAY)]


def test_a_pause_moves_the_warnings_behind_it():
    told = {"id": "00000000-0000-0000-0000-000000000001", "reason": PauseReason.WAITING_FOR_CUSTOMER}
    pause = Pause(begins_at=FRIDAY + 30 * MINUTE, ends_at=FRIDAY + 60 * MINUTE, **told)
    assert warnings(target(pauses=(pause,)), HYPERNODE, [25]) == [(25, FRIDAY + 90 * MINUTE)]


def test_a_clock_that_stands_still_has_no_warnings():
    assert warnings(target().model_copy(update={"due_at": None}), HYPERNODE, [50]) == []


@given(st.integers(0, 20_000), st.integers(1, 6_000), st.integers(1, 99))
def test_every_warning_comes_in_support_hours_and_before_the_due_time(offset, minutes, percent):
    told = target(FRIDAY + offset * MINUTE, minutes)
    [(_, moment)] = warnings(told, HYPERNODE, [percent])
    assert HYPERNODE.is_open(moment)
    assert moment <= told.due_at


MOMENTS = [(50, FRIDAY), (75, FRIDAY + HOUR), (90, FRIDAY + 2 * HOUR)]


@pytest.mark.parametrize(
    ("told", "hours", "percent"),
    [(0, -1, 50), (0, 0, 50), (50, 0, 75), (0, 1.5, 75), (0, 5, 90), (75, 0, 90), (90, 0, None)],
)
def test_of_the_warnings_that_have_passed_only_the_last_is_told(told, hours, percent):
    warning = next_warning(MOMENTS, told, FRIDAY + hours * HOUR)
    assert (warning and warning[0]) == percent


def test_a_due_time_that_ends_the_day_is_told_as_it_passes():
    closing = FRIDAY + 2 * HOUR
    assert held_until(closing, closing + 2 * timedelta(seconds=1), HYPERNODE, urgent=False) is None


def test_nobody_is_told_at_night_what_was_heard_late_unless_it_is_urgent():
    assert held_until(FRIDAY, NIGHT, HYPERNODE, urgent=False) == MONDAY
    assert held_until(FRIDAY, NIGHT, HYPERNODE, urgent=True) is None
    assert held_until(FRIDAY, MONDAY, HYPERNODE, urgent=False) is None
