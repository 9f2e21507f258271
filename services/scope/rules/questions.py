"""One message may ask several things: the places where its form shows that the next one may begin.

Only a proposal, each with a price: what the pieces are about must differ by more than that (`parts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum


class Cut(IntEnum):
    """How plainly the form shows that another question begins; the plainest first."""

    ITEM = 0
    """An item of a list."""
    NEXT = 1
    """Words that announce another subject: also, PS, while you are at it."""
    AND = 2
    """A sentence or half sentence that begins with "and"."""
    ASKED = 3
    """Another question or request."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a message and how it begins; how the first piece begins means nothing."""

    text: str
    begins: Cut

    @property
    def plain(self) -> bool:
        """Whether the form alone shows that another question begins here."""
        return self.begins <= Cut.NEXT

    def with_more(self, text: str) -> Piece:
        """This piece, longer by a text."""
        return replace(self, text=f"{self.text} {text}")


_NUMBER = re.compile(
    r"(?:^|(?<=\s))\(?(?:(?:vraag(?:je)?|question|punt|point|issue|item) ?)?"
    r"(?P<place>\d{1,2}|[a-h]|one|two|three|four|first|second|third)[.):,](?=\s+\S)",
    re.IGNORECASE | re.MULTILINE,
)
_PLACES = ({"1", "a", "one", "first"}, {"2", "b", "two", "second"}, {"3", "c", "three", "third"}, {"4", "d", "four"})
_BULLET = re.compile(r"^[ \t]*[-*\u2022]\s+(?=\S)", re.MULTILINE)

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_SEVERAL = re.compile(
    r"\b(?:two|three|four|several|some|(?:a )?few|couple of|[2-5]|twee|drie|vier|enkele|een paar|wat) (?:\w+ )?"
    r"(?:questions?|things?|points?|issues?|short ones|requests?|vragen|vraagjes|dingen|punten|zaken)\b",
    re.IGNORECASE,
)
_JOINED_SUBJECT = re.compile(r"\S (?:\+|&|/) \S")
_OPENING = r"^(?:(?:and|en|but|maar|oh|o|ok)[,]? )?"
_ANOTHER = re.compile(
    _OPENING
    + r"(?:also|another|second(?:ly)?\b|third(?:ly)?\b|further(?:more)?\b|in addition|additionally|besides|one more|"
    r"next to that|on another note|separately|finally|then[:,]|last(?:ly)?[:,]|p\.?s\.?[:,]|by the way|btw|"
    r"(?:ook|daarnaast|verder|bovendien|ten (?:tweede|derde)|tweede vraag|nog (?:een|iets|wat)|een andere?|"
    r"(?<=o )ja|(?<=oh )ja|tot slot|los daarvan|overigens|trouwens|tevens|dan nog|als laatste)\b)",
    re.IGNORECASE,
)
_AT_IT = re.compile(
    _OPENING + r"(?:(?:while|when|if|since|as|now) (?:you(?:'re| are| have)?|i have|we have|it|that|they) .{0,40}?"
    r"(?:at it|on the line|in there|anyway|runs?|works?|is back|on the phone)|once (?:that|this|it)|"
    r"(?:als|nu|terwijl|wanneer) (?:jullie|je|u|ik|we|het|dat) .{0,40}?(?:toch|bezig|lijn|weer))\b",
    re.IGNORECASE,
)
"""Says that something comes besides, but not that what came before was a question: "while you're in there"."""
_AND = re.compile(r"^(?:and|en)\b", re.IGNORECASE)
_JOINED = re.compile(
    r",? (?=(?:and|en) (?:also|ook|can|could|would|please|do|does|how|what|why|is|are|while|when|if|once|"
    r"kunnen|kunt|kan|hoe|wat|waarom|willen|wil|als|nu)\b)",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\?|\b(?:how (?:do|can|could|should) (?:i|we)|hoe kan (?:ik|u)|hoe kunnen we|"
    r"please|pls|can you|could you|would you|will you|(?:i|we)(?:'d| would)? (?:also )?(?:like|want|need)|"
    r"graag|(?:ik|wij|we) (?:wil|willen|wens|wensen)|kun(?:nen|t)? (?:jullie|je|u)|willen (?:jullie|we)|"
    r"wilt? (?:ik|u|je)|gelieve|svp|aub)\b",
    re.IGNORECASE,
)
_OF_THE_SAME = re.compile(
    r"^(?:(?:and|en|so|dus) )?(?:\w+ ){0,4}?(?:it|this|that|they|them|these|those|dit|dat|die|deze|het|er|hem)\b",
    re.IGNORECASE,
)

MOST_QUESTIONS = 10
FEWEST_WORDS, FEWEST_TO_ASK = 3, 6
"""How many words announce another subject, and how many ask something of their own ("and on Sundays?" does not)."""
SAME_THING = 8
"""A question of at most so many words that points back ("is it possible to fix this?") asks for nothing new."""

_TROUBLE = re.compile(
    r"n't\b|refused|fault|\b(?:not|no|never|none|nothing|neither|nobody|cannot|error\w*|fail\w*|down|blank|"
    r"wrong\w*|broken?|slow\w*|crash\w*|dead|stop(?:s|ped)|missing|lost|hangs?|unreachable|offline|problem\w*|"
    r"niet|geen|nooit|niets|fout\w*|kapot|traag|weg|kwijt|plat|storing|onbereikbaar|mislukt|klacht|probleem)\b",
    re.IGNORECASE,
)
_ASKS_NOTHING = re.compile(
    r"\b(?:no need|for your information|fyi|ter info|compliment\w*|niet te reageren|hoef\w* niets?)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|(?:good )?(?:morning|afternoon|evening|day)|hoi|hallo|dag|beste|goede\w+|geachte)\b"
    r"[^.,!?:\n]{0,30}[.,!:\n]+",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"(?:^|(?<=[.!?])|\n)[ \t]*(?:(?:many |kind |best |warm )?(?:thanks|thank you|thx|cheers|best|regards|greetings)|"
    r"(?:met )?(?:vriendelijke |hartelijke )?(?:groet(?:en|jes)?|gr|mvg|bedankt|dank|alvast))\b[^?]{0,60}$",
    re.IGNORECASE,
)


def pieces(subject: str, body: str) -> list[Piece]:
    """A message as its form divides it; a single piece when that shows one question.

    Who says that there are several things ("two questions") makes every beginning plainer.
    """
    plainer = 1 if _SEVERAL.search(f"{subject}\n{body}") or _JOINED_SUBJECT.search(subject) else 0
    found: list[Piece] = []
    asked = True
    for block, mark in _blocks(_GOODBYE.sub("", _GREETING.sub("", body))):
        for at, sentence in enumerate(_sentences(block)):
            cut = mark if mark is not None and at == 0 else _cut(sentence, inside_item=mark is not None)
            asked = asked or bool(_ANOTHER.match(sentence))
            if found and (cut is None or not asked or len(found) == MOST_QUESTIONS):
                found[-1] = found[-1].with_more(sentence)
            else:
                begins = Cut.ASKED if cut is None else cut
                found.append(Piece(sentence, Cut(max(begins - plainer, 0))))
                asked = False
            asked = asked or cut is Cut.NEXT or _asks(sentence)
    if not asked and len(found) > 1:
        told = found.pop()
        found[-1] = found[-1].with_more(told.text)
    return found or [Piece(body, Cut.ASKED)]


def _asks(text: str) -> bool:
    """Whether a text has a question, a wish or a trouble; one without tells something that belongs to another."""
    return not _ASKS_NOTHING.search(text) and bool(_WISH.search(text) or _TROUBLE.search(text))


def _cut(sentence: str, *, inside_item: bool) -> Cut | None:
    size = len(sentence.split())
    announced = (_ANOTHER.match(sentence) or _AT_IT.match(sentence)) and not _ASKS_NOTHING.search(sentence)
    if size >= FEWEST_WORDS and announced:
        return Cut.NEXT
    if size < FEWEST_TO_ASK or inside_item or (size <= SAME_THING and _OF_THE_SAME.match(sentence)):
        return None
    if _AND.match(sentence):
        return Cut.AND
    return Cut.ASKED if _WISH.search(sentence) else None


def _blocks(body: str) -> Iterator[tuple[str, Cut | None]]:
    """The stretches between the marks of a list; what stands before the first mark belongs to no item."""
    marks = _marks(body)
    if not marks:
        yield body, None
        return
    yield body[: marks[0][0]], None
    ends = [start for start, _ in marks[1:]] + [len(body)]
    yield from ((body[mark[1] : end], Cut.ITEM) for mark, end in zip(marks, ends, strict=True))


def _marks(body: str) -> list[tuple[int, int]]:
    """Where the items of a list begin and their texts: numbers or letters in their order, else bullets."""
    counted: list[tuple[int, int]] = []
    for mark in _NUMBER.finditer(body):
        if len(counted) < len(_PLACES) and mark["place"].lower() in _PLACES[len(counted)]:
            counted.append(mark.span())
    if len(counted) > 1:
        return counted
    bullets = [mark.span() for mark in _BULLET.finditer(body)]
    return bullets if len(bullets) > 1 else []


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE_END.split(text):
        yield from (half.strip() for half in _JOINED.split(part) if half.strip())
