"""The billing room: paid work is quoted, agreed to and charged, in this order and each once.

Hears `ScopeDecided`, `TicketReplied`, `ConsentGiven`, `QuoteIssued` (as a timer, when the offer runs out) and
`ConsentRecorded`. Says `QuoteIssued`, `QuoteDrafted`, `QuoteExpired`, `QuoteWithdrawn`, `ConsentRecorded`,
`ConsentRefused`, `ChargeRecorded` and `ChargeQuestioned`. Owns quotes, consents and charges (schema `billing`).
"""

from services.billing.tasks import charges, consents, quotes
from services.billing.tasks.worker import worker

app = worker.app

__all__ = ["app", "charges", "consents", "quotes", "worker"]
