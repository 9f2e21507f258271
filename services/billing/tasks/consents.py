"""Who agreed to what: by mail, or told to an agent."""

from __future__ import annotations

from datetime import datetime

import structlog

from services.billing import rules
from services.billing.store import consents as store
from services.billing.store import quotes
from services.billing.store.tables import QuoteVersion
from services.billing.tasks.worker import worker
from shared.bus import Transaction
from shared.errors import Permanent
from shared.events import ConsentGiven, ConsentRecorded, ConsentRefused, TicketReplied
from shared.vocabulary import Channel

log = structlog.get_logger()


@worker.hears(TicketReplied)
def read_consent(event: TicketReplied, tx: Transaction) -> None:
    """Take a mailed yes that names a quote of this ticket or its case as consent; anything less clear records nothing.

    A call is no consent by itself: the agent who took it says so at the desk (`ConsentGiven`).
    """
    token = rules.agreed_token(event.text) if event.channel is Channel.EMAIL else None
    if token is None:
        return
    row = quotes.lock_quote(tx.session, token.quote_id)
    if row is None or row.ticket_id not in {event.ticket.ticket_id, *event.case}:
        log.info("a reply names no quote of its ticket", ticket_id=event.ticket_id)
        return
    agree(
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
    row = quotes.lock_quote(tx.session, event.quote_id)
    if row is None:
        raise Permanent(f"there is no quote {event.quote_id}: the agent's word cannot be recorded")
    agree(
        row,
        version=event.version,
        by=event.given_by_email,
        how=f"told to {event.taken_by}",
        at=event.happened_at,
        vouched_for=True,
        tx=tx,
    )


def agree(
    row: QuoteVersion,
    *,
    version: int,
    by: str | None,
    how: str,
    at: datetime,
    vouched_for: bool,
    tx: Transaction,
) -> bool:
    """Record a consent; False, with the reason said, when it is none. A second yes changes nothing."""
    quote = quotes.as_quote(row)
    if quote.state is rules.QuoteState.AGREED:
        return True
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
                because=outcome.because,
                newest=quote.version if quote.is_open(at) else None,
            ),
        )
        return False
    quotes.settle(row, rules.QuoteState.AGREED)
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
            offer=quote.offer,
        ),
    )
    return True
