"""What people once decided about requests like this one, by the words that two requests share.

Only for people to look at: a precedent never changes a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

from services.scope.rules.language import SMALL_WORDS
from services.scope.rules.words import plain, words
from shared.vocabulary import Precedent

MOST = 3
"""How many are shown."""

FAINTEST = 0.2
"""Below this two requests only happen to share some words."""

SAME_TOPIC = 0.25
"""What the same topic adds: the same wish in another language shares hardly a word."""

LETTERS = 4
_SMALL = SMALL_WORDS["en"] | SMALL_WORDS["nl"]


def likeness(one: str, other: str) -> float:
    """How much two texts have in common, from 0 to 1: the cosine of their telling words and groups of letters."""
    first, second = _features(one), _features(other)
    if not first or not second:
        return 0.0
    return len(first & second) / math.sqrt(len(first) * len(second))


def nearest(
    ticket_id: str, text: str, topic: str | None, known: Iterable[tuple[str, Precedent]]
) -> tuple[Precedent, ...]:
    """The precedents that are most like a request, best first, and never its own.

    `known` are precedents with the words of their own requests.
    """
    ranked = sorted(
        (_weighed(text, topic, told, precedent) for told, precedent in known if precedent.ticket_id != ticket_id),
        key=lambda precedent: (-precedent.likeness, precedent.ticket_id),
    )
    return tuple(precedent for precedent in ranked if precedent.likeness >= FAINTEST)[:MOST]


def _weighed(text: str, topic: str | None, told: str, precedent: Precedent) -> Precedent:
    extra = SAME_TOPIC if topic is not None and topic == precedent.topic else 0.0
    return precedent.model_copy(update={"likeness": round(min(1.0, likeness(text, told) + extra), 3)})


@lru_cache(maxsize=2_000)
def _features(text: str) -> frozenset[str]:
    return frozenset(feature for word in words(plain(text)) if word not in _SMALL for feature in _of_word(word))


def _of_word(word: str) -> Iterator[str]:
    yield word
    framed = f"_{word}_"
    yield from (f"~{framed[at : at + LETTERS]}" for at in range(len(framed) - LETTERS + 1))
