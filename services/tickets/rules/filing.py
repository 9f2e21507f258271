"""Which ticket an arrival belongs to, and whether its author may write there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from services.tickets.rules.customers import Match, with_customer
from shared.events import CallLogged, EmailReceived, TicketReplied
from shared.reply_tokens import ReplyTokens
from shared.vocabulary import AttachedFile, Authentication, Channel, Requester, TicketFacts

_NUMBER = re.compile(r"\b([A-Z]{2,8})-(\d{1,12})\b", re.IGNORECASE)
_TAG = re.compile(rf"\[{_NUMBER.pattern}\]", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
REPEATED_WITHIN = timedelta(hours=24)
"""The same words from one sender in one ticket twice within this span are a machine's."""
LONG_CLOSED = timedelta(days=30)
"""A mail to a ticket that has been closed for longer is a request of its own."""
CALLED_ABOUT = timedelta(days=7)
"""A call of ours is about tickets that were opened within this span before it."""


@dataclass(frozen=True)
class Arrival:
    """An e-mail or a call, in the terms that filing needs."""

    arrival_id: UUID
    provider: str
    channel: Channel
    author: Requester
    author_verified: bool
    subject: str
    text: str
    language: str | None
    mailbox: str | None
    message_id: str | None
    may_acknowledge: bool
    received_at: datetime
    forged: bool = False
    """Our mail server found that somebody writes in another's name."""
    is_courtesy: bool = False
    is_forward: bool = False
    mail_key: str | None = None
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    adds_to: UUID | None = None
    """The call that this one adds to, by its own room's word."""

    def warned(self, *more: str) -> Arrival:
        """With more that a person should know before he trusts it."""
        return replace(self, warnings=tuple(dict.fromkeys((*self.warnings, *more))))

    @classmethod
    def of_email(cls, event: EmailReceived) -> Arrival:
        """Read an e-mail as something to file."""
        return cls(
            arrival_id=event.arrival_id,
            provider=event.provider,
            channel=Channel.EMAIL,
            author=event.sender,
            author_verified=event.sender_verified,
            subject=event.subject,
            text=event.text,
            language=event.language,
            mailbox=event.mailbox,
            message_id=event.message_id,
            may_acknowledge=event.may_acknowledge,
            received_at=event.received_at,
            forged=event.authentication is Authentication.FAIL,
            is_courtesy=event.is_courtesy,
            is_forward=event.is_forward and not event.reply_token,
            mail_key=event.mail_key,
            attachments=event.attachments,
            warnings=event.warnings,
        )

    @classmethod
    def of_call(cls, event: CallLogged) -> Arrival:
        """Read a call as something to file. A caller's number proves nobody, so the author is never verified."""
        return cls(
            arrival_id=event.arrival_id,
            provider=event.provider,
            channel=Channel.PHONE,
            author=event.caller,
            author_verified=False,
            subject=event.subject,
            text=event.text,
            language=event.language,
            mailbox=None,
            message_id=None,
            may_acknowledge=True,
            received_at=event.started_at,
            adds_to=event.adds_to,
        )


def words_hash(arrival: Arrival) -> str | None:
    """What is the same for the same words, however spaced and written, with the same files; None of neither."""
    words = " ".join(arrival.text.casefold().split())
    files = sorted(file.content_hash or f"{file.name} {file.size}" for file in arrival.attachments)
    told = "\n".join(filter(None, (words, *files)))
    return sha256(told.encode("utf-8", "replace")).hexdigest() if told else None


def message_ids(values: Iterable[str]) -> list[str]:
    """Every `<…>` in References and In-Reply-To values (RFC 5322 3.6.4), in order, each once."""
    return list(dict.fromkeys(found for value in values for found in _MESSAGE_ID.findall(value)))


def email_trail(event: EmailReceived, prefix: str, filed: Mapping[str, str], tokens: ReplyTokens) -> list[str]:
    """The ticket numbers that an e-mail points at, best evidence first.

    A signed reply token in the address it was sent to; message ids of letters that we signed and of mails we received
    (the nearest answered one first); the last of our own tags in the subject. `prefix` is the provider's, so tags of
    other help desks never count. `filed` gives the ticket numbers of received message ids.
    """
    numbers = [*_numbers(event.reply_token or "", prefix)]
    for message_id in message_ids(event.references):
        own = tokens.letter_of(message_id)
        numbers += _numbers(own.ticket_id, prefix) if own else filter(None, [filed.get(message_id)])
    tags = [number for tag in _TAG.finditer(event.subject) for number in _numbers(tag[0], prefix)]
    return list(dict.fromkeys([*numbers, *tags[-1:]]))


def disagreement(event: EmailReceived, trail: Sequence[str]) -> tuple[str, ...]:
    """What to tell of an e-mail whose signed reply address names one ticket, and the rest of it another."""
    if not event.reply_token or len(trail) < 2:  # noqa: PLR2004 -- a second ticket
        return ()
    return (f"its reply address names {trail[0]}, what it answers {trail[1]}",)


def call_trail(event: CallLogged, prefix: str) -> list[str]:
    """The ticket numbers that an agent wrote into the subject or note of a call, in order."""
    return list(dict.fromkeys(_numbers(f"{event.subject}\n{event.text}", prefix)))


def note_trail(note: str, prefix: str) -> list[str]:
    """The ticket numbers that an agent wrote into the note of a call that he made, in order."""
    return list(dict.fromkeys(_numbers(note, prefix)))


def may_append(author: Requester, by: str | None, *, ticket: TicketFacts, participants: Collection[str]) -> bool:
    """Whether a person may add to a ticket: somebody of the same customer, or one who already takes part in it.

    A tag or a reference is only a claim; anybody can write one. `by` is what the author was recognised by.
    """
    same_customer = author.customer_id is not None and author.customer_id == ticket.requester.customer_id
    return same_customer or (by is not None and by in participants)


def objection(
    arrival: Arrival,
    author: Requester,
    by: str | None,
    *,
    ticket: TicketFacts,
    participants: Collection[str],
    closed_at: datetime | None = None,
) -> str | None:
    """Why an arrival does not belong into the ticket that it names, but into one of its own; None when it does."""
    number = ticket.ticket_id
    if not may_append(author, by, ticket=ticket, participants=participants):
        return f"it names {number}, in which its sender may not write"
    if arrival.is_forward:
        return f"it forwards a mail and names {number}: what is forwarded is a request of its own"
    late = closed_at is not None and arrival.received_at - closed_at > LONG_CLOSED
    if late and arrival.channel is Channel.EMAIL and not arrival.is_courtesy:
        return f"it answers {number}, which was closed more than {LONG_CLOSED.days} days before"
    return None


def facts_of(arrival: Arrival, ticket_id: str, requester: Requester, found: Match) -> TicketFacts:
    """What every room needs to know of a new ticket.

    Of a customer who is only named in the text nobody may approve costs here, and no note of his record is used.
    """
    facts = TicketFacts(
        ticket_id=ticket_id,
        provider=arrival.provider,
        channel=arrival.channel,
        language=arrival.language,
        subject=arrival.subject,
        requester=requester,
        mailbox=arrival.mailbox,
        message_id=arrival.message_id,
        may_acknowledge=arrival.may_acknowledge,
        received_at=arrival.received_at,
        customer_found_by=found.found_by,
        customer_candidates=found.candidates,
    )
    known = with_customer(facts, found.customer)
    if found.found_by == "named":
        known = known.model_copy(update={"approvers": (), "customer_facts": (), "language": arrival.language})
    return known


def split_off(reply: TicketReplied, facts: TicketFacts, ticket_id: str, message_id: str | None) -> TicketFacts:
    """What is known of the ticket that a message becomes which had been added to another one, of these `facts`."""
    same = reply.author.email is not None and reply.author.email == facts.requester.email
    requester = facts.requester if same else reply.author
    own = {"ticket_id": ticket_id, "requester": requester, "channel": reply.channel, "message_id": message_id}
    return facts.model_copy(update={**own, "received_at": reply.received_at or reply.happened_at})


def _numbers(text: str, prefix: str) -> Iterator[str]:
    for found in _NUMBER.finditer(text):
        if found[1].upper() == prefix:
            yield f"{prefix}-{int(found[2])}"
