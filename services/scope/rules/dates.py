"""Dates, spans of time and counts as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
"""What H-Sphere calls EST: the clock in New York, daylight time in summer (HS-A1)."""


def _numbered(*names: str, start: int = 0) -> dict[str, int]:
    return {name: number for number, both in enumerate(names, start) for name in both.split()}


SMALL = _numbered(
    "two twee",
    "three drie",
    "four vier",
    "five vijf",
    "six zes",
    "seven zeven",
    "eight acht",
    "nine negen",
    "ten tien",
    start=2,
)
COUNT = rf"(\d{{1,3}}|{'|'.join(SMALL)})"

_VAGUE = {"a": 1, "an": 1, "one": 1, "een": 1, "few": 3, "several": 3, "some": 3, "paar": 3, "enkele": 3}
_HOURS = {"h": 1, "u": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24, "j": 365 * 24}
_UNITS = "hour|day|week|month|year|uur|uren|dag|wek|maand|jaar|jaren"
SPAN = rf"(\d{{1,3}}|{'|'.join((*SMALL, *_VAGUE))}) ({_UNITS})\w*"
"""Two groups: a count and its unit, which `span` takes."""


def span(count: str, unit: str) -> timedelta:
    """How long that is; months of 30 days, and "a few" are three."""
    return timedelta(hours=(_VAGUE.get(count) or SMALL.get(count) or int(count)) * _HOURS[unit[0]])


WRITTEN = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?:[t ](\d\d):(\d\d)(?::\d\d)?(z|[+-]\d\d:?\d\d| e[sd]?t\b)?)?")


def moment(match: re.Match[str]) -> datetime | None:
    """A written date with or without a time; UTC where no zone is written, None for a date that does not exist."""
    year, month, day, hour, minute, zone = match.groups()
    eastern = bool(zone) and zone.startswith(" ")
    offset = "" if eastern else (zone or "+00:00").upper()
    try:
        written = datetime.fromisoformat(f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:00{offset}")
        return (written.replace(tzinfo=EASTERN) if eastern else written).astimezone(UTC)
    except ValueError:
        return None


_WEEKDAYS = _numbered(
    "monday maandag",
    "tuesday dinsdag",
    "wednesday woensdag",
    "thursday donderdag",
    "friday vrijdag",
    "saturday zaterdag",
    "sunday zondag",
)
_BACK = {
    **dict.fromkeys(("the day before yesterday", "eergisteren"), 2),
    **dict.fromkeys(("yesterday", "last night", "gisteren", "gisteravond"), 1),
    **dict.fromkeys(("today", "tonight", "this morning", "this afternoon"), 0),
    **dict.fromkeys(("vandaag", "vannacht", "vanochtend", "vanmorgen", "vanmiddag"), 0),
}
DAY = rf"({'|'.join((*_WEEKDAYS, *_BACK))})"
"""One group: a day of the last week by its name, which `days_back` takes."""


def days_back(name: str, today: date) -> int:
    """How many days ago that was."""
    return _BACK[name] if name in _BACK else (today.weekday() - _WEEKDAYS[name]) % 7


_MONTHS = _numbered(
    "january januari",
    "february februari",
    "march maart",
    "april",
    "may mei",
    "june juni",
    "july juli",
    "august augustus",
    "september",
    "october oktober",
    "november",
    "december",
    start=1,
)
_MONTH = rf"({'|'.join(_MONTHS)})"
MONTH_AND_DAY = (
    rf"(?:(?:(?:on|op|of|van) )?(?:the |de )?\b(\d{{1,2}})(?:st|nd|rd|th|e)?(?: of)? {_MONTH}"
    rf"|(?:on )?{_MONTH} (\d{{1,2}})|(?:in|last|vorige) {_MONTH})\b"
)
"""Five groups: day and month, month and day, or a month alone, which `latest` takes."""


def latest(groups: tuple[str | None, ...], today: date) -> date | None:
    """The last such day that is not after today; of a month alone its end, and None within that month."""
    day_first, of_month, month_named, day_after, alone = groups
    month, day = _MONTHS[of_month or month_named or alone or ""], int(day_first or day_after or 0)
    if not day and month == today.month:
        return None
    try:
        year = today.year - ((month, day) > (today.month, today.day))
        return date(year, month, day) if day else date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    except ValueError:
        return None
