"""What may be charged, and when: prices, quotes, consent. Pure."""

from services.billing.rules.charges import Charge
from services.billing.rules.cloud_events import FEED, cloud_event
from services.billing.rules.consents import Agreement, Consent, Quote, QuoteState, Refusal, Token, agreed_token
from services.billing.rules.quotes import PaidWork, is_news, next_version, no_longer_fits, paid_work

__all__ = [
    "FEED",
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
    "is_news",
    "next_version",
    "no_longer_fits",
    "paid_work",
]
