"""Which of our mailboxes a mail is for, and the signed ticket number that its address may carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.email_intake.rules.message import ParsedEmail
from shared.reply_tokens import OwnLetter, ReplyTokens

_RECIPIENT_HEADERS = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One of our mailboxes as a mail reached it.

    `reply_token` is the ticket number of a reply address that we signed; `forged_token` says that the address looks
    like one and we did not sign it. `returned` is the letter whose return path it is: only machines write there.
    """

    address: str
    provider: str
    reply_token: str | None = None
    forged_token: bool = False
    returned: OwnLetter | None = None


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """Our addresses (lower case, without a "+" part) and the provider that each belongs to, and whom we trust.

    `authserv_ids`: the mail servers whose Authentication-Results count. `agents`: addresses of our people, whose
    forwards are requests of those they forward. `forms`: senders whose Reply-To is the person, contact forms.
    `tokens` None: no reply address is known to be ours.
    """

    providers: Mapping[str, str]
    tokens: ReplyTokens | None = None
    authserv_ids: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()

    def find(self, address: str) -> Mailbox | None:
        """The mailbox behind an address, with or without a "+" part."""
        local, _, domain = address.strip().strip("<>").lower().rpartition("@")
        base, _, extra = local.partition("+")
        provider = self.providers.get(f"{base}@{domain}")
        if provider is None:
            return None
        ticket = self.tokens.ticket_of(extra) if self.tokens and extra else None
        returned = self.tokens.returned_letter(extra) if self.tokens and extra else None
        signed = ticket or returned
        forged = bool(self.tokens and not signed and "." in extra and any(map(str.isdigit, extra)))
        return Mailbox(f"{base}@{domain}", provider, ticket, forged, returned)

    def find_for(self, mail: ParsedEmail, recipient: str) -> Mailbox | None:
        """The mailbox of a mail: by its envelope recipient when that is known, else by its headers, first hit.

        A recipient that is only the mailbox, as of a mail fetched from there, leaves the ticket number to the headers.
        """
        named = (person.email for header in _RECIPIENT_HEADERS for person in mail.people(header))
        if not recipient:
            return self._first(named)
        found = self.find(recipient)
        if found is None or "+" in recipient:
            return found
        signed = (box for box in map(self.find, named) if box and box.address == found.address and box.reply_token)
        return next(signed, found)

    def _first(self, addresses: Iterable[str]) -> Mailbox | None:
        return next(filter(None, map(self.find, addresses)), None)

    def owns(self, address: str) -> bool:
        """Whether an address is one of ours."""
        return self.find(address) is not None

    def owns_domain(self, domain: str) -> bool:
        """Whether one of our mailboxes is in a mail domain."""
        return any(address.endswith(f"@{domain}") for address in self.providers)
