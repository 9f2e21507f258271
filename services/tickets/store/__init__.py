"""What the tickets room keeps (schema `tickets`): the customer book, tickets, and what was filed in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, text
from sqlmodel import Session, col, func, select, update

from services.tickets import rules
from services.tickets.store.cases import case_of, dismiss, dismissed, goes_on_in, hold_cases
from services.tickets.store.customer_book import (
    customer,
    customers_named,
    customers_with_domain,
    customers_with_email,
    customers_with_phone,
    save_customer,
)
from services.tickets.store.tables import Contact, Message, Ticket
from shared.bus import feed
from shared.cases import Filed
from shared.events import TicketReplied
from shared.vocabulary import TicketFacts

__all__ = [
    "Contact",
    "Message",
    "Ticket",
    "case_of",
    "closed_at",
    "counts",
    "customer",
    "customers_named",
    "customers_with_domain",
    "customers_with_email",
    "customers_with_phone",
    "dismiss",
    "dismissed",
    "facts_of",
    "file_arrival",
    "filed",
    "filings",
    "first_ticket",
    "goes_on_in",
    "hold_cases",
    "is_filed",
    "is_repeat",
    "keep_facts",
    "message",
    "move",
    "next_serial",
    "note_reopened",
    "note_resolved",
    "open_ticket",
    "participants",
    "reply",
    "save_customer",
    "ticket",
    "ticket_of_arrival",
    "ticket_of_mail",
    "tickets",
    "tickets_around",
    "tickets_called_about",
    "tickets_of_messages",
]


def is_filed(session: Session, arrival_id: UUID) -> bool:
    """Tell whether an arrival already stands in a ticket."""
    return session.get(Message, arrival_id) is not None


def ticket_of_arrival(session: Session, arrival_id: UUID) -> Ticket | None:
    """The ticket that an arrival was filed in."""
    filed = session.get(Message, arrival_id)
    return session.get(Ticket, filed.ticket_number) if filed else None


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


def ticket(session: Session, number: str) -> Ticket | None:
    """Return a ticket, held against others until the transaction ends."""
    return session.get(Ticket, number, with_for_update=True, populate_existing=True)


def tickets(session: Session, numbers: Sequence[str], *, but: str) -> list[Ticket]:
    """Return these tickets without one of them."""
    wanted = (col(Ticket.number).in_(numbers), col(Ticket.number) != but)
    return list(session.exec(select(Ticket).where(*wanted).order_by(col(Ticket.serial))))


def participants(session: Session, numbers: Sequence[str]) -> set[str]:
    """Return the e-mail addresses and telephone numbers of those who wrote or called in these tickets."""
    authors = session.exec(select(Message.author).where(col(Message.ticket_number).in_(numbers)))
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
        col(Ticket.number) != facts.ticket_id,
        col(Ticket.merged_into).is_(None),
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
    """Return what is known of a ticket."""
    return TicketFacts.model_validate(ticket.facts)


def closed_at(session: Session, case: Sequence[str]) -> datetime | None:
    """Since when a case is closed: the ticket that goes on in it, the first, with nothing asked in the others since."""
    found = {ticket.number: ticket for ticket in session.exec(select(Ticket).where(col(Ticket.number).in_(case)))}
    closed = found.pop(case[0]).closed_at
    asked = (at for ticket in found.values() for at in (ticket.opened_at, ticket.reopened_at) if at)
    return None if closed and any(at > closed for at in asked) else closed


def note_resolved(session: Session, number: str, at: datetime) -> None:
    """Keep when a ticket was last closed."""
    newest = func.greatest(col(Ticket.resolved_at), at)
    session.execute(update(Ticket).where(col(Ticket.number) == number).values(resolved_at=newest))


def note_reopened(session: Session, number: str, at: datetime) -> None:
    """Keep when a ticket was last opened again, by an agent or a reply."""
    newest = func.greatest(col(Ticket.reopened_at), at)
    session.execute(update(Ticket).where(col(Ticket.number) == number).values(reopened_at=newest))


def keep_facts(ticket: Ticket, facts: TicketFacts) -> None:
    """Write what is known of a ticket now."""
    ticket.facts, ticket.customer_id = facts.model_dump(mode="json"), facts.requester.customer_id


def filed(ticket: Ticket) -> Filed:
    """Return a ticket as the rules of merging know it."""
    return Filed(facts_of(ticket), ticket.merged_into)


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
            words_hash=rules.words_hash(arrival),
            received_at=arrival.received_at,
        ),
    )


def is_repeat(session: Session, arrival: rules.Arrival, number: str, author: str | None) -> bool:
    """Whether somebody wrote the same words, with the same files, in a ticket within a day. Holds the ticket."""
    session.get(Ticket, number, with_for_update=True)
    at, span = arrival.received_at, rules.REPEATED_WITHIN
    same = (
        col(Message.ticket_number) == number,
        col(Message.author) == author,
        col(Message.words_hash) == rules.words_hash(arrival),
        col(Message.received_at).between(at - span, at + span),
    )
    return session.exec(select(Message.arrival_id).where(*same).limit(1)).first() is not None


def filings(session: Session) -> Iterator[tuple[UUID, bool]]:
    """Every arrival that was filed, and whether it opened a ticket, in the order of their ids."""
    statement = select(Message.arrival_id, Message.opened_ticket).order_by(col(Message.arrival_id))
    yield from session.exec(statement.execution_options(yield_per=1000))


def message(session: Session, arrival_id: UUID) -> Message | None:
    """Return what was filed of an arrival, held against others until the transaction ends."""
    return session.get(Message, arrival_id, with_for_update=True, populate_existing=True)


def reply(session: Session, number: str, arrival_id: UUID) -> TicketReplied | None:
    """Return what was said of an arrival that was added to a ticket; None for one that only came by a second route."""
    said = (event for event in feed.history(session, number) if isinstance(event, TicketReplied))
    return next((event for event in said if event.arrival_id == arrival_id), None)


def move(session: Session, message: Message, number: str) -> None:
    """File a message in the ticket that it opens now, with the routes by which the same mail came."""
    if message.mail_key:
        same = (col(Message.mail_key) == message.mail_key, col(Message.ticket_number) == message.ticket_number)
        session.execute(update(Message).where(*same).values(ticket_number=number))
    message.ticket_number, message.opened_ticket = number, True


def counts(session: Session) -> dict[str, int]:
    """Count arrivals that opened a ticket (`ticketed`) and that were added to one (`appended`)."""
    rows = dict(session.exec(select(Message.opened_ticket, func.count()).group_by(col(Message.opened_ticket))).all())
    return {"ticketed": rows.get(True, 0), "appended": rows.get(False, 0)}
