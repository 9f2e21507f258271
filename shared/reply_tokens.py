"""The signed marks of our letters, which nobody else can write: reply address, Message-ID, return path and X-Loop.

By these an answer finds its ticket, a bounce its letter, and a letter that comes back to us is known as ours. A mark is
only evidence of having had a letter of ours. Who may write in the ticket is another question.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

SIGNATURE_LENGTH = 16
"""Characters of base 32: 80 bits. Lower case, for mail servers change the case of addresses."""
MAX_LOCAL_PART = 64
"""RFC 5321 4.5.3.1.1."""

CONSENT_SIGNATURE_LENGTH = 26
"""130 bits: who has this mark may cause a charge."""

_MARK = re.compile(rf"([a-z]{{2,8}}-\d{{1,12}})\.([a-z2-7]{{{SIGNATURE_LENGTH}}})")
_RETURN_PATH = re.compile(rf"([a-z]{{2,8}}-\d{{1,12}})\.([a-z2-7]{{26}})\.([a-z2-7]{{{SIGNATURE_LENGTH}}})")
_MESSAGE_ID = re.compile(
    rf"<([a-z]{{2,8}}-\d{{1,12}})\.([0-9a-f-]{{36}})\.([a-z2-7]{{{SIGNATURE_LENGTH}}})@[^@<>\s]{{1,255}}>",
)


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """A letter of ours that a Message-ID names."""

    ticket_id: str
    letter_id: UUID


_CONSENT = re.compile(
    rf"(q-[a-z]{{2,8}}-\d{{1,12}}-\d{{1,6}})\.(\d{{1,6}})\.([a-z2-7]{{{SIGNATURE_LENGTH}}})"
    rf"\.([a-z2-7]{{{CONSENT_SIGNATURE_LENGTH}}})",
)


@dataclass(frozen=True, slots=True)
class AskedConsent:
    """Which version of a quote somebody was asked to agree to. `addressee`: who, as `ReplyTokens.addressee` has it."""

    quote_id: str
    version: int
    addressee: str


@dataclass(frozen=True, slots=True)
class ReplyTokens:
    """Writes and checks the marks with the secret of the house."""

    secret: bytes = field(repr=False)

    def reply_address(self, mailbox: str, ticket_id: str) -> str:
        """`support+hn-1042.<signature>@…` (RFC 5233 sub-address); the mailbox itself where that would be too long."""
        local, _, domain = mailbox.rpartition("@")
        number = ticket_id.lower()
        marked = f"{local}+{number}.{self._sign('reply', number)}"
        return f"{marked}@{domain}" if len(marked) <= MAX_LOCAL_PART else mailbox

    def ticket_of(self, mark: str) -> str | None:
        """The ticket number of what stands after the "+" of an address; None unless we signed it."""
        found = _MARK.fullmatch(mark.lower())
        return found[1].upper() if found and self._signed(found[2], "reply", found[1]) else None

    def message_id(self, ticket_id: str, letter_id: UUID, domain: str) -> str:
        """`<hn-1042.<letter>.<signature>@domain>`: an answer finds its ticket even when the subject changed."""
        number = ticket_id.lower()
        return f"<{number}.{letter_id}.{self._sign('letter', number, str(letter_id))}@{domain}>"

    def letter_of(self, message_id: str) -> OwnLetter | None:
        """The letter of a Message-ID; None unless we signed it."""
        return self._letter(_MESSAGE_ID.fullmatch(message_id.lower()))

    def letters_in(self, text: str) -> Iterator[OwnLetter]:
        """The letters whose Message-IDs stand in a text."""
        return filter(None, map(self._letter, _MESSAGE_ID.finditer(text.lower())))

    def return_path(self, mailbox: str, ticket_id: str, letter_id: UUID) -> str:
        """`support+hn-1042.<letter>.<signature>@…`, to which a letter comes back (VERP); else the mailbox itself."""
        local, _, domain = mailbox.rpartition("@")
        number, letter = ticket_id.lower(), _base32(letter_id.bytes)
        marked = f"{local}+{number}.{letter}.{self._sign('return', number, letter)}"
        return f"{marked}@{domain}" if len(marked) <= MAX_LOCAL_PART else mailbox

    def returned_letter(self, mark: str) -> OwnLetter | None:
        """The letter of what stands after the "+" of a return path; None unless we signed it."""
        found = _RETURN_PATH.fullmatch(mark.lower())
        if not found or not self._signed(found[3], "return", found[1], found[2]):
            return None
        return OwnLetter(found[1].upper(), UUID(bytes=base64.b32decode(f"{found[2].upper()}======")))

    def loop_mark(self, ticket_id: str) -> str:
        """`hn-1042.<signature>`, the X-Loop of every letter: what carries it is a letter of ours, come back to us."""
        number = ticket_id.lower()
        return f"{number}.{self._sign('loop', number)}"

    def is_loop_mark(self, mark: str) -> bool:
        """Whether we signed this X-Loop."""
        found = _MARK.fullmatch(mark.strip().lower())
        return bool(found and self._signed(found[2], "loop", found[1]))

    def consent_mark(self, quote_id: str, version: int, address: str) -> str:
        """What the link in a quote's letter ends with: who opens it can be asked, for he reads mail to this address."""
        parts = (quote_id.lower(), str(version), self.addressee(address))
        return ".".join((*parts, self._sign("consent", *parts, length=CONSENT_SIGNATURE_LENGTH)))

    def consent_of(self, mark: str) -> AskedConsent | None:
        """What a link of ours asks; None unless we signed it."""
        found = _CONSENT.fullmatch(mark.lower())
        if not found or not self._signed(found[4], "consent", found[1], found[2], found[3]):
            return None
        return AskedConsent(found[1].upper(), int(found[2]), found[3])

    def addressee(self, address: str) -> str:
        """Stands for an e-mail address where it must not be read."""
        return self._sign("addressee", address.strip().lower())

    def _letter(self, found: re.Match[str] | None) -> OwnLetter | None:
        if not found or not self._signed(found[3], "letter", found[1], found[2]):
            return None
        try:
            return OwnLetter(found[1].upper(), UUID(found[2]))
        except ValueError:
            return None

    def _sign(self, *parts: str, length: int = SIGNATURE_LENGTH) -> str:
        digest = hmac.digest(self.secret, ":".join(parts).encode(), "sha256")
        return _base32(digest)[:length]

    def _signed(self, signature: str, *parts: str) -> bool:
        return hmac.compare_digest(signature, self._sign(*parts, length=len(signature)))


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().lower().rstrip("=")
