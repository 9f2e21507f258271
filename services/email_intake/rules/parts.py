"""The parts of one e-mail: which text to show, what is attached, what an enclosed report says."""

from __future__ import annotations

import email.errors
import email.policy
import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser

from services.email_intake.rules import attachments, tnef, wrappers
from services.email_intake.rules.charset import clean_line, clean_text, decode
from services.email_intake.rules.headers import Address, addresses, decode_words, eight_bit
from services.email_intake.rules.html_text import html_to_text

MAX_HEADER_LINES = 1_000
MAX_HEADER_LINE_BYTES = 64 << 10
MAX_PART_HEADER_LENGTH = 4 << 10
"""Of Content-Type and the like; the standard library's reading of parameters is quadratic."""
MAX_DEPTH = 100
MAX_ENCLOSED = 3
"""Mails in mails that are looked into."""
MAX_PARTS = 1_000
MAX_TEXT_BYTES = 4_000_000
"""Of one text part, before decoding."""

PARSER_BREAKS = (
    RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError, email.errors.MessageError,
)  # fmt: skip
"""What the standard parser has been seen to raise on broken mail."""

CONTENT_HEADERS = ("content-type", "content-disposition", "content-transfer-encoding")
_REPORTS = frozenset({"message/delivery-status", "message/disposition-notification", "message/feedback-report"})
_HTML_ONLY = re.compile(
    r"(?:does not|doesn't|kan geen|ondersteunt geen|unterstützt kein\w*)\s.{0,40}\bhtml"
    r"|html[- ](?:e-?mail|capable|version)"
    r"|view (?:this|it) (?:e-?mail )?in (?:your|a) browser",
    re.IGNORECASE,
)
_STUB_LENGTH = 300
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along: its type by content. `held` says why a person should look at it before it is opened."""

    name: str
    content_type: str
    data: bytes = field(default=b"", repr=False)
    held: str | None = None

    @classmethod
    def of(cls, name: str, declared: str, data: bytes) -> Attachment:
        """The file, looked at."""
        kind = attachments.type_of(data, declared)
        return cls(name, kind, data, attachments.danger_of(name, data, kind))

    @property
    def size(self) -> int:
        """Bytes, decoded."""
        return len(self.data)


def headers_of(message: Message) -> dict[str, tuple[str, ...]]:
    """Lower-case names and cleaned values, encoded words not yet decoded."""
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        text = clean_line(eight_bit(str(value))[:MAX_HEADER_LINE_BYTES])
        found.setdefault(clean_line(str(name)).lower(), []).append(text)
    return {name: tuple(values) for name, values in found.items()}


def _prepare(part: Message) -> None:
    """Make the content headers plain, short text before the standard library reads them.

    It would answer 8-bit values with U+FFFD or with objects where text is expected.
    """
    for name in CONTENT_HEADERS:
        values = [value for key, value in part.raw_items() if key.lower() == name]
        if not values:
            continue
        del part[name]
        value = clean_line(eight_bit(str(values[0]))[:MAX_PART_HEADER_LENGTH])
        # "base64 (comment)" and "base64;" are base64 to everybody but the standard library
        part[name] = value if name != CONTENT_HEADERS[2] else re.split(r"[\s;(]", value.strip())[0]


def content_type_of(part: Message) -> str:
    """Such as text/plain, in lower case."""
    try:
        return part.get_content_type()
    except PARSER_BREAKS:
        return "text/plain"


def parameter_of(part: Message, name: str, header: str = "content-type") -> str:
    """A parameter of a content header, decoded and on one line; empty when there is none."""
    try:
        value = part.get_param(name, "", header)
    except PARSER_BREAKS:
        return ""
    if isinstance(value, tuple):  # RFC 2231: character set, language, percent-decoded bytes
        charset, _, text = value
        return decode_words(decode(str(text).encode("latin-1", "replace"), charset or "utf-8"))
    return decode_words(str(value))


def _file_name(part: Message) -> str:
    name = parameter_of(part, "filename", "content-disposition") or parameter_of(part, "name")
    return name.replace("\\", "/").rpartition("/")[2][:255]


def _payload(part: Message) -> bytes:
    """The decoded bytes of a leaf. Asked with `decode=True`: without it the lying character set is applied already."""
    try:
        data = part.get_payload(decode=True)
    except PARSER_BREAKS:
        data = None
    return data if isinstance(data, bytes) else b""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A mail in a mail, as people forward one."""

    sender: Address | None
    subject: str
    text: str


class Content:
    """What the parts of one mail hold: the text to show, the attachments, the fields of a report."""

    def __init__(self, defects: list[str], depth: int = 0) -> None:
        self.attachments: list[Attachment] = []
        self.report_fields: list[tuple[str, str]] = []
        self.returned_ids: list[str] = []
        self.wrappers: list[str] = []
        self.calendar: wrappers.Invitation | None = None
        self.enclosed: Enclosed | None = None
        self.defects = defects
        self._depth = depth
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
            kind = content_type_of(part)
            if not isinstance(payload, list):
                inner = self._leaf(part, kind, group)
                if inner is not None:
                    stack.append((inner, depth + 1, group))
                continue
            if kind in {"multipart/signed", "multipart/encrypted"}:
                scheme = "PGP" if "pgp" in parameter_of(part, "protocol").lower() else "S/MIME"
                self.wrappers.append(f"{kind.removeprefix('multipart/')} ({scheme})")
            parts = [child for child in payload if isinstance(child, Message)]
            if kind.startswith("message/"):
                self._enclosed(part, kind, parts)
            else:
                self._spare += [clean_text(eight_bit(text)) for text in (part.preamble, part.epilogue) if text]
                if kind == "multipart/alternative" and group is None:
                    group = seen
                stack.extend((child, depth + 1, group) for child in reversed(parts))

    def _leaf(self, part: Message, kind: str, group: int | None) -> Message | None:
        """Read one part; gives the mail inside when it is only a wrapper of one."""
        data = _payload(part)
        if not kind.startswith("text/"):
            part.set_payload("")  # the undecoded copy of a large file is not kept beside it
        if kind in wrappers.SIGNATURES and data:
            return None
        if kind in wrappers.SMIME:
            return self._smime(part, kind, data)
        disposition = str(part.get("content-disposition", "")).split(";")[0].strip().lower()
        name = _file_name(part)
        broken = kind.startswith("multipart/")  # a multipart whose parts could not be found
        shown = kind in {"text/plain", "text/html"} or broken
        if shown or kind.startswith("text/"):
            text = clean_text(decode(_within(data), parameter_of(part, "charset")))
            html = kind == "text/html" or (broken and "<html" in text[:2000].lower())
            if shown and disposition != "attachment" and not (name and disposition != "inline"):
                self._pieces.append((group, "html" if html else "plain", text))
                return None
            if kind == "text/rfc822-headers":
                self._returned(data)
            self._spare.append(
                self._calendar(text) if kind == "text/calendar" else html_to_text(text) if html else text
            )
        if (kind in _TNEF or name.lower() == "winmail.dat") and self._winmail(data):
            return None
        if data or name:
            self.attachments.append(Attachment.of(name, kind, data))
        return None

    def _calendar(self, text: str) -> str:
        found = wrappers.invitation(text)
        self.calendar = self.calendar or found
        return f"(calendar: {found})" if found else text

    def _smime(self, part: Message, kind: str, data: bytes) -> Message | None:
        inside = wrappers.signed_content(data)
        if inside is not None:
            self.wrappers.append("signed (S/MIME)")
            try:
                found: Message = BytesParser(policy=email.policy.compat32).parsebytes(inside)
            except PARSER_BREAKS:
                self.defects.append("the signed content is not readable")
            else:
                return found
        else:
            self.wrappers.append("encrypted (S/MIME)")
        self.attachments.append(Attachment.of(_file_name(part) or "smime.p7m", kind, data))
        return None

    def _winmail(self, data: bytes) -> bool:
        found = tnef.read(data)
        if found is None:
            return False
        self.wrappers.append("winmail.dat")
        if found.text.strip():
            self._spare.append(clean_text(found.text))
        for file in found.files:
            name = clean_line(file.name).replace("\\", "/").rpartition("/")[2][:255]
            self.attachments.append(Attachment.of(name, "application/octet-stream", file.data))
        return True

    def _returned(self, head: bytes) -> None:
        """Note the Message-ID of a mail that came back as headers only."""
        try:
            message: Message = BytesHeaderParser(policy=email.policy.compat32).parsebytes(head[:MAX_HEADER_LINE_BYTES])
        except PARSER_BREAKS:
            return
        self.returned_ids += headers_of(message).get("message-id", ())[:1]

    def _enclosed(self, part: Message, kind: str, blocks: list[Message]) -> None:
        """A mail in the mail is an attachment, not more text; a delivery report is a list of header blocks."""
        if kind in _REPORTS:
            for block in blocks[:MAX_PARTS]:
                self.report_fields += [(name, value) for name, all_ in headers_of(block).items() for value in all_]
            del self.report_fields[MAX_HEADER_LINES:]
            return
        if not blocks:
            self.attachments.append(Attachment.of(_file_name(part), kind, b""))
            return
        head, data = headers_of(blocks[0]), _as_bytes(blocks[0])  # as it is: reading it takes it apart
        subject = decode_words(next(iter(head.get("subject", ())), ""))[:255]
        self.returned_ids += head.get("message-id", ())[:1]
        held: str | None = "mails in mails, more of them than are looked into"
        if self._depth < MAX_ENCLOSED:
            inside = Content(self.defects, self._depth + 1)
            inside.read(blocks[0])
            danger = next((file.held for file in inside.attachments if file.held), None)
            held = danger and f"in the mail: {danger}"
            sender = next(iter(addresses(", ".join(head.get("from", ())))), None)
            self.enclosed = self.enclosed or Enclosed(sender, subject, inside.text(b""))
        name = _file_name(part) or f"{subject or 'mail'}.eml"
        self.attachments.append(Attachment(name, kind, data, attachments.danger_of(name, data, kind) or held))

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
            enclosed = self.enclosed.text if self.enclosed else ""  # some people send only the mail that they got
            return f"(no text; attached: {names})\n\n{enclosed}".strip()
        if any(form == "html" for _, form, _ in self._pieces):
            return ""  # nothing visible in it: showing the markup would show the hidden text
        return clean_text(decode(raw_body, None)).strip()


def _as_bytes(mail: Message) -> bytes:
    """An enclosed mail as a file; empty where it cannot be written again, then the stored e-mail alone has it."""
    try:
        return mail.as_bytes()
    except PARSER_BREAKS:
        return b""


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
