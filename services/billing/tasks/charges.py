"""What is charged: what was agreed to, once; and what is given back of it."""

from __future__ import annotations

from datetime import datetime

import structlog

from services.billing import rules
from services.billing.store import charges as store
from services.billing.store import consents, quotes, work
from services.billing.store.tables import QuoteVersion
from services.billing.tasks import books
from services.billing.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.errors import Permanent, Transient
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    CreditGiven,
    CreditRefused,
    QuoteSettled,
    TicketResolved,
    WorkRefused,
    WorkSettled,
    derived_id,
)
from shared.policies import load_policies
from shared.vocabulary import Basis

log = structlog.get_logger()

REPORTS = "billing.record_work"


@worker.hears(ConsentRecorded)
def charge(event: ConsentRecorded, tx: Transaction) -> None:
    """Charge what was agreed to, once, if it is paid at once. What is on record is checked again: that is charged."""
    row = quotes.lock_quote(tx.session, event.quote_id)
    agreed = consents.agreement(tx.session, event.consent_id)
    if row is None or agreed is None:
        raise Permanent(f"consent {event.consent_id} to {event.quote_id} is not on record: nothing is charged")
    books.look_daily(tx)
    quote = quotes.as_quote(row)
    if quote.offer.basis not in rules.AT_ONCE:
        return  # it is charged when it was worked, or period by period
    consent = rules.Consent.to(quote, agreed)
    if isinstance(consent, rules.Refusal):
        raise Permanent(f"{event.quote_id} cannot be charged: {consent.reason}")
    book(rules.Charge.of(consent), row, tx)


@worker.hears(WorkSettled)
def settle_quote(event: WorkSettled, tx: Transaction) -> None:
    """Charge the hours that were worked for a quote, and lock its work; an agent says that it is done."""
    assert event.ticket_id
    case = work.together(tx.session, event.ticket_id)
    _lock(case, tx)
    row = quotes.newest(tx.session, event.quote_id)
    settled = row is not None and work.is_settled(tx.session, row.quote_id, row.version)
    quote = quotes.as_quote(row) if row else None
    reason = rules.objection_to_quote(event.quote_id, case, quote, settled=settled)
    if reason or row is None:
        log.info("nothing is settled", ticket_id=event.ticket_id, quote_id=event.quote_id, reason=reason)
        refused = derived_id("settlement refused", event.event_id)
        tx.say(WorkRefused(event_id=refused, ticket_id=event.ticket_id, agent=event.agent, reason=reason or ""))
    else:
        _settle(row, event.agent, event.happened_at, tx)


@worker.hears(TicketResolved)
def settle_ticket(event: TicketResolved, tx: Transaction) -> None:
    """Settle whatever was agreed to on a ticket that is done, and on those merged into it; plans go on."""
    assert event.ticket_id
    case = sorted({*work.together(tx.session, event.ticket_id), *event.case})
    _lock(case, tx)
    for row in [row for number in case for row in quotes.quotes(tx.session, number)]:
        quote = quotes.as_quote(row)
        done = work.is_settled(tx.session, row.quote_id, row.version)
        if quote.state is rules.QuoteState.AGREED and quote.offer.basis is not Basis.PLAN and not done:
            _settle(row, event.agent, event.happened_at, tx)


def _lock(case: list[str], tx: Transaction) -> None:
    """Lock the tickets of a case, once all work that was reported on them is recorded."""
    quotes.lock_tickets(tx.session, case)
    for number in case:
        if tx.is_waited_for(REPORTS, number):
            raise Transient(f"work on {number} was reported that is not recorded yet: it is not to be locked out")


def _settle(row: QuoteVersion, agent: str, at: datetime, tx: Transaction) -> None:
    """Lock the work of a version and charge what it comes to, if it is paid by the hours worked."""
    entries = work.of_quote(tx.session, row.quote_id, row.version)
    quote = quotes.as_quote(row)
    charged, line = None, load_policies().provider(row.provider).prices.get(row.line)
    least = line.minimum.units if line and line.minimum else 1
    if quote.offer.basis is Basis.HOURS:
        agreed = consents.agreement_to(tx.session, row.quote_id, row.version)
        consent = rules.Consent.to(quote, agreed) if agreed else None
        if not isinstance(consent, rules.Consent):
            raise Permanent(f"{row.quote_id} is agreed, and no consent to it is on record: nothing is charged")
        charged = rules.Charge.of_work(consent, entries, least)
    work.settle(tx.session, row, entries, least_hours=least, agent=agent, settled_at=at)
    log.info("work settled", ticket_id=row.ticket_id, quote_id=row.quote_id, minutes=rules.within(entries))
    tx.say(
        QuoteSettled(
            event_id=derived_id("settled", row.quote_id, row.version),
            ticket_id=row.ticket_id,
            quote_id=row.quote_id,
            version=row.version,
            agent=agent,
            worked_minutes=rules.worked(entries),
            over_minutes=rules.worked(entries) - rules.within(entries),
            charge_id=charged.charge_id if charged else None,
            total=charged.total if charged else None,
        ),
    )
    if charged:
        book(charged, row, tx)


def book(charged: rules.Charge, row: QuoteVersion, tx: Transaction) -> None:
    """Record a charge and have it booked, once. `row`: the version that it is for, with its ticket locked."""
    if not store.record_charge(tx.session, charged, clock.now()):
        return
    offer = charged.consent.quote.offer
    log.info("charge recorded", ticket_id=row.ticket_id, quote_id=row.quote_id, total=str(charged.total))
    tx.say(
        ChargeRecorded(
            event_id=charged.charge_id,
            ticket_id=row.ticket_id,
            charge_id=charged.charge_id,
            quote_id=row.quote_id,
            version=row.version,
            line=row.line,
            clause=offer.clause,
            customer_id=row.customer_id,
            account=row.account,
            provider=row.provider,
            total=charged.total,
            unit=offer.unit,
            quantity=charged.quantity,
            period_from=charged.period_from,
            period_until=charged.period_until,
        ),
    )


@worker.hears(CreditGiven)
def credit(event: CreditGiven, tx: Transaction) -> None:
    """Give a charge back, or a part of it: at most what remains of it."""
    found = store.charge(tx.session, event.charge_id)
    if found is None:
        _refuse(event, event.ticket_id, f"there is no charge {event.charge_id}", tx)
        return
    row, quote = found
    quotes.lock_ticket(tx.session, row.ticket_id)
    given = rules.Credit.of(
        row.charge_id,
        row.total,
        store.credited(tx.session, row.charge_id),
        event.amount,
        wish=event.event_id,
    )
    if isinstance(given, rules.Refusal):
        _refuse(event, row.ticket_id, given.reason, tx)
        return
    store.record_credit(tx.session, given, agent=event.agent, reason=event.reason, given_at=event.happened_at)
    log.info("charge credited", ticket_id=row.ticket_id, quote_id=row.quote_id, total=str(given.total))
    tx.say(
        ChargeCredited(
            event_id=given.credit_id,
            ticket_id=row.ticket_id,
            credit_id=given.credit_id,
            charge_id=row.charge_id,
            quote_id=row.quote_id,
            line=row.line,
            customer_id=quote.customer_id,
            account=quote.account,
            provider=quote.provider,
            total=given.total,
            remaining=given.remaining,
            agent=event.agent,
            reason=event.reason,
        ),
    )


def _refuse(event: CreditGiven, ticket_id: str | None, reason: str, tx: Transaction) -> None:
    log.info("no credit", ticket_id=ticket_id, reason=reason)
    tx.say(
        CreditRefused(
            event_id=derived_id("credit refused", event.event_id),
            ticket_id=ticket_id,
            charge_id=event.charge_id,
            agent=event.agent,
            reason=reason,
        ),
    )
