"""Who hears what: the whole pipeline on one screen.

A row per event, with its hearers as `room.handler`. A test holds the handlers and docker-compose.yml to this table.
Every room has one queue of its own name and one worker.
"""

from shared import events as e

ROOMS = ("email_intake", "phone_intake", "tickets", "scope", "sla", "billing", "notifications", "desk")

TOLD = ("billing.publish", "billing.send_webhook")
"""The billing system is told: over the exchange, and over its webhook."""

HEARERS: dict[type[e.Event], tuple[str, ...]] = {
    # intake
    e.EmailStored: ("email_intake.read_email", "desk.show_arrival"),
    e.EmailReceived: ("tickets.file_email",),
    e.EmailSuppressed: ("desk.show_suppressed",),
    e.EmailQuarantined: ("desk.show_quarantined",),
    e.EmailTooLarge: ("notifications.write_size_notice",),
    e.EmailReleased: ("email_intake.read_released", "desk.show_released"),
    e.EmailRejected: ("email_intake.reject_email",),
    e.CallStored: ("phone_intake.read_call", "desk.show_arrival"),
    e.CallLogged: ("tickets.file_call",),
    e.CallMade: ("tickets.credit_call",),
    e.CallSuppressed: ("desk.show_suppressed",),
    e.CallQuarantined: ("desk.show_quarantined",),
    # the ticket's way
    e.TicketOpened: ("scope.decide_scope", "desk.show_ticket"),
    e.TicketRouteAdded: ("desk.show_route",),
    e.OneCaseProposed: (),  # stands in the ticket's history
    e.OneCaseDismissed: ("tickets.keep_dismissal",),
    e.MergeRequested: ("tickets.merge_tickets",),
    e.TicketsMerged: ("sla.join_clocks", "billing.count_together", "notifications.fall_silent", "desk.show_merge"),
    e.UnmergeRequested: ("tickets.undo_merge",),
    e.MergeUndone: ("sla.join_clocks", "billing.count_together", "notifications.fall_silent", "desk.show_merge"),
    e.SplitRequested: ("tickets.split_message",),
    e.MessageSplit: ("sla.forget_reply", "desk.show_split"),
    e.CustomerChosen: ("tickets.record_customer",),
    e.CustomerRecorded: ("scope.decide_for_customer", "desk.show_customer"),
    e.FilingRefused: (),
    e.CustomerCalledBack: ("sla.stop_response_by_call", "desk.show_call_back"),
    e.TicketReplied: ("billing.read_consent", "sla.note_reply", "desk.show_reply"),
    e.ScopeDecided: (
        "sla.route_ticket",
        "billing.quote_paid_work",
        "notifications.write_verdict",
        "desk.show_decision",
    ),
    e.OverrideDismissed: (),  # stands in the ticket's history, as the next one
    e.PrecedentsFound: (),
    e.TicketRouted: ("notifications.write_acknowledgement", "desk.show_routing"),
    # the clocks
    e.TargetTimerSet: ("sla.check_target",),
    e.TargetWarned: ("desk.show_warning",),
    e.TargetBreached: ("desk.show_breach",),
    e.BreachWithdrawn: ("desk.show_breach_withdrawn",),
    e.TicketEscalated: ("sla.page_for_breach", "desk.show_escalation"),
    e.TargetsRederived: (),  # stands in the ticket's history
    e.TicketPaused: ("sla.stop_clocks", "notifications.write_suspension_start"),
    e.PauseLimitSet: ("sla.end_pause",),
    e.TicketResumed: ("sla.resume_clocks", "notifications.write_suspension_end"),
    e.TicketLeftClosed: ("desk.show_left_closed",),
    e.TicketReclassified: ("sla.reclassify_ticket",),
    # on call
    e.OnCallPaged: ("notifications.write_page", "notifications.page_on_call", "sla.page_next", "desk.show_page"),
    e.PageAcknowledged: ("sla.stop_paging",),
    e.PagingEnded: ("desk.show_paging_ended",),
    e.PageDelivered: (),
    e.PageUndelivered: (),
    # money
    e.QuoteIssued: ("notifications.write_quote", "billing.expire_quote", "desk.show_quote", *TOLD),
    e.QuoteDrafted: ("desk.show_draft_quote",),
    e.QuoteExpired: ("notifications.drop_offer", "desk.show_quote_expired", *TOLD),
    e.QuoteWithdrawn: ("notifications.drop_offer", "desk.show_quote_withdrawn", *TOLD),
    e.ChargeQuestioned: ("desk.show_questioned_charge",),
    e.ConsentGiven: ("billing.record_consent",),
    e.ConsentRecorded: (
        "billing.charge",
        "billing.run_plan",
        "notifications.write_consent_receipt",
        "desk.show_consent",
        *TOLD,
    ),
    e.ConsentRefused: ("notifications.write_consent_refused", "desk.show_refused_consent"),
    e.ChargeRecorded: ("notifications.write_charge_notice", "desk.show_charge", *TOLD),
    e.ChargeCredited: ("notifications.write_credit_notice", "desk.show_credit", *TOLD),
    e.CreditRefused: ("desk.show_refusal",),
    e.BookingAwaited: ("billing.ask_again",),
    e.ChargeBooked: ("desk.show_booked",),
    e.WorkRecorded: ("desk.show_work",),
    e.WorkRefused: ("desk.show_refusal",),
    e.AllowanceUsedUp: ("desk.show_used_up",),
    e.QuoteSettled: ("desk.show_work",),
    e.BooksDue: ("billing.reconcile",),
    e.BooksCompared: (),
    e.SubscriptionStarted: TOLD,
    e.SubscriptionChanged: TOLD,
    e.SubscriptionPeriodDue: ("billing.begin_period",),
    e.SubscriptionEnding: ("billing.end_plan",),
    e.SubscriptionEnded: TOLD,
    e.SubscriptionQuestioned: ("desk.show_questioned_charge",),
    e.SubscriptionRefused: ("desk.show_refusal",),
    # letters
    e.LetterWritten: ("notifications.post_letter",),
    e.LetterSent: ("desk.show_letter",),
    e.LetterRefused: ("desk.show_letter_refused",),
    e.LetterBounced: ("notifications.mark_undelivered",),
    e.LetterUndelivered: ("desk.show_letter_undelivered",),
    e.LetterSuppressed: ("desk.show_letter_suppressed",),
    e.LetterHeld: ("desk.show_letter_held",),
    e.LetterReleased: ("notifications.release_letter", "desk.show_letter_released"),
    e.AutomaticLettersStopped: ("notifications.resume_when_quiet", "desk.show_letters_stopped"),
    e.AutomaticLettersResumed: ("notifications.resume_letters", "desk.show_letters_resumed"),
    # people
    e.TicketAnswered: ("sla.stop_response", "notifications.write_answer", "desk.show_answer"),
    e.QuotePriced: ("billing.price_quote",),
    e.QuoteVoided: ("billing.void_quote",),
    e.QuoteRefused: ("desk.show_refusal",),
    e.WorkStarted: ("billing.start_clock",),
    e.WorkReported: ("billing.record_work",),
    e.WorkSettled: ("billing.settle_quote",),
    e.CreditGiven: ("billing.credit",),
    e.LicenceBought: ("billing.note_licence",),
    e.SubscriptionCancelled: ("billing.cancel_plan",),
    e.VerdictOverridden: ("scope.override_verdict",),
    e.TicketFactCorrected: ("scope.decide_again",),
    e.AttachmentReleased: (),  # stands in the ticket's history, where the desk reads it
    e.TicketReopened: ("tickets.note_reopened", "sla.reopen_ticket", "desk.show_reopened"),
    e.TicketResolved: ("tickets.note_resolved", "sla.stop_all_targets", "billing.settle_ticket", "desk.show_resolved"),
}


def queue_of(hearer: str) -> str:
    """The queue of a `room.handler`: the room's name."""
    return hearer.partition(".")[0]
