"""Opening hours and lines of a letter as a customer reads them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby

from shared.wording import DAYS

WIDTH = 76
"""Columns of a letter: RFC 5322 2.1.1 advises 78 with the line break, and a quoted line grows by two."""

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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
