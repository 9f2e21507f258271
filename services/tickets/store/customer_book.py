"""The customer book: who the customers of a provider are, and by what they are found."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_
from sqlalchemy.dialects.postgresql import array, insert
from sqlmodel import Session, col, delete, func, select

from services.tickets import rules
from services.tickets.store.tables import Contact, CustomerRecord
from shared.errors import Misconfigured


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
