"""One message may ask several things: the places where it may be cut.

Only a proposal: `decide` keeps the cut when the pieces clearly are about different topics.
"""

from __future__ import annotations

import re

_ITEM = re.compile(r"^\s*(?:\(?\d{1,2}[.)]|\(?[a-h][.)]|[-*\u2022])\s+(?=\S)", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_NEXT_QUESTION = re.compile(
    r"^(?:and )?(?:also|another (?:question|thing|issue|problem)|second(?:ly)?\b|third(?:ly)?\b|furthermore|"
    r"in addition|besides|one more|next to that|on another note|separately|finally|then|lastly|"
    r"(?:en )?(?:ook|daarnaast|verder|bovendien|ten tweede|ten derde|tweede vraag|nog een|nog iets|een andere|"
    r"tot slot|los daarvan|overigens))\b",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r",? (?:and|en) (?=(?:also|ook|can|could|would|please|do|does|how|what|why|is|are|"
    r"kunnen|kunt|kan|hoe|wat|waarom|willen)\b)",
    re.IGNORECASE,
)

FEWEST_WORDS = 3


def pieces(body: str) -> list[str]:
    """The questions of a message as far as its form shows them; a single piece when it shows none."""
    items = _items(body)
    if len(items) > 1:
        return items
    found: list[str] = []
    asked = False
    for sentence in _sentences(body):
        if found and (_NEXT_QUESTION.match(sentence) or (asked and sentence.endswith("?"))):
            found.append(sentence)
        elif found:
            found[-1] = f"{found[-1]} {sentence}"
        else:
            found.append(sentence)
        asked = asked or sentence.endswith("?")
    return [piece for piece in found if len(piece.split()) >= FEWEST_WORDS] or [body]


def _items(body: str) -> list[str]:
    marks = list(_ITEM.finditer(body))
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    items = (body[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=False))
    return [item for item in items if len(item.split()) >= FEWEST_WORDS]


def _sentences(body: str) -> list[str]:
    found = [part.strip() for part in _SENTENCE_END.split(body) if part.strip()]
    return [half.strip() for sentence in found for half in _JOINED.split(sentence) if half.strip()]
