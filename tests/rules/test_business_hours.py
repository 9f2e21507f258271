"""Examples that break other systems, and properties held against a slow minute-by-minute oracle."""

import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
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


def test_another_week_holds_for_its_dates_and_names_its_windows_but_holidays_and_exceptions_beat_it():
    early = {day: ["07:00-15:00"] for day in OFFICE_DAYS}
    calendar = office(
        other_weeks=[(date(2026, 7, 1), date(2026, 7, 31), "Summer hours", early)],
        holidays={date(2026, 7, 3): "Holiday"},
        exceptions={date(2026, 7, 2): ("Half day", ["10:00-11:00"])},
    )
    proof = calendar.prove(at(AMSTERDAM, "2026-06-30T17:00"), 11 * HOUR)
    assert [(counted.time, counted.window.name) for counted in proof.windows] == [
        (HOUR, None),
        (8 * HOUR, "Summer hours"),
        (HOUR, "Half day"),
        (HOUR, "Summer hours"),  # on Monday, the 6th
    ]
    assert calendar.add(at(AMSTERDAM, "2026-07-31T14:00"), 2 * HOUR) == at(AMSTERDAM, "2026-08-03T09:00")


def test_of_two_other_weeks_the_later_written_holds_and_one_without_an_end_goes_on():
    calendar = office(
        other_weeks=[
            (date(2027, 1, 1), None, "New hours", {day: ["07:00-19:00"] for day in OFFICE_DAYS}),
            (date(2027, 7, 1), date(2027, 7, 31), "Summer hours", {"mon": ["10:00-11:00"]}),
        ]
    )
    assert calendar.next_opening(at(AMSTERDAM, "2027-07-06T09:00")) == at(AMSTERDAM, "2027-07-12T10:00")
    assert calendar.next_opening(at(AMSTERDAM, "2099-06-05T03:00")) == at(AMSTERDAM, "2099-06-05T07:00")


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

ZONES = ("Europe/Amsterdam", "Europe/Luxembourg", "America/New_York", "Europe/Kyiv", "UTC")
"""Every zone that a calendar or a holiday of ours has, and one that never changes."""
FIRST, LAST = datetime(2021, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def changes(zone: ZoneInfo, first: datetime, last: datetime, step: timedelta) -> list[datetime]:
    """The moments, a step apart, after which the offset of a zone is another one at the next."""
    moments = [first + n * step for n in range((last - first) // step + 1)]
    return [
        now for now, then in pairwise(moments) if now.astimezone(zone).utcoffset() != then.astimezone(zone).utcoffset()
    ]


def clock_changes(key: str) -> list[datetime]:
    """The last full hours before each clock change of the ten years."""
    zone = ZoneInfo(key)
    return [hour for day in changes(zone, FIRST, LAST, DAY) for hour in changes(zone, day, day + DAY, HOUR)]


CLOCK_CHANGES = {zone: clock_changes(zone) or [FIRST + n * 100 * DAY for n in range(20)] for zone in ZONES}
"""By zone; where the clock never changes, other moments."""

windows = st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True).map(
    lambda quarters: [
        f"{begin // 4:02}:{begin % 4 * 15:02}-{end // 4:02}:{end % 4 * 15:02}"
        for begin, end in zip(sorted(quarters)[::2], sorted(quarters)[1::2], strict=False)
    ]
)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), windows, min_size=5)


@dataclass(frozen=True)
class Case:
    """A calendar with holidays, exceptions and another week around a clock change, a clock and its pauses near it."""

    calendar: Calendar
    start: datetime
    stops: list


@st.composite
def cases(draw) -> Case:
    zone = draw(st.sampled_from(ZONES))
    hour = draw(st.sampled_from(CLOCK_CHANGES[zone]))

    def moment():
        return hour + minutes(draw(st.integers(-2 * 1440, 2 * 1440)))

    def dates():
        return [(hour + offset * DAY).date() for offset in draw(st.sets(st.integers(-2, 2), max_size=2))]

    first = (hour + draw(st.integers(-2, 2)) * DAY).date()
    other_week = (first, draw(st.sampled_from([None, first + DAY])), "Other week", draw(weeks))
    calendar = Calendar.build(
        "drawn",
        zone=zone,
        week=draw(weeks),
        holidays=dict.fromkeys(dates(), "Holiday"),
        holiday_windows=draw(st.one_of(st.just([]), windows)),
        holiday_zone=draw(st.sampled_from([None, *ZONES])),
        exceptions={day: ("Exception", draw(st.one_of(st.just([]), windows))) for day in dates()},
        other_weeks=draw(st.sampled_from([[], [other_week]])),
    )
    begins = [moment() for _ in range(draw(st.integers(0, 3)))]
    return Case(calendar, moment(), [(begin, begin + minutes(draw(st.integers(0, 900)))) for begin in begins])


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
        week = calendar.week
        for other in calendar.other_weeks:
            if other.first <= civil.date() <= (other.last or date.max):
                week = other.week
        hours = week[civil.weekday()]
    return any(begin <= 60 * civil.hour + civil.minute < end for begin, end in hours)


def counts(calendar: Calendar, moment: datetime, stops) -> bool:
    return shows_open(calendar, moment) and not any(begin <= moment < until for begin, until in stops)


bounded = settings(max_examples=60, deadline=None)
"""Every example builds the windows of some years; how long that may take is for `scopedesk bench hours` to say."""

durations = st.timedeltas(timedelta(), timedelta(days=40))


@bounded
@given(cases(), st.integers(0, 1500))
def test_elapsed_counts_the_minutes_that_a_wall_clock_would(case, length):
    slowly = sum(counts(case.calendar, case.start + n * MINUTE, case.stops) for n in range(length))
    assert case.calendar.elapsed(case.start, case.start + length * MINUTE, case.stops) == minutes(slowly)


@bounded
@given(cases(), st.integers(1, 600))
def test_due_is_the_end_of_the_last_minute_that_a_wall_clock_would_count(case, length):
    moment, left = case.start, length
    while left and moment < case.start + 3 * DAY:
        left -= counts(case.calendar, moment, case.stops)
        moment += MINUTE
    due = case.calendar.add(case.start, length * MINUTE, case.stops)
    assert due > moment if left else due == moment


@bounded
@given(cases(), durations)
def test_what_add_promises_elapsed_counts(case, duration):
    calendar, start, stops = case.calendar, case.start, case.stops
    due = calendar.add(start, duration, stops)
    assert calendar.elapsed(start, max(start, due), stops) == duration
    assert calendar.prove(start, duration, stops).due == due
    assert sum((counted.time for counted in calendar.prove(start, duration, stops).windows), timedelta()) == duration


@bounded
@given(cases(), durations)
def test_due_is_never_while_closed_or_paused_except_at_a_closing_edge(case, duration):
    due, moment = case.calendar.add(case.start, duration, case.stops), timedelta(microseconds=1)
    assert counts(case.calendar, due, case.stops) or counts(case.calendar, due - moment, case.stops)


@bounded
@given(cases(), durations, st.timedeltas(timedelta(microseconds=1), 9 * DAY))
def test_a_clock_may_be_read_in_between(case, duration, rest):
    calendar, start, stops = case.calendar, case.start, case.stops
    between = calendar.add(start, duration, stops)
    due = calendar.add(start, duration + rest, stops)
    assert calendar.add(between, rest, stops) == due
    parts = calendar.elapsed(start, between, stops) + calendar.elapsed(between, due, stops)
    assert parts == calendar.elapsed(start, due, stops)


@bounded
@given(cases(), st.timedeltas(MINUTE, timedelta(days=40)))
def test_the_latest_start_is_in_time_and_a_moment_later_is_not(case, duration):
    latest = case.calendar.latest_start(case.start, duration)
    assert case.calendar.add(latest, duration) <= case.start
    assert case.calendar.add(latest + timedelta(microseconds=1), duration) > case.start


@bounded
@given(cases(), durations, st.integers(1, 5000))
def test_more_work_is_never_due_earlier_and_a_later_start_never_helps(case, duration, more):
    due = case.calendar.add(case.start, duration, case.stops)
    assert case.calendar.add(case.start, duration + more * MINUTE, case.stops) > due
    assert case.calendar.add(case.start + more * MINUTE, duration, case.stops) >= due


def awkward(zone: str) -> list[Calendar]:
    """Calendars with an edge before, in and after the hour that a clock change skips or repeats."""
    office_hours = {day: ["08:00-12:00", "13:00-18:00"] for day in WEEKDAYS}
    nights = {day: ["00:00-00:30", "01:15-02:15", "02:30-02:45", "03:15-04:00", "22:00-24:00"] for day in WEEKDAYS}
    sundays = [hour.date() for hour in CLOCK_CHANGES[zone]]
    return [
        Calendar.build("office", zone=zone, week=office_hours),
        Calendar.build("nights", zone=zone, week=nights, holidays=dict.fromkeys(sundays[::2], "Holiday"),
                       holiday_windows=["02:00-03:00"], holiday_zone="Europe/Kyiv"),
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_every_clock_change_of_ten_years_is_counted_as_a_wall_clock_would(zone):
    chance = random.Random(zone)
    assert len(CLOCK_CHANGES[zone]) == 20
    for calendar in awkward(zone):
        for hour in CLOCK_CHANGES[zone]:
            begin, length = hour - 18 * HOUR, 36 * 60
            open_before = [0, *accumulate(shows_open(calendar, begin + n * MINUTE) for n in range(length))]
            for first, last in (sorted(chance.sample(range(length + 1), 2)) for _ in range(20)):
                start, end = begin + first * MINUTE, begin + last * MINUTE
                worked = open_before[last] - open_before[first]
                assert calendar.elapsed(start, end) == minutes(worked)
                if worked:
                    due = calendar.add(start, minutes(worked))
                    assert due == begin + bisect_left(open_before, open_before[last]) * MINUTE


def test_the_table_grows_the_same_whichever_way_it_is_asked():
    far, near = at(AMSTERDAM, "2060-06-01T09:00"), at(AMSTERDAM, "2026-06-05T17:00")
    forwards, backwards = office(), office()
    early = [forwards.add(near, 2000 * HOUR), forwards.add(far, 2 * HOUR), forwards.elapsed(near, far)]
    late = [backwards.elapsed(near, far), backwards.add(far, 2 * HOUR), backwards.add(near, 2000 * HOUR)]
    assert early == late[::-1]
    assert backwards.latest_start(far, forwards.elapsed(near, far)) == near
