"""Header values: raw 8-bit text, encoded words (RFC 2047), addresses (RFC 5322) and message ids."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.email_intake.rules.charset import clean_line, decode
from shared.encoded_words import defused, is_live

MAX_ADDRESSES = 500
MAX_REFERENCES = 50
"""Kept from either end of a References header."""
MAX_ADDRESS_LENGTH = 320

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?([^?]*)\?=")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\\]{1,255}")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the address in lower case, and the name as its owner writes it."""

    email: str
    name: str = ""

    @property
    def local(self) -> str:
        """What stands before the @."""
        return self.email.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.email.rpartition("@")[2]


def eight_bit(value: str) -> str:
    """A header value of the standard parser with its smuggled 8-bit bytes read as text."""
    if value.isascii():
        return value
    return decode(value.encode("utf-8", "surrogateescape"), None)


def decode_words(value: str) -> str:
    """A header value as its writer meant it, cleaned to one line.

    Neighbouring encoded words of one character set are joined as bytes: mailers cut in the middle of a character.
    """
    pieces: list[str] = []
    run, run_charset = b"", ""
    end = 0
    for word in _ENCODED_WORD.finditer(value):
        charset = word[1].partition("*")[0].lower()  # RFC 2231 may add "*language"
        data = _word_bytes(word[2], word[3])
        gap = value[end : word.start()]
        between_words = end > 0 and not gap.strip()
        if not between_words:
            pieces += [decode(run, run_charset), gap]
            run = b""
        elif charset != run_charset:
            pieces.append(decode(run, run_charset))
            run = b""
        run, run_charset = run + data, charset
        end = word.end()
    return defused(clean_line("".join([*pieces, decode(run, run_charset), value[end:]])))


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "Qq":
        return quopri.decodestring(data.replace(b" ", b"_"), header=True)
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    try:
        # a single character left over carries no whole byte
        return base64.b64decode(data[: len(data) - (len(data) % 4 == 1)] + b"==")
    except binascii.Error:
        return data


def addresses(value: str) -> tuple[Address, ...]:
    """The addresses of a From, To or Cc value, at most 500; split first, names decoded after.

    An encoded name may hold a comma, so decoding first would invent addresses.
    """
    found: list[Address] = []
    for item in _split(value):
        address = _address(item)
        if address:
            found.append(address)
        if len(found) == MAX_ADDRESSES:
            break
    return tuple(found)


def _split(value: str) -> Iterator[str]:
    """The items between commas that stand outside quotes, comments and angle brackets."""
    start = place = comment = 0
    angle = False
    while place < len(value):
        char = value[place]
        if char == '"' and not comment:
            place = _after_quote(value, place)
            continue
        if char == "\\":
            place += 1
        elif char in "()":
            comment = max(0, comment + (1 if char == "(" else -1))
        elif char in "<>":
            angle = char == "<"
        elif char in ",;" and not angle and not comment:
            yield value[start:place]
            start = place + 1
        place += 1
    # A comment that never ends must not swallow the other people of a long list.
    yield from value[start:].split(",") if comment or angle else (value[start:],)


def _after_quote(value: str, place: int) -> int:
    """The place after a quoted string; just after the quote when it never ends, so that it swallows nobody."""
    quoted = _QUOTED.match(value, place)
    return quoted.end() if quoted else place + 1


def _address(item: str) -> Address | None:
    bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), item)
    left, right = bare.rfind("<"), bare.rfind(">")
    if left == -1:  # an unclosed quote may have hidden the brackets
        bare, left, right = item, item.rfind("<"), item.rfind(">")
    inside = bare[left + 1 : right if right > left else None] if left != -1 else bare
    match = _ADDRESS.search(clean_line(inside)) or _ADDRESS.search(clean_line(item))
    if not match or len(match[0]) > MAX_ADDRESS_LENGTH or is_live(match[0]):
        return None
    name = item[:left] if left != -1 else _comment(item)
    name = name.rpartition(":")[2] if ":" in _QUOTED.sub("", name) and "=?" not in name else name
    return Address(match[0].lower().rstrip("."), decode_words(_unquote(name.strip())))


def _comment(item: str) -> str:
    """The old form `address (Name)`."""
    left, right = item.find("("), item.rfind(")")
    return item[left + 1 : right] if -1 < left < right else ""


def _unquote(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name.strip('"')) if '"' in name else name


def message_ids(value: str) -> tuple[str, ...]:
    """Every `<id>` found anywhere in a Message-ID, In-Reply-To or References value, brackets included."""
    ids = (clean_line(match[1]) for match in _MESSAGE_ID.finditer(value))
    found = [f"<{each}>" for each in ids if not is_live(each)]
    return tuple(found if len(found) <= 2 * MAX_REFERENCES else found[:MAX_REFERENCES] + found[-MAX_REFERENCES:])
