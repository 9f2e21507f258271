"""How long an addition of open time takes, beside two known libraries where they are installed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from shared.business_hours import WEEKDAYS, Calendar
from shared.policies import Policies

OURS = "scopedesk"
OTHERS = ("businesstimedelta", "pandas")
SPANS = {
    "12 business hours": timedelta(hours=12),
    "1 day": timedelta(days=1),
    "30 days": timedelta(days=30),
    "1 year": timedelta(days=365),
    "10 years": timedelta(days=3652),
}
"""The first is counted in open time, the others are spans of the wall calendar."""
CALENDARS = ("hypernode", "h-sphere/regular", "h-sphere/priority", "kenotronix")
STARTS = 2000
LONGEST_SECONDS = 1.0
"""For one figure: a library that is slow is asked less often."""
SEED = 2026

Add = Callable[[datetime, timedelta], datetime]


@dataclass(frozen=True)
class Figure:
    """The median time of one addition, in microseconds; `agrees` is the share of answers that are the same as ours."""

    library: str
    calendar: str
    span: str
    median_us: float
    slower_than_ours: float
    additions: int
    agrees: float

    def as_json(self) -> dict[str, Any]:
        """As a line of JSON."""
        return asdict(self)


def measure(policies: Policies, additions: int = STARTS) -> Iterator[Figure]:
    """Measure every calendar and span: ours, then each other library that can express the calendar.

    `additions` are asked for a figure at most, with different starts in one year.
    """
    chance = random.Random(SEED)  # noqa: S311 (starts of a measurement are no secret)
    year = datetime(2026, 1, 1, tzinfo=UTC)
    starts = [year + timedelta(minutes=chance.randrange(365 * 1440)) for _ in range(additions)]
    for name in CALENDARS:
        calendar = policies.calendar(name)
        libraries = {OURS: calendar.add} | others(calendar)
        for span, length in SPANS.items():
            questions = [(start, _open_time(calendar, span, start, length)) for start in starts]
            answers = [calendar.add(start, duration) for start, duration in questions]
            ours = 0.0
            for library, add in libraries.items():
                times, same = _timed(add, questions, answers)
                ours = ours or median(times)
                yield Figure(
                    library, name, span, round(median(times), 2), round(median(times) / ours, 1), len(times), same
                )


def first_use(calendar: Calendar) -> float:
    """Milliseconds until a calendar that was just read has answered for the first time: it builds its years then."""
    fresh = Calendar(**{name: getattr(calendar, name) for name in calendar.__dataclass_fields__ if name != "_table"})
    began = time.perf_counter()
    fresh.add(datetime(2026, 6, 5, 12, tzinfo=UTC), timedelta(hours=12))
    return (time.perf_counter() - began) * 1e3


def _open_time(calendar: Calendar, span: str, start: datetime, length: timedelta) -> timedelta:
    """The whole hours of open time in a span; the others count no shorter ones."""
    if span.endswith("business hours"):
        return length
    return timedelta(hours=max(1, calendar.elapsed(start, start + length) // timedelta(hours=1)))


def _timed(add: Add, questions: list[tuple[datetime, timedelta]], answers: list[datetime]) -> tuple[list[float], float]:
    times: list[float] = []
    same, began = 0, time.perf_counter()
    for (start, duration), answer in zip(questions, answers, strict=True):
        before = time.perf_counter_ns()
        due = add(start, duration)
        times.append((time.perf_counter_ns() - before) / 1000)
        same += due == answer
        if time.perf_counter() - began > LONGEST_SECONDS:
            break
    return times, round(same / len(times), 3)


def others(calendar: Calendar) -> dict[str, Add]:
    """The other libraries that are installed, where they can express a calendar: one window, the same on every day."""
    windows = {day for day in calendar.week if day}
    closed_on_holidays = not (calendar.holidays and calendar.holiday_windows)
    if len(windows) != 1 or len(minutes := next(iter(windows))) != 1 or not closed_on_holidays:
        return {}
    [(opens, closes)] = minutes
    if closes - opens == 24 * 60:
        return {}
    found: dict[str, Add] = {}
    for name, make in zip(OTHERS, (_businesstimedelta, _pandas), strict=True):
        try:
            found[name] = make(calendar, opens, closes)
        except ImportError:
            continue
    return found


def _businesstimedelta(calendar: Calendar, opens: int, closes: int) -> Add:
    import businesstimedelta as other
    from pytz import timezone  # the only zones that it understands

    zone = timezone(calendar.zone.key)

    rule = other.WorkDayRule(
        start_time=_clock(opens).time(),
        end_time=_clock(closes).time(),
        working_days=[number for number, day in enumerate(calendar.week) if day],
        tz=zone,
    )
    # It fails when no holiday follows within five years: some days on which these calendars are closed anyway.
    saturdays = (date(year, 1, 1) + timedelta(days=5 - date(year, 1, 1).weekday()) for year in range(2031, 2045))
    holidays = other.HolidayRule({*calendar.holidays, *saturdays}, tz=zone)
    rules = other.Rules([rule, holidays] if calendar.holidays else [rule])

    def add(start: datetime, duration: timedelta) -> datetime:
        due: datetime = start + other.BusinessTimeDelta(rules, timedelta=duration)
        return due

    return add


def _pandas(calendar: Calendar, opens: int, closes: int) -> Add:
    import pandas as pd

    hour = pd.offsets.CustomBusinessHour(
        start=f"{_clock(opens):%H:%M}",
        end=f"{_clock(closes):%H:%M}",
        weekmask=" ".join(WEEKDAYS[number].title() for number, day in enumerate(calendar.week) if day),
        holidays=list(calendar.holidays),
    )

    def add(start: datetime, duration: timedelta) -> datetime:
        due: datetime = pd.Timestamp(start).tz_convert(calendar.zone) + hour * (duration // timedelta(hours=1))
        return due

    return add


def _clock(minute: int) -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
