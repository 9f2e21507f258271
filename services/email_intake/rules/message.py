"""The bytes of one e-mail to something readable. Nothing a stranger can send makes this raise or run away.

The standard parser (compat32) does the structure; what it does badly is done here: 8-bit headers, lying character
sets, deep nesting, broken multiparts. Limits keep a hostile mail from costing more than its size.
"""

from __future__ import annotations

import email.policy
import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser

from services.email_intake.rules import wrappers
from services.email_intake.rules.headers import Address, addresses, decode_words, message_ids
from services.email_intake.rules.parts import (
    CONTENT_HEADERS,
    MAX_HEADER_LINE_BYTES,
    MAX_HEADER_LINES,
    MAX_TEXT_BYTES,
    PARSER_BREAKS,
    Attachment,
    Content,
    Enclosed,
    content_type_of,
    headers_of,
    parameter_of,
)
from services.email_intake.rules.wrappers import Invitation

MAX_HEADER_BYTES = 1 << 20
MAX_SUBJECT = 998
"""The longest line of RFC 5322."""
MAX_LINES = 1_000_000
MAX_SEPARATORS = 50_000
MAX_LINES_TIMES_DEPTH = 20_000_000
"""The standard parser asks every enclosing multipart about every line, and keeps an object per part and header."""
MAX_TEXT = 200_000
"""Characters of body kept for people and decisions; the stored bytes keep the rest."""
CUT_NOTE = "\n[… cut here; the stored e-mail holds the rest]"

_MARKS_OF_MAIL = frozenset((
    "from", "sender", "to", "cc", "subject", "date", "message-id", "received", "return-path", "delivered-to",
    "reply-to", "mime-version",
))  # fmt: skip
_EMPTY_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r(?!\n)|\n)")


@dataclass(frozen=True, slots=True)
class ParsedEmail:
    """One e-mail as read. Every text is plain `str` that is safe to store, to show and to send again."""

    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Lower-case name to cleaned values, in the order of the mail, encoded words not yet decoded."""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    content_type: str = "text/plain"
    report_type: str = ""
    report_fields: tuple[tuple[str, str], ...] = ()
    """Field names (lower case) and values of an enclosed delivery, disposition or feedback report."""
    returned_ids: tuple[str, ...] = ()
    """Message-IDs of the mails that are enclosed, as a bounce encloses what it returns."""
    wrapped: tuple[str, ...] = ()
    """What was around the text: signatures, encryption, winmail.dat."""
    enclosed: Enclosed | None = None
    """The first mail that is enclosed."""
    calendar: Invitation | None = None
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The first value of a header, decoded; empty when there is none."""
        return decode_words(next(iter(self.headers.get(name, ())), ""))

    def people(self, name: str) -> tuple[Address, ...]:
        """The addresses in all headers of a name."""
        return addresses(", ".join(self.headers.get(name, ()))[:MAX_HEADER_LINE_BYTES])

    @property
    def is_mail(self) -> bool:
        """Whether anything in it shows that a mail program wrote it."""
        return not _MARKS_OF_MAIL.isdisjoint(self.headers)

    @property
    def subject(self) -> str:
        """The subject on one line, at most 998 characters."""
        return self.header("subject")[:MAX_SUBJECT]

    @property
    def sender(self) -> Address | None:
        """Who wrote it: From, else Sender. Reply-To is no proof of anything and is not asked."""
        return next(iter(self.people("from") or self.people("sender")), None)

    @property
    def message_id(self) -> str | None:
        """Its own id, with brackets."""
        return next(iter(message_ids(" ".join(self.headers.get("message-id", ())))), None)

    @property
    def references(self) -> tuple[str, ...]:
        """The mails that it answers, nearest first: In-Reply-To, then References from last to first."""
        replied = message_ids(" ".join(self.headers.get("in-reply-to", ())))
        thread = message_ids(" ".join(self.headers.get("references", ())))
        return tuple(dict.fromkeys((*replied, *reversed(thread))))


def parse(raw: bytes) -> ParsedEmail:
    """Read one e-mail. Never raises; what is wrong with it is told in `defects`."""
    defects: list[str] = []
    raw = _within_limits(raw.lstrip(b"\xef\xbb\xbf\r\n \t"), defects)
    root = _structure(raw, defects)
    content = Content(defects)
    content.read(root)
    text, clear_signed = wrappers.without_clear_signature(_shorten(content.text(_split(raw)[2])))
    around = [*content.wrappers, *["signed (PGP)"] * clear_signed]
    if wrappers.PGP_MESSAGE in text:
        around.append("encrypted (PGP)")
    return ParsedEmail(
        headers=headers_of(root),
        text=text,
        attachments=tuple(content.attachments),
        content_type=content_type_of(root),
        report_type=parameter_of(root, "report-type").lower(),
        report_fields=tuple(content.report_fields),
        returned_ids=tuple(dict.fromkeys(found for value in content.returned_ids for found in message_ids(value))),
        wrapped=tuple(dict.fromkeys(around)),
        enclosed=content.enclosed,
        calendar=content.calendar,
        defects=tuple(dict.fromkeys(defects)),
    )


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Header block, the empty line, body. Without an empty line all of it is header."""
    match = _EMPTY_LINE.search(raw)
    return (raw[: match.start()], match[0], raw[match.end() :]) if match else (raw, b"", b"")


def _within_limits(raw: bytes, defects: list[str]) -> bytes:
    head, gap, body = _split(raw)
    if not gap:  # a mail of headers only, or no mail: the parser finds out, within a bound
        head, gap, body = raw[:MAX_HEADER_BYTES], b"", raw[MAX_HEADER_BYTES:]
    longest = MAX_HEADER_LINE_BYTES
    if len(head) <= longest and head.count(b"\n") < MAX_HEADER_LINES:
        return raw
    lines = head[:MAX_HEADER_BYTES].splitlines(keepends=True)
    kept = [line if len(line) <= longest else line[:longest] + b"\r\n" for line in lines[:MAX_HEADER_LINES]]
    if len(head) > MAX_HEADER_BYTES or len(lines) > MAX_HEADER_LINES or kept != lines[:MAX_HEADER_LINES]:
        defects.append("more headers than are read")
    return b"".join(kept).rstrip(b"\r\n") + (gap or b"\r\n\r\n") + body


def _structure(raw: bytes, defects: list[str]) -> Message:
    """The parts as the standard parser sees them, or one flat text where that breaks or costs too much."""
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    depth = raw.lower().count(b"boundary=")
    if lines > MAX_LINES or raw.count(b"\n--") > MAX_SEPARATORS or lines * min(depth, 300) > MAX_LINES_TIMES_DEPTH:
        defects.append("too many parts or lines to take apart, shown as plain text")
        return _flat(raw)
    try:
        message: Message = BytesParser(policy=email.policy.compat32).parsebytes(raw)
    except PARSER_BREAKS as error:
        defects.append(f"structure not readable ({type(error).__name__}), shown as plain text")
        return _flat(raw)
    return message


def _flat(raw: bytes) -> Message:
    """Headers only; the body stays one piece of text, whatever the headers say of it."""
    head, gap, body = _split(raw)
    try:
        message: Message = BytesHeaderParser(policy=email.policy.compat32).parsebytes(head + gap)
    except PARSER_BREAKS:
        message, body = Message(), raw
    for name in CONTENT_HEADERS:
        del message[name]
    message.set_payload(body[:MAX_TEXT_BYTES].decode("ascii", "surrogateescape"))
    return message


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + CUT_NOTE
