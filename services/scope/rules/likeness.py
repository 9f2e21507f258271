"""How like a text is to examples: words, word pairs and letter groups, weighed by how rare they are.

A text is a vector of its features; likeness is the cosine. All examples are asked at once through an index from feature
to examples, so that a message costs well under a millisecond whatever the number of examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.scope.rules.language import SMALL_WORDS

STOP_WORDS = SMALL_WORDS["en"] | SMALL_WORDS["nl"]
LETTER_GROUPS = (4, 5)

SMOOTHING = 0.1
"""How much of every feature the rest is taken to have besides, so that a feature of one group alone is no proof."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def features(found: Sequence[str]) -> Iterator[str]:
    """What is compared: telling words with their letter groups, and pairs of any words."""
    for word in found:
        yield from _of_word(word)
    for first, second in pairwise(found):
        yield f"{first} {second}"


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> tuple[str, ...]:
    if word in STOP_WORDS:
        return ()
    framed = f"_{word}_"
    groups = (f"~{framed[at : at + size]}" for size in LETTER_GROUPS for at in range(len(framed) - size + 1))
    return (word, *groups)


Arrays = dict[str, NDArray[Any]]
Keep = Callable[[str, Callable[[], Arrays]], Arrays]
"""How what was prepared is come by: its name, and how to make it anew."""


def anew(_name: str, make: Callable[[], Arrays]) -> Arrays:
    """Keep nothing."""
    return make()


def packed(names: Iterable[str]) -> NDArray[np.uint8]:
    """Names as an array."""
    return np.frombuffer("\n".join(names).encode(), np.uint8)


def unpacked(names: NDArray[np.uint8]) -> list[str]:
    """The names of an array."""
    return names.tobytes().decode().split("\n")


class Likeness:
    """Examples of named groups, prepared for comparison.

    A group is as like a text as its nearest example, and as the middle of that sub-group which is most like it (a
    sub-group is a language: a topic has one middle in each).
    """

    def __init__(self, prepared: Arrays) -> None:
        self.groups = tuple(unpacked(prepared["groups"]))
        self._ids = {feature: number for number, feature in enumerate(unpacked(prepared["features"]))}
        self._rarity, self._group_bias = prepared["rarity"], prepared["group bias"]
        self._example_starts, self._middle_starts = prepared["example starts"], prepared["middle starts"]
        self._examples, self._middles, self._contrasts = (
            _Index(prepared, name) for name in ("examples", "middles", "contrasts")
        )

    @classmethod
    def prepare(cls, labelled: Iterable[tuple[str, str, Sequence[str]]]) -> Arrays:
        """What a comparison needs of examples, given as group, sub-group and words."""
        examples = sorted(labelled, key=lambda one: one[:2])
        ids: dict[str, int] = {}
        said = [[ids.setdefault(one, len(ids)) for one in features(found)] for _, _, found in examples]
        rows = np.repeat(np.arange(len(said)), [len(one) for one in said])
        table = _summed(rows, np.concatenate([np.array(one, np.int64) for one in said]), None)
        seen = np.bincount(table.columns, minlength=len(ids))
        rarity = (np.log((1 + len(said)) / (1 + seen)) + 1).astype(np.float32)
        vectors = _Table(table.rows, table.columns, (1 + np.log(table.values)) * rarity[table.columns]).unit()
        parts = list(dict.fromkeys(one[:2] for one in examples))
        groups = list(dict.fromkeys(group for group, _ in parts))
        part_of = {part: at for at, part in enumerate(parts)}
        group_of = {group: at for at, group in enumerate(groups)}
        part = np.array([part_of[one[:2]] for one in examples])
        group = np.array([group_of[one[0]] for one in examples])
        sums = _summed(group[vectors.rows], vectors.columns, vectors.values)
        middles = _summed(part[vectors.rows], vectors.columns, vectors.values).unit()
        return {
            "groups": packed(groups),
            "features": packed(ids),
            "rarity": rarity,
            "group bias": _rest(sums, len(ids)),
            "example starts": _starts([group for group, _, _ in examples]),
            "middle starts": _starts([group for group, _ in parts]),
            **_by_column("examples", vectors, len(examples), len(ids)),
            **_by_column("middles", middles, len(parts), len(ids)),
            **_by_column("contrasts", _contrasts(sums), len(groups), len(ids)),
        }

    def __contains__(self, word: str) -> bool:
        """Whether any example has this word."""
        return word in self._ids

    def of(self, found: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """How like words are to each group, in the order of `groups`: its middle, its nearest example, in contrast.

        The contrast tells how much rather these are words of the group than of all the rest (complement naive Bayes;
        Rennie and others, 2003).
        """
        counts = Counter(features(found))
        known = [(number, n) for feature, n in counts.items() if (number := self._ids.get(feature)) is not None]
        ids = np.array([number for number, _ in known], np.int64)
        values = (1 + np.log(np.array([n for _, n in known], np.float32))) * self._rarity[ids]
        values /= float(np.linalg.norm(values)) or 1.0
        return (
            np.maximum.reduceat(self._middles.likeness(ids, values), self._middle_starts),
            np.maximum.reduceat(self._examples.likeness(ids, values), self._example_starts),
            self._contrasts.likeness(ids, values) + self._group_bias * values.sum(),
        )

    def telling(self, found: Sequence[str], group: str, most: int) -> tuple[str, ...]:
        """The words that speak most for a group rather than for the rest, strongest first; none for a group unknown."""
        if group not in self.groups:
            return ()
        row = self.groups.index(group)
        points = {
            word: float(self._rarity[number] * self._contrasts.at(number, row))
            for word in found
            if (number := self._ids.get(word)) is not None
        }
        strongest = sorted((word for word in points if points[word] > 0), key=lambda word: -points[word])
        return tuple(strongest[:most])


@dataclass(frozen=True)
class _Table:
    """Vectors as their places that are not empty, in the order of rows."""

    rows: Ints
    columns: Ints
    values: Floats

    def unit(self) -> _Table:
        """The same directions, each of length one."""
        lengths = np.sqrt(np.bincount(self.rows, self.values**2))
        return _Table(self.rows, self.columns, (self.values / lengths[self.rows]).astype(np.float32))


def _summed(rows: Ints, columns: Ints, values: Floats | None) -> _Table:
    """A table of places that may be given several times; values left out count one each."""
    width = int(columns.max(initial=0)) + 1
    places, which = np.unique(rows * width + columns, return_inverse=True)
    return _Table(places // width, places % width, np.bincount(which, values).astype(np.float32))


def _contrasts(sums: _Table) -> _Table:
    """For each group and feature, how much rarer the feature is without the group (a logarithm)."""
    total = np.bincount(sums.columns, sums.values)[sums.columns] + SMOOTHING
    return _Table(sums.rows, sums.columns, np.log(total / (total - sums.values)).astype(np.float32))


def _rest(sums: _Table, width: int) -> Floats:
    """For each group the logarithm of how much all other groups say together: a large group leaves a smaller rest."""
    said = np.bincount(sums.rows, sums.values)
    rest: Floats = np.log(SMOOTHING * width + said.sum() - said).astype(np.float32)
    return rest


def _by_column(name: str, table: _Table, height: int, width: int) -> Arrays:
    """A table by column: for each feature the rows that have it, one after the other in two arrays."""
    order = np.argsort(table.columns, kind="stable")
    return {
        f"{name} row": table.rows[order].astype(np.int32),
        f"{name} value": table.values[order],
        f"{name} start": np.searchsorted(table.columns[order], np.arange(width + 1)),
        f"{name} height": np.array(height),
    }


class _Index:
    """A table by column, ready to be asked."""

    def __init__(self, prepared: Arrays, name: str) -> None:
        self._row, self._value, self._start = (prepared[f"{name} {part}"] for part in ("row", "value", "start"))
        self._height = int(prepared[f"{name} height"])

    def at(self, column: int, row: int) -> float:
        """The value at one place."""
        start, end = self._start[column : column + 2]
        place = start + np.searchsorted(self._row[start:end], row)
        return float(self._value[place]) if place < end and self._row[place] == row else 0.0

    def likeness(self, ids: Ints, values: Floats) -> Floats:
        """The cosine of a vector with every row."""
        starts, lengths = self._start[ids], self._start[ids + 1] - self._start[ids]
        ends = np.cumsum(lengths)
        at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
        products = self._value[at] * np.repeat(values, lengths)
        return np.bincount(self._row[at], products, self._height).astype(np.float32)


def _starts(names: Sequence[str]) -> Ints:
    """Where each group begins in a list that is sorted by group."""
    return np.array([at for at, name in enumerate(names) if at == 0 or names[at - 1] != name], np.int64)
