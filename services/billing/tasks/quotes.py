"""What is offered for paid work, and when an offer ends."""

from __future__ import annotations

from datetime import timedelta

import structlog

from services.billing import rules
from services.billing.store import quotes as store
from services.billing.store.tables import QuoteVersion
from services.billing.tasks.worker import worker
from shared.bus import Transaction
from shared.events import (
    ChargeQuestioned,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    ScopeDecided,
    derived_id,
)
from shared.policies import load_policies

log = structlog.get_logger()


@worker.hears(ScopeDecided)
def quote_paid_work(event: ScopeDecided, tx: Transaction) -> None:
    """Offer the paid work of a decision at its stated price; leave a draft where a person has to price it.

    A newer decision withdraws the quotes of work that is not paid any more. What was agreed to is never altered: then
    nothing else is offered either, and a person has to look.
    """
    ticket = event.ticket
    work = rules.paid_work(event.decision)
    store.lock_ticket(tx.session, ticket.ticket_id)
    if not store.decide(tx.session, ticket.ticket_id, event.decision.version):
        return
    rows = store.quotes(tx.session, ticket.ticket_id)
    if not _take_back(event, work, rows, tx):
        return
    by_line = {row.line: row for row in rows}
    fresh = len(rows)
    for item in work:
        row = by_line.get(item.offer.line)
        if row is None:
            fresh += 1
            _write(event, item, f"Q-{ticket.ticket_id}-{fresh}", rules.next_version(item, None), tx)
            continue
        quote = store.as_quote(row)
        if rules.is_news(item, event.happened_at, quote):
            store.settle(row, rules.QuoteState.SUPERSEDED)
            _write(event, item, quote.quote_id, rules.next_version(item, quote), tx)


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
            store.settle(row, rules.QuoteState.WITHDRAWN)
            log.info("quote withdrawn", ticket_id=row.ticket_id, quote_id=row.quote_id, version=row.version)
            fact = {"ticket_id": row.ticket_id, "quote_id": row.quote_id, "version": row.version}
            tx.say(QuoteWithdrawn(event_id=derived_id("withdrawn", row.quote_id, row.version), **fact))
    return True


def _write(event: ScopeDecided, item: rules.PaidWork, quote_id: str, version: int, tx: Transaction) -> None:
    days = load_policies().provider(event.ticket.provider).provider.quote_validity.days
    valid_until = event.happened_at + timedelta(days=days)
    store.write_version(
        tx.session,
        quote_id,
        version,
        ticket=event.ticket,
        offer=item.offer,
        total=item.total,
        decided_at=event.happened_at,
        valid_until=valid_until if item.total else None,
    )
    log.info("quote written", ticket_id=event.ticket.ticket_id, quote_id=quote_id, version=version)
    if item.total is None:
        tx.say(
            QuoteDrafted(
                event_id=derived_id("draft", quote_id, version),
                ticket_id=event.ticket.ticket_id,
                quote_id=quote_id,
                version=version,
                ticket=event.ticket,
                offer=item.offer,
            ),
        )
        return
    issued = QuoteIssued(
        event_id=derived_id("quote", quote_id, version),
        ticket_id=event.ticket.ticket_id,
        quote_id=quote_id,
        version=version,
        ticket=event.ticket,
        decision=item.decision,
        offer=item.offer,
        total=item.total,
        valid_until=valid_until,
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
