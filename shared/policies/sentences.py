"""The whole sentence of a document that a quote stands in: half a sentence may lose the condition it begins with."""

from __future__ import annotations

import re

from shared.policies.models import Clause

_BEGINS = re.compile(r"(?<=[.!?])\s+|^[\d.*•|\s-]+")
_ENDS = re.compile(r"[.!?](?=\s|$)")
_CELL_MARKS = re.compile(r"(\s*\|[\s|✔✖]*)+$")  # an overview table says by its section what the marks say


def sentence_of(clause: Clause, document: str) -> str:
    """The sentence around a clause's quote, on one line; the quote itself when the document has it elsewhere."""
    lines = document.splitlines()
    text = _one_line(" ".join(lines[number - 1] for number in clause.source.lines if number <= len(lines)))
    quote = _one_line(clause.quote)
    before, found, after = text.partition(quote)
    if not found:
        return quote
    start = max((begin.end() for begin in _BEGINS.finditer(before)), default=0)
    end = _ENDS.search(after)
    rest = "" if quote.endswith((".", "!", "?")) else after[: end.end()] if end else after
    return _CELL_MARKS.sub("", before[start:] + quote + rest).strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())
