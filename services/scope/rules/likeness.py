"""How like a text is to examples: words, word pairs and letter groups, weighed by how rare they are.

A text is a vector of its features; likeness is the cosine. All examples are asked at once through an index from feature
to examples, so that a message costs well under a millisecond whatever the number of examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.scope.rules.language import SMALL_WORDS
from services.scope.rules.words import KNOWN_WORDS

STOP_WORDS = SMALL_WORDS["en"] | SMALL_WORDS["nl"]
LETTER_GROUPS = (4, 5)

SMOOTHING = 0.1
"""How much of every feature the rest is taken to have besides, so that a feature of one group alone is no proof."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def _numbered(texts: Iterable[Sequence[str]]) -> tuple[dict[str, int], list[Ints]]:
    """The features of texts, numbered, and those of each text by number.

    What is compared are telling words with their letter groups, and pairs of any words.
    """
    ids: dict[str, int] = {}
    of_word: dict[str, list[int]] = {}
    said = []
    for found in texts:
        for word in found:
            if word not in of_word:
                of_word[word] = [ids.setdefault(feature, len(ids)) for feature in _of_word(word)]
        pairs = (ids.setdefault(pair, len(ids)) for pair in _pairs(found))
        said.append(np.array([*chain.from_iterable(of_word[word] for word in found), *pairs], np.int64))
    return ids, said


def _of_word(word: str) -> Iterator[str]:
    if word in STOP_WORDS:
        return
    yield word
    framed = f"_{word}_"
    for size in LETTER_GROUPS:
        yield from (f"~{framed[at : at + size]}" for at in range(len(framed) - size + 1))


def _pairs(found: Sequence[str]) -> Iterator[str]:
    return (f"{first} {second}" for first, second in pairwise(found))


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
        self._vocabulary = _Vocabulary(unpacked(prepared["features"]))
        self._rarity, self._group_bias = prepared["rarity"], prepared["group bias"]
        self._row, self._value, self._start = prepared["row"], prepared["value"], prepared["start"]
        self._group_starts, self._height = prepared["group starts"], int(prepared["height"])
        self._numbers_of = lru_cache(maxsize=KNOWN_WORDS)(self._numbers)

    @classmethod
    def prepare(cls, labelled: Iterable[tuple[str, str, Sequence[str]]]) -> Arrays:
        """What a comparison needs of examples, given as group, sub-group and words."""
        examples = sorted(labelled, key=lambda one: one[:2])
        ids, said = _numbered(found for _, _, found in examples)
        rows = np.repeat(np.arange(len(said)), [len(one) for one in said])
        table = _summed(rows, np.concatenate(said), None)
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
            **_stacked(
                ([example[0] for example in examples], vectors),
                ([group for group, _ in parts], middles),
                (groups, _contrasts(sums)),
                width=len(ids),
            ),
        }

    def __contains__(self, word: str) -> bool:
        """Whether any example has this word."""
        return self._numbers_of(word)[0] != UNKNOWN

    def of(self, found: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """How like words are to each group, in the order of `groups`: its middle, its nearest example, in contrast.

        The contrast tells how much rather these are words of the group than of all the rest (complement naive Bayes;
        Rennie and others, 2003).
        """
        numbers = chain.from_iterable(self._numbers_of(word) for word in found)
        counts = Counter(chain(numbers, self._vocabulary.numbers(_pairs(found))))
        del counts[UNKNOWN]
        ids = np.fromiter(counts.keys(), np.int64, len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self._rarity[ids]
        values /= float(np.linalg.norm(values)) or 1.0
        of_rows = self._with_rows(ids, values)
        nearest, middle, contrast = np.maximum.reduceat(of_rows, self._group_starts).reshape(3, -1)
        return middle, nearest, contrast + self._group_bias * values.sum()

    def _numbers(self, word: str) -> tuple[int, ...]:
        """The numbers of the features of a word, its own first."""
        return tuple(self._vocabulary.numbers(_of_word(word))) or (UNKNOWN,)

    def _with_rows(self, ids: Ints, values: Floats) -> Floats:
        """The products of a vector with every row of the table."""
        at, lengths = self._places(ids)
        products = self._value.take(at) * np.repeat(values, lengths)
        return np.bincount(self._row.take(at), products, self._height).astype(np.float32)

    def _places(self, columns: Ints) -> tuple[Ints, Ints]:
        """Where the values of columns stand in the table, one column after the other, and how many each has."""
        starts, lengths = self._start[columns], self._start[columns + 1] - self._start[columns]
        ends = np.cumsum(lengths)
        return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths), lengths

    def telling(self, found: Sequence[str], group: str, most: int) -> tuple[str, ...]:
        """The words that speak most for a group rather than for the rest, strongest first; none for a group unknown."""
        if group not in self.groups:
            return ()
        known = {word: number for word in found if (number := self._numbers_of(word)[0]) != UNKNOWN}
        numbers = np.fromiter(known.values(), np.int64, len(known))
        at, lengths = self._places(numbers)
        here = np.flatnonzero(self._row[at] == self._height - len(self.groups) + self.groups.index(group))
        which = np.repeat(np.arange(len(known)), lengths)[here]
        points = self._rarity[numbers[which]] * self._value[at[here]]
        said = list(known)
        return tuple(said[one] for one in which[np.argsort(-points, kind="stable")][:most])


UNKNOWN = -1
"""The number of a feature that no example has."""


class _Vocabulary:
    """The numbers of features, by their hashes alone: the features themselves would take ten times the memory.

    Hashes have 64 bits; two features of one are taken for each other, which will not be seen.
    """

    def __init__(self, features: Iterable[str]) -> None:
        hashes = np.fromiter(map(hash, features), np.int64)
        self._number = np.argsort(hashes).astype(np.int32)
        self._hash = hashes[self._number]

    def numbers(self, features: Iterable[str]) -> list[int]:
        """The number of each feature."""
        wanted = np.fromiter(map(hash, features), np.int64)
        at = np.minimum(np.searchsorted(self._hash, wanted), len(self._hash) - 1)
        found: list[int] = np.where(self._hash[at] == wanted, self._number[at], UNKNOWN).tolist()
        return found


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


def _stacked(*tables: tuple[Sequence[str], _Table], width: int) -> Arrays:
    """Tables one below the other, by column: for each feature the rows that have it and their values.

    Each table comes with the groups of its rows, and a group's rows stand together: `group starts` tells where.
    """
    below = np.cumsum([0, *(len(groups) for groups, _ in tables)])
    starts = [_starts(groups) + above for (groups, _), above in zip(tables, below, strict=False)]
    columns = np.concatenate([table.columns.astype(np.int32) for _, table in tables])
    order = np.argsort(columns, kind="stable")
    rows = [(table.rows + above).astype(np.int32) for (_, table), above in zip(tables, below, strict=False)]
    return {
        "row": np.concatenate(rows)[order].astype(np.min_scalar_type(below[-1])),
        "value": np.concatenate([table.values for _, table in tables])[order],
        "start": np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=width))]),
        "height": below[-1],
        "group starts": np.concatenate(starts),
    }


def _starts(names: Sequence[str]) -> Ints:
    """Where each group begins in a list that is sorted by group."""
    return np.array([at for at, name in enumerate(names) if at == 0 or names[at - 1] != name], np.int64)
