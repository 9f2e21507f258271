"""Bytes to text, when the declared character set may lie."""

from __future__ import annotations

import codecs
import re

READ_AS = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
}
"""What senders declare, and the superset that they mean."""

NOT_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "unicode-escape", "raw-unicode-escape", "undefined"},
)
"""Codecs of Python that no e-mail means; some are slow on purpose-made input."""

_MULTI_BYTE = re.compile(r"utf|gb|big5|euc|jis|2022|cp9[345]|hz|johab|kr", re.IGNORECASE)
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def decode(data: bytes, declared: str | None) -> str:
    """The text of `data`, always: UTF-8 where it fits, then the declared set, then Windows-1252.

    A declared multi-byte set goes first: ISO-2022-JP is valid UTF-8 too. Bytes that fit nowhere become U+FFFD.
    """
    name = (declared or "").strip().strip("\"'").lower()
    charset = READ_AS.get(name, name)
    order = [charset, "utf-8"] if _MULTI_BYTE.search(charset) else ["utf-8", charset]
    for candidate in order:
        text = _try(data, candidate)
        if text is not None:
            return text.removeprefix("\ufeff")
    return data.decode("cp1252", "replace")


def _try(data: bytes, charset: str) -> str | None:
    if not charset or charset in NOT_CHARSETS or "\x00" in charset:
        return None
    try:
        # 0x81 and four others have no meaning in Windows-1252: one of them must not send the text to another set.
        return data.decode(codecs.lookup(charset).name, "replace" if charset == "cp1252" else "strict")
    except (LookupError, UnicodeError):
        return None


def clean_text(text: str) -> str:
    """Body text with line feeds only, without what PostgreSQL and JSON cannot hold and no reader can see."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _UNSTORABLE.sub("", text))


def clean_line(text: str) -> str:
    """A header value on one line: no CR, LF, NUL, other controls or direction marks, so it is safe to send again.

    Encoded words may hide a line break, which the standard library before 3.13 would write out as a new header.
    """
    text = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)
    return _SURROGATES.sub("\ufffd", _BIDI.sub("", text)).strip()
