"""The tables of the tickets room (schema `tickets`): the customer book, tickets, and what was filed in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ColumnElement, DateTime, ForeignKey, Identity, Index, Integer, or_, text
from sqlalchemy.dialects.postgresql import array, insert
from sqlmodel import Field, Session, col, delete, func, select

from services.tickets import rules
from shared.db import Model, json_column
from shared.errors import Misconfigured
from shared.vocabulary import TicketFacts

SCHEMA = "tickets"

FIRST_TICKET = 1001


class CustomerRecord(Model, table=True):
    """A customer of one provider."""

    __tablename__ = "customer"
    __table_args__ = ({"schema": SCHEMA},)

    id: str = Field(primary_key=True)
    provider: str
    name: str
    account: str | None = None
    product: str | None = None
    plan: str | None = None
    language: str | None = None
    facts: list[str] = Field(sa_column=json_column())
    domains: list[str] = Field(default_factory=list, sa_column=json_column())
    servers: list[str] = Field(default_factory=list, sa_column=json_column())


class Contact(Model, table=True):
    """A person of a customer. `email` in lower case, `phone` in E.164; `position` keeps the account holder first."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_provider_email", "provider", "email"),
        Index("ix_contact_provider_phone", "provider", "phone"),
        Index("ix_contact_customer_id", "customer_id"),
        {"schema": SCHEMA},
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True))
    customer_id: str = Field(sa_column=Column(ForeignKey(f"{SCHEMA}.customer.id"), nullable=False))
    provider: str
    position: int
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    may_approve_costs: bool = False


class Ticket(Model, table=True):
    """A ticket, with its facts as they were when it was opened.

    `serial` is one series for all providers, and the figure in `number`; one may be skipped, none is given twice.
    """

    __tablename__ = "ticket"
    __table_args__ = ({"schema": SCHEMA},)

    number: str = Field(primary_key=True)
    serial: int = Field(sa_column=Column(BigInteger, Identity(start=FIRST_TICKET), unique=True, nullable=False))
    provider: str
    customer_id: str | None = None
    related_ticket_id: str | None = None
    facts: dict[str, Any] = Field(sa_column=json_column())
    about: list[str] = Field(default_factory=list, sa_column=json_column())
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))


class Message(Model, table=True):
    """An e-mail or call in a ticket. One row per arrival, so that nothing can be filed twice.

    `mail_key` is the same for one mail that came to several mailboxes: these rows are its routes.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_message_id", "message_id"),
        Index("ix_message_ticket_number", "ticket_number"),
        Index("ix_message_mail_key", "mail_key"),
        {"schema": SCHEMA},
    )

    arrival_id: UUID = Field(primary_key=True)
    ticket_number: str = Field(sa_column=Column(ForeignKey(f"{SCHEMA}.ticket.number"), nullable=False))
    opened_ticket: bool
    message_id: str | None = None
    author: str | None = None
    mail_key: str | None = None
    received_at: datetime = Field(sa_type=DateTime(timezone=True))


# --- the customer book ------------------------------------------------------------------------------------------------


def save_customer(session: Session, customer: rules.Customer) -> None:
    """Write a customer anew: the record and all its people.

    Misconfigured when the id belongs to a customer of another provider, who would be lost.
    """
    values = {
        "id": customer.id,
        "provider": customer.provider,
        "name": customer.name,
        "account": customer.account,
        "product": customer.product,
        "plan": customer.plan,
        "language": customer.language,
        "facts": list(customer.facts),
        "domains": list(customer.domains),
        "servers": list(customer.servers),
    }
    own = col(CustomerRecord.provider) == customer.provider
    row = insert(CustomerRecord).values(values).on_conflict_do_update(index_elements=["id"], set_=values, where=own)
    if session.execute(row.returning(col(CustomerRecord.id))).one_or_none() is None:
        other = session.exec(select(CustomerRecord.provider).where(col(CustomerRecord.id) == customer.id)).one()
        raise Misconfigured(
            f"the customer id {customer.id!r} of {customer.provider} belongs to a customer of {other} already: "
            f"ids are one series for all providers, so make it unique, {customer.provider}-{customer.id} for example",
        )
    session.execute(delete(Contact).where(col(Contact.customer_id) == customer.id))
    session.add_all(
        Contact(
            customer_id=customer.id,
            provider=customer.provider,
            position=position,
            name=person.name,
            email=person.email,
            phone=person.phone,
            may_approve_costs=person.may_approve_costs,
        )
        for position, person in enumerate(customer.people)
    )


def customers_with_email(session: Session, provider: str, email: str) -> list[rules.Customer]:
    """Return the customers of a provider that have this address on record; more than one is an ambiguous match."""
    return _customers(session, (col(Contact.provider) == provider) & (col(Contact.email) == email.lower()))


def customers_with_phone(session: Session, provider: str, phone: str) -> list[rules.Customer]:
    """Return the customers of a provider that have this E.164 number on record."""
    return _customers(session, (col(Contact.provider) == provider) & (col(Contact.phone) == phone))


def customers_with_domain(session: Session, provider: str, domain: str) -> list[rules.Customer]:
    """Return the customers of a provider whose domain this is."""
    return _customers(session, _owned_by(provider, col(CustomerRecord.domains).contains([domain])))


def customers_named(session: Session, provider: str, names: Sequence[str]) -> list[rules.Customer]:
    """Return the customers of a provider whose domain, server or account is among these names (lower case)."""
    if not names:
        return []
    listed = array(list(names))
    owned = or_(
        col(CustomerRecord.domains).op("?|")(listed),
        col(CustomerRecord.servers).op("?|")(listed),
        func.lower(col(CustomerRecord.account)).in_(names),
    )
    return _customers(session, _owned_by(provider, owned))


def _owned_by(provider: str, owned: ColumnElement[bool]) -> ColumnElement[bool]:
    ids = select(CustomerRecord.id).where(col(CustomerRecord.provider) == provider, owned)
    return col(Contact.customer_id).in_(ids)


def customer(session: Session, customer_id: str) -> rules.Customer | None:
    """Return a customer by id."""
    return next(iter(_customers(session, col(Contact.customer_id) == customer_id)), None)


def _customers(session: Session, whose: ColumnElement[bool]) -> list[rules.Customer]:
    ids = select(Contact.customer_id).where(whose)
    rows = session.exec(
        select(CustomerRecord, Contact)
        .where(col(CustomerRecord.id) == col(Contact.customer_id), col(CustomerRecord.id).in_(ids))
        .order_by(col(CustomerRecord.id), col(Contact.position)),
    ).all()
    people: dict[str, list[rules.Person]] = {}
    for record, contact in rows:
        person = rules.Person(contact.name, contact.email, contact.phone, contact.may_approve_costs)
        people.setdefault(record.id, []).append(person)
    records = {record.id: record for record, _ in rows}
    return [
        rules.Customer(
            id=record.id,
            provider=record.provider,
            name=record.name,
            account=record.account,
            product=record.product,
            plan=record.plan,
            language=record.language,
            facts=tuple(record.facts),
            people=tuple(people[record.id]),
            domains=tuple(record.domains),
            servers=tuple(record.servers),
        )
        for record in records.values()
    ]


# --- tickets ----------------------------------------------------------------------------------------------------------


def is_filed(session: Session, arrival_id: UUID) -> bool:
    """Tell whether an arrival already stands in a ticket."""
    return session.get(Message, arrival_id) is not None


def ticket_of_mail(session: Session, provider: str, mail_key: str) -> str | None:
    """The ticket that the same mail is in already, by another mailbox of the provider.

    Holds the mail until the transaction ends, so that two of its routes cannot open two tickets.
    """
    key = {"key": f"tickets:{provider}:{mail_key}"}
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    statement = (
        select(Message.ticket_number)
        .join(Ticket, col(Ticket.number) == col(Message.ticket_number))
        .where(col(Message.mail_key) == mail_key, col(Ticket.provider) == provider)
        .order_by(col(Message.received_at))
    )
    return session.exec(statement.limit(1)).first()


def tickets_of_messages(session: Session, provider: str, message_ids: Sequence[str]) -> dict[str, str]:
    """Map those of these message ids that were received to ticket numbers; the latest filing of an id counts."""
    if not message_ids:
        return {}
    rows = session.exec(
        select(Message.message_id, Message.ticket_number)
        .join(Ticket, col(Ticket.number) == col(Message.ticket_number))
        .where(col(Message.message_id).in_(message_ids), col(Ticket.provider) == provider)
        .order_by(col(Message.received_at)),
    )
    return {message_id: number for message_id, number in rows if message_id}


def first_ticket(session: Session, provider: str, numbers: Sequence[str]) -> Ticket | None:
    """Return the first of these numbers that is a ticket of the provider."""
    if not numbers:
        return None
    found = session.exec(select(Ticket).where(col(Ticket.number).in_(numbers), col(Ticket.provider) == provider))
    by_number = {ticket.number: ticket for ticket in found}
    return next((by_number[number] for number in numbers if number in by_number), None)


def participants(session: Session, number: str) -> set[str]:
    """Return the e-mail addresses and telephone numbers of those who wrote or called in a ticket."""
    authors = session.exec(select(Message.author).where(col(Message.ticket_number) == number))
    return {author for author in authors if author}


def next_serial(session: Session) -> int:
    """Take the next ticket number of the series."""
    statement = text("select nextval(pg_get_serial_sequence('tickets.ticket', 'serial'))")
    return int(session.execute(statement).scalar_one())


def open_ticket(
    session: Session, facts: TicketFacts, serial: int, words: str, *, related_ticket_id: str | None
) -> None:
    """Write a new ticket; `words` are what it was opened with."""
    session.add(
        Ticket(
            number=facts.ticket_id,
            serial=serial,
            provider=facts.provider,
            customer_id=facts.requester.customer_id,
            related_ticket_id=related_ticket_id,
            facts=facts.model_dump(mode="json"),
            about=rules.about(f"{facts.subject}\n{words}"),
            opened_at=facts.received_at,
        ),
    )
    session.flush()


def tickets_around(session: Session, facts: TicketFacts) -> list[Ticket]:
    """The customer's tickets that came by another channel at about the same time.

    Two tickets of one customer wait for each other here, so that the later one sees the earlier one.
    """
    customer_id = facts.requester.customer_id
    key = {"key": f"tickets:customer:{customer_id}"}
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    span = (facts.received_at - rules.CASE_SPAN, facts.received_at + rules.CASE_SPAN)
    statement = select(Ticket).where(
        col(Ticket.provider) == facts.provider,
        col(Ticket.customer_id) == customer_id,
        col(Ticket.opened_at).between(*span),
        col(Ticket.facts)["channel"].as_string() != facts.channel,
    )
    return list(session.exec(statement.order_by(col(Ticket.serial))))


def tickets_called_about(session: Session, provider: str, phone: str, before: datetime) -> list[str]:
    """The tickets that a call to this number may have been about: of the customer whose it is, or of who called."""
    ids = select(Contact.customer_id).where(col(Contact.provider) == provider, col(Contact.phone) == phone)
    called = select(Message.ticket_number).where(col(Message.author) == phone)
    statement = select(Ticket.number).where(
        col(Ticket.provider) == provider,
        col(Ticket.opened_at).between(before - rules.CALLED_ABOUT, before),
        or_(col(Ticket.customer_id).in_(ids), col(Ticket.number).in_(called)),
    )
    return list(session.exec(statement.order_by(col(Ticket.serial))))


def facts_of(ticket: Ticket) -> TicketFacts:
    """Return what a ticket was opened with."""
    return TicketFacts.model_validate(ticket.facts)


def file_arrival(session: Session, arrival: rules.Arrival, number: str, *, author: str | None, opened: bool) -> None:
    """Write that an arrival belongs to a ticket; a second filing of the same arrival fails on the key."""
    session.add(
        Message(
            arrival_id=arrival.arrival_id,
            ticket_number=number,
            opened_ticket=opened,
            message_id=next(iter(rules.message_ids([arrival.message_id or ""])), None),
            author=author,
            mail_key=arrival.mail_key,
            received_at=arrival.received_at,
        ),
    )


def counts(session: Session) -> dict[str, int]:
    """Count arrivals that opened a ticket (`ticketed`) and that were added to one (`appended`)."""
    rows = dict(session.exec(select(Message.opened_ticket, func.count()).group_by(col(Message.opened_ticket))).all())
    return {"ticketed": rows.get(True, 0), "appended": rows.get(False, 0)}
