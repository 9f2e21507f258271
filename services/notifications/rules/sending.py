"""May this letter be written? Answering machines, strangers' floods and our own mailboxes get no letter."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from services.notifications.rules.envelope import usable_address
from shared.vocabulary import Decision, TicketFacts, Verdict


class Kind(StrEnum):
    """What a letter is for."""

    ACKNOWLEDGEMENT = "acknowledgement"
    VERDICT = "verdict"
    QUOTE = "quote"
    CONSENT_RECEIPT = "consent_receipt"
    CONSENT_REFUSED = "consent_refused"
    CHARGE_NOTICE = "charge_notice"
    CREDIT_NOTICE = "credit_notice"
    ANSWER = "answer"
    SUSPENSION_START = "suspension_start"
    SUSPENSION_END = "suspension_end"
    SIZE_NOTICE = "size_notice"
    """Of no ticket: an e-mail was too large to be taken."""
    PAGE = "page"
    """To a colleague on call; everything else is to the requester."""

    @property
    def automatic(self) -> bool:
        """No person's word stands in it, and a requester reads it. Colleagues on call are told whatever happens."""
        return self not in {Kind.ANSWER, Kind.PAGE}

    @property
    def notice(self) -> bool:
        """Nobody has to know when it does not arrive: it asks for nothing, and nothing rests on it."""
        return self in {Kind.ACKNOWLEDGEMENT, Kind.SIZE_NOTICE, Kind.SUSPENSION_START, Kind.SUSPENSION_END}

    @property
    def about_consent(self) -> bool:
        """It answers what somebody agreed to, so he gets it even of a ticket that goes on in another."""
        return self in {Kind.CONSENT_RECEIPT, Kind.CONSENT_REFUSED, Kind.CHARGE_NOTICE, Kind.CREDIT_NOTICE}

    @property
    def auto_submitted(self) -> str | None:
        """The value of Auto-Submitted (RFC 3834 5): it answers a mail by machine, or a machine wrote it on its own."""
        if self is Kind.ANSWER:
            return None
        return "auto-replied" if self in {Kind.ACKNOWLEDGEMENT, Kind.SIZE_NOTICE} else "auto-generated"

    @property
    def unasked(self) -> bool:
        """It answers a mail by machine, so it could answer a machine; the others follow a person's act."""
        return self in {Kind.ACKNOWLEDGEMENT, Kind.QUOTE, Kind.CONSENT_REFUSED, Kind.SIZE_NOTICE}


class Suppression(StrEnum):
    """Why a letter stays unwritten, or is held until a person releases it."""

    NO_ADDRESS = "no-address"
    UNUSABLE_ADDRESS = "unusable-address"
    OWN_MAILBOX = "own-mailbox"
    AUTOMATIC_MAIL = "automatic-mail"
    NO_ACTION = "no-action"
    NEEDS_PERSON = "needs-person"
    TOLD_ALREADY = "told-already"
    MERGED = "merged"
    BURST_LIMIT = "burst-limit"
    DAILY_LIMIT = "daily-limit"
    DOMAIN_LIMIT = "domain-limit"
    BREAKER = "breaker"
    SUPERSEDED = "superseded"
    OFFER_OVER = "offer-over"


def suppression(
    kind: Kind,
    ticket: TicketFacts,
    decision: Decision | None,
    own_mailboxes: Collection[str],
) -> Suppression | None:
    """Why this ticket's requester gets no letter of this kind; None when nothing speaks against it."""
    address = ticket.requester.email
    reasons = (
        (not address, Suppression.NO_ADDRESS),
        (not usable_address(address), Suppression.UNUSABLE_ADDRESS),
        ((address or "").lower() in {mailbox.lower() for mailbox in own_mailboxes}, Suppression.OWN_MAILBOX),
        (kind.unasked and not ticket.may_acknowledge, Suppression.AUTOMATIC_MAIL),
        (kind is Kind.ACKNOWLEDGEMENT and _verdict(decision) is Verdict.NO_ACTION, Suppression.NO_ACTION),
        (kind is Kind.QUOTE and bool(decision and decision.needs_person), Suppression.NEEDS_PERSON),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _verdict(decision: Decision | None) -> Verdict | None:
    return decision.verdict if decision else None


def envelope_sender(kind: Kind, mailbox: str, return_path: str) -> str:
    """Who hears of a letter that cannot be delivered.

    Nobody of a notice (RFC 3834 3.3: nothing answers a null path); of a page whoever watches its mailbox; of the others
    we do, by their return path.
    """
    if kind.notice:
        return ""
    return mailbox if kind is Kind.PAGE else return_path
