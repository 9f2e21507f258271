"""What people decide of a ticket: that it goes on in another, that a message is none of it, whose it is.

The desk refuses what it can see; here it is looked at again, because two agents may ask at once.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import structlog

from services.tickets import rules, store
from services.tickets.tasks.worker import worker
from shared import cases, clock
from shared.bus import Transaction
from shared.events import (
    CustomerChosen,
    CustomerRecorded,
    FilingRefused,
    MergeRequested,
    MergeUndone,
    MessageSplit,
    OneCaseDismissed,
    OneCaseProposed,
    SplitRequested,
    TicketOpened,
    TicketsMerged,
    UnmergeRequested,
    derived_id,
)
from shared.policies import load_policies
from shared.vocabulary import TicketFacts

log = structlog.get_logger()

Request = MergeRequested | UnmergeRequested | SplitRequested | CustomerChosen


@worker.hears(MergeRequested)
def merge_tickets(event: MergeRequested, tx: Transaction) -> None:
    """Let a ticket go on in another."""
    store.hold_cases(tx.session, to_change=True)
    ticket, into = store.ticket(tx.session, str(event.ticket_id)), store.ticket(tx.session, event.into)
    if ticket is None or into is None:
        _refuse(tx, event, f"there is no ticket {event.into if ticket else event.ticket_id}")
    elif why := cases.objection(store.filed(ticket), store.filed(into)):
        _refuse(tx, event, why)
    else:
        ticket.merged_into, ticket.merge_id = into.number, event.event_id
        told = {"merge_id": event.event_id, "merged": ticket.number, "into": into.number, "by": event.agent}
        merged_at = clock.now()
        for number in (ticket.number, into.number):
            event_id = derived_id("merged", event.event_id, number)
            tx.say(TicketsMerged(ticket_id=number, event_id=event_id, merged_at=merged_at, **told))
        log.info("tickets merged", ticket_id=ticket.number, into=into.number)


@worker.hears(UnmergeRequested)
def undo_merge(event: UnmergeRequested, tx: Transaction) -> None:
    """Let a ticket stand alone again; what came by its thread is filed in it all the time."""
    store.hold_cases(tx.session, to_change=True)
    ticket = store.ticket(tx.session, str(event.ticket_id))
    if ticket is None or ticket.merged_into is None or ticket.merge_id is None:
        _refuse(tx, event, f"{event.ticket_id} is not merged")
        return
    merge_id, into = ticket.merge_id, ticket.merged_into
    ticket.merged_into = ticket.merge_id = None
    told = {"merge_id": merge_id, "merged": ticket.number, "into": into, "by": event.agent}
    for number in (ticket.number, into):
        tx.say(MergeUndone(ticket_id=number, event_id=derived_id("parted", merge_id, number), **told))
    log.info("merge undone", ticket_id=ticket.number, into=into)


@worker.hears(SplitRequested)
def split_message(event: SplitRequested, tx: Transaction) -> None:
    """Make a message a ticket of its own that refers to the one it was in; merging it puts it back."""
    store.hold_cases(tx.session, to_change=True)
    number, session = str(event.ticket_id), tx.session
    ticket, message = store.ticket(session, number), store.message(session, event.arrival_id)
    if ticket is None or message is None or message.ticket_number != number:
        _refuse(tx, event, f"there is no such message in {number}")
    elif message.opened_ticket:
        _refuse(tx, event, f"{number} was opened with this message: nothing would be left of it")
    elif (reply := store.reply(session, number, event.arrival_id)) is None:
        _refuse(tx, event, "it is the same mail as another message, by a second route")
    else:
        serial = store.next_serial(session)
        new = f"{prefix(ticket.provider)}-{serial}"
        facts = rules.split_off(reply, store.facts_of(ticket), new, message.message_id)
        store.open_ticket(session, facts, serial, reply.text, related_ticket_id=number)
        store.move(session, message, new)
        told = reply.model_dump(include={"arrival_id", "text", "attachments", "warnings"})
        tx.say(TicketOpened(ticket_id=new, ticket=facts, related_ticket_id=number, **told))
        split = {"arrival_id": event.arrival_id, "reply_id": reply.event_id, "by": event.agent}
        tx.say(MessageSplit(ticket_id=number, new_ticket_id=new, **split))
        log.info("message split", ticket_id=number, new=new)


@worker.hears(CustomerChosen)
def record_customer(event: CustomerChosen, tx: Transaction) -> None:
    """Give a ticket the customer that a person chose, or none."""
    store.hold_cases(tx.session, to_change=True)
    number = str(event.ticket_id)
    ticket = store.ticket(tx.session, number)
    if ticket is None:
        _refuse(tx, event, f"there is no ticket {number}")
        return
    customer = store.customer(tx.session, event.customer_id) if event.customer_id else None
    if event.customer_id and (customer is None or customer.provider != ticket.provider):
        _refuse(tx, event, f"{ticket.provider} has no customer {event.customer_id}")
        return
    facts = rules.chosen(store.facts_of(ticket), customer)
    others = store.tickets(tx.session, store.case_of(tx.session, number), but=number)
    if other := next((other for other in others if cases.of_two_customers(facts, store.facts_of(other))), None):
        _refuse(tx, event, f"it is one case with {other.number}, which is of another customer")
        return
    store.keep_facts(ticket, facts)
    tx.say(CustomerRecorded(ticket_id=number, ticket=facts, by=event.agent))
    log.info("customer chosen", ticket_id=number, known=customer is not None)
    if customer and ticket.merged_into is None:
        propose_case(tx, facts, ticket.about, ticket.related_ticket_id)


@worker.hears(OneCaseDismissed)
def keep_dismissal(event: OneCaseDismissed, tx: Transaction) -> None:
    """Remember that two tickets are two cases."""
    store.dismiss(tx.session, str(event.ticket_id), event.other_ticket_id)


def propose_case(tx: Transaction, facts: TicketFacts, about: Collection[str], related: str | None) -> None:
    """Propose to a person that a call and a mail are one case. Nothing is merged."""
    mine = facts.ticket_id
    for other in store.tickets_around(tx.session, facts):
        evidence = rules.one_case(about, other.about, abs(facts.received_at - other.opened_at))
        if not evidence or other.number == related or store.dismissed(tx.session, mine, other.number):
            continue
        for number, another in ((mine, other.number), (other.number, mine)):
            event_id = derived_id("one case", number, another)
            tx.say(OneCaseProposed(event_id=event_id, ticket_id=number, other_ticket_id=another, evidence=evidence))


def prefix(provider: str) -> str:
    """What the ticket numbers of a provider begin with."""
    return load_policies().provider(provider).provider.ticket_prefix


def _refuse(tx: Transaction, event: Request, reason: str) -> None:
    event_id: UUID = derived_id("refused", event.event_id)
    tx.say(FilingRefused(event_id=event_id, ticket_id=event.ticket_id, agent=event.agent, reason=reason))
    log.info("filing refused", ticket_id=event.ticket_id, asked=type(event).__name__)
