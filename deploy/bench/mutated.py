"""Mails that no mailer would write: the sample's and ugly shapes, broken by chance from a seed."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

INBOX = Path(__file__).parents[1] / "sample" / "inbox"
_HEAD = b"From: Jan <jan@klant.example>\r\nTo: support@hypernode.example\r\nSubject: hallo\r\n"
_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b"\xff\xfe", b"--B\r\n", b"--B--", b"=?utf-8?q?=0D=0ABcc:_x=40y?=",
    b"=?", b"?=", b'"', b"(", b"<", b">", b";", b"\\", b"Content-Type: multipart/mixed; boundary=B\r\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Type: text/html; charset=utf-7\r\n", b"charset=idna",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Type: message/delivery-status\r\n\r\n", b"Auto-Submitted: ",
    b"Authentication-Results: mx; dkim=pass (", b"References: <a@b> <", b"\r\n.\r\n", b"From ", b"BEGIN:VCALENDAR",
    b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"filename*0*=x''%ff", b"\xe2\x80\xae", b"\xed\xa0\x80",
)  # fmt: skip
_MOST_CHANGES = 8
_LONGEST_SLICE = 400


def shapes() -> list[bytes]:
    """The mails that are broken: those of the sample, and shapes that strangers send on purpose."""
    nest = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(60))
    part = b"--B\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n"
    kinds = (
        b"application/ms-tnef; name=winmail.dat", b"application/pkcs7-mime", b"application/zip; name=a.zip",
        b"text/calendar", b"message/rfc822", b"image/png; name=x.png", b"text/html", b"multipart/alternative",
    )  # fmt: skip
    contents = (
        b'x\x9f>"\x01\0\x02\x90\x06\0', b"0\x80\x06\t*\x86H\x86\xf7\r\x01\x07\x02", b"PK\x03\x04\x14\0",
        b"BEGIN:VCALENDAR\nMETHOD:REPLY\n", b"Subject: inner\r\n\r\ntext", b"\x89PNG\r\n\x1a\n",
        b"<blockquote type=cite>a<p>b", b"--C\r\n\r\nhi\r\n--C--",
    )  # fmt: skip
    mixed = b"".join(part % (kind, b64encode(data)) for kind, data in zip(kinds, contents, strict=True))
    report = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"--B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <hn-1.a@b>\r\n\r\n--B--\r\n"
    )
    results = b"Authentication-Results: mx.example; dkim=pass (a;b) header.d=klant.example; dmarc=pass\r\n"
    begin = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\ntext\n"
    signed = begin + b"-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----"
    ugly = (
        b"", b"\0" * 100, _HEAD, _HEAD.replace(b"\r\n", b"\r") + b"\rbody", _HEAD + nest + b"\r\ndeep",
        _HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + mixed + b"--B--\r\n", _HEAD + report,
        results + _HEAD + b"\r\nhi", _HEAD + b"\r\n" + signed, _HEAD + b"X: " + b"=?utf-8?q?a?= " * 200 + b"\r\n\r\nhi",
        _HEAD + b"Cc: " + b"a@b.example, " * 300 + b"\r\n\r\nhi",
        _HEAD + b"\r\n" + b"> " * 500 + b"\r\nOn 1 May 2026 wrote:",
        _HEAD + b"Content-Type: text/html; charset=utf-16\r\n\r\n" + "<p>één</p>".encode("utf-16"),
    )  # fmt: skip
    return [*(path.read_bytes() for path in sorted(INBOX.rglob("*.eml"))), *ugly]


def mutated(seed: int, count: int) -> Iterator[bytes]:
    """So many broken mails, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable on purpose
    yield from islice(_endless(chance, shapes()), count)


def _endless(chance: random.Random, mails: Sequence[bytes]) -> Iterator[bytes]:
    while True:
        raw = chance.choice(mails)
        for _ in range(chance.randint(1, _MOST_CHANGES)):
            raw = _changed(chance, raw, mails)
        yield raw


def _changed(chance: random.Random, raw: bytes, mails: Sequence[bytes]) -> bytes:  # noqa: PLR0911 -- one per change
    place = chance.randint(0, len(raw))
    end = min(len(raw), place + chance.randint(0, _LONGEST_SLICE))
    match chance.randrange(8):
        case 0:
            return raw[:place] + chance.choice(_TOKENS) + raw[place:]
        case 1:
            return raw[:place] + raw[end:]
        case 2:
            return raw[:end] + raw[place:]
        case 3:
            return raw[:place] + chance.randbytes(chance.randint(1, 8)) + raw[end:]
        case 4:
            return raw[:place]
        case 5:
            other = chance.choice(mails)
            return raw[:place] + other[chance.randint(0, len(other)) :]
        case 6:
            lines = raw.split(b"\n")
            chance.shuffle(lines)
            return b"\n".join(lines) if chance.random() < 1 / 4 else raw[:place] + raw[place:end].swapcase() + raw[end:]
        case _:
            old, new = chance.sample((b"\r\n", b"\n", b"\r", b" ", b"=", b"--", b":"), 2)
            return raw.replace(old, new, chance.randint(1, 20))
