"""Billing: paid work is quoted, agreed to and charged, in this order and each once.

Hears   ScopeDecided, TicketReplied, ConsentGiven, ConsentRecorded; QuotePriced and QuoteVoided, when a person prices
        work; and its own QuoteIssued, when the offer runs out.
Says    QuoteIssued, QuoteDrafted, QuoteExpired, QuoteWithdrawn, QuoteRefused, ConsentRecorded, ConsentRefused,
        ChargeRecorded, ChargeQuestioned.
Owns    quotes, consents and charges.
"""

from services.billing.tasks import charges, consents, quotes
from services.billing.tasks.worker import worker

app = worker.app

__all__ = ["app", "charges", "consents", "quotes", "worker"]
