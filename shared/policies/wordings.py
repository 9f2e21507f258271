"""The shape of facts.yaml: the words that show a fact, in messages and in the notes of a customer record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Self

from pydantic import Field, model_validator

from shared.policies.models import Id, Row
from shared.policies.provider import Language

_NAME = re.compile(r"<(\w+)>(?![=!])")
WORD = r"\b"
_SIGNS = re.compile(r"\\.|\[\^?\]?[^\]]*\]|[()|]", re.DOTALL)
"""What gives a regular expression its alternatives; what is escaped or in brackets does not."""


class FactWords(Row):
    """The values that a fact may have, each with its wordings; none for a value that only the program can tell.

    `several`: more than one value may hold at once. `examples` are messages that show a value, per language, for a fact
    that is worded in too many ways.
    """

    several: bool = False
    values: dict[Id, tuple[str, ...]]
    examples: dict[Id, dict[Language, tuple[str, ...]]] = Field(default_factory=dict)


class Wordings(Row):
    """The whole of facts.yaml; `words` are named groups that wordings refer to as `<name>`.

    `meanings` are words that mean the same to a fact that is learnt from examples: whole words, two in a row, or the
    beginning (`crash*`) or end (`*server`) of a word. Those of `denial` turn the words after them into the contrary.
    """

    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    meanings: dict[Id, tuple[str, ...]] = Field(default_factory=dict)
    facts: dict[Id, FactWords]

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        _ = self._compiled
        return self

    def found_in(self, said: str, fact: str) -> Iterator[tuple[str, str]]:
        """Value and matching words of a fact in a plain text: the first value that shows, or all where several may."""
        for value, wording in self._compiled.get(fact, ()):
            if match := wording.search(said):
                yield value, match[0]
                if not self.facts[fact].several:
                    return

    @cached_property
    def _compiled(self) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
        return {
            name: [
                (value, self._compile(f"{name}: {value}", wordings))
                for value, wordings in fact.values.items()
                if wordings
            ]
            for name, fact in self.facts.items()
        }

    def _compile(self, place: str, wordings: tuple[str, ...]) -> re.Pattern[str]:
        try:
            return re.compile(_any_of([_NAME.sub(self._group, wording) for wording in wordings]))
        except re.error as error:
            raise ValueError(f"a wording of {place} is no regular expression: {error}") from error

    def _group(self, name: re.Match[str]) -> str:
        if name[1] not in self.words:
            raise ValueError(f"there is no <{name[1]}> under `words`")
        return f"(?:{'|'.join(self.words[name[1]])})"


def _any_of(wordings: Sequence[str]) -> str:
    """One expression for all of these, which finds what their list would.

    Those in a row that begin with a word ask once at each place whether a word begins there, not each by itself: most
    of the time of a decision went into that.
    """
    together = (
        (rf"\b(?:{'|'.join(one.removeprefix(WORD) for one in those)})" if at_word else "|".join(those))
        for at_word, those in groupby(wordings, _begins_with_a_word)
    )
    return "|".join(together)


def _begins_with_a_word(wording: str) -> bool:
    """Whether all that a wording finds begins with a word: none of several alternatives is sure to."""
    depth = 0
    for sign in _SIGNS.findall(wording):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            return False
    return wording.startswith(WORD)
