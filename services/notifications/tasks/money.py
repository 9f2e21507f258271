"""Letters about money: what is offered, agreed to and charged."""

from __future__ import annotations

from functools import partial

from services.notifications import store
from services.notifications.rules import letters
from services.notifications.rules.sending import Kind, Suppression
from services.notifications.tasks import writing
from services.notifications.tasks.worker import worker
from shared.bus import Transaction
from shared.errors import Transient
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
)
from shared.settings import settings as house_settings
from shared.vocabulary import Basis, TicketFacts
from shared.wording import language

WAITS_FOR_THE_OFFER = 3
"""How often the end of an offer is put off whose letter is not written: that may be just behind it."""


@worker.hears(QuoteIssued)
def write_quote(event: QuoteIssued, tx: Transaction) -> None:
    """Offer paid work, once for each version of a quote."""
    store.know(tx.session, event)
    lang = language(event.decision.reply_language)
    for ticket in letters.quote_readers(event):
        link = _consent_link(ticket, event.quote_id, event.version)
        writing.write(
            tx,
            Kind.QUOTE,
            ticket,
            lang,
            version=_of_quote(event, event.version, ticket),
            decision=event.decision,
            body=partial(letters.quote, event, ticket, link, lang=lang),
        )
        for older in range(1, event.version):
            which = _of_quote(event, older, ticket)
            writing.drop_held(tx, ticket.ticket_id, Kind.QUOTE, which, Suppression.SUPERSEDED)


def _of_quote(event: QuoteIssued, version: int, reader: TicketFacts) -> str:
    """Names a quote's letter: one for each version and reader."""
    mine = event.ticket.requester.email == reader.requester.email
    return f"{event.quote_id}:{version}" + ("" if mine else f":{reader.requester.email}")


def _consent_link(ticket: TicketFacts, quote_id: str, version: int | None) -> str | None:
    """Where a ticket's requester can agree to a quote; None when he may not, or no page is served."""
    base, reader = house_settings().quotes_url, ticket.requester.email
    if base is None or version is None or not reader or reader.lower() not in ticket.approvers:
        return None
    mark = house_settings().require_reply_tokens().consent_mark(quote_id, version, reader)
    return f"{base.rstrip('/')}/quotes/{mark}"


@worker.hears(ConsentRecorded)
def write_consent_receipt(event: ConsentRecorded, tx: Transaction) -> None:
    """Confirm a consent that is not charged at once; of the others the charge notice says it all."""
    if event.offer is None or event.offer.basis not in {Basis.HOURS, Basis.PLAN}:
        return
    ticket, lang = writing.known(tx, event.ticket_id)
    writing.write(
        tx,
        Kind.CONSENT_RECEIPT,
        ticket,
        lang,
        version=str(event.consent_id),
        body=partial(letters.consent_receipt, ticket, event, lang=lang),
    )


@worker.hears(ConsentRefused)
def write_consent_refused(event: ConsentRefused, tx: Transaction) -> None:
    """Tell the requester on record, never whoever wrote, why a mailed yes does not count; once for each reason.

    The page of a quote answers by itself, and an agent who took a word reads the reason at the desk.
    """
    if event.given_how != "email":
        return
    ticket, lang = writing.known(tx, event.ticket_id)
    link = _consent_link(ticket, event.quote_id, event.newest)
    writing.write(
        tx,
        Kind.CONSENT_REFUSED,
        ticket,
        lang,
        version=f"{event.quote_id}:{event.version}:{event.because}",
        body=partial(letters.consent_refused, ticket, event, link, lang=lang),
    )


@worker.hears(ChargeRecorded)
def write_charge_notice(event: ChargeRecorded, tx: Transaction) -> None:
    """Confirm what will be on the invoice."""
    ticket, lang = writing.known(tx, event.ticket_id)
    writing.write(
        tx,
        Kind.CHARGE_NOTICE,
        ticket,
        lang,
        version=str(event.charge_id),
        body=lambda policies: letters.charge_notice(ticket, event, policies, lang),
    )


@worker.hears(ChargeCredited)
def write_credit_notice(event: ChargeCredited, tx: Transaction) -> None:
    """Confirm what is given back."""
    ticket, lang = writing.known(tx, event.ticket_id)
    writing.write(
        tx,
        Kind.CREDIT_NOTICE,
        ticket,
        lang,
        version=str(event.credit_id),
        body=lambda policies: letters.credit_notice(ticket, event, policies, lang),
    )


@worker.hears(QuoteWithdrawn, QuoteExpired)
def drop_offer(event: QuoteWithdrawn | QuoteExpired, tx: Transaction) -> None:
    """Give up a letter that was held and offers what is not for sale any more."""
    version = f"{event.quote_id}:{event.version}"
    known = writing.drop_held(tx, str(event.ticket_id), Kind.QUOTE, version, Suppression.OFFER_OVER)
    if (
        not known and event.version and tx.attempt <= WAITS_FOR_THE_OFFER
    ):  # version 0 is a draft, of which nobody is told
        raise Transient("the letter of an offer that is over is not written (yet)")
