"""A customer's words without what is personal in them, so that a person can take them into a pack as an example.

It finds what has a form (addresses, numbers), greets or signs, and the names it is told. A person reviews the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ADDRESS, NUMBER, NAME = "[address]", "[number]", "[name]"
LONGEST = 500
"""Characters of an example; a request says what it wants well before this."""

_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|beste|hallo|hoi|geachte|dag|"
    r"goede(?:n)?(?:morgen|middag|avond|dag))\b(?:[ \t]+[\w.'/&-]+){0,4}[ \t]*(?:[,!]+|\n|$)\s*",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"^\s*(?:(?:kind|best|warm)\s+regards|regards|cheers|sincerely|yours|thanks|thank you|many thanks|"
    r"(?:met\s+)?(?:vriendelijke|hartelijke)\s+groet(?:en)?|groet(?:en|jes)?|hoogachtend|mvg|bedankt|alvast bedankt)"
    r"\b[^\n]{0,40}$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESSES = re.compile(
    r"""
      \S{1,64}@[\w-]+(?:\.[\w-]+)+                                        # e-mail
    | \b(?:https?|ftp|ssh)://\S+ | \bwww\.\S+                             # web
    | \b(?:\d{1,3}\.){3}\d{1,3}\b | \b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b  # IP
    | \b(?:[a-z0-9-]+\.)+(?:com|net|org|nl|be|de|eu|uk|shop|store|online|example|info|io)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NUMBERS = re.compile(
    r"""
      \b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,4})?\b       # bank account
    | \b[A-Z]{1,4}-\d{3,}(?:-\d+)?\b                                      # ticket, order or quote
    | \+?\d[\d\s()/-]{6,}\d                                               # telephone
    | \b\d{4}\s?[A-Z]{2}\b                                                # postcode
    | \b\d{4,}\b
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]{3,}")


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The text on one line without greeting and signature; addresses, long numbers and the given names are masked.

    Numbers of up to three digits stay: 502 and 8.2 say what a request is about.
    """
    body = _GREETING.sub("", text.strip(), count=1)
    signed = _SIGN_OFF.search(body)
    if signed and body[: signed.start()].strip():
        body = body[: signed.start()]
    body = _NUMBERS.sub(NUMBER, _ADDRESSES.sub(ADDRESS, body))
    for word in {word for name in names for word in _WORD.findall(name)}:
        body = re.sub(rf"\b{re.escape(word)}\b", NAME, body, flags=re.IGNORECASE)
    line = " ".join(body.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rsplit(' ', 1)[0]} …"
