"""Tickets: every e-mail and call from a person becomes a ticket or part of one.

Hears   EmailReceived, CallLogged, CallMade; TicketResolved and TicketReopened, to know what is long closed.
Says    TicketOpened, TicketReplied, TicketRouteAdded for a mail that is in a ticket already, OneCaseProposed for a call
        and a mail that may be one case, CustomerCalledBack.
Owns    the customer book, the tickets, and which arrival was filed in which ticket (schema `tickets`).
"""

from services.tickets.tasks import closing, filing
from services.tickets.tasks.worker import worker

app = worker.app

__all__ = ["app", "closing", "filing", "worker"]
