"""What a message is about: compared with the examples and phrases of the packs.

Two readings are added up. A message is compared with the middle of each topic's *examples* and with the nearest single
one. The *phrases* are counted, a phrase that several topics use for less.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

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

MIDDLE, NEAREST, CONTRAST, PHRASES = 7.5, 6.0, 0.85, 0.2
"""What the comparisons weigh, before the exponential: measured, and rather too little than too much, so that a topic
that is nearly as likely still votes."""

SHORT = 3
"""Words of a message for which a phrase counts double: in few words a phrase says more than likeness does."""


Prior = NDArray[np.float64]
"""How topics are weighed, as logarithms in the order of the topics."""


@dataclass(frozen=True)
class Ranked:
    """A topic with its share of the belief, and the phrases that pointed at it."""

    topic: str
    probability: float
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """A text that was compared with the topics: its words, what speaks for each topic, and the phrases it has."""

    words: list[str]
    scores: NDArray[np.float64]
    points: Mapping[str, float]
    phrases: Mapping[str, list[str]]


class TopicIndex:
    """The topics of the packs, prepared for comparison. Built once per process."""

    def __init__(self, topics: Mapping[str, Topic], keep: Keep = anew) -> None:
        self._examples = Likeness(keep("topics", lambda: Likeness.prepare(_labelled(topics))))
        self.names = tuple(topics)
        self._number = {name: number for number, name in enumerate(topics)}
        self._with_examples = np.array([self._number[name] for name in self._examples.groups])
        self._phrases = _Phrases.of(topics)

    def compare(self, text: str) -> Compared:
        """A text beside the examples and phrases of every topic."""
        found = words(plain(text))
        middle, nearest, contrast = self._examples.of(found)
        points, hits = self._phrases.points(found)
        scores = np.zeros(len(self.names))
        scores[self._with_examples] = MIDDLE * middle + NEAREST * nearest + CONTRAST * (contrast - contrast.mean())
        a_phrase = PHRASES * (1 + SHORT / max(len(found), 1))
        for name, value in points.items():
            scores[self._number[name]] += a_phrase * value
        return Compared(found, scores, points, hits)

    def prior(self, weights: Mapping[str, float]) -> Prior:
        """Weights of topics, 1 for those left out."""
        return np.array([math.log(weights.get(name, 1.0)) for name in self.names])

    def shares(self, text: Compared, prior: Prior | None = None) -> NDArray[np.float64]:
        """The share of the belief of each topic, in the order of `names`."""
        scores = text.scores if prior is None else text.scores + prior
        weights = np.exp(scores - scores.max())
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares

    def rank(self, text: Compared, prior: Prior | None = None, most: int | None = None) -> list[Ranked]:
        """The topics, likeliest first."""
        shares = self.shares(text, prior)
        likeliest = np.argsort(-shares, kind="stable")[:most].tolist()
        names = ((self.names[number], float(shares[number])) for number in likeliest)
        return [Ranked(name, share, tuple(text.phrases.get(name, ()))) for name, share in names]

    def telling(self, text: Compared, topic: str) -> tuple[str, ...]:
        """The words of a text that speak most for a topic."""
        return self._examples.telling(text.words, topic, MOST_TELLING)

    def says_little(self, text: Compared) -> bool:
        """Whether a message has no phrase of any topic and at most one known word that is about anything."""
        telling = {word for word in text.words if word not in SAYS_NOTHING and word in self._examples}
        return len(telling) < FEWEST_TELLING_WORDS and max(text.points.values(), default=0.0) < ONE_PHRASE


PhraseOwners = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The phrases that begin with certain words: one that ends with them, and those that go on, by their next word.

    `open_ended` are those that end with any word of a certain beginning.
    """

    owners: PhraseOwners = field(default_factory=dict)
    longer: dict[str, _Phrases] = field(default_factory=dict)
    open_ended: dict[str, PhraseOwners] = field(default_factory=dict)
    beginnings: set[int] = field(default_factory=set)
    """How long those beginnings are."""

    @classmethod
    def of(cls, topics: Mapping[str, Topic]) -> _Phrases:
        """The phrases of all topics, each with its weight for every topic that has it."""
        book = cls()
        for name, topic in topics.items():
            for phrases in topic.phrases.values():
                for phrase, weight in phrases.weighted():
                    if said := words(plain(phrase)):
                        owners = book._owners(said, open_ended=phrase.endswith("*"))
                        owners[name] = max(weight, owners.get(name, 0.0))
        return book

    def _owners(self, said: list[str], *, open_ended: bool) -> PhraseOwners:
        *fixed, last = said
        place = self
        for word in fixed:
            place = place.longer.setdefault(word, _Phrases())
        if not open_ended:
            return place.longer.setdefault(last, _Phrases()).owners
        place.beginnings.add(len(last))
        return place.open_ended.setdefault(last, {})

    def points(self, found: list[str]) -> tuple[dict[str, float], dict[str, list[str]]]:
        """Points per topic and the phrases that gave them, each phrase counted once; a shared phrase gives less."""
        points: dict[str, float] = defaultdict(float)
        hits: dict[str, list[str]] = defaultdict(list)
        for phrase, owners in dict(self._found_in(found)).items():
            share = 1 / math.sqrt(len(owners))
            for name, weight in owners.items():
                points[name] += weight * share
                hits[name].append(phrase)
        return points, hits

    def _found_in(self, found: list[str]) -> Iterator[tuple[str, PhraseOwners]]:
        for start in range(len(found)):
            here = self
            for at in range(start, len(found)):
                word = found[at]
                following = here.longer.get(word)
                if following and following.owners:
                    yield " ".join((*found[start:at], word)), following.owners
                for size in here.beginnings:
                    if owners := here.open_ended.get(word[:size]):
                        yield " ".join((*found[start:at], word[:size])), owners
                if following is None:
                    break
                here = following


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
