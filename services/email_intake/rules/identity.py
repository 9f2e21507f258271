"""When two deliveries are the same mail."""

from __future__ import annotations

import hashlib
import re

_KEYED = (b"message-id", b"date", b"from", b"subject", b"in-reply-to")
_HEADER = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
_LINE_END = re.compile(rb"\r\n|\r")


def mail_key(raw: bytes) -> str:
    """SHA-256 of what the sender wrote: Message-ID, Date, From, Subject, In-Reply-To and the body.

    What the way adds (Received, Delivered-To, line ends) does not count, and a Message-ID alone does not decide:
    some senders use one for different mails.
    """
    head, _, body = _LINE_END.sub(b"\n", raw).lstrip(b"\n").partition(b"\n\n")
    found: dict[bytes, bytes] = {}
    for header in _HEADER.finditer(head):
        name = header[1].lower()
        if name in _KEYED and name not in found:
            following = _HEADER.search(head, header.end())
            end = following.start() if following else len(head)
            found[name] = b" ".join(head[header.end() : end].split())
    digest = hashlib.sha256()
    for part in (*(found.get(name, b"") for name in _KEYED), body.rstrip(b"\n")):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    if not found:  # hardly a mail: its bytes are all there is to compare
        digest.update(head)
    return digest.hexdigest()


def way_of(source: str) -> str:
    """By which way an e-mail came, from what its gateway wrote: a file, unless it is one of the others."""
    if source.startswith("IMAP "):
        return "imap"
    return source if source in {"smtp", "lmtp", "pipe"} else "file"
