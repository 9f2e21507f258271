"""Text as the other rules read it: lower case, without accents, split into words."""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[a-z0-9]+(?:['.@_+-][a-z0-9]+)*")

_ODD_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2013": "-", "\u2014": "-"})


_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Signs that are not seen: of no width, of another direction, tags. They hide words from us, not from the reader."""


KNOWN_WORDS = 5_000
"""Words that a cache keeps something of: more than are often used."""


def plain(text: str) -> str:
    """Lower case, one kind of apostrophe and dash, no accents, no unseen signs, single spaces."""
    decomposed = unicodedata.normalize("NFKD", _UNSEEN.sub("", text).translate(_ODD_QUOTES).lower())
    if not decomposed.isascii():
        decomposed = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(decomposed.split())


def words(text: str) -> list[str]:
    """The words of a plain text, in order; "let's", "3.5" and "e-mail" are one word each."""
    return WORD.findall(text)


_QUOTED_LINE = re.compile(r"^\s*>")
_SIGNATURE = re.compile(r"^\s*(?:--|__+)\s*$")
_QUOTE_HEADER = re.compile(
    r"^\s*(?:on .{5,120} wrote:|op .{5,120} schreef .{0,80}:|"
    r"-{2,}\s*(?:original message|oorspronkelijk bericht).*)\s*$",
    re.IGNORECASE,
)


_MARKUP = re.compile(
    r"<!--.{0,2000}?-->|<(style|script|head)\b[^<>]{0,200}>.{0,20000}?</\1>|</?[a-z][a-z0-9]*(?:\s[^<>]{0,500})?/?>",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_TO_THE_PROGRAM = re.compile(
    r"\b(?:ignore|disregard|forget|override|negeer|vergeet) (?:all |any |the |your |alle |de |je |jullie )*"
    r"(?:previous |prior |above |earlier |eerdere |vorige )?"
    r"(?:instructions?|rules?|polic(?:y|ies)|prompts?|instructies?|regels|beleid)"
    r"|\b(?:mark|classify|label|treat|markeer|classificeer) (?:this|it|dit)(?: \w+)? (?:as|als) "
    r"|\byou are (?:now )?(?:an? )?(?:ai|assistant|language model|chatbot|classifier)\b|\bsystem prompt\b"
    r"|\b(?:verdict|classification) (?:is|must|should|shall) ",
    re.IGNORECASE,
)
"""Told to whoever reads what to answer: such a sentence asks for nothing."""

_DISCLAIMER = re.compile(
    r"\b(?:intended recipient|(?:e-?mail|message|bericht|mail)\b[^.]{0,60}\b(?:is|are|contains?|bevat|kan)\b[^.]{0,40}"
    r"\b(?:confidential|privileged|vertrouwelijk)|consider the environment|denk aan het milieu|geadresseerde\b"
    r"|(?:scan\w*|checked|gescand|gecontroleerd)\b[^.]{0,40}\b(?:virus\w*|malware)"
    r"|(?:copying|disclosure|distribution|verspreiding)\b[^.]{0,80}\b(?:not allowed|prohibited|forbidden|verboden)"
    r"|no rights can be derived|geen rechten\b[^.]{0,30}ontleend)|^sent from my |^verzonden (?:vanaf|met) mijn ",
    re.IGNORECASE,
)
"""What stands below mails of many offices."""

MOST_TEXT = 100_000
"""Characters that are looked at; a person says what he wants well before."""


def own_words(body: str) -> str:
    """What the writer added and a person would read as his request.

    Without quoted lines, the mail below a quote header, signatures, disclaimers, markup, and sentences that tell a
    program what to decide. Intake has folded most of these already; a request from elsewhere may still carry them. A
    message that is nothing but a quotation is kept whole.
    """
    body = _MARKUP.sub(" ", body[:MOST_TEXT])
    kept: list[str] = []
    for line in body.splitlines():
        if _SIGNATURE.match(line) or _QUOTE_HEADER.match(line):
            break
        if not _QUOTED_LINE.match(line):
            kept.append(" ".join(one for one in _SENTENCE.split(line) if not _is_no_request(one)))
    own = "\n".join(kept).strip()
    return own or body.strip()


def _is_no_request(sentence: str) -> bool:
    return bool(_TO_THE_PROGRAM.search(sentence) or _DISCLAIMER.search(sentence))
