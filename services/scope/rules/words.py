"""Text as the other rules read it: lower case, without accents, split into words."""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[a-z0-9]+(?:['.@_+-][a-z0-9]+)*")

_ODD_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u2013": "-", "\u2014": "-"})


def plain(text: str) -> str:
    """Lower case, one kind of apostrophe and dash, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_ODD_QUOTES).lower())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


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


def own_words(body: str) -> str:
    """What the writer added: without quoted lines, the mail below a quote header, and signatures.

    Intake has folded these already; a request from elsewhere may still carry them. A message that is nothing but a
    quotation is kept whole.
    """
    kept: list[str] = []
    for line in body.splitlines():
        if _SIGNATURE.match(line) or _QUOTE_HEADER.match(line):
            break
        if not _QUOTED_LINE.match(line):
            kept.append(line)
    own = "\n".join(kept).strip()
    return own or body.strip()
