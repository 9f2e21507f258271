"""Business hours: when a clock runs, when it runs out, and the proof of it.

A calendar is weekly windows in a civil zone, holidays that are *another window list* (their dates may stand in a zone
of their own), and dated exceptions. Every edge is computed in civil time, converted to UTC and counted there, so a
clock change neither adds nor loses a minute. Intervals are half-open: a clock that runs out at closing time is due at
closing time, one that starts while closed starts at the next opening.

`add` and `elapsed` are one walker in two directions over a table of windows with the open time before each of them: an
answer costs a few binary searches, however far away it lies. The table covers whole years and grows on demand.

Times are aware datetimes, a naive one is a ValueError; answers are in UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from shared.civil_time import MINUTES_OF_A_DAY, Minutes, instant, minutes_of, zone_named

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""The years in which a calendar counts. A clock that would leave them is a ValueError, not an endless walk."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Interval = tuple[datetime, datetime]
"""Half-open: begins at the first moment, is over at the second."""

NOTHING = timedelta()
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """An open stretch of one day in UTC, with the name of the holiday, exception or other week that shaped it."""

    opens_at: datetime
    closes_at: datetime
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A window, and how much of it a clock used."""

    window: Window
    time: timedelta


@dataclass(frozen=True, slots=True)
class Proof:
    """How a due time came about; the `time` of the windows adds up to the duration exactly.

    `named_days` are the holidays and exceptions between start and due, including those that were closed.
    """

    calendar: str
    zone: str
    start: datetime
    counts_from: datetime
    due: datetime
    windows: tuple[Counted, ...]
    named_days: tuple[tuple[date, str], ...]
    pauses: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class OtherWeek:
    """Weekly windows that hold on some dates, both included, instead of the calendar's; `last` None: from then on."""

    first: date
    last: date | None
    name: str
    week: tuple[Minutes, ...]


@dataclass(frozen=True, eq=False)
class Calendar:
    """Opening hours. `Calendar.build` reads the notation of the policy packs."""

    name: str
    zone: ZoneInfo
    week: tuple[Minutes, ...]
    holiday_zone: ZoneInfo
    holiday_windows: Minutes
    holidays: Mapping[date, str]
    exceptions: Mapping[date, tuple[str, Minutes]]
    other_weeks: tuple[OtherWeek, ...] = ()
    _table: _Table | None = field(default=None, init=False, repr=False)

    @classmethod
    def build(
        cls,
        name: str,
        *,
        zone: str,
        week: Mapping[str, Sequence[str]],
        holidays: Mapping[date, str] | None = None,
        holiday_windows: Sequence[str] = (),
        holiday_zone: str | None = None,
        exceptions: Mapping[date, tuple[str, Sequence[str]]] | None = None,
        other_weeks: Sequence[tuple[date, date | None, str, Mapping[str, Sequence[str]]]] = (),
    ) -> Calendar:
        """Read a calendar as policy packs write it.

        `week` maps "mon" … "sun" to windows such as "08:00-18:00" or "00:00-24:00"; a day left out is closed.
        `holidays` names dates of `holiday_zone` (default: `zone`); while such a date lasts there, `holiday_windows`
        (in times of `zone`) hold instead of the week. `exceptions` gives a date of `zone` a name and windows of its
        own, and beats both. `other_weeks` are (first date, last date or None, name, week): of several that hold on a
        date the last does. ValueError for anything malformed, and for a calendar that is never open.
        """
        calendar = cls(
            name=name,
            zone=zone_named(zone),
            week=_week(name, week),
            holiday_zone=zone_named(holiday_zone or zone),
            holiday_windows=minutes_of(holiday_windows),
            holidays=dict(sorted((holidays or {}).items())),
            exceptions={day: (title, minutes_of(windows)) for day, (title, windows) in (exceptions or {}).items()},
            other_weeks=tuple(
                OtherWeek(first, last, title, _week(name, other)) for first, last, title, other in other_weeks
            ),
        )
        opens_on_holidays = calendar.holidays and calendar.holiday_windows
        exceptionally = any(open_ for _, open_ in calendar.exceptions.values())
        opens_in_a_week = any(any(week) for week in (calendar.week, *(other.week for other in calendar.other_weeks)))
        if not (opens_in_a_week or opens_on_holidays or exceptionally):
            raise ValueError(f"calendar {name} is never open: give at least one day a window")
        return calendar

    def is_open(self, moment: datetime) -> bool:
        """Whether the calendar is open at this moment; at closing time it no longer is."""
        moment = _utc(moment)
        table = self._covering(moment, moment)
        at = bisect_right(table.closes, moment)
        return at < len(table.opens) and table.opens[at] <= moment

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself while open, otherwise the next opening."""
        return self.add(moment, NOTHING)

    def add(self, start: datetime, duration: timedelta, pauses: Sequence[Interval] = ()) -> datetime:
        """When a clock that starts at `start` has counted `duration` of open time outside the pauses."""
        _check(duration)
        start, stops = _utc(start), _merged(pauses)
        table = self._covering(start, max(start, stops[-1][1]) if stops else start)
        while (due := table.due(start, duration, stops)) is None:
            table = self._extended(table)
        return due

    def elapsed(self, start: datetime, end: datetime, pauses: Sequence[Interval] = ()) -> timedelta:
        """How much open time outside the pauses lies between two moments."""
        start, end = _utc(start), _utc(end)
        if end < start:
            raise ValueError("the end lies before the start")
        table = self._covering(start, end)
        time = table.counted(end) - table.counted(start)
        for begin, until in _merged(pauses):
            if begin < end and until > start:
                time -= table.counted(min(until, end)) - table.counted(max(begin, start))
        return time

    def latest_start(self, due: datetime, duration: timedelta) -> datetime:
        """The last moment at which work of this duration can begin and be done by `due`."""
        _check(duration)
        due = _utc(due)
        table = self._covering(due, due)
        while (start := table.latest_start(due, duration)) is None:
            table = self._extended(table, backwards=True)
        return start

    def prove(self, start: datetime, duration: timedelta, pauses: Sequence[Interval] = ()) -> Proof:
        """The due time of `add`, with every window it was counted in."""
        start, stops, due = _utc(start), _merged(pauses), self.add(start, duration, pauses)
        windows = (
            Counted(window, self.elapsed(max(window.opens_at, start), min(window.closes_at, due), stops))
            for window in self._covering(start, due).between(start, due)
        )
        return Proof(
            calendar=self.name,
            zone=self.zone.key,
            start=start,
            counts_from=self.add(start, NOTHING, stops),
            due=due,
            windows=tuple(counted for counted in windows if counted.time),
            named_days=tuple(self._named_days(start, due)),
            pauses=tuple((begin, until) for begin, until in stops if begin < due and until > start),
        )

    def _named_days(self, start: datetime, due: datetime) -> Iterator[tuple[date, str]]:
        days = [(day, name, self.zone) for day, (name, _) in self.exceptions.items()]
        days += [(day, name, self.holiday_zone) for day, name in self.holidays.items() if day not in self.exceptions]
        for day, name, zone in sorted(days, key=lambda named: named[0]):
            if start.date() - 2 * DAY <= day <= due.date() + 2 * DAY:  # so far may the date differ between zones
                begin, until = instant(zone, day, 0), instant(zone, day, MINUTES_OF_A_DAY)
                if begin < due and until > start:
                    yield day, name

    def _covering(self, first: datetime, last: datetime) -> _Table:
        table = self._table
        if table is None:
            table = self._grow(first.year - 1, last.year + 1)
        elif not (table.begins_at <= first and last < table.ends_at):
            table = self._grow(min(table.first_year, first.year - 1), max(table.last_year, last.year + 1))
        return table

    def _extended(self, table: _Table, *, backwards: bool = False) -> _Table:
        """A table twice as long, so that all growing together costs no more than the last."""
        first, last = table.first_year, table.last_year
        if (first <= FIRST_YEAR) if backwards else (last >= LAST_YEAR):
            raise ValueError(f"calendar {self.name} is not open for so long between {FIRST_YEAR} and {LAST_YEAR}")
        if backwards:
            return self._grow(max(FIRST_YEAR, 2 * first - last - 1), last)
        return self._grow(first, min(LAST_YEAR, 2 * last - first + 1))

    def _grow(self, first_year: int, last_year: int) -> _Table:
        table = _Table(self, first_year, last_year)
        # A cache, not state: threads that grow it at once waste work and nothing else.
        object.__setattr__(self, "_table", table)
        return table

    def windows_of(self, day: date) -> Iterator[Window]:
        """The open stretches of one date of the calendar's zone, in order."""
        at, end = instant(self.zone, day, 0), instant(self.zone, day, MINUTES_OF_A_DAY)
        if day in self.exceptions:
            name, minutes = self.exceptions[day]
            yield from self._open(day, minutes, at, end, name)
            return
        title, week = self._week_of(day)
        weekly = week[day.weekday()]
        for begin, until, name in self._holidays_near(day):
            if begin < end and until > at:
                yield from self._open(day, weekly, at, begin, title)
                yield from self._open(day, self.holiday_windows, max(at, begin), min(until, end), name)
                at = until
        yield from self._open(day, weekly, at, end, title)

    def _week_of(self, day: date) -> tuple[str | None, tuple[Minutes, ...]]:
        for other in reversed(self.other_weeks):
            if other.first <= day and (other.last is None or day <= other.last):
                return other.name, other.week
        return None, self.week

    def _open(
        self, day: date, minutes: Minutes, begin: datetime, until: datetime, name: str | None
    ) -> Iterator[Window]:
        """The windows of a day as far as they lie between two moments."""
        for opens, closes in minutes:
            opens_at = max(begin, instant(self.zone, day, opens))
            closes_at = min(until, instant(self.zone, day, closes))
            if opens_at < closes_at:
                yield Window(opens_at, closes_at, name)

    def _holidays_near(self, day: date) -> Iterator[tuple[datetime, datetime, str]]:
        """The holidays, in order, that can touch this day of the calendar, whatever their zone."""
        if not self.holidays:
            return
        reach = range(1) if self.holiday_zone is self.zone else range(-2, 3)
        for near in (day + offset * DAY for offset in reach):
            if name := self.holidays.get(near):
                zone = self.holiday_zone
                yield instant(zone, near, 0), instant(zone, near, MINUTES_OF_A_DAY), name


class _Table:
    """The windows of some years, each with the open time before it. Never changed once built."""

    def __init__(self, calendar: Calendar, first_year: int, last_year: int) -> None:
        first, last = date(first_year, 1, 1), date(last_year + 1, 1, 1)
        self.first_year, self.last_year = first_year, last_year
        self.begins_at, self.ends_at = instant(calendar.zone, first, 0), instant(calendar.zone, last, 0)
        days = (first + number * DAY for number in range((last - first).days))
        self.windows = [window for day in days for window in calendar.windows_of(day)]
        self.opens = [window.opens_at for window in self.windows]
        self.closes = [window.closes_at for window in self.windows]
        lengths = (window.closes_at - window.opens_at for window in self.windows)
        self.before = list(accumulate(lengths, initial=NOTHING))  # one longer: the last is the sum

    def counted(self, moment: datetime) -> timedelta:
        """The open time of the table before a moment."""
        at = bisect_right(self.closes, moment)
        if at < len(self.opens) and self.opens[at] < moment:
            return self.before[at] + (moment - self.opens[at])
        return self.before[at]

    def due(self, start: datetime, duration: timedelta, stops: Iterable[Interval]) -> datetime | None:
        """See `Calendar.add`; None: the table is too short."""
        counted = self.counted(start)
        goal = counted + duration
        for begin, until in stops:
            if until <= start:
                continue
            stopped, resumed = self.counted(begin), self.counted(until)
            if stopped <= counted:  # nothing is counted before this pause, so the clock starts after it
                start, counted, goal = until, resumed, resumed + duration
            elif stopped < goal:
                goal += resumed - stopped
            else:
                break
        at = bisect_left(self.before, goal, lo=bisect_right(self.closes, start) + 1) - 1
        return self.opens[at] + (goal - self.before[at]) if at < len(self.opens) else None

    def latest_start(self, due: datetime, duration: timedelta) -> datetime | None:
        """See `Calendar.latest_start`; None: the table is too short."""
        goal = self.counted(due) - duration
        if goal < NOTHING:
            return None
        at = bisect_right(self.before, goal) - 1
        return min(due, self.opens[at] + (goal - self.before[at])) if at < len(self.opens) else due

    def between(self, start: datetime, end: datetime) -> Sequence[Window]:
        """The windows that have a moment in common with an interval."""
        return self.windows[bisect_right(self.closes, start) : bisect_left(self.opens, end)]


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no zone: add an offset, such as +02:00 or Z")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{moment.isoformat()} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment.astimezone(UTC)


def _week(calendar: str, week: Mapping[str, Sequence[str]]) -> tuple[Minutes, ...]:
    if unknown := set(week) - set(WEEKDAYS):
        raise ValueError(f"calendar {calendar}: {min(unknown)!r} is no day; write {', '.join(WEEKDAYS)}")
    return tuple(minutes_of(week.get(day, ())) for day in WEEKDAYS)


def _check(duration: timedelta) -> None:
    if duration < NOTHING:
        raise ValueError("a duration cannot be negative")


def _merged(pauses: Sequence[Interval]) -> tuple[Interval, ...]:
    """Pauses in UTC and in order; those that touch or overlap become one."""
    merged: list[Interval] = []
    for begin, until in sorted((_utc(begin), _utc(until)) for begin, until in pauses):
        if until < begin:
            raise ValueError(f"a pause ends at {until.isoformat()}, before it begins")
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((begin, until))
    return tuple(merged)
