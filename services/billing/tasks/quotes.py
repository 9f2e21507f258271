"""What is offered for paid work, and when an offer ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from services.billing import rules
from services.billing.store import consents
from services.billing.store import quotes as store
from services.billing.store.tables import QuoteVersion
from services.billing.tasks.worker import worker
from shared.bus import Transaction
from shared.errors import Transient
from shared.events import (
    ChargeQuestioned,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuotePriced,
    QuoteRefused,
    QuoteVoided,
    QuoteWithdrawn,
    ScopeDecided,
    derived_id,
)
from shared.policies import load_policies
from shared.vocabulary import TicketFacts

log = structlog.get_logger()

STANDS = {rules.QuoteState.DRAFT, rules.QuoteState.OFFERED}


@worker.hears(ScopeDecided)
def quote_paid_work(event: ScopeDecided, tx: Transaction) -> None:
    """Offer the paid work of a decision at its stated price; leave a draft where a person has to price it.

    A newer decision withdraws the quotes of work that is not paid any more. What was agreed to is never altered: then
    nothing else is offered either, and a person has to look.
    """
    ticket = event.ticket
    work = rules.paid_work(event.decision)
    store.lock_ticket(tx.session, ticket.ticket_id)
    if not store.decide(tx.session, ticket, event.decision):
        return
    rows = store.quotes(tx.session, ticket.ticket_id)
    if not _take_back(event, work, rows, tx):
        for row in _of_another(rows, ticket):
            withdraw(row, "the ticket is another customer's", tx)
        return
    # What was agreed to answers for its line, also when one more of it was offered since.
    by_line = {row.line: row for row in sorted(rows, key=lambda row: row.state == rules.QuoteState.AGREED)}
    for item in work:
        known = by_line.get(item.offer.line)
        if known is None:
            write(item, ticket, None, tx, at=event.happened_at)
            continue
        other, runs = known.customer_id != ticket.requester.customer_id, consents.has_any(tx.session, known.quote_id)
        if not runs and rules.is_news(item, event.happened_at, store.as_quote(known), other_customer=other):
            write(item, ticket, known, tx, at=event.happened_at)
    for row in _of_another(rows, ticket):
        _give_to_another(row, event, tx)


def _of_another(rows: list[QuoteVersion], ticket: TicketFacts) -> list[QuoteVersion]:
    """What stands of the quotes, and was offered when the ticket was another customer's."""
    return [row for row in rows if row.customer_id != ticket.requester.customer_id and row.state in STANDS]


def _give_to_another(row: QuoteVersion, event: ScopeDecided, tx: Transaction) -> None:
    """Offer what a decision says nothing of, as further work, to the customer who has the ticket now.

    The change of a plan that runs is taken back: the plan stays with the one who agreed to it.
    """
    if consents.has_any(tx.session, row.quote_id):
        withdraw(row, "the ticket is another customer's", tx)
        return
    offer = store.as_quote(row).offer
    spoken = rules.decision_of(event.decision, row.line).model_copy(update={"needs_person": row.total is None})
    at = max(event.happened_at, row.decided_at)
    write(rules.PaidWork(spoken, offer, row.total), event.ticket, row, tx, at=at, by=row.priced_by)


def _take_back(event: ScopeDecided, work: list[rules.PaidWork], rows: list[QuoteVersion], tx: Transaction) -> bool:
    """Withdraw the quotes that no longer fit; False when one of them was agreed to, and nothing may change."""
    loose = {quote.quote_id: quote for quote in rules.no_longer_fits(work, map(store.as_quote, rows))}
    agreed = [quote for quote in loose.values() if quote.state is rules.QuoteState.AGREED]
    for quote in agreed:
        assert quote.total, "nobody agrees to a quote without a price"
        log.warning("a decision changed after a consent", ticket_id=quote.ticket_id, quote_id=quote.quote_id)
        tx.say(
            ChargeQuestioned(
                event_id=derived_id("questioned", quote.quote_id, quote.version, event.decision.version),
                ticket_id=quote.ticket_id,
                quote_id=quote.quote_id,
                version=quote.version,
                total=quote.total,
                decision_version=event.decision.version,
            ),
        )
    if agreed:
        return False
    for row in rows:
        if row.quote_id in loose:
            withdraw(row, "the verdict that it rested on was changed", tx)
    return True


@worker.hears(QuotePriced)
def price_quote(event: QuotePriced, tx: Transaction) -> None:
    """Offer what a person priced: a draft, an offer at another price, or further work of a ticket."""
    assert event.ticket_id
    store.lock_ticket(tx.session, event.ticket_id)
    known = store.decided(tx.session, event.ticket_id)
    if known is None:
        raise Transient(f"nothing is decided of {event.ticket_id} yet, and a quote rests on a decision")
    ticket, decision = known
    row = store.lock_quote(tx.session, event.quote_id) if event.quote_id else None
    line = load_policies().provider(ticket.provider).prices.get(event.offer.line)
    offer = rules.priced(event.offer, line)
    reason = rules.objection_to_price(offer, line, store.as_quote(row) if row else None)
    if event.quote_id and (row is None or row.ticket_id != event.ticket_id):
        reason = f"{event.ticket_id} has no quote {event.quote_id}"
    elif row and event.happened_at < row.decided_at:
        reason = f"{event.quote_id} was changed since: look again what it offers"
    if reason:
        _refuse(event, reason, tx)
        return
    spoken = rules.decision_of(decision, offer.line).model_copy(update={"needs_person": False})
    write(rules.PaidWork(spoken, offer, offer.total), ticket, row, tx, at=event.happened_at, by=event.agent)


@worker.hears(QuoteVoided)
def void_quote(event: QuoteVoided, tx: Transaction) -> None:
    """Take back an offer or a draft, as a person wished."""
    row = store.lock_quote(tx.session, event.quote_id)
    if row is None or row.ticket_id != event.ticket_id or row.version != event.version:
        _refuse(event, f"{event.quote_id} is not at version {event.version}: look again what it offers", tx)
    elif row.state not in STANDS:
        _refuse(event, f"{event.quote_id} is {row.state}: there is nothing to take back", tx)
    else:
        withdraw(row, event.reason, tx, by=event.agent)


def _refuse(event: QuotePriced | QuoteVoided, reason: str, tx: Transaction) -> None:
    log.info("an agent's word on a quote does not fit", ticket_id=event.ticket_id, quote_id=event.quote_id)
    tx.say(
        QuoteRefused(
            event_id=derived_id("quote refused", event.event_id),
            ticket_id=event.ticket_id,
            quote_id=event.quote_id,
            agent=event.agent,
            reason=reason,
        ),
    )


def withdraw(row: QuoteVersion, reason: str, tx: Transaction, *, by: str | None = None) -> None:
    """End an offer or a draft before its time. `by`: the agent who did."""
    store.settle(row, rules.QuoteState.WITHDRAWN)
    log.info("quote withdrawn", ticket_id=row.ticket_id, quote_id=row.quote_id, version=row.version)
    tx.say(
        QuoteWithdrawn(
            event_id=derived_id("withdrawn", row.quote_id, row.version),
            ticket_id=row.ticket_id,
            quote_id=row.quote_id,
            version=row.version,
            reason=reason,
            agent=by,
        ),
    )


def write(
    item: rules.PaidWork,
    ticket: TicketFacts,
    before: QuoteVersion | None,
    tx: Transaction,
    *,
    at: datetime,
    by: str | None = None,
) -> None:
    """Write the next version of a quote, or (nothing `before`) one more of the ticket; offer it if it has a price.

    `at`: when it was decided, from when its validity counts. `by`: the agent who priced it. The ticket is locked.
    """
    if before:
        if before.state != rules.QuoteState.AGREED:  # the terms of a plan hold until others are agreed to
            store.settle(before, rules.QuoteState.SUPERSEDED)
        quote_id, version = before.quote_id, rules.next_version(item, store.as_quote(before))
    else:
        count = len(store.quotes(tx.session, ticket.ticket_id))
        quote_id, version = f"Q-{ticket.ticket_id}-{count + 1}", rules.next_version(item, None)
    days = load_policies().provider(ticket.provider).provider.quote_validity.days
    valid_until = at + timedelta(days=days)
    store.write_version(
        tx.session,
        quote_id,
        version,
        ticket=ticket,
        offer=item.offer,
        total=item.total,
        decided_at=at,
        valid_until=valid_until if item.total else None,
        priced_by=by,
    )
    log.info("quote written", ticket_id=ticket.ticket_id, quote_id=quote_id, version=version)
    fact = {"ticket_id": ticket.ticket_id, "quote_id": quote_id, "version": version, "ticket": ticket}
    if item.total is None:
        tx.say(QuoteDrafted(event_id=derived_id("draft", quote_id, version), offer=item.offer, **fact))
        return
    issued = QuoteIssued(
        event_id=derived_id("quote", quote_id, version),
        decision=item.decision,
        offer=item.offer,
        total=item.total,
        valid_until=valid_until,
        **fact,
    )
    tx.say(issued, wait={"billing.expire_quote": valid_until})


@worker.hears(QuoteIssued)
def expire_quote(event: QuoteIssued, tx: Transaction) -> None:
    """End an offer that nobody agreed to. Heard when its validity is over."""
    row = store.lock_quote(tx.session, event.quote_id)
    if row is None or row.version != event.version or row.state != rules.QuoteState.OFFERED:
        return
    store.settle(row, rules.QuoteState.EXPIRED)
    log.info("quote expired", ticket_id=row.ticket_id, quote_id=row.quote_id, version=row.version)
    tx.say(
        QuoteExpired(
            event_id=derived_id("expired", row.quote_id, row.version),
            ticket_id=row.ticket_id,
            quote_id=row.quote_id,
            version=row.version,
        ),
    )
