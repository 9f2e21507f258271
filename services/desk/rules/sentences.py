"""The history of a ticket in sentences: one for each event."""

from __future__ import annotations

from datetime import UTC, datetime

from services.desk.rules.money_sentences import about_money
from shared import events as e
from shared.vocabulary import Requester, ResumeReason, Standstill, SupplierCase


def name_of(person: Requester) -> str:
    """What a person is called at the desk."""
    return person.name or person.email or person.phone or "unknown"


def name_and_address(person: Requester) -> str | None:
    """A sender as a mail program shows one; None for nobody."""
    return f"{person.name} <{person.email}>" if person.name and person.email else person.email or person.name


WHOLE = 100
"""Percent of a target's time: it is due."""


def describe(event: e.Event) -> str:  # noqa: C901, PLR0911, PLR0912, PLR0915 -- one sentence for each event, on one screen
    """Say in a sentence what happened."""
    match event:
        case e.TicketOpened():
            return f"A request by {event.ticket.channel} became this ticket."
        case e.TicketRouteAdded():
            return f"The same mail came to {event.mailbox} too."
        case e.TicketReplied(is_courtesy=True):
            return f"{name_of(event.author)} sent a closing courtesy by {event.channel}: it reopens nothing."
        case e.TicketReplied(is_repeat=True):
            return f"{name_of(event.author)} sent the same words again by {event.channel}: it reopens nothing."
        case e.TicketReplied():
            return f"{name_of(event.author)} added to the ticket by {event.channel}."
        case e.OneCaseProposed():
            return f"This and {event.other_ticket_id} may be one case: {'; '.join(event.evidence)}. A person decides."
        case e.OneCaseDismissed():
            return f"{event.agent} found that {event.other_ticket_id} is another case."
        case e.MergeRequested():
            return f"{event.agent} asked to merge this into {event.into}."
        case e.TicketsMerged():
            return f"{event.by} merged {event.merged} into {event.into}."
        case e.UnmergeRequested():
            return f"{event.agent} asked to take the merge back."
        case e.MergeUndone():
            return f"{event.by} took the merge of {event.merged} into {event.into} back."
        case e.SplitRequested():
            return f"{event.agent} asked to make a message a ticket of its own."
        case e.MessageSplit():
            return f"{event.by} made a message a ticket of its own: {event.new_ticket_id}."
        case e.CustomerChosen():
            return f"{event.agent} said whose ticket this is: {event.customer_id or 'of no customer that we know'}."
        case e.CustomerRecorded():
            return f"The ticket is of {event.ticket.requester.customer_id or 'no customer that we know'} now."
        case e.FilingRefused():
            return f"What {event.agent} asked was not done: {event.reason}."
        case e.CustomerCalledBack():
            return _called_back(event)
        case e.BreachWithdrawn():
            return (
                f"Correction: the {event.target} was in time, {event.reached_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC; "
                "it became known late."
            )
        case e.ScopeDecided(decision=decision) if decision.decided_by:
            return f"{decision.decided_by} decided: {decision.verdict} (version {decision.version})."
        case e.ScopeDecided(decision=decision):
            who = "; a person has to look" if decision.needs_person else ""
            return f"The policy was applied: {decision.verdict}, confidence {decision.confidence:.0%}{who}."
        case e.VerdictOverridden():
            return _overridden(event)
        case e.TicketFactCorrected():
            return f"{event.agent} corrected a fact ({event.fact})."
        case e.OverrideDismissed():
            return f"What {event.agent} decided or corrected does not count: {event.reason}."
        case e.PrecedentsFound(precedents=precedents):
            return f"People have decided requests like this one: {', '.join(p.ticket_id for p in precedents)}."
        case e.TicketRouted(routing=routing):
            return f"Routed to {routing.team} with {len(routing.targets)} targets."
        case e.TargetTimerSet():
            return (
                f"A warning is set at {event.percent} % of the time for the {event.target}."
                if event.percent < WHOLE
                else f"The {event.target} is being watched."
            )
        case e.TargetWarned():
            return f"{event.percent} % of the time for the {event.target} is over."
        case e.TicketEscalated():
            return f"The {event.target} is late: {event.to} was told (level {event.level})."
        case e.TargetsRederived():
            return f"The due times were derived anew, {_moved(event)}: {event.why}."
        case e.TicketPaused(standstill=standstill):
            return f"{event.by} stopped the clocks: {_standstill(standstill)}."
        case e.PauseLimitSet():
            return f"The clocks run again by themselves {event.until:%Y-%m-%d %H:%M} UTC at the latest."
        case e.TicketResumed():
            return _resumed(event)
        case e.TicketReclassified():
            level = f", {_spaced(event.emergency)}" if event.emergency else ""
            return (
                f"{event.by} gave the ticket another plan or level ({event.plan or 'same plan'}{level}): {event.why}."
            )
        case e.OnCallPaged():
            hope = ", best effort only" if event.best_effort else ""
            return f"{event.person or event.team} was told ({event.level}{hope}): {event.reason}."
        case e.PageAcknowledged():
            return f"{event.by} took a page."
        case e.PagingEnded():
            return f"Nobody else on call is told: {event.why}{f' ({event.by})' if event.by else ''}."
        case e.PageDelivered():
            return f"A page arrived by {event.way}."
        case e.PageUndelivered():
            return f"A page did not arrive by {event.way}: {event.reason}."
        case e.TargetBreached():
            return f"The {event.target} was due and did not happen."
        case e.LetterWritten():
            return f"A letter was written: {_spaced(event.kind)}."
        case e.LetterSent(confirmed=False):
            return f"The mail server got the letter and did not confirm it: {_spaced(event.kind)}."
        case e.LetterSent():
            return f"The mail server took the letter: {_spaced(event.kind)}."
        case e.LetterRefused():
            return f"The mail server refused the letter for good: {_spaced(event.kind)}."
        case e.LetterBounced():
            how = "for good" if event.permanent else "and may yet arrive"
            return f"A letter came back {how}: status {event.status or 'unknown'}."
        case e.LetterUndelivered():
            return f"The letter did not arrive: {_spaced(event.kind)}. The requester has not been told."
        case e.LetterSuppressed():
            return f"A letter stayed unwritten: {_spaced(event.kind)} ({event.reason})."
        case e.LetterHeld():
            return f"A letter is held: {_spaced(event.kind)} ({event.reason}). A person may release it."
        case e.LetterReleased():
            return f"{event.by} released a letter that was held."
        case e.TicketLeftClosed():
            return (
                f"A reply did not reopen the ticket: replies did {event.reopenings} times in a day. A person decides."
            )
        case e.TicketAnswered():
            return f"{event.agent} answered."
        case e.AttachmentReleased():
            return f"{event.agent} released the attachment {event.name}: {event.reason}."
        case e.TicketReopened():
            return f"{event.agent} reopened the ticket."
        case e.TicketResolved():
            return f"{event.agent} closed the ticket as done."
        case _:
            return about_money(event) or _spaced(type(event).__name__)


def _called_back(event: e.CustomerCalledBack) -> str:
    who = event.agent or "Somebody of ours"
    at = f"{event.answered_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    told = f"{who} called and spoke for {event.talk_seconds} seconds, {at}"
    if event.one_of:
        return f"{told}: about {' or '.join(event.one_of)}, so it answers none of them until a person says which."
    return f"{told}: a response."


def _moved(event: e.TargetsRederived) -> str:
    """Each due time before and after, in UTC."""

    def told(moment: datetime | None) -> str:
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "standing still"

    changes = (f"{change.target} from {told(change.before)} to {told(change.after)}" for change in event.changes)
    return ", ".join(changes)


def _standstill(standstill: Standstill) -> str:
    if isinstance(standstill, SupplierCase):
        return f"{standstill.supplier} has the case ({standstill.case_reference})"
    return "only the customer can go on"


def _overridden(event: e.VerdictOverridden) -> str:
    question = f"question {event.question} of " if event.question else ""
    approved = f", approved by {event.approver}" if event.approver else ""
    return f"{event.agent} overrode {question}version {event.version}: {event.verdict}{approved} ({event.reason})."


def _resumed(event: e.TicketResumed) -> str:
    why = {
        ResumeReason.CUSTOMER_ANSWERED: "the customer answered",
        ResumeReason.SUPPLIER_ANSWERED: "the supplier handed the case back",
        ResumeReason.LIMIT_REACHED: "the limit was reached",
        ResumeReason.RESOLVED: "the ticket was resolved",
        ResumeReason.AGENT: "an agent said so",
        ResumeReason.DECIDED_ANEW: "it was decided anew",
    }[event.why]
    since = f"{event.resumed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    by = f", by {event.by}" if event.by else ""
    back = f"; {event.minutes_given_back} minutes were given back" if event.minutes_given_back else ""
    return f"The clocks run again since {since}: {why}{by}{back}."


def _spaced(name: str) -> str:
    return name.replace("_", " ")
