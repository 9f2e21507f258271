"""What a message is about: compared with the examples and phrases of the packs.

Two readings are added up. The *examples* are vectors of words, word pairs and letter groups, weighed by how rare they
are; a message is compared with the middle of each topic's examples and with the nearest single one. The *phrases* are
counted, a phrase that several topics use for less. Plain dictionaries: about a millisecond for a message.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from services.scope.rules.language import SMALL_WORDS
from services.scope.rules.words import plain, words
from shared.policies.topics import Topic

STOP_WORDS = SMALL_WORDS["en"] | SMALL_WORDS["nl"]
_EVERYWHERE = """
    help problem problems issue issues work works working broken again wrong something stuff know mean need question hi
    urgent asap regards best helpen probleem problemen mis iets werkt werken kapot weer vraag goedemiddag goedemorgen
    groet groeten vriendelijke fout error
"""
ABOUT_NOTHING = frozenset(_EVERYWHERE.split())
"""Words that every kind of request may have."""

FEWEST_TELLING_WORDS = 2
ONE_PHRASE = 0.5
LETTER_GROUPS = (4, 5)
LONGEST_PHRASE = 5

MIDDLE, NEAREST, PHRASES = 9.0, 7.0, 0.55
"""What the three comparisons weigh, before the exponential."""


@dataclass(frozen=True)
class Ranked:
    """A topic with its share of the belief, and the phrases that pointed at it."""

    topic: str
    probability: float
    phrases: tuple[str, ...]


class TopicIndex:
    """The topics of the packs, prepared for comparison. Built once per process."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._names = tuple(topics)
        self._phrases = _PhraseBook(topics)
        self._compare = _Examples(topics)

    def rank(self, text: str, prior: Mapping[str, float] | None = None) -> list[Ranked]:
        """The topics, likeliest first; probabilities add up to one. `prior` weighs topics (1 when left out)."""
        found = words(plain(text))
        middle, nearest = self._compare.likeness(found)
        points, hits = self._phrases.points(found)
        scores = {
            name: MIDDLE * middle.get(name, 0.0)
            + NEAREST * nearest.get(name, 0.0)
            + PHRASES * points.get(name, 0.0)
            + math.log((prior or {}).get(name, 1.0))
            for name in self._names
        }
        top = max(scores.values())
        weights = {name: math.exp(score - top) for name, score in scores.items()}
        total = sum(weights.values())
        ranked = (Ranked(name, weight / total, tuple(hits.get(name, ()))) for name, weight in weights.items())
        return sorted(ranked, key=lambda one: -one.probability)

    def says_little(self, text: str) -> bool:
        """Whether a message has no phrase of any topic and at most one known word that is about anything."""
        found = words(plain(text))
        points, _ = self._phrases.points(found)
        telling = {word for word in found if word not in STOP_WORDS | ABOUT_NOTHING and self._compare.knows(word)}
        return max(points.values(), default=0.0) < ONE_PHRASE and len(telling) < FEWEST_TELLING_WORDS


class _PhraseBook:
    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._whole: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        self._open_ended: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        for name, topic in topics.items():
            for phrases in topic.phrases.values():
                for phrase, weight in phrases.weighted():
                    key = tuple(words(plain(phrase.removesuffix("*"))))
                    book = self._open_ended if phrase.endswith("*") else self._whole
                    book[key][name] = max(weight, book[key].get(name, 0.0))
        self._prefixes = sorted({len(key) for key in self._open_ended})

    def points(self, found: list[str]) -> tuple[dict[str, float], dict[str, list[str]]]:
        """Points per topic and the phrases that gave them, each phrase counted once; a shared phrase gives less."""
        points: dict[str, float] = defaultdict(float)
        hits: dict[str, list[str]] = defaultdict(list)
        for key, topics in self._matches(found).items():
            share = 1 / math.sqrt(len(topics))
            for name, weight in topics.items():
                points[name] += weight * share
                hits[name].append(" ".join(key))
        return points, hits

    def _matches(self, found: list[str]) -> dict[tuple[str, ...], dict[str, float]]:
        matched: dict[tuple[str, ...], dict[str, float]] = {}
        for at in range(len(found)):
            for length in range(1, min(LONGEST_PHRASE, len(found) - at) + 1):
                key = tuple(found[at : at + length])
                if topics := self._whole.get(key):
                    matched[key] = topics
        for key, topics in self._open_ended.items():
            *fixed, last = key
            size = len(key)
            if any(
                found[at + size - 1].startswith(last) and found[at : at + size - 1] == fixed
                for at in range(len(found) - size + 1)
            ):
                matched[key] = topics
        return matched


Vector = dict[str, float]


class _Examples:
    def __init__(self, topics: Mapping[str, Topic]) -> None:
        labelled = list(_sentences(topics))
        counts = [Counter(_features(words(plain(text)))) for _, _, text in labelled]
        seen = Counter(feature for count in counts for feature in count)
        self._rarity = {feature: math.log((1 + len(counts)) / (1 + n)) + 1 for feature, n in seen.items()}
        self._owners: list[str] = []
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        middles: dict[tuple[str, str], Vector] = defaultdict(lambda: defaultdict(float))
        for at, ((name, language, _), count) in enumerate(zip(labelled, counts, strict=True)):
            self._owners.append(name)
            for feature, value in self._vector(count).items():
                self._postings[feature].append((at, value))
                middles[name, language][feature] += value
        self._middles: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._middle_owners = [name for name, _ in middles]
        for at, vector in enumerate(middles.values()):
            for feature, value in _unit(vector).items():
                self._middles[feature].append((at, value))

    def knows(self, word: str) -> bool:
        """Whether any example has this word."""
        return word in self._rarity

    def likeness(self, found: list[str]) -> tuple[dict[str, float], dict[str, float]]:
        """Cosine per topic with the middle of its examples (the best language), and with its nearest example."""
        vector = self._vector(Counter(_features(found)))
        return _best(vector, self._middles, self._middle_owners), _best(vector, self._postings, self._owners)

    def _vector(self, count: Counter[str]) -> Vector:
        return _unit({f: (1 + math.log(n)) * self._rarity[f] for f, n in count.items() if f in self._rarity})


def _sentences(topics: Mapping[str, Topic]) -> Iterator[tuple[str, str, str]]:
    """Topic, language and text of everything there is to learn from."""
    for name, topic in topics.items():
        for language, examples in topic.examples.items():
            yield from ((name, language, text) for text in examples)
            if phrases := topic.phrases.get(language):
                yield name, language, " ".join(phrases.strong).replace("*", "")
        yield from ((meant, "counter", text) for text, meant in topic.counter_examples.items())


def _features(found: list[str]) -> Iterator[str]:
    telling = [word for word in found if word not in STOP_WORDS]
    yield from telling
    yield from (f"{first} {second}" for first, second in pairwise(found))
    for word in telling:
        framed = f"_{word}_"
        for size in LETTER_GROUPS:
            yield from (f"~{framed[at : at + size]}" for at in range(len(framed) - size + 1))


def _unit(vector: Mapping[str, float]) -> Vector:
    length = math.sqrt(sum(value * value for value in vector.values())) or 1.0
    return {feature: value / length for feature, value in vector.items()}


def _best(vector: Vector, postings: Mapping[str, Iterable[tuple[int, float]]], owners: list[str]) -> dict[str, float]:
    sums: dict[int, float] = defaultdict(float)
    for feature, value in vector.items():
        for at, weight in postings.get(feature, ()):
            sums[at] += value * weight
    best: dict[str, float] = {}
    for at, cosine in sums.items():
        if cosine > best.get(owners[at], 0.0):
            best[owners[at]] = cosine
    return best
