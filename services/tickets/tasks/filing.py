"""Arrivals become tickets, or parts of one."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from services.tickets import rules, store
from services.tickets.tasks.cases import prefix, propose_case
from services.tickets.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.errors import Transient
from shared.events import (
    CallLogged,
    CallMade,
    CustomerCalledBack,
    EmailReceived,
    TicketOpened,
    TicketReplied,
    TicketRouteAdded,
)
from shared.settings import settings
from shared.vocabulary import Authentication, Channel, Requester, TicketFacts

log = structlog.get_logger()

WAITS_FOR_THE_TICKET_CALLED_ABOUT = 8
"""How often a call that answers no ticket is put off: call logs come in any order."""
WAITS_FOR_THE_ANSWERED_MAIL = 3
"""How often a reply to a mail that nobody has filed is put off: that mail may be just behind it."""


@worker.hears(EmailReceived)
def file_email(event: EmailReceived, tx: Transaction) -> None:
    """Append an e-mail to the ticket it answers, or open one."""
    store.hold_cases(tx.session)
    if store.is_filed(tx.session, event.arrival_id):
        return
    arrival = rules.Arrival.of_email(event)
    if event.mail_key and (number := store.ticket_of_mail(tx.session, event.provider, event.mail_key)):
        store.file_arrival(tx.session, arrival, number, author=None, opened=False)
        tx.say(TicketRouteAdded(ticket_id=number, arrival_id=event.arrival_id, mailbox=event.mailbox))
        return
    answered = store.tickets_of_messages(tx.session, event.provider, rules.message_ids(event.references))
    tokens = settings().require_reply_tokens()
    trail = rules.email_trail(event, prefix(event.provider), answered, tokens)
    ticket = store.first_ticket(tx.session, event.provider, trail)
    if ticket is None and event.references and tx.attempt <= WAITS_FOR_THE_ANSWERED_MAIL:
        raise Transient("the mail that this one answers is not filed (yet)")
    _file(arrival.warned(*rules.disagreement(event, trail)), _sender_of(event, tx), ticket, tx)


def _sender_of(event: EmailReceived, tx: Transaction) -> rules.Match:
    """Whose mail it is. A forged sender is nobody; a domain proves something only when it was authenticated."""
    session, provider, email = tx.session, event.provider, (event.sender.email or "").lower()
    if not email or event.authentication is Authentication.FAIL:
        return rules.Match()
    of_domain = store.customers_with_domain(session, provider, email.rpartition("@")[2])
    names = rules.names_in(f"{event.subject}\n{event.text}")
    return rules.match(
        ("address", store.customers_with_email(session, provider, email)),
        ("domain" if event.sender_verified else "named", of_domain),
        ("named", store.customers_named(session, provider, names)),
    )


@worker.hears(CallLogged)
def file_call(event: CallLogged, tx: Transaction) -> None:
    """Add a call to the ticket that its note names, or open one."""
    store.hold_cases(tx.session)
    if store.is_filed(tx.session, event.arrival_id):
        return
    phone = event.caller.phone
    matches = store.customers_with_phone(tx.session, event.provider, phone) if phone else []
    ticket = store.first_ticket(tx.session, event.provider, rules.call_trail(event, prefix(event.provider)))
    if event.adds_to and ticket is None:
        ticket = store.ticket_of_arrival(tx.session, event.adds_to)
        if ticket is None and tx.attempt <= WAITS_FOR_THE_TICKET_CALLED_ABOUT:
            raise Transient("the call that this one adds to is not filed (yet)")
    names = rules.names_in(f"{event.subject}\n{event.text}")
    named = store.customers_named(tx.session, event.provider, names)
    _file(rules.Arrival.of_call(event), rules.match(("phone", matches), ("named", named)), ticket, tx)


@worker.hears(CallMade)
def credit_call(event: CallMade, tx: Transaction) -> None:
    """Say which ticket a call of ours answered: the one that its note names, or the only one that it may be about.

    What we do is done on the ticket that goes on, where tickets were merged.
    """
    store.hold_cases(tx.session)
    trail = rules.note_trail(event.note, prefix(event.provider))
    named = store.first_ticket(tx.session, event.provider, trail)
    found = store.tickets_called_about(tx.session, event.provider, event.callee, event.answered_at)
    numbers = dict.fromkeys(store.goes_on_in(tx.session, number) for number in ([named.number] if named else found))
    if not numbers and tx.attempt <= WAITS_FOR_THE_TICKET_CALLED_ABOUT:
        raise Transient("no ticket that this call may be about is opened (yet)")
    for number in numbers:
        tx.say(
            CustomerCalledBack(
                ticket_id=number,
                arrival_id=event.arrival_id,
                agent=event.agent,
                text=event.note,
                answered_at=event.answered_at,
                talk_seconds=event.talk_seconds,
                one_of=tuple(numbers) if len(numbers) > 1 else (),
            ),
        )


def _file(arrival: rules.Arrival, found: rules.Match, named: store.Ticket | None, tx: Transaction) -> None:
    """File an arrival in the ticket it names, if its author may write there; else in a new one that refers to it."""
    if named is None:
        author = rules.known_as(arrival.author, found.of_author)
        _open(arrival, author, _recognised_by(arrival, author), found, tx, related=None)
        return
    facts, case = store.facts_of(named), store.case_of(tx.session, named.number)
    owner = store.customer(tx.session, named.customer_id) if named.customer_id else None
    found = rules.among(found, owner)
    author = rules.known_as(arrival.author, found.of_author)
    by = _recognised_by(arrival, author)
    objection = rules.objection(
        arrival,
        author,
        by,
        ticket=facts,
        participants=store.participants(tx.session, case),
        closed_at=store.closed_at(tx.session, case),
    )
    if objection is None:
        _append(arrival, author, by, rules.with_customer(facts, owner), tx, case=case)
    else:
        _open(arrival.warned(objection), author, by, found, tx, related=named.number)


def _recognised_by(arrival: rules.Arrival, author: Requester) -> str | None:
    return None if arrival.forged else rules.address(author, arrival.channel)


def _append(
    arrival: rules.Arrival,
    author: Requester,
    by: str | None,
    facts: TicketFacts,
    tx: Transaction,
    *,
    case: Sequence[str],
) -> None:
    """Add an arrival to the ticket by whose thread it came; merged or not, it stays with that."""
    may_repeat = arrival.channel is Channel.EMAIL or arrival.adds_to is not None
    is_repeat = may_repeat and store.is_repeat(tx.session, arrival, facts.ticket_id, by)
    store.file_arrival(tx.session, arrival, facts.ticket_id, author=by, opened=False)
    if not (arrival.is_courtesy or is_repeat):
        store.note_reopened(tx.session, facts.ticket_id, clock.now())
    tx.say(
        TicketReplied(
            ticket_id=facts.ticket_id,
            arrival_id=arrival.arrival_id,
            ticket=facts,
            author=author,
            author_verified=arrival.author_verified,
            text=arrival.text,
            channel=arrival.channel,
            received_at=arrival.received_at,
            is_courtesy=arrival.is_courtesy,
            attachments=arrival.attachments,
            warnings=arrival.warnings,
            is_repeat=is_repeat,
            case=tuple(number for number in case if number != facts.ticket_id),
        ),
    )
    log.info("reply filed", ticket_id=facts.ticket_id, channel=arrival.channel, is_repeat=is_repeat)


def _open(
    arrival: rules.Arrival,
    author: Requester,
    by: str | None,
    found: rules.Match,
    tx: Transaction,
    *,
    related: str | None,
) -> None:
    serial = store.next_serial(tx.session)
    number = f"{prefix(arrival.provider)}-{serial}"
    facts = rules.facts_of(arrival, number, author, found)
    if facts.requester.customer_id:
        propose_case(tx, facts, rules.about(f"{arrival.subject}\n{arrival.text}"), related)
    store.open_ticket(tx.session, facts, serial, arrival.text, related_ticket_id=related)
    store.file_arrival(tx.session, arrival, number, author=by, opened=True)
    tx.say(
        TicketOpened(
            ticket_id=number,
            arrival_id=arrival.arrival_id,
            ticket=facts,
            text=arrival.text,
            related_ticket_id=related,
            attachments=arrival.attachments,
            warnings=arrival.warnings,
        ),
    )
    log.info("ticket opened", ticket_id=number, channel=arrival.channel, known_by=found.found_by, related=related)
