"""A fact that is worded in too many ways for wordings: learnt from the examples of the packs.

A text is a bag of features (`clauses`), and ridge regression gives every feature a weight. What a sentence says is the
sum of its words, so a message costs a fraction of a millisecond, and a person can be shown the words that weighed most.
The same examples give the same weights, always.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from services.scope.rules.clauses import Clause, Meanings, clauses_of, of_word
from services.scope.rules.likeness import STOP_WORDS, Arrays, packed, unpacked
from services.scope.rules.words import KNOWN_WORDS

NO = "no"
"""The value of an example that does not show the fact, or denies it."""

SHOWS = "shows"
"""The name of the scale between showing the fact and not; those of its kinds have the names of the values."""

SHOWING_COUNTS = 4.0
"""An example that shows the fact counts as this many that do not: those are many, and most are far off."""

RIDGE, RIDGE_OF_KINDS = 1.0, 0.2
"""How much weights are held back, so that what few examples have decides little; less for the kinds of those that show
the fact, which are fewer."""

ROUNDS, CLOSE_ENOUGH = 30, 1e-6
WHOLE = 2 / 3
"""What the whole text weighs beside its best sentence: a report may hide in chatter, yet the rest may take it back."""

MOST_WORDS_TOLD = 3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sum = tuple[float, float]
"""Weights of features added up, and their squared length."""


@dataclass(frozen=True)
class Heard:
    """What a text says of a fact: `level` is about 1 where it clearly shows it and -1 where it clearly does not.

    `value` is the likeliest of the values other than NO; `words` weighed most, in the order of the text.
    """

    level: float
    value: str
    words: tuple[str, ...]


class Signal:
    """One fact, as it was learnt."""

    def __init__(self, learnt: Arrays, meanings: Meanings) -> None:
        self._meanings = meanings
        ids = {feature: number for number, feature in enumerate(unpacked(learnt["features"]))}
        values = unpacked(learnt["values"])
        squares = array("d", learnt["squares"])
        self._shows, *kinds = (_Scale(learnt, name, ids, squares) for name in (SHOWS, *values))
        self._kinds = dict(zip(values, kinds, strict=True))

    @classmethod
    def learn(cls, shown: Mapping[str, Iterable[str]], ordinary: Iterable[str], meanings: Meanings) -> Arrays:
        """The weights of the features, from messages.

        `shown`: messages by the value that they show, those under NO show none; `ordinary`: messages about other
        things. All languages are learnt together.
        """
        labelled = [(value, text) for value, texts in shown.items() for text in texts]
        labelled += [(NO, text) for text in ordinary]
        table = _Table(chain.from_iterable(clauses_of(text, meanings)) for _, text in labelled)
        values = np.array([value for value, _ in labelled])
        showing = values != NO
        kinds = [value for value in shown if value != NO]
        learnt = table.scale(SHOWS, showing, np.where(showing, SHOWING_COUNTS, 1.0), RIDGE)
        for value in kinds:
            learnt |= table.scale(value, values == value, showing.astype(float), RIDGE_OF_KINDS)
        squares = table.rarity**2
        return learnt | {"values": packed(kinds), "features": packed(table.ids), "squares": squares}

    def heard(self, text: str, least: float) -> Heard | None:
        """What a text says, as a whole and in its best sentence or two in a row; None below the level `least`."""
        said = clauses_of(text, self._meanings)
        sums = [_added([self._shows.sum(clause) for clause in clauses]) for clauses in said]
        whole = self._shows.level(_added(sums))
        pieces = [sums[at : at + size] for size in (1, 2) for at in range(len(sums) - size + 1)]
        levels = [self._shows.level(_added(piece)) for piece in pieces]
        level = WHOLE * whole + (1 - WHOLE) * max(levels, default=whole)
        if level < least:
            return None
        best = max(range(len(sums)), key=lambda at: levels[at], default=0)
        value = self._kind(list(chain.from_iterable(said)))
        return Heard(level, value, self._telling(said[best]) if said else ())

    def _kind(self, clauses: Sequence[Clause]) -> str:
        levels = {
            value: scale.level(_added([scale.sum(clause) for clause in clauses]))
            for value, scale in self._kinds.items()
        }
        return max(levels, key=lambda value: levels[value])

    def _telling(self, clauses: Sequence[Clause]) -> tuple[str, ...]:
        """The words that speak most for the fact; "and" and the like only where they mean something."""
        points = [
            (point, at, word)
            for at, (word, point) in enumerate(self._points(clauses))
            if point > 0 and (word not in STOP_WORDS or self._meanings.of_word(word))
        ]
        most = sorted(points, reverse=True)[:MOST_WORDS_TOLD]
        return tuple(dict.fromkeys(word for _, _, word in sorted(most, key=lambda one: one[1])))

    def _points(self, clauses: Sequence[Clause]) -> Iterator[tuple[str, float]]:
        for clause in clauses:
            points = [self._shows.of_word(word)[0] for word in clause.words]
            for feature, first, second in clause.together:
                half = self._shows.of((feature,))[0] / 2
                points[first] += half
                points[second] += half
            yield from zip(clause.words, points, strict=True)


class _Table:
    """Texts by their features: a matrix of which only the places that are not empty are kept."""

    def __init__(self, texts: Iterable[Iterable[Clause]]) -> None:
        self.ids: dict[str, int] = defaultdict(lambda: len(self.ids))
        self._own: dict[str, list[int]] = {}
        found = [self._of(text) for text in texts]
        columns = np.concatenate(found)
        rows = np.repeat(np.arange(len(found)), [len(ids) for ids in found])
        self._height, self._width = len(found), len(self.ids)
        places, times = np.unique(rows * self._width + columns, return_counts=True)
        self._rows, self._columns = places // self._width, places % self._width
        seen = np.bincount(self._columns, minlength=self._width)
        self.rarity: Floats = np.log((1 + self._height) / (1 + seen)) + 1
        rare = self.rarity[self._columns]
        lengths = np.sqrt(np.bincount(self._rows, times * rare**2, self._height))
        self._values = times * rare / lengths[self._rows]

    def _of(self, text: Iterable[Clause]) -> Ints:
        ids: list[int] = []
        for clause in text:
            for word in clause.words:
                if (own := self._own.get(word)) is None:
                    own = self._own[word] = [self.ids[feature] for feature in of_word(word)]
                ids += own
            ids += [self.ids[feature] for feature, _, _ in clause.together]
        return np.array(ids, np.int64)

    def scale(self, name: str, side: NDArray[np.bool_], counts: Floats, ridge: float) -> Arrays:
        """How much each feature speaks for one side of the texts, by name, with what a text without any says."""
        target = np.where(side, 1.0, -1.0)
        mean = float((counts * target).sum() / counts.sum())
        weights = self._weights(target - mean, counts, ridge) * self.rarity
        return {f"{name} weights": weights, f"{name} mean": np.array(mean)}

    def _weights(self, target: Floats, counts: Floats, ridge: float) -> Floats:
        """The weights of the features that come closest to the target: ridge regression by conjugate gradients.

        `counts` says how much each text counts.
        """
        weights = np.zeros(self._width)
        left = self._to_features(counts * target)
        step, size = left, float((left * left).sum())
        enough = CLOSE_ENOUGH * size
        for _ in range(ROUNDS):
            if size <= enough:
                break
            change = self._to_features(counts * self._to_texts(step)) + ridge * step
            far = size / float((step * change).sum())
            weights += far * step
            left = left - far * change
            size, before = float((left * left).sum()), size
            step = left + size / before * step
        return weights

    def _to_texts(self, weights: Floats) -> Floats:
        return np.bincount(self._rows, self._values * weights[self._columns], self._height).astype(np.float64)

    def _to_features(self, levels: Floats) -> Floats:
        return np.bincount(self._columns, self._values * levels[self._rows], self._width).astype(np.float64)


class _Scale:
    """How much features speak for one side of the texts of a table."""

    def __init__(self, learnt: Arrays, name: str, ids: Mapping[str, int], squares: Sequence[float]) -> None:
        self._mean = float(learnt[f"{name} mean"])
        self._ids, self._squares = ids, squares
        self._weights = array("d", learnt[f"{name} weights"])
        self.of_word = lru_cache(maxsize=KNOWN_WORDS)(self._of_word)

    def of(self, features: Iterable[str]) -> Sum:
        """What features add; one that no example has adds nothing."""
        known = [at for feature in features if (at := self._ids.get(feature)) is not None]
        return sum([self._weights[at] for at in known]), sum([self._squares[at] for at in known])

    def _of_word(self, word: str) -> Sum:
        return self.of(of_word(word))

    def sum(self, clause: Clause) -> Sum:
        """What a clause adds."""
        return _added([*map(self.of_word, clause.words), self.of([feature for feature, _, _ in clause.together])])

    def level(self, said: Sum) -> float:
        """Where a text stands between -1 and 1, about."""
        return self._mean + (said[0] / math.sqrt(said[1]) if said[1] else 0.0)


def _added(sums: Sequence[Sum]) -> Sum:
    return sum([weight for weight, _ in sums]), sum([square for _, square in sums])
