"""Consent: no charge without one, and none that does not fit the quote, the amount and the person.

The types say it: a `Consent` is made only by `Consent.to`, which checks; and a `Charge` only from a `Consent`.
"""

from __future__ import annotations

import re
from dataclasses import InitVar, dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events import derived_id
from shared.money import Money
from shared.vocabulary import NoConsent, PriceOffer


class QuoteState(StrEnum):
    """What became of one version of a quote. A draft waits for a person's price and was never offered."""

    DRAFT = "draft"
    OFFERED = "offered"
    AGREED = "agreed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Quote:
    """One version of a quote. `approvers`: e-mail addresses in lower case; `priced_by`: the agent who set the price."""

    quote_id: str
    version: int
    ticket_id: str
    offer: PriceOffer
    total: Money | None
    decided_at: datetime
    valid_until: datetime | None
    approvers: frozenset[str]
    state: QuoteState
    priced_by: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether it can be agreed to at this moment."""
        return self.state is QuoteState.OFFERED and self.valid_until is not None and at < self.valid_until

    @property
    def line(self) -> str:
        """The price line of the work."""
        return self.offer.line


@dataclass(frozen=True)
class Agreement:
    """What somebody agreed to. `vouched_for`: the author was authenticated, or an agent spoke with the person."""

    quote_id: str
    version: int
    total: Money | None
    given_by: str | None
    given_how: str
    given_at: datetime
    vouched_for: bool


@dataclass(frozen=True)
class Refusal:
    """Why something cannot be, for an agent to read; of an agreement that is no consent also `because`."""

    reason: str
    because: NoConsent | None = None


class _Seal:
    """Held by this module alone: whoever has it has checked."""


_SEAL = _Seal()


@dataclass(frozen=True)
class Consent:
    """An authorised person's agreement to exactly one version and amount of a quote. Made by `Consent.to` only."""

    quote: Quote
    total: Money
    given_by: str
    given_how: str
    given_at: datetime
    seal: InitVar[_Seal]

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("a Consent is made by Consent.to, which checks it")

    @classmethod
    def to(cls, quote: Quote, agreement: Agreement) -> Consent | Refusal:
        """The consent that an agreement is, or the reason why it is none. `quote` is the newest version."""
        by = (agreement.given_by or "").lower()
        because, reason = _objection(quote, agreement, by)
        if because or quote.total is None:
            return Refusal(reason, because or NoConsent.NOT_ON_OFFER)
        return cls(quote, quote.total, by, agreement.given_how, agreement.given_at, seal=_SEAL)

    @property
    def consent_id(self) -> UUID:
        """Follows from the quote and its version: there is one consent to each."""
        return derived_id("consent", self.quote.quote_id, self.quote.version)


_OPEN_TO_A_YES = {QuoteState.OFFERED, QuoteState.AGREED, QuoteState.EXPIRED}
"""What was agreed to in time counts, even when the end of the offer was heard first: the moment decides."""


def _objection(quote: Quote, agreement: Agreement, by: str) -> tuple[NoConsent | None, str]:
    other = f"version {agreement.version} of it is not its newest, {quote.version}"
    amounts = f"{agreement.total} was agreed to, the quote says {quote.total}"
    unknown = "this person is not on record as one who may approve costs"
    unverified = "the sender of the e-mail is not authenticated: an agent has to ask the person"
    too_late = quote.valid_until is None or agreement.given_at >= quote.valid_until
    objections = (
        (quote.quote_id != agreement.quote_id, NoConsent.ANOTHER_QUOTE, "another quote was agreed to"),
        (quote.version != agreement.version, NoConsent.OTHER_VERSION, other),
        (quote.state not in _OPEN_TO_A_YES, NoConsent.NOT_ON_OFFER, f"the quote is {quote.state}"),
        (too_late, NoConsent.TOO_LATE, "the quote was no longer valid"),
        (agreement.total != quote.total, NoConsent.OTHER_VERSION, amounts),
        (by not in quote.approvers, NoConsent.NOT_AUTHORISED, unknown),
        (not agreement.vouched_for, NoConsent.UNVERIFIED, unverified),
    )
    none = (None, "the quote has no price yet")
    return next(((because, reason) for applies, because, reason in objections if applies), none)


# --- reading a yes ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Token:
    """What a reply names: a quote, and a version unless it is the first."""

    quote_id: str
    version: int


_TOKEN = re.compile(r"\bQ-([A-Z]{2,8})-(\d+)-(\d+)\b(?!-)(?:\s*,?\s*v(?:ersion|ersie)?\.?\s*(\d+)\b)?", re.IGNORECASE)
_YES = re.compile(
    r"""
      \b(?:i|we)\s+(?:(?:hereby|fully|both|do)\s+)?(?:agree|accept|approve)\b
    | \b(?:ik|wij|we)\s+(?:accepteer|accepteren)\b
    | \b(?:ik|wij|we)\s+(?:ga|gaan|ben|zijn|geef|geven)\s+(?:\w+\s+){0,4}akkoord\b
    | \bhier(?:bij|mee)\s+(?:ga|gaan|ben|zijn|geef|geven)\s+(?:ik|wij|we)\s+(?:\w+\s+){0,4}akkoord\b
    | (?:^|[.!:,])\s*(?:(?:yes|ja|ok|oké|prima|hierbij)[\s,.!]+)?(?:agreed|approved|accepted|akkoord)\b
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_DOUBT = re.compile(
    r"\?|n['\u2019]t\b"
    r"|\b(?:not|no|never|cannot|disagree|but|if|unless|until|provided|once|when|after|before|first|only|instead|"
    r"except|however|would|could|wait|cancel|later|maybe|perhaps|think|reject|decline|refuse|expensive|"
    r"niet|geen|nooit|nee|maar|indien|als|mits|tenzij|totdat|zodra|wanneer|nadat|eerst|alleen|behalve|echter|zou|"
    r"oneens|wacht|annuleer|annuleren|straks|misschien|denk|nadenken|weiger|weigeren|afwijzen|duur)\b"
    r"|\b(?:agree|accept|approve)[ds]?\s+that\b|\btoo\s+(?:much|high|late)\b",
    re.IGNORECASE,
)


def agreed_token(text: str) -> Token | None:
    """The one quote that a reply clearly says yes to (English or Dutch); None when there is any doubt.

    Quoted lines are not the author's words. A condition, a question, a negation, a second quote: a person reads it.
    """
    own = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(">"))
    tokens = {
        Token(f"Q-{found[1].upper()}-{found[2]}-{found[3]}", int(found[4] or 1)) for found in _TOKEN.finditer(own)
    }
    if len(tokens) != 1 or _DOUBT.search(own) or not _YES.search(own):
        return None
    return tokens.pop()
