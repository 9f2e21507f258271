"""Facts that are told by numbers and dates: versions, browsers, ages, counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

Figure = tuple[str, str, str]
"""Fact, value, and the words that showed it."""

JUST_UPGRADED = timedelta(hours=48)
"""How long an upgrade counts as "just did": a reading, the document gives no period (HS-A7)."""

BACKUPS_REACH_BACK = 28
"""Days: the oldest restore point that four weeks of backups can have (HN-A13)."""

OLDEST_SUPPORTED = (2, 4)
"""The lowest H-Sphere version that is supported (h-sphere.version.minimum)."""

OLDEST_BROWSERS = {
    "chrome": (5,),
    "firefox": (3, 5),
    "safari": (3,),
    "internet explorer": (10,),
    "ie": (10,),
    "opera": (0,),
}
"""The lowest supported versions (luxcloud.browsers.*, as of October 2015); no minimum is stated for Opera."""


def read(said: str, received_at: datetime) -> Iterator[Figure]:
    """Every such fact in a plain text that was received at a moment."""
    yield from _versions(said)
    yield from _browsers(said)
    yield from _backup_age(said, received_at)
    yield from _dated_upgrade(said, received_at)
    yield from _numbers_for_prices(said)


_PRODUCT_VERSION = re.compile(
    r"(?:h-?sphere|hsphere|panel|control panel|versions?|versie|running|run|draai\w*|on|upgraded? from|installed)"
    r"\s*(?:is |version |versie |v\.? ?|release |: ?|still |on |nog )*(\d+(?:\.\d+)+)(?=[^\d.%]|\.?$|\. )"
)


def _versions(said: str) -> Iterator[Figure]:
    for match in _PRODUCT_VERSION.finditer(said):
        version = numbers(match[1])
        if version[0] == OLDEST_SUPPORTED[0]:  # other software has other numbers
            yield ("product-version", "supported" if version >= OLDEST_SUPPORTED else "too-old", match[0])
            return


def numbers(version: str) -> tuple[int, ...]:
    """The parts of a version as numbers, so that 2.10 comes after 2.4."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


_BROWSER = re.compile(
    r"\b(chrome|firefox|safari|internet explorer|ie|opera)\s*(?:version |versie |v)?(\d+(?:\.\d+)*)?\b"
)
_UNLISTED_BROWSER = re.compile(r"\b(?:microsoft edge|edge|brave|samsung internet|vivaldi|konqueror)\b")


def _browsers(said: str) -> Iterator[Figure]:
    match = _BROWSER.search(said)
    if match and match[2]:
        too_old = numbers(match[2]) < OLDEST_BROWSERS[match[1]]
        yield ("browser", "too-old" if too_old else "listed", match[0])
    elif not match and (unlisted := _UNLISTED_BROWSER.search(said)):
        yield ("browser", "not-listed", unlisted[0])


_SMALL = {
    name: number
    for number, names in enumerate(
        (
            "two twee",
            "three drie",
            "four vier",
            "five vijf",
            "six zes",
            "seven zeven",
            "eight acht",
            "nine negen",
            "ten tien",
        ),
        start=2,
    )
    for name in names.split()
}
_COUNT = rf"(\d{{1,3}}|{'|'.join(_SMALL)})"
_AGO = re.compile(rf"\b{_COUNT} (days?|weeks?|months?|dagen|weken|maanden) (?:ago|old|geleden|oud)\b")
_DAYS = {"d": 1, "w": 7, "m": 30}
_UPGRADED_HOURS_AGO = re.compile(rf"upgrad(?:(?!\. )[^;]){{0,60}}\b{_COUNT} (?:hours|uur|uren) (?:ago|geleden)\b")
_DATE = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)(?:[t ](\d\d):(\d\d)(?::\d\d)?(z|[+-]\d\d:?\d\d)?)?")


_OF_A_BACKUP = re.compile(
    r"back-? ?ups?\b|restor|terug ?(?:te )?(?:zet|plaats|haal)|\b(?:put|get|bring|roll)\w* (?:\w+ ){0,3}back\b"
)


def _backup_age(said: str, received_at: datetime) -> Iterator[Figure]:
    if not _OF_A_BACKUP.search(said):
        return
    for match in _AGO.finditer(said):
        count = _SMALL.get(match[1]) or int(match[1])
        days = count * _DAYS[match[2][0]]
        yield ("backup-age", "too-old" if days > BACKUPS_REACH_BACK else "kept", match[0])
        return
    for match in _DATE.finditer(said):
        if moment := _moment(match):
            days = (received_at - moment).days
            yield ("backup-age", "too-old" if days > BACKUPS_REACH_BACK else "kept", match[0])
            return


def _dated_upgrade(said: str, received_at: datetime) -> Iterator[Figure]:
    if "upgrad" not in said:
        return
    if match := _UPGRADED_HOURS_AGO.search(said):
        since = timedelta(hours=_SMALL.get(match[1]) or int(match[1]))
        yield ("just-upgraded", "yes" if since <= JUST_UPGRADED else "no", match[0])
        return
    for match in _DATE.finditer(said):
        if moment := _moment(match):
            since = received_at - moment
            recent = timedelta(0) <= since <= JUST_UPGRADED
            yield ("just-upgraded", "yes" if recent else "no", match[0])
            return


def _moment(match: re.Match[str]) -> datetime | None:
    """A date with or without a time in a note; UTC where no zone is written, None for a date that does not exist."""
    year, month, day, hour, minute, zone = match.groups()
    written = f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:00{(zone or '+00:00').upper()}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError:
        return None


_SERVER_COUNT = re.compile(rf"\b{_COUNT} (?:h-?sphere )?(?:servers|boxes|machines)\b")
_LICENCE_FEES = re.compile(r"licen[cs]\w*[^.$]{0,40}(?:usd|\$)\s?(\d[\d,]*)|(?:usd|\$)\s?(\d[\d,]*)[^.]{0,30}licen[cs]")
_SUPPORT_YEAR = re.compile(
    r"\b(first|second|third|fourth|eerste|tweede|derde|vierde) (?:support )?(?:year|jaar)|\byear (\d+)\b"
)
_ORDINALS = {"first": 1, "eerste": 1, "second": 2, "tweede": 2, "third": 3, "derde": 3, "fourth": 4, "vierde": 4}


def _numbers_for_prices(said: str) -> Iterator[Figure]:
    if match := _SERVER_COUNT.search(said):
        yield ("servers", str(_SMALL.get(match[1]) or int(match[1])), match[0])
    if match := _LICENCE_FEES.search(said):
        yield ("licence-fees", (match[1] or match[2]).replace(",", ""), match[0])
    if match := _SUPPORT_YEAR.search(said):
        yield ("support-year", match[2] or str(_ORDINALS[match[1]]), match[0])
