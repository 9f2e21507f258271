"""Examples that break other systems, and properties held against a slow minute-by-minute oracle."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.business_hours import FIRST_YEAR, LAST_YEAR, WEEKDAYS, Calendar

AMSTERDAM, NEW_YORK, KYIV = ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/New_York"), ZoneInfo("Europe/Kyiv")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OFFICE_DAYS = WEEKDAYS[:5]
INDEPENDENCE_DAY = {date(2026, 8, 24): "Independence Day"}


def office(**more) -> Calendar:
    week = {day: ["08:00-18:00"] for day in OFFICE_DAYS}
    return Calendar.build("office", zone="Europe/Amsterdam", week=week, **more)


def priority(**more) -> Calendar:
    week = {day: ["00:00-24:00"] for day in OFFICE_DAYS} | {day: ["03:00-16:00"] for day in ("sat", "sun")}
    options = {"zone": "America/New_York", "holidays": INDEPENDENCE_DAY, "holiday_windows": ["03:00-16:00"]} | more
    return Calendar.build("priority", week=week, **options)


def regular(zone: str = "America/New_York") -> Calendar:
    week = {day: ["02:00-16:00"] for day in OFFICE_DAYS}
    return Calendar.build("regular", zone=zone, week=week, holidays=INDEPENDENCE_DAY)


def always(zone: str = "Europe/Amsterdam") -> Calendar:
    return Calendar.build("always", zone=zone, week={day: ["00:00-24:00"] for day in WEEKDAYS})


def at(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


# --- examples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calendar", "start", "duration", "due"),
    [
        pytest.param(office(), at(AMSTERDAM, "2026-03-27T17:30"), 60, "2026-03-30T06:30Z", id="clocks go forward"),
        pytest.param(office(), at(AMSTERDAM, "2026-10-23T17:30"), 60, "2026-10-26T07:30Z", id="clocks go back"),
        pytest.param(office(), at(AMSTERDAM, "2026-06-05T17:00"), 60, "2026-06-05T18:00+02:00", id="due at closing"),
        pytest.param(office(), at(AMSTERDAM, "2026-06-05T18:00"), 1, "2026-06-08T08:01+02:00", id="closed at closing"),
        pytest.param(
            office(exceptions={date(2026, 5, 14): ("Ascension Day", [])}),
            at(AMSTERDAM, "2026-05-13T16:00"),
            240,
            "2026-05-15T10:00+02:00",
            id="a closed day",
        ),
        pytest.param(
            priority(), at(NEW_YORK, "2026-06-05T23:30"), 120, "2026-06-06T04:30-04:00", id="Friday until midnight"
        ),
        pytest.param(
            priority(), at(NEW_YORK, "2026-08-24T01:00"), 60, "2026-08-24T04:00-04:00", id="a holiday is not closed"
        ),
        pytest.param(
            regular(), at(NEW_YORK, "2026-06-04T15:45"), 30, "2026-06-05T02:15-04:00", id="EST as Eastern clock time"
        ),
        pytest.param(
            regular("Etc/GMT+5"),
            at(NEW_YORK, "2026-06-04T15:45"),
            30,
            "2026-06-04T16:15-04:00",
            id="EST as fixed UTC-5",
        ),
        pytest.param(
            regular(), at(NEW_YORK, "2026-08-21T15:30"), 60, "2026-08-25T02:30-04:00", id="closed on a holiday Monday"
        ),
    ],
)
def test_a_clock_runs_out_at(calendar, start, duration, due):
    assert calendar.add(start, minutes(duration)) == datetime.fromisoformat(due)


def test_a_holiday_lasts_as_long_as_its_date_in_its_own_zone():
    kyiv = priority(holiday_zone="Europe/Kyiv")
    # 24 August in Kyiv is 23 August 17:00 to 24 August 17:00 in New York: Sunday closes at 16:00 as it would anyway,
    # Monday keeps holiday hours, and at 17:00 the ordinary 24 hours come back.
    assert kyiv.next_opening(at(NEW_YORK, "2026-08-24T00:30")) == at(NEW_YORK, "2026-08-24T03:00")
    assert kyiv.next_opening(at(NEW_YORK, "2026-08-24T16:30")) == at(NEW_YORK, "2026-08-24T17:00")
    assert priority().next_opening(at(NEW_YORK, "2026-08-24T16:30")) == at(NEW_YORK, "2026-08-25T00:00")


def test_an_exception_beats_the_week_and_a_holiday():
    half_day = {date(2026, 8, 24): ("Half day", ["10:00-12:00"])}
    calendar = priority(exceptions=half_day)
    assert calendar.elapsed(at(NEW_YORK, "2026-08-24T00:00"), at(NEW_YORK, "2026-08-25T00:00")) == 2 * HOUR


def test_a_lunch_break_is_not_counted():
    week = {"mon": ["08:00-12:00", "13:00-17:00"]}
    calendar = Calendar.build("lunch", zone="Europe/Amsterdam", week=week)
    assert calendar.add(at(AMSTERDAM, "2026-06-01T11:30"), HOUR) == at(AMSTERDAM, "2026-06-01T13:30")


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-10-24T00:15", "2026-10-27T12:00", 84.75),  # the civil clock alone says 83.75
        ("2026-03-27T23:30", "2026-03-31T12:00", 83.5),  # and here 84.5
    ],
)
def test_round_the_clock_counts_real_hours_over_a_clock_change(start, end, hours):
    assert always().elapsed(at(AMSTERDAM, start), at(AMSTERDAM, end)) == timedelta(hours=hours)


def test_a_window_over_a_clock_change_is_shorter_or_longer():
    night = Calendar.build("night", zone="America/New_York", week={"sun": ["00:00-06:00"]})
    forward, back = (night.prove(at(NEW_YORK, day), HOUR).windows[0].window for day in ("2026-03-08", "2026-11-01"))
    assert forward.closes_at - forward.opens_at == 5 * HOUR
    assert back.closes_at - back.opens_at == 7 * HOUR


def test_a_window_inside_the_skipped_hour_does_not_exist_and_one_that_begins_there_begins_at_the_skip():
    skipped = Calendar.build("skipped", zone="America/New_York", week={"sun": ["02:15-02:45"]})
    assert skipped.next_opening(at(NEW_YORK, "2026-03-08T00:00")) == at(NEW_YORK, "2026-03-15T02:15")
    early = Calendar.build("early", zone="America/New_York", week={"sun": ["02:30-06:00"]})
    assert early.next_opening(at(NEW_YORK, "2026-03-08T00:00")) == datetime.fromisoformat("2026-03-08T07:00Z")


def test_a_date_that_a_zone_skipped_has_no_hours():
    apia = ZoneInfo("Pacific/Apia")
    assert always("Pacific/Apia").elapsed(at(apia, "2011-12-29T00:00"), at(apia, "2012-01-01T00:00")) == 48 * HOUR


def test_the_latest_start_leaves_just_enough_open_time():
    friday, monday = at(AMSTERDAM, "2026-06-05T17:30"), at(AMSTERDAM, "2026-06-08T08:30")
    assert office().latest_start(monday, HOUR) == friday
    # Half an hour of work may wait for Monday's opening.
    assert office().latest_start(monday, HOUR / 2) == at(AMSTERDAM, "2026-06-08T08:00")
    assert office().latest_start(at(AMSTERDAM, "2026-06-07T12:00"), HOUR) == at(AMSTERDAM, "2026-06-05T17:00")


def test_a_pause_moves_the_due_time_by_the_open_time_it_covers():
    start = at(AMSTERDAM, "2026-06-05T16:00")
    over_the_weekend = (at(AMSTERDAM, "2026-06-05T17:00"), at(AMSTERDAM, "2026-06-08T09:00"))
    assert office().add(start, 2 * HOUR, [over_the_weekend]) == at(AMSTERDAM, "2026-06-08T10:00")
    assert office().elapsed(start, at(AMSTERDAM, "2026-06-08T10:00"), [over_the_weekend]) == 2 * HOUR


def test_a_clock_that_runs_out_when_a_pause_begins_is_due_then():
    start, pause = at(AMSTERDAM, "2026-06-05T09:00"), at(AMSTERDAM, "2026-06-05T10:00")
    assert office().add(start, HOUR, [(pause, pause + HOUR)]) == pause


def test_a_pause_of_years_ago_changes_nothing():
    start, long_ago = at(AMSTERDAM, "2026-06-05T09:00"), at(AMSTERDAM, "1999-06-04T09:00")
    assert office().add(start, HOUR, [(long_ago, long_ago + HOUR)]) == start + HOUR


def test_a_proof_names_every_window_and_every_holiday_and_adds_up():
    proof = priority().prove(at(NEW_YORK, "2026-08-23T15:00"), 15 * HOUR)
    assert proof.due == at(NEW_YORK, "2026-08-25T01:00")
    assert [(counted.time, counted.window.name) for counted in proof.windows] == [
        (HOUR, None),
        (13 * HOUR, "Independence Day"),
        (HOUR, None),
    ]
    assert proof.named_days == ((date(2026, 8, 24), "Independence Day"),)
    assert proof.windows[0].window.opens_at == datetime.fromisoformat("2026-08-23T07:00Z")


def test_a_proof_names_a_holiday_on_which_nothing_was_open():
    proof = regular().prove(at(NEW_YORK, "2026-08-21T15:30"), HOUR)
    assert proof.named_days == ((date(2026, 8, 24), "Independence Day"),)
    assert [counted.time for counted in proof.windows] == [HOUR / 2, HOUR / 2]


def test_a_proof_says_when_counting_began():
    assert office().prove(at(AMSTERDAM, "2026-06-06T12:00"), HOUR).counts_from == at(AMSTERDAM, "2026-06-08T08:00")


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["add", "elapsed", "is_open", "next_opening", "latest_start"])
def test_a_time_without_a_zone_is_refused(ask):
    naive, aware = datetime(2026, 6, 5, 12), datetime(2026, 6, 5, 12, tzinfo=UTC)  # noqa: DTZ001
    arguments = {"add": (naive, HOUR), "elapsed": (naive, aware), "latest_start": (naive, HOUR)}
    with pytest.raises(ValueError, match="has no zone"):
        getattr(office(), ask)(*arguments.get(ask, (naive,)))


@pytest.mark.parametrize(
    ("week", "complaint"),
    [
        ({}, "never open"),
        ({"mon": []}, "never open"),
        ({"monday": ["08:00-18:00"]}, "is no day"),
        ({"mon": ["8-18"]}, "is no window"),
        ({"mon": ["08:00-08:00"]}, "before it begins"),
        ({"mon": ["22:00-06:00"]}, "two, on two days"),
        ({"mon": ["08:00-25:00"]}, "after 24:00"),
        ({"mon": ["08:00-12:00", "11:00-18:00"]}, "overlap"),
    ],
)
def test_a_malformed_calendar_is_refused(week, complaint):
    with pytest.raises(ValueError, match=complaint):
        Calendar.build("broken", zone="Europe/Amsterdam", week=week)


@pytest.mark.parametrize("zone", ["EST5", "", "Europe", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(ValueError, match="is no time zone"):
        Calendar.build("broken", zone=zone, week={"mon": ["08:00-18:00"]})


def test_a_calendar_with_too_little_open_time_says_so_instead_of_searching_for_ever():
    one_day = {date(2026, 6, 5): ("Open day", ["08:00-18:00"])}
    calendar = Calendar.build("once", zone="Europe/Amsterdam", week={}, exceptions=one_day)
    start = at(AMSTERDAM, "2026-06-05T00:00")
    assert calendar.add(start, 10 * HOUR) == at(AMSTERDAM, "2026-06-05T18:00")
    with pytest.raises(ValueError, match="not open for so long"):
        calendar.add(start, 11 * HOUR)
    with pytest.raises(ValueError, match="not open for so long"):
        calendar.latest_start(start, HOUR)


def test_years_outside_the_table_are_refused():
    for year in (FIRST_YEAR - 1, LAST_YEAR + 1):
        with pytest.raises(ValueError, match="outside the years"):
            office().is_open(datetime(year, 6, 5, 12, tzinfo=UTC))


def test_a_negative_duration_an_end_before_its_start_and_a_reversed_pause_are_refused():
    noon = at(AMSTERDAM, "2026-06-05T12:00")
    with pytest.raises(ValueError, match="negative"):
        office().add(noon, -MINUTE)
    with pytest.raises(ValueError, match="before the start"):
        office().elapsed(noon, noon - MINUTE)
    with pytest.raises(ValueError, match="before it begins"):
        office().add(noon, HOUR, [(noon, noon - MINUTE)])


# --- properties -------------------------------------------------------------------------------------------------------


def changes(zone: ZoneInfo, moments: list[datetime]) -> list[datetime]:
    """The moments after which the offset of a zone is another one at the next."""
    return [now for now, then in pairwise(moments) if now.astimezone(zone).dst() != then.astimezone(zone).dst()]


def transitions(zone: ZoneInfo, first: int, last: int) -> list[datetime]:
    """The last full hours before the offset of a zone changes."""
    days = [datetime(first, 1, 1, tzinfo=UTC) + n * 24 * HOUR for n in range((last - first) * 366)]
    return [hour for day in changes(zone, days) for hour in changes(zone, [day + n * HOUR for n in range(25)])]


TRANSITIONS = [hour for zone in (AMSTERDAM, NEW_YORK) for hour in transitions(zone, 2024, 2028)]

windows = st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(
    lambda quarters: [
        f"{begin // 4:02}:{begin % 4 * 15:02}-{end // 4:02}:{end % 4 * 15:02}"
        for begin, end in zip(sorted(quarters)[::2], sorted(quarters)[1::2], strict=False)
    ]
)
near_a_transition = st.builds(
    lambda hour, offset: hour + offset * MINUTE, st.sampled_from(TRANSITIONS), st.integers(-2 * 1440, 2 * 1440)
)


@st.composite
def calendars(draw) -> Calendar:
    holidays = {
        (hour + offset * timedelta(days=1)).date(): "Holiday"
        for hour in TRANSITIONS
        for offset in draw(st.sets(st.integers(-2, 2), max_size=1))
    }
    shut = {(hour + timedelta(days=1)).date(): ("Exception", draw(windows)) for hour in TRANSITIONS[::3]}
    return Calendar.build(
        "drawn",
        zone=draw(st.sampled_from(["Europe/Amsterdam", "America/New_York"])),
        week=draw(st.dictionaries(st.sampled_from(WEEKDAYS), windows, min_size=5)),
        holidays=holidays,
        holiday_windows=draw(st.one_of(st.just([]), windows)),
        holiday_zone=draw(st.sampled_from([None, "Europe/Kyiv"])),
        exceptions=draw(st.sampled_from([{}, shut])),
    )


@st.composite
def pauses(draw) -> list:
    begins = draw(st.lists(near_a_transition, max_size=3))
    return [(begin, begin + minutes(draw(st.integers(0, 900)))) for begin in begins]


def shows_open(calendar: Calendar, moment: datetime) -> bool:
    """Whether a wall clock and a calendar on the wall would say "open": nothing of the code under test."""
    civil = moment.astimezone(calendar.zone)
    while civil.fold:  # the second time round, the sign on the door stays as the first time left it
        moment -= MINUTE
        civil = moment.astimezone(calendar.zone)
    if civil.date() in calendar.exceptions:
        hours = calendar.exceptions[civil.date()][1]
    elif moment.astimezone(calendar.holiday_zone).date() in calendar.holidays:
        hours = calendar.holiday_windows
    else:
        hours = calendar.week[civil.weekday()]
    return any(begin <= 60 * civil.hour + civil.minute < end for begin, end in hours)


def counts(calendar: Calendar, moment: datetime, stops) -> bool:
    return shows_open(calendar, moment) and not any(begin <= moment < until for begin, until in stops)


@given(calendars(), near_a_transition, st.integers(0, 1500), pauses())
def test_elapsed_counts_the_minutes_that_a_wall_clock_would(calendar, start, length, stops):
    slowly = sum(counts(calendar, start + n * MINUTE, stops) for n in range(length))
    assert calendar.elapsed(start, start + length * MINUTE, stops) == minutes(slowly)


@given(calendars(), near_a_transition, st.integers(1, 600), pauses())
def test_due_is_the_end_of_the_last_minute_that_a_wall_clock_would_count(calendar, start, length, stops):
    moment, left = start, length
    while left and moment < start + timedelta(days=3):
        left -= counts(calendar, moment, stops)
        moment += MINUTE
    if left:
        assert calendar.add(start, length * MINUTE, stops) > moment
    else:
        assert calendar.add(start, length * MINUTE, stops) == moment


@given(calendars(), near_a_transition, st.timedeltas(timedelta(), timedelta(days=40)), pauses())
def test_what_add_promises_elapsed_counts(calendar, start, duration, stops):
    due = calendar.add(start, duration, stops)
    assert calendar.elapsed(start, max(start, due), stops) == duration
    assert calendar.prove(start, duration, stops).due == due
    assert sum((counted.time for counted in calendar.prove(start, duration, stops).windows), timedelta()) == duration


@given(calendars(), near_a_transition, st.timedeltas(MINUTE, timedelta(days=40)))
def test_the_latest_start_is_in_time_and_a_moment_later_is_not(calendar, due, duration):
    latest = calendar.latest_start(due, duration)
    assert calendar.add(latest, duration) <= due
    assert calendar.add(latest + timedelta(microseconds=1), duration) > due


@given(calendars(), near_a_transition, st.timedeltas(timedelta(), timedelta(days=9)), st.integers(1, 5000))
def test_more_work_is_never_due_earlier_and_a_later_start_never_helps(calendar, start, duration, more):
    due = calendar.add(start, duration)
    assert calendar.add(start, duration + more * MINUTE) > due
    assert calendar.add(start + more * MINUTE, duration) >= due


def test_the_table_grows_the_same_whichever_way_it_is_asked():
    far, near = at(AMSTERDAM, "2060-06-01T09:00"), at(AMSTERDAM, "2026-06-05T17:00")
    forwards, backwards = office(), office()
    early = [forwards.add(near, 2000 * HOUR), forwards.add(far, 2 * HOUR), forwards.elapsed(near, far)]
    late = [backwards.elapsed(near, far), backwards.add(far, 2 * HOUR), backwards.add(near, 2000 * HOUR)]
    assert early == late[::-1]
    assert backwards.latest_start(far, forwards.elapsed(near, far)) == near
