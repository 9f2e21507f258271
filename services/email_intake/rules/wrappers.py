"""What is wrapped around a text: S/MIME and PGP signatures, encryption, calendar invitations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.email_intake.rules.charset import clean_line

SIGNATURES = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
})  # fmt: skip
SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
MAX_CALENDAR_LINES = 2_000
MAX_DER_DEPTH = 12

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_DATA = bytes.fromhex("06092a864886f70d010701")
_CLEAR_SIGNED = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[^\n]+\n)*\n(.*?)\n-----BEGIN PGP SIGNATURE-----\n.*?"
    r"-----END PGP SIGNATURE-----[^\n]*",
    re.DOTALL,
)
PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar entry that came along. `method` in upper case: REQUEST, REPLY, CANCEL and others (RFC 5546)."""

    method: str
    summary: str
    starts: str
    location: str

    def __str__(self) -> str:
        """For people."""
        return ", ".join(filter(None, (self.summary, self.starts, self.location)))


def without_clear_signature(text: str) -> tuple[str, bool]:
    """The text inside a PGP clear signature (RFC 9580, 7), and whether there was one."""
    if "-----BEGIN PGP SIGNED MESSAGE-----" not in text:
        return text, False
    shown, count = _CLEAR_SIGNED.subn(lambda found: re.sub(r"(?m)^- ", "", found[1]), text, count=20)
    return shown, bool(count)


def invitation(text: str) -> Invitation | None:
    """The first entry of an iCalendar text (RFC 5545); None when there is none."""
    if "BEGIN:VCALENDAR" not in text[:1_000].upper():
        return None
    found: dict[str, str] = {}
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines()[:MAX_CALENDAR_LINES]:
        name, _, value = line.partition(":")
        name = name.partition(";")[0].strip().upper()
        if name in {"METHOD", "SUMMARY", "DTSTART", "LOCATION"}:
            found.setdefault(name, clean_line(re.sub(r"\\([,;nN\\])", _unescaped, value))[:300])
    method = found.get("METHOD", "PUBLISH").upper()
    return Invitation(method, found.get("SUMMARY", ""), found.get("DTSTART", ""), found.get("LOCATION", ""))


def _unescaped(found: re.Match[str]) -> str:
    return " " if found[1] in "nN" else found[1]


def signed_content(data: bytes) -> bytes | None:
    """The MIME entity in an opaque S/MIME signature (RFC 8551, 3.5.2); None when it is encrypted or not readable."""
    start = data.find(_DATA, data.find(_SIGNED_DATA, 0, 64) + len(_SIGNED_DATA))
    if _SIGNED_DATA not in data[:64] or start < 0:
        return None
    pieces: list[bytes] = []
    try:
        _octets(data, start + len(_DATA), pieces, 0)
    except IndexError:
        return None
    return b"".join(pieces) or None


def _octets(data: bytes, place: int, pieces: list[bytes], depth: int) -> int:
    """Collect the octet strings of the element at `place` (BER, also of indefinite length); gives where it ends."""
    tag, length, place = data[place], data[place + 1], place + 2
    indefinite = length == 0x80  # noqa: PLR2004 -- X.690, 8.1.3.6
    if length > 0x80:  # noqa: PLR2004 -- X.690, 8.1.3.5
        size = length & 0x7F
        length, place = int.from_bytes(data[place : place + size], "big"), place + size
    if depth > MAX_DER_DEPTH or (not indefinite and place + length > len(data)):
        raise IndexError
    if tag == 0x04:  # noqa: PLR2004 -- an octet string
        pieces.append(data[place : place + length])
        return place + length
    if tag not in {0xA0, 0x24}:
        raise IndexError
    end = len(data) if indefinite else place + length
    while place < end:
        if indefinite and data[place : place + 2] == b"\0\0":
            return place + 2
        place = _octets(data, place, pieces, depth + 1)
    return place
