"""Billing: paid work is quoted, agreed to and charged, in this order and each once.

Hears   ScopeDecided, TicketReplied, ConsentGiven, ConsentRecorded; QuotePriced and QuoteVoided, when a person prices
        work; WorkStarted, WorkReported, WorkSettled and TicketResolved, when one works; TicketsMerged and MergeUndone;
        CreditGiven; LicenceBought and SubscriptionCancelled; BooksDue, daily; SubscriptionPeriodDue and
        SubscriptionEnding, when it is time; its own QuoteIssued, when the offer runs out; all that the billing system
        is told (`rules.FEED`), to tell it; and BookingAwaited, to ask it again. From outside: `note_booking`, its
        acknowledgements.
Says    QuoteIssued, QuoteDrafted, QuoteExpired, QuoteWithdrawn, QuoteRefused, ConsentRecorded, ConsentRefused,
        WorkRecorded, WorkRefused, AllowanceUsedUp, QuoteSettled, ChargeRecorded, ChargeQuestioned, ChargeCredited,
        CreditRefused, BookingAwaited, ChargeBooked, BooksDue, BooksCompared, SubscriptionStarted, SubscriptionChanged,
        SubscriptionPeriodDue, SubscriptionEnding, SubscriptionEnded, SubscriptionQuestioned, SubscriptionRefused;
        CreditGiven for a period charged after its plan had ended.
Owns    quotes, consents, work, charges, credits and what is booked of them; plans that run, and licence fees.
"""

from services.billing.tasks import books, charges, consents, feed, quotes, subscriptions, work
from services.billing.tasks.worker import worker

app = worker.app

__all__ = ["app", "books", "charges", "consents", "feed", "quotes", "subscriptions", "work", "worker"]
