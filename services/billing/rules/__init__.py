"""What may be charged, and when: prices, quotes, consent. Pure."""

from services.billing.rules.charges import Charge
from services.billing.rules.cloud_events import FEED, cloud_event
from services.billing.rules.consents import Agreement, Consent, Quote, QuoteState, Refusal, Token, agreed_token
from services.billing.rules.quotes import (
    FURTHER,
    PaidWork,
    decision_of,
    is_news,
    next_version,
    no_longer_fits,
    objection_to_price,
    paid_work,
    priced,
)

__all__ = [
    "FEED",
    "FURTHER",
    "Agreement",
    "Charge",
    "Consent",
    "PaidWork",
    "Quote",
    "QuoteState",
    "Refusal",
    "Token",
    "agreed_token",
    "cloud_event",
    "decision_of",
    "is_news",
    "next_version",
    "no_longer_fits",
    "objection_to_price",
    "paid_work",
    "priced",
]
