"""winmail.dat: the files and the text that Outlook hides in TNEF ([MS-OXTNEF]).

Only what people look for is read: names and bytes of attachments, and the plain text. The other libraries for it are
unmaintained or bring a second reader of rich text along.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = 0x223E9F78
MAX_ATTRIBUTES = 5_000
MAX_FILES = 100

_BODY = 0x0002800C
_OEM_CODEPAGE = 0x00069007
_ATTACH_BEGINS = 0x00069002
_ATTACH_TITLE = 0x00018010
_ATTACH_DATA = 0x0006800F
_ATTACH_PROPERTIES = 0x00069005
_LONG_FILE_NAME = 0x3707
_STRING8, _UNICODE = 0x001E, 0x001F
_FIXED = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4, 0x0014: 8, 0x0040: 8}
"""Sizes of fixed MAPI types with their padding."""
_VARIABLE = {0x000D, _STRING8, _UNICODE, 0x0102}


@dataclass(slots=True)
class File:
    """A file in a winmail.dat."""

    name: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Winmail:
    """What a winmail.dat holds."""

    files: list[File]
    text: str = ""


def read(data: bytes) -> Winmail | None:
    """Take a winmail.dat apart; None when it is none. What is cut off or broken is left out."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:  # noqa: PLR2004 -- signature and key
        return None
    found, codepage = Winmail([]), "cp1252"
    for name, value in _attributes(data):
        if name == _OEM_CODEPAGE and len(value) >= 4:  # noqa: PLR2004 -- one integer
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _BODY:
            found.text = _text(value, codepage)
        elif name == _ATTACH_BEGINS:
            if len(found.files) == MAX_FILES:
                break
            found.files.append(File())
        elif found.files and name == _ATTACH_TITLE:
            found.files[-1].name = found.files[-1].name or _text(value, codepage)
        elif found.files and name == _ATTACH_DATA:
            found.files[-1].data = value
        elif found.files and name == _ATTACH_PROPERTIES:
            found.files[-1].name = _long_name(value, codepage) or found.files[-1].name
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 6
    for _ in range(MAX_ATTRIBUTES):
        if place + 9 > len(data):
            return
        _level, name, length = struct.unpack_from("<BII", data, place)
        place += 9
        if place + length > len(data):
            return
        yield name, data[place : place + length]
        place += length + 2  # a checksum follows


def _text(value: bytes, codepage: str) -> str:
    try:
        return value.rstrip(b"\0").decode(codepage, "replace")
    except LookupError:
        return value.rstrip(b"\0").decode("cp1252", "replace")


def _long_name(data: bytes, codepage: str) -> str:
    """The long file name in a list of MAPI properties; empty when it is not reached."""
    try:
        (count,) = struct.unpack_from("<I", data)
        place = 4
        for _ in range(min(count, 1_000)):
            kind, identifier = struct.unpack_from("<HH", data, place)
            place += 4
            if identifier >= 0x8000:  # noqa: PLR2004 -- a named property: a GUID, and an id or a name, come first
                by_name, size = struct.unpack_from("<II", data, place + 16)
                place += 24 + (size + 3 & ~3 if by_name else 0)
            if kind in _FIXED:
                place += _FIXED[kind]
            elif kind in _VARIABLE:
                values, size = struct.unpack_from("<II", data, place)
                if values != 1:
                    return ""
                if identifier == _LONG_FILE_NAME:
                    raw = data[place + 8 : place + 8 + size]
                    if kind == _UNICODE:
                        return raw.decode("utf-16-le", "replace").rstrip("\0")
                    return _text(raw, codepage)
                place += 8 + (size + 3 & ~3)
            else:
                return ""
    except struct.error:
        return ""
    return ""
