"""What a message is about: compared with the examples and phrases of the packs.

Two readings are added up. A message is compared with the middle of each topic's *examples* and with the nearest single
one. The *phrases* are counted, a phrase that several topics use for less.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from services.scope.rules.likeness import STOP_WORDS, Keep, Likeness, anew
from services.scope.rules.words import plain, words
from shared.policies.topics import Topic

_EVERYWHERE = """
    help problem problems issue issues work works working broken again wrong something stuff know mean need question hi
    urgent asap regards best helpen probleem problemen mis iets werkt werken kapot weer vraag goedemiddag goedemorgen
    groet groeten vriendelijke fout error
"""
ABOUT_NOTHING = frozenset(_EVERYWHERE.split())
"""Words that every kind of request may have."""
SAYS_NOTHING = STOP_WORDS | ABOUT_NOTHING

FEWEST_TELLING_WORDS = 2
ONE_PHRASE = 0.5
MOST_TELLING = 5
LONGEST_PHRASE = 5

MIDDLE, NEAREST, CONTRAST, PHRASES = 7.5, 6.0, 0.85, 0.2
"""What the comparisons weigh, before the exponential: measured, and rather too little than too much, so that a topic
that is nearly as likely still votes."""

SHORT = 3
"""Words of a message for which a phrase counts double: in few words a phrase says more than likeness does."""


@dataclass(frozen=True)
class Ranked:
    """A topic with its share of the belief, and the phrases that pointed at it."""

    topic: str
    probability: float
    phrases: tuple[str, ...]


class TopicIndex:
    """The topics of the packs, prepared for comparison. Built once per process."""

    def __init__(self, topics: Mapping[str, Topic], keep: Keep = anew) -> None:
        self._examples = Likeness(keep("topics", lambda: Likeness.prepare(_labelled(topics))))
        self._names = tuple(topics)
        self._place = {name: at for at, name in enumerate(self._examples.groups)}
        self._phrases = _PhraseBook(topics)

    def rank(self, text: str, prior: Mapping[str, float] | None = None) -> list[Ranked]:
        """The topics, likeliest first; probabilities add up to one. `prior` weighs topics (1 when left out)."""
        found = words(plain(text))
        middle, nearest, contrast = self._examples.of(found)
        points, hits = self._phrases.points(found)
        a_phrase = PHRASES * (1 + SHORT / max(len(found), 1))
        alike = (MIDDLE * middle + NEAREST * nearest + CONTRAST * (contrast - contrast.mean())).tolist()
        scores = np.array(
            [
                (alike[self._place[name]] if name in self._place else 0.0)
                + a_phrase * points.get(name, 0.0)
                + math.log((prior or {}).get(name, 1.0))
                for name in self._names
            ]
        )
        weights = np.exp(scores - scores.max())
        shares = (weights / weights.sum()).tolist()
        ranked = (
            Ranked(name, share, tuple(hits.get(name, ()))) for name, share in zip(self._names, shares, strict=True)
        )
        return sorted(ranked, key=lambda one: -one.probability)

    def telling(self, text: str, topic: str) -> tuple[str, ...]:
        """The words of a text that speak most for a topic."""
        return self._examples.telling(words(plain(text)), topic, MOST_TELLING)

    def says_little(self, text: str) -> bool:
        """Whether a message has no phrase of any topic and at most one known word that is about anything."""
        found = words(plain(text))
        telling = {word for word in found if word not in SAYS_NOTHING and word in self._examples}
        if len(telling) >= FEWEST_TELLING_WORDS:
            return False
        points, _ = self._phrases.points(found)
        return max(points.values(), default=0.0) < ONE_PHRASE


PhraseOwners = dict[str, float]


class _PhraseBook:
    """Phrases by their words; of those with any ending, how long the beginning of the last word is."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._whole: dict[tuple[str, ...], PhraseOwners] = defaultdict(dict)
        self._open_ended: dict[tuple[str, ...], PhraseOwners] = defaultdict(dict)
        for name, topic in topics.items():
            for phrases in topic.phrases.values():
                for phrase, weight in phrases.weighted():
                    book = self._open_ended if phrase.endswith("*") else self._whole
                    owners = book[tuple(words(plain(phrase.removesuffix("*"))))]
                    owners[name] = max(weight, owners.get(name, 0.0))
        self._endings: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for *fixed, beginning in self._open_ended:
            self._endings[tuple(fixed)].add(len(beginning))

    def points(self, found: list[str]) -> tuple[dict[str, float], dict[str, list[str]]]:
        """Points per topic and the phrases that gave them, each phrase counted once; a shared phrase gives less."""
        points: dict[str, float] = defaultdict(float)
        hits: dict[str, list[str]] = defaultdict(list)
        for key, topics in dict(self._matches(found)).items():
            share = 1 / math.sqrt(len(topics))
            for name, weight in topics.items():
                points[name] += weight * share
                hits[name].append(" ".join(key))
        return points, hits

    def _matches(self, found: list[str]) -> Iterator[tuple[tuple[str, ...], PhraseOwners]]:
        for at in range(len(found)):
            for length in range(1, min(LONGEST_PHRASE, len(found) - at) + 1):
                key = tuple(found[at : at + length])
                if topics := self._whole.get(key):
                    yield key, topics
                *fixed, last = key
                for size in self._endings.get(tuple(fixed), ()):
                    if topics := self._open_ended.get((*fixed, last[:size])):
                        yield (*fixed, last[:size]), topics


def _labelled(topics: Mapping[str, Topic]) -> Iterator[tuple[str, str, list[str]]]:
    for name, language, text in _sentences(topics):
        yield name, language, words(plain(text))


def _sentences(topics: Mapping[str, Topic]) -> Iterator[tuple[str, str, str]]:
    """Topic, language and text of everything there is to learn from."""
    for name, topic in topics.items():
        for language, examples in topic.examples.items():
            yield from ((name, language, text) for text in examples)
            if phrases := topic.phrases.get(language):
                yield name, language, " ".join(phrases.strong).replace("*", "")
        yield from ((meant, "counter", text) for text, meant in topic.counter_examples.items())
