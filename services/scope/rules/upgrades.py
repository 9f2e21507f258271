"""Whether the last upgrade of H-Sphere that a text dates was just done."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from services.scope.rules.dates import DAY, EASTERN, MONTH_AND_DAY, SPAN, WRITTEN, days_back, latest, moment, span

JUST_UPGRADED = timedelta(hours=48)
"""How long an upgrade counts as "just did": a reading, the document gives no period (HS-A7)."""

_UPGRADE = r"(?:(?:ge-?)?upgrad|\bh-?sphere (?:\w+ )?(?:ge-?)?(?:updat|bijgewerkt)|\bupdater\b|\bu2\d(?:\.\d+)?p\d+)"
"""An upgrade of H-Sphere, also as its update packages are named; other updates of a server are none."""

_NEAR = r"(?:(?!\. )[^;]){0,60}?"
_MENTIONED = re.compile(_UPGRADE)
_AGO = re.compile(
    rf"{_UPGRADE}{_NEAR}\b{SPAN} (?:ago|geleden)\b|\b{SPAN} (?:ago|geleden)\b{_NEAR}{_UPGRADE}"
    rf"|\b{SPAN} (?:after|na(?:dat)?) (?:\w+ ){{0,3}}{_UPGRADE}"
)
_ON_DATE = re.compile(rf"{_UPGRADE}{_NEAR}\b{MONTH_AND_DAY}")
_ON_DAY = re.compile(rf"{_UPGRADE}{_NEAR}\b{DAY}\b|\b(?<!next )(?<!until ){DAY} (?:\w+ ){{0,4}}{_UPGRADE}")
_NOT_DONE = re.compile(
    r"\b(?:will|wants?|plan\w*|going to|would like|should|must|please|(?:can|could) you|how do|schedul\w*|cancel\w*|"
    r"gaan|wil|willen|kunnen jullie|no|not|\w{2,8}n'?t|never|geen|niet|nooit)"
    rf" (?:\w+ ){{0,6}}{_UPGRADE}"
)
_BEFORE_IT_TOO = re.compile(
    rf"\b(?:all|whole|hele) (?:of )?(?:last|vorige|afgelopen) week\b|\b(?:before|voor) (?:the|our|de|onze) {_UPGRADE}"
)


def just_upgraded(said: str, received_at: datetime) -> tuple[bool, str] | None:
    """Whether it was at most 48 hours ago, and the words; None without a date.

    What is planned, refused or denied has no date, and neither has trouble that was there before: only trouble that
    began after the upgrade counts (HS-A7).
    """
    if not _MENTIONED.search(said):
        return None
    found = _ago(said) or _written(said, received_at)
    if not found and not _NOT_DONE.search(said) and not _BEFORE_IT_TOO.search(said):
        found = _named(said, received_at)
    if not found:
        return None
    since, words = found
    return timedelta(0) <= since <= JUST_UPGRADED, words


def _ago(said: str) -> tuple[timedelta, str] | None:
    if not (match := _AGO.search(said)):
        return None
    count, unit = (group for group in match.groups() if group)
    return span(count, unit), match[0]


def _written(said: str, received_at: datetime) -> tuple[timedelta, str] | None:
    found = ((moment(match), match[0]) for match in WRITTEN.finditer(said))
    return next(((received_at - then, words) for then, words in found if then), None)


def _named(said: str, received_at: datetime) -> tuple[timedelta, str] | None:
    """Counted in whole days: one that is two days back may still be 48 hours ago."""
    today = received_at.astimezone(EASTERN).date()
    if (match := _ON_DATE.search(said)) and (day := latest(match.groups(), today)):
        return today - day, match[0]
    if match := _ON_DAY.search(said):
        return timedelta(days=days_back(match[1] or match[2], today)), match[0]
    return None
