"""The versions of quotes, and the decision that they follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.billing import rules
from services.billing.store.tables import DecidedTicket, QuoteVersion
from shared.money import Money
from shared.vocabulary import Decision, PriceOffer, TicketFacts


def lock_ticket(session: Session, ticket_id: str) -> None:
    """Let one handler at a time change the quotes of a ticket, until the transaction ends."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('billing:' || :t, 0))"), {"t": ticket_id})


def lock_tickets(session: Session, ticket_ids: Sequence[str]) -> None:
    """Lock several tickets, which stand in order."""
    for ticket_id in ticket_ids:
        lock_ticket(session, ticket_id)


def decide(session: Session, ticket: TicketFacts, decision: Decision) -> bool:
    """Keep which decision a ticket's quotes follow; False for one that is older than what they follow already."""
    known = session.get(DecidedTicket, ticket.ticket_id)
    if known and known.decision_version > decision.version:
        return False
    session.merge(
        DecidedTicket(
            ticket_id=ticket.ticket_id,
            decision_version=decision.version,
            facts=ticket.model_dump(mode="json"),
            decision=decision.model_dump(mode="json"),
        ),
    )
    return True


def decided(session: Session, ticket_id: str) -> tuple[TicketFacts, Decision] | None:
    """Return a ticket and the decision that its quotes follow; None while none is known."""
    known = session.get(DecidedTicket, ticket_id)
    if known is None:
        return None
    return TicketFacts.model_validate(known.facts), Decision.model_validate(known.decision)


def quotes(session: Session, ticket_id: str) -> list[QuoteVersion]:
    """Return the newest version of each quote of a ticket, in order of their first writing."""
    statement = (
        select(QuoteVersion)
        .where(col(QuoteVersion.ticket_id) == ticket_id)
        .order_by(col(QuoteVersion.decided_at), col(QuoteVersion.quote_id), col(QuoteVersion.version))
    )
    return list({quote.quote_id: quote for quote in session.exec(statement)}.values())


def newest(session: Session, quote_id: str) -> QuoteVersion | None:
    """Return the newest version of a quote, to be looked at only."""
    versions = col(QuoteVersion.quote_id) == quote_id
    return session.exec(select(QuoteVersion).where(versions).order_by(col(QuoteVersion.version).desc())).first()


def lock_quote(session: Session, quote_id: str) -> QuoteVersion | None:
    """Return the newest version of a quote, with its ticket locked as by `lock_ticket`."""
    versions = col(QuoteVersion.quote_id) == quote_id
    ticket_id = session.exec(select(QuoteVersion.ticket_id).where(versions).limit(1)).first()
    if ticket_id is None:
        return None
    lock_ticket(session, ticket_id)  # before a row is loaded: another handler may just be changing it
    return newest(session, quote_id)


def write_version(
    session: Session,
    quote_id: str,
    version: int,
    *,
    ticket: TicketFacts,
    offer: PriceOffer,
    total: Money | None,
    decided_at: datetime,
    valid_until: datetime | None,
    priced_by: str | None,
) -> None:
    """Write a version of a quote: an offer, or a draft when it has no total."""
    session.add(
        QuoteVersion(
            quote_id=quote_id,
            version=version,
            ticket_id=ticket.ticket_id,
            provider=ticket.provider,
            customer_id=ticket.requester.customer_id,
            account=ticket.account,
            line=offer.line,
            offer=offer.model_dump(mode="json"),
            total_minor=total.minor if total else None,
            currency=total.currency if total else None,
            approvers=list(ticket.approvers),
            state=rules.QuoteState.OFFERED if total else rules.QuoteState.DRAFT,
            priced_by=priced_by,
            decided_at=decided_at,
            valid_until=valid_until,
        ),
    )


def as_quote(row: QuoteVersion) -> rules.Quote:
    """Return a version as the rules know quotes."""
    return rules.Quote(
        quote_id=row.quote_id,
        version=row.version,
        ticket_id=row.ticket_id,
        offer=PriceOffer.model_validate(row.offer),
        total=row.total,
        priced_by=row.priced_by,
        decided_at=row.decided_at,
        valid_until=row.valid_until,
        approvers=frozenset(row.approvers),
        state=rules.QuoteState(row.state),
    )


def settle(row: QuoteVersion, state: rules.QuoteState) -> None:
    """Write what became of a version."""
    row.state = state
