"""Desk: what people see of tickets, and what they decide there.

Hears   nearly everything, to keep its lists: arrivals, tickets, decisions, routings, quotes, work,
        charges, letters, answers.
Says    from its web API: TicketAnswered, TicketResolved, TicketReopened, TicketPaused, TicketResumed,
        TicketReclassified, ConsentGiven, PageAcknowledged, VerdictOverridden, TicketFactCorrected, MergeRequested,
        UnmergeRequested, SplitRequested, CustomerChosen, OneCaseDismissed, AttachmentReleased, EmailReleased,
        EmailRejected, LetterReleased, AutomaticLettersResumed; of money QuotePriced, QuoteVoided, WorkStarted,
        WorkReported, WorkSettled, CreditGiven, SubscriptionCancelled, LicenceBought.
Owns    nothing that could not be built anew from the event log.
"""

from services.desk.tasks import arrivals, letters, money, on_call, tickets
from services.desk.tasks.worker import worker

app = worker.app

__all__ = ["app", "arrivals", "letters", "money", "on_call", "tickets", "worker"]
