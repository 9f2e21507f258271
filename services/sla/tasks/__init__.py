"""The sla room: who has a ticket and by when, and what becomes of its due times.

Hears   ScopeDecided, TicketReplied, TicketAnswered, TicketResolved, TicketReopened, TicketPaused, TicketResumed,
        TicketReclassified; TicketsMerged, MergeUndone, MessageSplit; CustomerCalledBack; PageAcknowledged; its own
        TicketEscalated; and its own TargetTimerSet, PauseLimitSet and OnCallPaged, when their moment has come.
Says    TicketRouted, TargetsRederived, TicketResumed (for a pause that ended by itself), TargetWarned, TargetBreached,
        BreachWithdrawn, TicketEscalated, OnCallPaged, PagingEnded, TicketLeftClosed; TargetTimerSet and PauseLimitSet.
Owns    the clocks and targets of tickets (schema `sla`), which follow from everything that happened, in any order, and
        how far people on call have been told of an emergency.
"""

from services.sla.tasks import clocks, paging
from services.sla.tasks.worker import worker

app = worker.app

__all__ = ["app", "clocks", "paging", "worker"]
