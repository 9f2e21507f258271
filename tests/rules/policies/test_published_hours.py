"""The hours that the policies publish, as interpretations of them read each cell, and the due times that follow."""

from datetime import date, datetime, timedelta

import pytest

from shared.policies import read_policies

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def policies():
    return read_policies()


def moment(text):
    return datetime.fromisoformat(text)


def due(policies, calendar, start, minutes):
    return policies.calendar(calendar).add(moment(start), minutes * MINUTE)


# --- hypernode --------------------------------------------------------------------------------------------------------


def test_an_hour_from_half_past_five_on_friday_ends_at_half_past_eight_on_monday_after_the_clocks_went_forward(
    policies,
):
    assert due(policies, "hypernode", "2026-03-27T17:30+01:00", 60) == moment("2026-03-30T06:30Z")


def test_an_hour_from_half_past_five_on_friday_ends_at_half_past_eight_on_monday_after_the_clocks_went_back(policies):
    assert due(policies, "hypernode", "2026-10-23T17:30+02:00", 60) == moment("2026-10-26T07:30Z")


def test_a_clock_that_runs_out_at_closing_time_is_due_at_closing_time_and_not_on_monday(policies):
    assert due(policies, "hypernode", "2026-06-05T17:00+02:00", 60) == moment("2026-06-05T18:00+02:00")


def test_a_clock_that_starts_at_closing_time_starts_on_monday(policies):
    assert due(policies, "hypernode", "2026-06-05T18:00+02:00", 1) == moment("2026-06-08T08:01+02:00")


def test_ascension_day_is_an_ordinary_day_until_an_overlay_closes_it(policies, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "calendars: {hypernode: {holidays: [{from: 2026-05-14, name: Ascension Day, reason: the office is closed}]}}"
    )
    wednesday = "2026-05-13T16:00+02:00"
    assert due(policies, "hypernode", wednesday, 240) == moment("2026-05-14T10:00+02:00")
    assert due(read_policies(overlay=overlay), "hypernode", wednesday, 240) == moment("2026-05-15T10:00+02:00")


# --- h-sphere ---------------------------------------------------------------------------------------------------------


def test_priority_works_until_midnight_on_friday_and_from_three_on_saturday(policies):
    assert due(policies, "h-sphere/priority", "2026-06-05T23:30-04:00", 120) == moment("2026-06-06T04:30-04:00")


def test_priority_begins_at_three_on_a_holiday_instead_of_being_closed(policies):
    assert due(policies, "h-sphere/priority", "2026-08-24T01:00-04:00", 60) == moment("2026-08-24T04:00-04:00")


def test_est_is_what_the_clocks_in_new_york_show(policies):
    assert due(policies, "h-sphere/regular", "2026-06-04T15:45-04:00", 30) == moment("2026-06-05T02:15-04:00")
    assert due(policies, "h-sphere/regular", "2026-12-03T15:45-05:00", 30) == moment("2026-12-04T02:15-05:00")


def test_a_ukrainian_holiday_is_its_date_in_new_york_and_not_in_kyiv(policies):
    priority = policies.calendar("h-sphere/priority")
    assert priority.holidays[date(2026, 8, 24)] == "Independence Day"
    midnight, next_midnight = moment("2026-08-24T00:00-04:00"), moment("2026-08-25T00:00-04:00")
    assert not priority.is_open(midnight)  # in Kyiv it is 07:00 on the 24th
    assert priority.next_opening(moment("2026-08-24T17:00-04:00")) == next_midnight  # and there the 25th has begun


WEEKDAY, SATURDAY, SUNDAY = "2026-06-03", "2026-06-06", "2026-06-07"
WEEKDAY_HOLIDAY, WEEKEND_HOLIDAY = "2026-08-24", "2026-06-28"


@pytest.mark.parametrize(
    ("calendar", "day", "opens", "closes"),
    [
        pytest.param("regular", WEEKDAY, 2, 16, id="regular on a weekday: 02:00 to 16:00"),
        pytest.param("regular", SATURDAY, None, None, id="regular on Saturday: closed"),
        pytest.param("regular", SUNDAY, None, None, id="regular on Sunday: closed"),
        pytest.param("regular", WEEKDAY_HOLIDAY, None, None, id="regular on a holiday: closed"),
        pytest.param("regular", WEEKEND_HOLIDAY, None, None, id="regular on a holiday in a weekend: closed"),
        pytest.param("priority", WEEKDAY, 0, 24, id="priority on a weekday: 24 hours"),
        pytest.param("priority", SATURDAY, 3, 16, id="priority on Saturday: 03:00 to 16:00"),
        pytest.param("priority", SUNDAY, 3, 16, id="priority on Sunday: 03:00 to 16:00"),
        pytest.param("priority", WEEKDAY_HOLIDAY, 3, 16, id="priority on a holiday: as in a weekend"),
        pytest.param("priority", WEEKEND_HOLIDAY, 3, 16, id="priority on a holiday in a weekend: as in any weekend"),
    ],
)
def test_the_plans_of_h_sphere_are_open(policies, calendar, day, opens, closes):
    hours, midnight = policies.calendar(f"h-sphere/{calendar}"), moment(f"{day}T00:00-04:00")
    open_hours = [hour for hour in range(24) if hours.is_open(midnight + hour * HOUR)]
    assert open_hours == list(range(opens, closes) if closes else ())
    length = timedelta(hours=closes - opens) if closes else timedelta()
    assert hours.elapsed(midnight, midnight + 24 * HOUR) == length


def test_priority_is_open_without_a_break_from_monday_midnight_until_friday_midnight(policies):
    monday, saturday = moment("2026-06-08T00:00-04:00"), moment("2026-06-13T00:00-04:00")
    priority = policies.calendar("h-sphere/priority")
    assert priority.elapsed(monday, saturday) == saturday - monday
    assert not priority.is_open(monday - MINUTE)
    assert not priority.is_open(saturday)


def test_three_in_the_morning_to_four_in_the_afternoon_of_a_weekend_is_priority_only(policies):
    saturday = moment(f"{SATURDAY}T10:00-04:00")
    assert policies.calendar("h-sphere/priority").is_open(saturday)
    assert not policies.calendar("h-sphere/regular").is_open(saturday)


# --- the others -------------------------------------------------------------------------------------------------------


def test_kenotronix_counts_every_hour_whatever_the_clocks_do(policies):
    assert due(policies, "kenotronix", "2026-10-24T00:00Z", 72 * 60) == moment("2026-10-27T00:00Z")


def test_luxcloud_publishes_no_hours_and_what_is_counted_on_says_that_it_is_ours(policies):
    luxcloud = policies.provider("luxcloud")
    assert luxcloud.hours(None) is None
    assert luxcloud.provider.calendars[luxcloud.counted_on(None).name].house_default
