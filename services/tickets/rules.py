"""Who asks, and which ticket it belongs to. Pure: everything looked up is an argument."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.events import CallLogged, EmailReceived
from shared.reply_tokens import ReplyTokens
from shared.vocabulary import Authentication, Channel, Requester, TicketFacts

_NUMBER = re.compile(r"\b([A-Z]{2,8})-(\d{1,12})\b", re.IGNORECASE)
_TAG = re.compile(rf"\[{_NUMBER.pattern}\]", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_NAME = re.compile(r"[^\W_][\w.-]{2,252}")
MAX_NAMES = 500
"""Words of a text that are compared with what customers own."""
MAX_CANDIDATES = 10
CASE_SPAN = timedelta(hours=4)
"""A call and a mail of one customer within this span may be one case."""
CALLED_ABOUT = timedelta(days=7)
"""A call of ours is about tickets that were opened within this span before it."""
WORDS_IN_COMMON = 2
"""So many words in common, or one name, say that a call and a mail are about one thing."""
_WORD = re.compile(r"[^\W\d_]{5,30}")
_SAYS_NOTHING = frozenset(
    _WORD.findall(
        "about after again asked asking asks because before called caller calls could customer does every hello please "
        "possible question regards request since thank thanks their there these thing things today wants which "
        "would tomorrow yesterday aanvraag alstublieft beller bellen bedankt deze gaarne geeft gisteren goedemiddag "
        "goedemorgen graag groet groeten hallo hebben heeft jullie klant kunnen morgen namelijk omdat onder onze "
        "vraag vraagt vragen vriendelijke wanneer willen worden zouden morning afternoon evening minutes hours helpen "
        "sinds vanmorgen recording machine transcript voicemail seconds",
    ),
)


@dataclass(frozen=True)
class Person:
    """Somebody in a customer's record, by one e-mail address, one telephone number (E.164), or both."""

    name: str | None
    email: str | None
    phone: str | None
    may_approve_costs: bool


@dataclass(frozen=True)
class Customer:
    """What the customer book says of one customer of one provider. `people`: the account holder first."""

    id: str
    provider: str
    name: str
    account: str | None
    product: str | None
    plan: str | None
    language: str | None
    facts: tuple[str, ...]
    people: tuple[Person, ...]
    domains: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()

    @property
    def approvers(self) -> tuple[str, ...]:
        """E-mail addresses of those who may approve costs."""
        return tuple(dict.fromkeys(p.email for p in self.people if p.email and p.may_approve_costs))


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
    mail_key: str | None = None

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
            mail_key=event.mail_key,
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
        )


@dataclass(frozen=True)
class Match:
    """Which customer an arrival is of, and by what: address, phone, domain, or named (in the text).

    Whoever is `named` only is known to be spoken of: the author gets no right from it. Several `candidates`: a person
    is asked.
    """

    customer: Customer | None = None
    found_by: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def of_author(self) -> Customer | None:
        """The customer that the author belongs to."""
        return None if self.found_by == "named" else self.customer


def match(*evidence: tuple[str, Sequence[Customer]]) -> Match:
    """The best evidence that names anybody decides: one customer, or the candidates among whom a person chooses."""
    for found_by, customers in evidence:
        if one := only(customers):
            return Match(one, found_by)
        if customers:
            return Match(candidates=tuple(customer.id for customer in customers[:MAX_CANDIDATES]))
    return Match()


def names_in(text: str) -> list[str]:
    """Words of a text that may be a domain, a server or an account: those with a dot or a figure, in lower case."""
    words = (found[0].strip(".-").lower() for found in _NAME.finditer(text))
    named = (word.removeprefix("www.") for word in words if "." in word or any(map(str.isdigit, word)))
    return list(dict.fromkeys(named))[:MAX_NAMES]


def only(customers: Sequence[Customer]) -> Customer | None:
    """The one customer that matches. An address or number that several share names nobody."""
    return customers[0] if len(customers) == 1 else None


def shared_addresses(customers: Iterable[Customer]) -> list[tuple[str, str]]:
    """Find the (provider, address or number) pairs that name several customers, and therefore none."""
    owners: dict[tuple[str, str], set[str]] = {}
    for customer in customers:
        for person in customer.people:
            for address in filter(None, (person.email, person.phone)):
                owners.setdefault((customer.provider, address), set()).add(customer.id)
    return [where for where, ids in owners.items() if len(ids) > 1]


def known_as(said: Requester, customer: Customer | None) -> Requester:
    """The person as the customer record knows them; what they say of themselves is kept, rights come from the record.

    A caller whose number is on record gets letters at the person's address, or else at the account holder's.
    """
    email = said.email.lower() if said.email else None
    if customer is None:
        return Requester(name=said.name, email=email, phone=said.phone)
    people = [p for p in customer.people if (email and p.email == email) or (said.phone and p.phone == said.phone)]
    return Requester(
        name=said.name or next((p.name for p in people if p.name), None),
        email=email or next((p.email for p in (*people, *customer.people) if p.email), None),
        phone=said.phone or next((p.phone for p in people if p.phone), None),
        customer_id=customer.id,
        may_approve_costs=any(p.may_approve_costs for p in people),
    )


def address(person: Requester, channel: Channel) -> str | None:
    """What the person was recognised by on this channel: the e-mail address or the telephone number."""
    return person.email if channel is Channel.EMAIL else person.phone


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


def call_trail(event: CallLogged, prefix: str) -> list[str]:
    """The ticket numbers that an agent wrote into the subject or note of a call, in order."""
    return list(dict.fromkeys(_numbers(f"{event.subject}\n{event.text}", prefix)))


def note_trail(note: str, prefix: str) -> list[str]:
    """The ticket numbers that an agent wrote into the note of a call that he made, in order."""
    return list(dict.fromkeys(_numbers(note, prefix)))


def about(text: str) -> list[str]:
    """What a text is about: its names, and its longer words but for those that every request has; in lower case."""
    words = (word.lower() for word in _WORD.findall(text))
    return sorted({*names_in(text), *(word for word in words if word not in _SAYS_NOTHING)})[:MAX_NAMES]


def one_case(mine: Collection[str], others: Collection[str], apart: timedelta) -> tuple[str, ...]:
    """The evidence that a call and a mail of one customer are about one thing; empty when there is not enough."""
    common = sorted(set(mine) & set(others))
    named = any(not word.isalpha() for word in common)
    if apart > CASE_SPAN or not (named or len(common) >= WORDS_IN_COMMON):
        return ()
    minutes = int(apart.total_seconds()) // 60
    return (f"a call and a mail of one customer, {minutes} minutes apart", f"both say {', '.join(common[:8])}")


def may_append(author: Requester, by: str | None, *, ticket: TicketFacts, participants: Collection[str]) -> bool:
    """Whether a person may add to a ticket: somebody of the same customer, or one who already takes part in it.

    A tag or a reference is only a claim; anybody can write one. `by` is what the author was recognised by.
    """
    same_customer = author.customer_id is not None and author.customer_id == ticket.requester.customer_id
    return same_customer or (by is not None and by in participants)


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


def with_customer(facts: TicketFacts, customer: Customer | None) -> TicketFacts:
    """A ticket's facts with what the customer record says today."""
    if customer is None:
        return facts
    return facts.model_copy(
        update={
            "product": customer.product,
            "plan": customer.plan,
            "account": customer.account,
            "customer_facts": customer.facts,
            "approvers": customer.approvers,
            "language": facts.language or customer.language,
        },
    )


def _numbers(text: str, prefix: str) -> Iterator[str]:
    for found in _NUMBER.finditer(text):
        if found[1].upper() == prefix:
            yield f"{prefix}-{int(found[2])}"
