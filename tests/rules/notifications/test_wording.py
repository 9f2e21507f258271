from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.rules.wording import WIDTH, opening_hours, wrapped
from shared.money import Money
from shared.wording import civil_time, language, money, unit

WEEKDAYS = {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def test_a_due_time_names_weekday_and_zone():
    due = datetime(2026, 6, 5, 16, 0, tzinfo=UTC)
    assert civil_time(due, "Europe/Amsterdam", "en") == "Friday 5 June 2026, 18:00 (CEST, Europe/Amsterdam)"
    assert civil_time(due, "Europe/Amsterdam", "nl") == "vrijdag 5 juni 2026, 18:00 (CEST, Europe/Amsterdam)"
    assert civil_time(due, "America/New_York", "en") == "Friday 5 June 2026, 12:00 (EDT, America/New_York)"


def test_a_zone_without_letters_is_named_once():
    due = datetime(2026, 6, 5, 16, 0, tzinfo=UTC)
    assert civil_time(due, "Etc/GMT+5", "en") == "Friday 5 June 2026, 11:00 (Etc/GMT+5)"


def test_winter_time_is_called_so():
    assert "(CET," in civil_time(datetime(2026, 12, 1, 9, 0, tzinfo=UTC), "Europe/Amsterdam", "nl")


def test_amounts_are_written_as_each_language_writes_them():
    amount = Money.of("1250.50", "EUR")
    assert money(amount, "en") == "EUR 1,250.50"
    assert money(amount, "nl") == "EUR 1.250,50"


def test_a_unit_is_said_in_words():
    assert unit("started-hour", "nl") == "per begonnen uur"
    assert unit("per moon", "en") == "per moon"


def test_days_with_equal_hours_stand_together():
    assert opening_hours(WEEKDAYS, "en") == ["Monday to Friday 08:00-18:00"]
    assert opening_hours(WEEKDAYS, "nl") == ["maandag tot en met vrijdag 08:00-18:00"]


def test_a_day_with_two_windows_and_a_closed_day_between():
    week = {"mon": ["09:00-12:00", "13:00-17:00"], "wed": ["09:00-12:00", "13:00-17:00"]}
    assert opening_hours(week, "en") == [
        "Monday 09:00-12:00 and 13:00-17:00",
        "Wednesday 09:00-12:00 and 13:00-17:00",
    ]


@pytest.mark.parametrize(("wished", "written"), [("nl", "nl"), ("en", "en"), ("de", "en"), ("", "en")])
def test_dutch_gets_dutch_and_everybody_else_english(wished, written):
    assert language(wished) == written


def test_a_wrapped_quote_keeps_its_mark():
    text = "> " + "word " * 40
    lines = wrapped(text).splitlines()
    assert len(lines) > 1
    assert all(line.startswith("> word") and len(line) <= WIDTH for line in lines)


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]) | st.just("\n"), max_size=600))
def test_wrapping_loses_no_word(text):
    kept = wrapped(text).replace("> ", "  ").split()
    assert kept == text.replace("> ", "  ").split() or ">" in text
