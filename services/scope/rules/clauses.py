"""A text as a learnt fact reads it: sentences of clauses, with what stands together in a clause.

The features of a clause are its words with their letter groups, pairs of neighbours, the meanings that words share
(`dead`, `offline` and `plat` are one) and which meanings stand together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

from services.scope.rules.words import KNOWN_WORDS, plain, words

DENIAL, REACH = "denial", 5
"""The meaning that turns those of the next words into their contrary, and how many words it reaches."""

LETTER_GROUP = 4
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE_END = re.compile(
    r"(?<=[.!?;])\s+|, ?(?:but |maar )?| maar | but | while | whereas | although | though | terwijl "
)
_DIGITS = re.compile(r"\d+")


class Meanings:
    """Words that mean the same here, by name: `crash*` and `*server` are parts of words, `no ping` is two words."""

    def __init__(self, named: Mapping[str, Iterable[str]]) -> None:
        whole, beginnings, ends = (defaultdict[str, tuple[str, ...]](tuple) for _ in range(3))
        for name, those in named.items():
            for said in those:
                kind = beginnings if said.endswith("*") else ends if said.startswith("*") else whole
                kind[_like(said.strip("*"))] += (name,)
        self._whole, self._beginnings, self._ends = dict(whole), dict(beginnings), dict(ends)
        self.of_word = lru_cache(maxsize=KNOWN_WORDS)(self._of_word)

    def of_pair(self, said: str) -> tuple[str, ...]:
        """The meanings of two words with a space between."""
        return self._whole.get(said, ())

    def _of_word(self, word: str) -> tuple[str, ...]:
        names = list(self._whole.get(word, ()))
        for size in range(1, len(word) + 1):
            names += self._beginnings.get(word[:size], ())
            names += self._ends.get(word[-size:], ())
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Clause:
    """The words of a clause, and its features beyond them with the places of the words that make them."""

    words: list[str]
    together: list[tuple[str, int, int]]


def clauses_of(text: str, meanings: Meanings) -> list[list[Clause]]:
    """The clauses of each sentence of a text."""
    said = (_like(one) for one in _SENTENCE_END.split(text) if one.strip())
    return [_clauses_of(sentence, meanings) for sentence in said]


def _clauses_of(sentence: str, meanings: Meanings) -> list[Clause]:
    parts = (words(clause) for clause in _CLAUSE_END.split(sentence))
    return [Clause(found, _together(found, meanings)) for found in parts if found]


def _together(found: list[str], meanings: Meanings) -> list[tuple[str, int, int]]:
    """Pairs of words, the meanings in a clause, and pairs of meanings."""
    pairs = [f"{first} {second}" for first, second in pairwise(found)]
    meant: dict[str, int] = {}
    reached = -1
    for at, (word, pair) in enumerate(zip(found, (*pairs, ""), strict=True)):
        names = meanings.of_word(word) + meanings.of_pair(pair)
        denies = DENIAL in names
        turned = at <= reached and not denies
        reached = at + REACH if denies else reached
        for name in names:
            meant.setdefault(f"not {name}" if turned else name, at)
    return [
        *((pair, at, at + 1) for at, pair in enumerate(pairs)),
        *((f"@{name}", at, at) for name, at in meant.items()),
        *((f"@{one}@{other}", meant[one], meant[other]) for one, other in combinations(sorted(meant), 2)),
    ]


def _like(text: str) -> str:
    """Plain, with all numbers alike: `web3` and `web12` are the same machine here."""
    said = " ".join(text.lower().split()) if text.isascii() else plain(text)
    return _DIGITS.sub("0", said)


def of_word(word: str) -> list[str]:
    """The features of a word by itself."""
    framed = f"_{word}_"
    return [word, *(f"~{framed[at : at + LETTER_GROUP]}" for at in range(len(framed) - LETTER_GROUP + 1))]
