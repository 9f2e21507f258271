"""Notifications: the letters that requesters get, and the pages that people on call get.

Hears   TicketRouted, ScopeDecided, QuoteIssued, ConsentRecorded, ConsentRefused, ChargeRecorded, ChargeCredited,
        TicketAnswered, TicketPaused, TicketResumed, TicketsMerged, MergeUndone, OnCallPaged, EmailTooLarge,
        LetterBounced; QuoteWithdrawn, QuoteExpired, LetterReleased for letters that are held; AutomaticLettersResumed;
        its own LetterWritten, to hand a letter over; its own AutomaticLettersStopped, when it is time to look again.
Says    LetterWritten, LetterSent, LetterRefused, LetterSuppressed, LetterHeld, LetterUndelivered, PageDelivered,
        PageUndelivered, AutomaticLettersStopped, AutomaticLettersResumed (by itself).
Owns    every letter from its first word to the mail server's answer, why a letter was not written or is held, and
        the limits by which a loop with another machine ends.
"""

from services.notifications.tasks import breaker, letters, money, paging, posting, size_notice
from services.notifications.tasks.worker import worker

app = worker.app

__all__ = ["app", "breaker", "letters", "money", "paging", "posting", "size_notice", "worker"]
