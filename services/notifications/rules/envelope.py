"""The envelope of a letter: subject, Message-ID, thread and the headers that keep machines from answering it.

Header values come from customers' mail, call records and customer files, so each is cleaned of line breaks, controls
and encoded words before it is used (RFC 5322 2.2: a header value that breaks the line makes a new header).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime

from shared.encoded_words import defused, is_live
from shared.vocabulary import TicketFacts

MAX_SUBJECT = 200
MAX_NAME = 100
MAX_REFERENCES = 20
MAX_ADDRESS = 254
"""RFC 5321 4.5.3.1.3: a path is at most 256 octets, with its angle brackets."""

_REPLY_PREFIXES = re.compile(r"^\s*(?:(?:re|antw|betr|aw|sv)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DOT_STRING = re.compile(r"[^.]+(?:\.[^.]+)*")
_BIDI = {0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def clean(value: str) -> str:
    """A header value on one line, without controls, encoded words and marks that turn the reading direction."""
    spaced = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} else character
        for character in value
        if ord(character) not in _BIDI
    )
    return defused(" ".join(spaced.split()))


def usable_address(address: str | None) -> bool:
    """An address that a letter can go to: one plain ASCII mailbox with a domain."""
    if not address or len(address) > MAX_ADDRESS or is_live(address):
        return False
    return bool(_PLAIN_ADDRESS.fullmatch(address))


def written_address(address: str) -> str:
    """A usable address as RFC 5321 4.1.2 writes it: `a..b@docomo.ne.jp` exists, and its local part stands in quotes."""
    local, _, domain = address.rpartition("@")
    return address if _DOT_STRING.fullmatch(local) else f'"{local}"@{domain}'


def subject_line(subject: str, ticket_id: str) -> str:
    """`Re: … [HN-1042]` with one prefix and one tag, however often the mail went to and fro; of no ticket no tag."""
    tag = f"[{ticket_id}]" if ticket_id else ""
    bare = re.sub(re.escape(tag), " ", clean(subject), flags=re.IGNORECASE) if tag else clean(subject)
    bare = " ".join(_REPLY_PREFIXES.sub("", bare).split())
    if len(bare) > MAX_SUBJECT:
        bare = bare[: MAX_SUBJECT - 1].rstrip() + "…"
    return " ".join(filter(None, ("Re:", bare, tag)))


def domain_of(mailbox: str) -> str:
    """The part after the @."""
    return mailbox.rpartition("@")[2]


def thread(ticket: TicketFacts, earlier: Sequence[str]) -> dict[str, str]:
    """In-Reply-To and References (RFC 5322 3.6.4): the customer's mail, then our earlier letters on the ticket."""
    asked = [found for found in _MESSAGE_ID.findall(ticket.message_id or "") if not is_live(found)][:1]
    known = list(dict.fromkeys([*asked, *earlier]))
    if not known:
        return {}
    root, rest = known[:1], known[1:]
    return {
        "In-Reply-To": asked[0] if asked else known[-1],
        "References": " ".join(root + rest[-(MAX_REFERENCES - 1) :]),
    }


def headers(
    ticket: TicketFacts,
    *,
    message_id: str,
    sender_name: str,
    mailbox: str,
    reply_address: str,
    written_at: datetime,
    earlier: Sequence[str] = (),
    loop_mark: str,
    auto_submitted: str | None,
) -> dict[str, str]:
    """Every header of a letter but its body's. An automatic letter says so (RFC 3834 5); a person's answer does not."""
    recipient = ticket.requester.email or ""
    marks = {"Auto-Submitted": auto_submitted, "X-Auto-Response-Suppress": "All"} if auto_submitted else {}
    return {
        "From": _named(sender_name, mailbox),
        "To": _named(ticket.requester.name, recipient),
        "Reply-To": reply_address,
        "Subject": subject_line(ticket.subject, ticket.ticket_id),
        "Date": format_datetime(written_at),
        "Message-ID": message_id,
        **thread(ticket, earlier),
        "X-Loop": loop_mark,
        **marks,
    }


def page_headers(
    ticket: TicketFacts,
    *,
    message_id: str,
    loop_mark: str,
    mailbox: str,
    name: str,
    recipient: str,
    reason: str,
    written_at: datetime,
) -> dict[str, str]:
    """Every header of a page by e-mail but its body's. It answers no mail, so it stands in no thread."""
    return {
        "From": _named("Scopedesk on call", mailbox),
        "To": _named(name, recipient),
        "Subject": f"[{ticket.ticket_id}] {clean(reason)}: {clean(ticket.subject)}"[:MAX_SUBJECT],
        "Date": format_datetime(written_at),
        "Message-ID": message_id,
        "X-Loop": loop_mark,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Importance": "high",
    }


def _named(name: str | None, address: str) -> str:
    # `Address` takes the quotes off a local part that needs them, so it is given the name alone.
    return str(Address(display_name=clean(name or "")[:MAX_NAME])).removesuffix("<>") + f"<{written_address(address)}>"
