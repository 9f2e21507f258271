"""Civil time: what the clocks of a zone show, and the UTC moments at which they show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

MINUTES_OF_A_DAY = 1440

Minutes = tuple[tuple[int, int], ...]
"""The windows of a day in minutes since its civil midnight; 1440 is its end."""

NO_OFFSET = timedelta()


def moment(written: Any) -> datetime:
    """A moment as ISO 8601 writes it, with its offset; ValueError for anything else, and for a time without a zone.

    A bare number is no moment: it could be seconds, milliseconds or a date.
    """
    if isinstance(written, str):
        try:
            written = datetime.fromisoformat(written)
        except ValueError:
            raise ValueError(f"{written[:40]!r} is no time; write 2026-03-27T17:30:00+01:00") from None
    if not isinstance(written, datetime):
        raise ValueError("a time is text, such as 2026-03-27T17:30:00+01:00")  # noqa: TRY004 (pydantic expects it)
    if written.utcoffset() is None:
        raise ValueError(f"{written.isoformat()} has no zone: add an offset, such as +02:00 or Z")
    return written


Moment = Annotated[datetime, BeforeValidator(moment)]
"""A field of a model that people or other programs write: a time with its zone."""


def zone_named(key: str) -> ZoneInfo:
    """The zone of a name of the IANA database; ValueError when there is none."""
    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{key!r} is no time zone; write a name such as Europe/Amsterdam") from error


def minutes_of(windows: Sequence[str]) -> Minutes:
    """Read windows such as "08:00-18:00"; ValueError unless each is well written and they stand in order and apart."""
    minutes: list[tuple[int, int]] = []
    for window in windows:
        match = re.fullmatch(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", window)
        if not match:
            raise ValueError(f"{window!r} is no window; write it as 08:00-18:00")
        hour, minute, end_hour, end_minute = map(int, match.groups())
        minutes.append((60 * hour + minute, 60 * end_hour + end_minute))
        if minutes[-1][0] >= minutes[-1][1]:
            raise ValueError(f"{window!r} ends before it begins; a window past midnight is two, on two days")
        if minutes[-1][1] > MINUTES_OF_A_DAY:
            raise ValueError(f"{window!r} ends after 24:00")
    if any(following[0] < earlier[1] for earlier, following in pairwise(minutes)):
        raise ValueError(f"the windows {', '.join(windows)} overlap or are out of order")
    return tuple(minutes)


def instant(zone: ZoneInfo, day: date, minute: int, *, last: bool = False) -> datetime:
    """The UTC moment at which the clocks of a zone first (or, with `last`, last) show a civil time.

    A time that occurs twice means its first occurrence; one that is skipped means the moment of the skip.
    """
    civil = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    # In a gap, and only there, the offset read as "before the change" is the smaller one (PEP 495).
    if (civil.utcoffset() or NO_OFFSET) < (civil.replace(fold=1).utcoffset() or NO_OFFSET):
        return _end_of_skip(civil)
    return civil.replace(fold=int(last)).astimezone(UTC)


def _end_of_skip(civil: datetime) -> datetime:
    early, late = civil.replace(fold=1).astimezone(UTC), civil.astimezone(UTC)
    offset = early.astimezone(civil.tzinfo).utcoffset()
    second = timedelta(seconds=1)
    while late - early > second:
        middle = early + (late - early) // second // 2 * second
        if middle.astimezone(civil.tzinfo).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late
