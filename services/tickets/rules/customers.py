"""Whose request it is: the customer book, what names a customer, and what his record adds to a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.vocabulary import Channel, Requester, TicketFacts

_NAME = re.compile(r"[^\W_][\w.-]{2,252}")
MAX_NAMES = 500
"""Words of a text that are compared with what customers own."""
MAX_CANDIDATES = 10


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


def chosen(facts: TicketFacts, customer: Customer | None) -> TicketFacts:
    """A ticket's facts when a person has told whose it is; None: nobody's that we know.

    Of the requester stays what he showed himself: a caller's e-mail address came from a customer's record, and letters
    about this one's ticket must not go to that one's.
    """
    came_from_record = "phone" if facts.channel is Channel.EMAIL else "email"
    requester = facts.requester.model_copy(update={came_from_record: None})
    nobody = facts.model_copy(
        update={
            "requester": known_as(requester, customer),
            "product": None,
            "plan": None,
            "account": None,
            "customer_facts": (),
            "approvers": (),
            "customer_found_by": "person" if customer else None,
            "customer_candidates": (),
        },
    )
    return with_customer(nobody, customer)


def among(found: Match, owner: Customer | None) -> Match:
    """Whose an arrival is that several may have sent, when it goes to a ticket of one of them."""
    return Match(owner, "address") if owner and owner.id in found.candidates else found
