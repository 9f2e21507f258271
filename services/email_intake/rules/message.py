"""The bytes of one e-mail to something readable. Nothing a stranger can send makes this raise or run away.

The standard parser (compat32) does the structure; what it does badly is done here: 8-bit headers, lying character
sets, deep nesting, broken multiparts. Limits keep a hostile mail from costing more than its size.
"""

from __future__ import annotations

import email.errors
import email.policy
import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser

from services.email_intake.rules.charset import clean_line, clean_text, decode
from services.email_intake.rules.headers import Address, addresses, decode_words, eight_bit, message_ids
from services.email_intake.rules.html_text import html_to_text

MAX_HEADER_BYTES = 1 << 20
MAX_HEADER_LINES = 1_000
MAX_HEADER_LINE_BYTES = 64 << 10
MAX_PART_HEADER_LENGTH = 4 << 10
"""Of Content-Type and the like; the standard library's reading of parameters is quadratic."""
MAX_SUBJECT = 998
"""The longest line of RFC 5322."""
MAX_DEPTH = 100
MAX_PARTS = 1_000
MAX_LINES = 1_000_000
MAX_SEPARATORS = 50_000
MAX_LINES_TIMES_DEPTH = 20_000_000
"""The standard parser asks every enclosing multipart about every line, and keeps an object per part and header."""
MAX_TEXT_BYTES = 4_000_000
"""Of one text part, before decoding."""
MAX_TEXT = 200_000
"""Characters of body kept for people and decisions; the stored bytes keep the rest."""
CUT_NOTE = "\n[… cut here; the stored e-mail holds the rest]"

PARSER_BREAKS = (
    RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError, email.errors.MessageError,
)  # fmt: skip
"""What the standard parser has been seen to raise on broken mail."""

_MARKS_OF_MAIL = frozenset((
    "from", "sender", "to", "cc", "subject", "date", "message-id", "received", "return-path", "delivered-to",
    "reply-to", "mime-version",
))  # fmt: skip
_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
_CONTENT_HEADERS = ("content-type", "content-disposition", "content-transfer-encoding")
_HTML_ONLY = re.compile(
    r"(?:does not|doesn't|kan geen|ondersteunt geen|unterstützt kein\w*)\s.{0,40}\bhtml"
    r"|html[- ](?:e-?mail|capable|version)"
    r"|view (?:this|it) (?:e-?mail )?in (?:your|a) browser",
    re.IGNORECASE,
)
_STUB_LENGTH = 300
_EMPTY_LINE = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r(?!\n)|\n)")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along. `size` is in bytes, decoded."""

    name: str
    content_type: str
    size: int


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
    content = _Content(defects)
    content.read(root)
    return ParsedEmail(
        headers=_headers(root),
        text=_shorten(content.text(_split(raw)[2])),
        attachments=tuple(content.attachments),
        content_type=_content_type(root),
        report_type=_parameter(root, "report-type").lower(),
        report_fields=tuple(content.report_fields),
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
    for name in _CONTENT_HEADERS:
        del message[name]
    message.set_payload(body[:MAX_TEXT_BYTES].decode("ascii", "surrogateescape"))
    return message


def _headers(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        text = clean_line(eight_bit(str(value))[:MAX_HEADER_LINE_BYTES])
        found.setdefault(clean_line(str(name)).lower(), []).append(text)
    return {name: tuple(values) for name, values in found.items()}


def _prepare(part: Message) -> None:
    """Make the content headers plain, short text before the standard library reads them.

    It would answer 8-bit values with U+FFFD or with objects where text is expected.
    """
    for name in _CONTENT_HEADERS:
        values = [value for key, value in part.raw_items() if key.lower() == name]
        if not values:
            continue
        del part[name]
        value = clean_line(eight_bit(str(values[0]))[:MAX_PART_HEADER_LENGTH])
        # "base64 (comment)" and "base64;" are base64 to everybody but the standard library
        part[name] = value if name != _CONTENT_HEADERS[2] else re.split(r"[\s;(]", value.strip())[0]


def _content_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except PARSER_BREAKS:
        return "text/plain"


def _parameter(part: Message, name: str, header: str = "content-type") -> str:
    try:
        value = part.get_param(name, "", header)
    except PARSER_BREAKS:
        return ""
    if isinstance(value, tuple):  # RFC 2231: character set, language, percent-decoded bytes
        charset, _, text = value
        return decode_words(decode(str(text).encode("latin-1", "replace"), charset or "utf-8"))
    return decode_words(str(value))


def _file_name(part: Message) -> str:
    name = _parameter(part, "filename", "content-disposition") or _parameter(part, "name")
    return name.replace("\\", "/").rpartition("/")[2][:255]


def _payload(part: Message) -> bytes:
    """The decoded bytes of a leaf. Asked with `decode=True`: without it the lying character set is applied already."""
    try:
        data = part.get_payload(decode=True)
    except PARSER_BREAKS:
        data = None
    return data if isinstance(data, bytes) else b""


class _Content:
    """What the parts of one mail hold: the text to show, the attachments, the fields of a report."""

    def __init__(self, defects: list[str]) -> None:
        self.attachments: list[Attachment] = []
        self.report_fields: list[tuple[str, str]] = []
        self.defects = defects
        self._pieces: list[tuple[int | None, str, str]] = []  # alternative group, "plain" or "html", text
        self._spare: list[str] = []  # shown only when there is no other text

    def read(self, root: Message) -> None:
        """Walk all parts with an own stack."""
        stack: list[tuple[Message, int, int | None]] = [(root, 0, None)]
        seen = 0
        while stack:
            part, depth, group = stack.pop()
            seen += 1
            if depth > MAX_DEPTH or seen > MAX_PARTS:
                self.defects.append("more parts than are read")
                continue
            _prepare(part)
            # never asked for a leaf: the standard library would decode it, with whatever codec the mail names
            payload = part.get_payload() if part.is_multipart() else None
            kind = _content_type(part)
            if not isinstance(payload, list):
                self._leaf(part, kind, group)
                continue
            parts = [child for child in payload if isinstance(child, Message)]
            if kind.startswith("message/"):
                self._enclosed(part, kind, parts)
            else:
                self._spare += [clean_text(eight_bit(text)) for text in (part.preamble, part.epilogue) if text]
                if kind == "multipart/alternative" and group is None:
                    group = seen
                stack.extend((child, depth + 1, group) for child in reversed(parts))

    def _leaf(self, part: Message, kind: str, group: int | None) -> None:
        data = _payload(part)
        disposition = str(part.get("content-disposition", "")).split(";")[0].strip().lower()
        name = _file_name(part)
        broken = kind.startswith("multipart/")  # a multipart whose parts could not be found
        shown = kind in {"text/plain", "text/html"} or broken
        if shown or kind.startswith("text/"):
            text = clean_text(decode(_within(data), _parameter(part, "charset")))
            html = kind == "text/html" or (broken and "<html" in text[:2000].lower())
            if shown and disposition != "attachment" and not (name and disposition != "inline"):
                self._pieces.append((group, "html" if html else "plain", text))
                return
            self._spare.append(html_to_text(text) if html else text)
        if data or name:
            self.attachments.append(Attachment(name, kind, len(data)))

    def _enclosed(self, part: Message, kind: str, blocks: list[Message]) -> None:
        """A mail in the mail is an attachment, not more text; a delivery report is a list of header blocks."""
        if kind in _REPORTS:
            for block in blocks[:MAX_PARTS]:
                self.report_fields += [(name, value) for name, all_ in _headers(block).items() for value in all_]
            del self.report_fields[MAX_HEADER_LINES:]
            return
        name = _file_name(part)
        if blocks and not name:
            name = decode_words(next(iter(_headers(blocks[0]).get("subject", ())), ""))[:255]
        self.attachments.append(Attachment(name, kind, 0))

    def text(self, raw_body: bytes) -> str:
        """The text to show; never empty when the raw body is not."""
        groups: dict[int | None, list[tuple[str, str]]] = {}
        for place, (group, form, text) in enumerate(self._pieces):
            groups.setdefault(-place - 1 if group is None else group, []).append((form, text))
        text = "\n\n".join(filter(str.strip, map(_best, groups.values()))).strip("\n")
        if text.strip():
            return text
        spare = "\n\n".join(piece.strip("\n") for piece in self._spare if piece.strip())
        if spare:
            return spare
        if self.attachments:
            names = ", ".join(attachment.name or attachment.content_type for attachment in self.attachments[:20])
            return f"(no text; attached: {names})"
        if any(form == "html" for _, form, _ in self._pieces):
            return ""  # nothing visible in it: showing the markup would show the hidden text
        return clean_text(decode(raw_body, None)).strip()


def _within(data: bytes) -> bytes:
    """At most the bytes that are worth decoding, cut between lines so that no character is cut."""
    return data if len(data) <= MAX_TEXT_BYTES else data[:MAX_TEXT_BYTES].rpartition(b"\n")[0] or data[:MAX_TEXT_BYTES]


def _best(pieces: list[tuple[str, str]]) -> str:
    """Of the alternatives the plain text, unless it is empty or only says that there is HTML."""
    plain = "\n\n".join(text for form, text in pieces if form == "plain").strip("\n")
    markup = [text for form, text in pieces if form == "html"]
    stub = not plain.strip() or (len(plain) < _STUB_LENGTH and _HTML_ONLY.search(plain))
    if markup and stub:
        return "\n\n".join(map(html_to_text, markup)) or plain
    return plain


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + CUT_NOTE
