"""What is charged: what was agreed to, once."""

from __future__ import annotations

import structlog

from services.billing import rules
from services.billing.store import charges as store
from services.billing.store import consents, quotes
from services.billing.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.errors import Permanent
from shared.events import ChargeRecorded, ConsentRecorded

log = structlog.get_logger()


@worker.hears(ConsentRecorded)
def charge(event: ConsentRecorded, tx: Transaction) -> None:
    """Charge what was agreed to, once. What is on record is checked again: the charge is made of that."""
    row = quotes.lock_quote(tx.session, event.quote_id)
    agreed = consents.agreement(tx.session, event.consent_id)
    if row is None or agreed is None:
        raise Permanent(f"consent {event.consent_id} to {event.quote_id} is not on record: nothing is charged")
    consent = rules.Consent.to(quotes.as_quote(row), agreed)
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
            clause=consent.quote.offer.clause,
            customer_id=row.customer_id,
            account=row.account,
            provider=row.provider,
            total=booked.total,
        ),
    )
