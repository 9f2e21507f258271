"""Tickets: every e-mail and call from a person becomes a ticket or part of one.

Hears   EmailReceived, CallLogged, CallMade; TicketResolved and TicketReopened, to know what is long closed; and from
        people MergeRequested, UnmergeRequested, SplitRequested, CustomerChosen, OneCaseDismissed.
Says    TicketOpened, TicketReplied, TicketRouteAdded for a mail that is in a ticket already, OneCaseProposed for a call
        and a mail that may be one case, CustomerCalledBack; TicketsMerged, MergeUndone, MessageSplit, CustomerRecorded,
        and FilingRefused where a person asked what cannot be.
Owns    the customer book, the tickets, and which arrival was filed in which ticket (schema `tickets`).
"""

from services.tickets.tasks import cases, closing, filing
from services.tickets.tasks.worker import worker

app = worker.app

__all__ = ["app", "cases", "closing", "filing", "worker"]
