"""The billing room: paid work is quoted, agreed to and charged, in this order and each once.

Hears `ScopeDecided`, `TicketReplied`, `ConsentGiven`, `QuoteIssued` (as a timer, when the offer runs out) and
`ConsentRecorded`. Says `QuoteIssued`, `QuoteDrafted`, `QuoteExpired`, `QuoteWithdrawn`, `ConsentRecorded`,
`ConsentRefused`, `ChargeRecorded` and `ChargeQuestioned`. Owns quotes, consents and charges (schema `billing`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from services.billing import rules, store
from shared import clock
from shared.bus import Transaction, Worker
from shared.errors import Permanent
from shared.events import (
    ChargeQuestioned,
    ChargeRecorded,
    ConsentGiven,
    ConsentRecorded,
    ConsentRefused,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    ScopeDecided,
    TicketReplied,
    derived_id,
)
from shared.policies import load_policies
from shared.vocabulary import Channel

log = structlog.get_logger()

worker = Worker("billing")
app = worker.app


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


def _take_back(
    event: ScopeDecided, work: list[rules.PaidWork], rows: list[store.QuoteVersion], tx: Transaction
) -> bool:
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


@worker.hears(TicketReplied)
def read_consent(event: TicketReplied, tx: Transaction) -> None:
    """Take a mailed yes that names a quote of this ticket as consent; anything less clear records nothing.

    A call is no consent by itself: the agent who took it says so at the desk (`ConsentGiven`).
    """
    token = rules.agreed_token(event.text) if event.channel is Channel.EMAIL else None
    if token is None:
        return
    row = store.lock_quote(tx.session, token.quote_id)
    if row is None or row.ticket_id != event.ticket.ticket_id:
        log.info("a reply names no quote of its ticket", ticket_id=event.ticket_id)
        return
    _agree(
        row,
        version=token.version,
        by=event.author.email if event.author.may_approve_costs else None,
        how="email",
        at=event.received_at or event.happened_at,
        vouched_for=event.author_verified,
        tx=tx,
    )


@worker.hears(ConsentGiven)
def record_consent(event: ConsentGiven, tx: Transaction) -> None:
    """Record an agreement that an agent took from a person, under the same rules as a mailed one."""
    row = store.lock_quote(tx.session, event.quote_id)
    if row is None:
        raise Permanent(f"there is no quote {event.quote_id}: the agent's word cannot be recorded")
    _agree(
        row,
        version=event.version,
        by=event.given_by_email,
        how=f"told to {event.taken_by}",
        at=event.happened_at,
        vouched_for=True,
        tx=tx,
    )


def _agree(
    row: store.QuoteVersion,
    *,
    version: int,
    by: str | None,
    how: str,
    at: datetime,
    vouched_for: bool,
    tx: Transaction,
) -> None:
    """Record a consent, or say why it is none."""
    quote = store.as_quote(row)
    if quote.state is rules.QuoteState.AGREED:
        return  # a second yes changes nothing
    outcome = rules.Consent.to(
        quote,
        rules.Agreement(
            quote_id=quote.quote_id,
            version=version,
            total=quote.total,
            given_by=by,
            given_how=how,
            given_at=at,
            vouched_for=vouched_for,
        ),
    )
    if isinstance(outcome, rules.Refusal):
        log.info("no consent", ticket_id=quote.ticket_id, quote_id=quote.quote_id, reason=outcome.reason)
        tx.say(
            ConsentRefused(
                ticket_id=quote.ticket_id,
                quote_id=quote.quote_id,
                version=version,
                given_how=how,
                reason=outcome.reason,
            ),
        )
        return
    store.settle(row, rules.QuoteState.AGREED)
    store.record_consent(tx.session, outcome)
    log.info("consent recorded", ticket_id=quote.ticket_id, quote_id=quote.quote_id, version=version)
    tx.say(
        ConsentRecorded(
            event_id=outcome.consent_id,
            ticket_id=quote.ticket_id,
            quote_id=quote.quote_id,
            version=version,
            consent_id=outcome.consent_id,
            given_by=outcome.given_by,
            given_how=outcome.given_how,
            total=outcome.total,
        ),
    )


@worker.hears(ConsentRecorded)
def charge(event: ConsentRecorded, tx: Transaction) -> None:
    """Charge what was agreed to, once. What is on record is checked again: the charge is made of that."""
    row = store.lock_quote(tx.session, event.quote_id)
    agreed = store.agreement(tx.session, event.consent_id)
    if row is None or agreed is None:
        raise Permanent(f"consent {event.consent_id} to {event.quote_id} is not on record: nothing is charged")
    consent = rules.Consent.to(store.as_quote(row), agreed)
    if isinstance(consent, rules.Refusal):
        raise Permanent(f"{event.quote_id} cannot be charged: {consent.reason}")
    booked = rules.Charge.of(consent)
    if not store.record_charge(tx.session, booked, clock.now()):
        return
    log.info("charge recorded", ticket_id=row.ticket_id, quote_id=row.quote_id, total=str(booked.total))
    tx.say(
        ChargeRecorded(
            event_id=booked.charge_id,
            ticket_id=row.ticket_id,
            charge_id=booked.charge_id,
            quote_id=row.quote_id,
            version=row.version,
            line=row.line,
            clause=row.clause,
            customer_id=row.customer_id,
            account=row.account,
            provider=row.provider,
            total=booked.total,
        ),
    )


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
