"""Facts that are told by numbers and dates: versions, browsers, ages, counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from services.scope.rules.dates import COUNT, SMALL, WRITTEN, moment
from services.scope.rules.upgrades import just_upgraded

Figure = tuple[str, str, str]
"""Fact, value, and the words that showed it."""

BACKUPS_REACH_BACK = 28
"""Days: the oldest restore point that four weeks of backups can have (HN-A13)."""

UNJUSTIFIED_MARKS = 3
"""How many unjustified marks "emergency" are too many: a reading, the document only says "too often" (HS-A5)."""

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
    if upgraded := just_upgraded(said, received_at):
        recently, words = upgraded
        yield ("just-upgraded", "yes" if recently else "no", words)
    yield from _numbers_for_prices(said, received_at)
    yield from _marks(said)


_PRODUCT_VERSION = re.compile(
    r"\b(?<!since )(?<!sinds )(?:h-?sphere|hsphere|panel|control panel|versions?|versie|running|run|draai\w*|on|"
    r"upgraded? from|installed)"
    r"\s*(?:is |version |versie |v\.? ?|release |: ?|still |on |nog )*(\d+(?:\.\d+)+)(?=[^\d.%]|\.?$|\. )"
    r"|\b(2(?:\.\d+)+) (?:box(?:es)?|servers?|machines?|install\w*|systems?|systemen|panels?|paneel)\b"
)


def _versions(said: str) -> Iterator[Figure]:
    for match in _PRODUCT_VERSION.finditer(said):
        version = numbers(match[1] or match[2])
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


_AGO = re.compile(rf"\b{COUNT} (days?|weeks?|months?|dagen|weken|maanden) (?:ago|old|geleden|oud)\b")
_DAYS = {"d": 1, "w": 7, "m": 30}
_OF_A_BACKUP = re.compile(
    r"back-? ?ups?\b|restor|terug ?(?:te )?(?:zet|plaats|haal)|\b(?:zet|plaats|haal)\w* (?:\w+ ){1,5}terug\b"
    r"|\b(?:put|get|bring|roll)\w* (?:\w+ ){0,3}back\b"
)


def _backup_age(said: str, received_at: datetime) -> Iterator[Figure]:
    if not _OF_A_BACKUP.search(said):
        return
    for match in _AGO.finditer(said):
        count = SMALL.get(match[1]) or int(match[1])
        days = count * _DAYS[match[2][0]]
        yield ("backup-age", "too-old" if days > BACKUPS_REACH_BACK else "kept", match[0])
        return
    for match in WRITTEN.finditer(said):
        if written := moment(match):
            days = (received_at - written).days
            yield ("backup-age", "too-old" if days > BACKUPS_REACH_BACK else "kept", match[0])
            return


_SERVER_COUNT = re.compile(rf"\b{COUNT} (?:h-?sphere )?(?:servers|boxes|machines)\b")
_LICENCE_FEES = re.compile(
    r"licen[cs]\w*[^.$]{0,40}(?:usd|\$)\s?(\d[\d,]*)|(?:usd|\$)\s?(\d[\d,]*)[^.]{0,30}licen[cs]"
    r"|licen[cs]\w* (?:\w+ )?(?:for|worth|of|at|voor|van) (?!(?:19|20)\d\d\b)(\d[\d,]{2,})\b"
)
_MORE_FEES = re.compile(r"\b(?:another|further|additional|extra|nog eens|nog) (?:usd|\$)?\s?(\d[\d,]{2,})\b")
_ORDINALS = {"first": 1, "eerste": 1, "second": 2, "tweede": 2, "third": 3, "derde": 3, "fourth": 4, "vierde": 4}
_SUPPORT_YEAR = re.compile(
    r"(\b(?:after|na) (?:\w+ )?)?"
    rf"\b(?:({'|'.join(_ORDINALS)}) (?:\w+ )?(?:year|jaar)|year (\d+))\b"
    r"(?=( (?:\w+ )?(?:ends?|ended|is over|runs out|expires?|loopt af|is voorbij)\b)?)"
)
_LICENCE_BOUGHT = re.compile(r"licen[cs]es? (?:purchased|bought|gekocht) (?=20\d\d-)")


def _numbers_for_prices(said: str, received_at: datetime) -> Iterator[Figure]:
    if match := _SERVER_COUNT.search(said):
        yield ("servers", str(SMALL.get(match[1]) or int(match[1])), match[0])
    if match := _LICENCE_FEES.search(said):
        later = [more for more in _MORE_FEES.finditer(said) if more.start() >= match.end()]
        fees = [match[1] or match[2] or match[3], *(more[1] for more in later)]
        total = sum(int(fee.replace(",", "")) for fee in fees)
        yield ("licence-fees", str(total), " \u2026 ".join([match[0], *(more[0] for more in later)]))
    yield from _support_year(said, received_at)


def _support_year(said: str, received_at: datetime) -> Iterator[Figure]:
    """Which year of support it is about: told, or counted from the purchase of the licence (HS-A9)."""
    if match := _SUPPORT_YEAR.search(said):
        after, ordinal, number, ends = match.groups()
        year = int(number or _ORDINALS[ordinal])
        yield ("support-year", str(year + 1 if after or ends else year), match[0])
    elif bought := _LICENCE_BOUGHT.search(said):
        date = WRITTEN.match(said, bought.end())
        if date and (written := moment(date)) and written <= received_at:
            yield ("support-year", str((received_at - written).days // 365 + 1), bought[0] + date[0])


_MARKS = re.compile(
    rf"\b{COUNT} (?:unjustified )?[^.;\d]{{0,40}}\b(?:emergency|server down)\b"
    rf"|\b(?:emergency|server down)\b[^.;\d]{{0,40}}\b{COUNT} (?:times|tickets|marks|keer)\b"
)
_UNJUSTIFIED = re.compile(
    r"\b(?:unjustified|none (?:\w+ )?justified|not justified|about single accounts|without (?:need|reason)|"
    r"onterecht|zonder reden)\b"
)


def _marks(said: str) -> Iterator[Figure]:
    """Whether a customer marked too many tickets as an emergency without reason, as a note counts them."""
    if (match := _MARKS.search(said)) and _UNJUSTIFIED.search(said):
        number = match[1] or match[2]
        count = SMALL.get(number) or int(number)
        yield ("marked-too-often", "yes" if count >= UNJUSTIFIED_MARKS else "no", match[0])
