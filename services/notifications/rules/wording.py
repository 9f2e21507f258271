"""Times, opening hours, money and lists as a customer reads them, in English and Dutch."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from shared.money import Money

LANGUAGES = ("en", "nl")
WIDTH = 76
"""Columns of a letter: RFC 5322 2.1.1 advises 78 with the line break, and a quoted line grows by two."""

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
}
MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ),
}  # fmt: skip
UNITS = {
    "job": {"en": "per job", "nl": "per opdracht"},
    "hour": {"en": "per hour", "nl": "per uur"},
    "started-hour": {"en": "per started hour", "nl": "per begonnen uur"},
    "month": {"en": "per month", "nl": "per maand"},
    "year": {"en": "per year", "nl": "per jaar"},
}


def language(wished: str) -> str:
    """The language of a letter: Dutch to Dutch, English to everybody else."""
    return wished if wished in LANGUAGES else "en"


def civil_time(moment: datetime, zone: str, lang: str) -> str:
    """An aware moment with its weekday and the zone's name: `Friday 5 June 2026, 18:00 (CEST, Europe/Amsterdam)`."""
    local = moment.astimezone(ZoneInfo(zone))
    day = f"{DAYS[lang][local.weekday()]} {local.day} {MONTHS[lang][local.month - 1]} {local.year}"
    short = local.tzname() or ""
    name = f"{short}, {zone}" if short.isalpha() and short != zone else zone
    return f"{day}, {local:%H:%M} ({name})"


def money(amount: Money, lang: str) -> str:
    """An amount with two decimals: `EUR 1,250.00` in English, `EUR 1.250,00` in Dutch."""
    figure = f"{amount.amount:,.2f}"
    if lang == "nl":
        figure = figure.translate(str.maketrans(",.", ".,"))
    return f"{amount.currency} {figure}"


def unit(name: str, lang: str) -> str:
    """What a price is for; a unit this house has no word for stays as the policy pack writes it."""
    return UNITS.get(name, {}).get(lang, name)


def opening_hours(week: Mapping[str, Sequence[str]], lang: str) -> list[str]:
    """A week as lines, neighbouring days with equal windows together: `Monday to Friday 08:00-18:00`."""
    to = "to" if lang == "en" else "tot en met"
    also = "and" if lang == "en" else "en"
    lines = []
    for windows, days in groupby(enumerate(WEEK), key=lambda day: tuple(week.get(day[1], ()))):
        if not windows:
            continue
        numbers = [number for number, _ in days]
        first, last = DAYS[lang][numbers[0]], DAYS[lang][numbers[-1]]
        span = first if len(numbers) == 1 else f"{first} {to} {last}"
        lines.append(f"{span} {f' {also} '.join(windows)}")
    return lines


def wrapped(text: str) -> str:
    """A letter's text in lines of at most WIDTH columns; a continued line keeps its quote mark or indent."""
    return "\n".join(line for raw in text.splitlines() for line in _wrapped_line(raw.rstrip())).strip() + "\n"


def _wrapped_line(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    body = line.lstrip(" >")
    margin = line[: len(line) - len(body)]
    hanging = margin + "  " if body.startswith("- ") else margin
    return textwrap.wrap(
        body,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [line]
