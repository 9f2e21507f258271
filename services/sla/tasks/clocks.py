"""The clocks of a ticket start, stand still and stop, and people are told of their due times."""

from __future__ import annotations

import structlog

from services.sla import store
from services.sla.rules import announcements, timers
from services.sla.rules.clocks import Happening, Noted
from services.sla.rules.merging import Merge
from services.sla.rules.routing import State, urgent
from services.sla.tasks.case import goes_on_in, standing_of
from services.sla.tasks.following import change, follow, note, wait, wait_for_warning
from services.sla.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.events import (
    CustomerCalledBack,
    MergeUndone,
    MessageSplit,
    PauseLimitSet,
    ScopeDecided,
    TargetTimerSet,
    TicketAnswered,
    TicketPaused,
    TicketReclassified,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
)
from shared.policies import load_policies
from shared.vocabulary import Decision, ResumeReason

log = structlog.get_logger()


@worker.hears(ScopeDecided)
def route_ticket(event: ScopeDecided, tx: Transaction) -> None:
    """Give a ticket its team and its due times; a newer decision gives it new ones."""
    suspension = load_policies().provider(event.ticket.provider).provider.suspension
    stands = suspension and event.decision.sla == "suspended"
    noted = Noted(
        at=event.happened_at,
        id=event.event_id,
        what=Happening.SUSPENDED if stands else Happening.RUNNING,
        clause=suspension.clauses[0] if suspension and stands else None,
    )

    def decide(locked: store.Clocks) -> None:
        store.note(locked, noted)
        store.decide(locked, event.happened_at, event.ticket, event.decision)

    change(tx, event.ticket.ticket_id, decide, _why(event.decision), anew=True)


@worker.hears(TicketReplied)
def note_reply(event: TicketReplied, tx: Transaction) -> None:
    """Start the clock of the next response, end the wait for this reply, or reopen the ticket.

    A closing courtesy moves no clock: it asks for nothing, and nobody is late with it. Nor do words said twice, as a
    machine says them.
    """
    if event.is_courtesy or event.is_repeat:
        return
    at = event.received_at or event.happened_at
    noted = Noted(at=at, id=event.event_id, what=Happening.REPLIED, known_at=event.happened_at)
    note(tx, event.ticket.ticket_id, noted, "the customer answered")


@worker.hears(TicketReopened)
def reopen_ticket(event: TicketReopened, tx: Transaction) -> None:
    """Let the clocks run as after a reply: an agent found that a ticket asks for more."""
    noted = Noted(at=event.happened_at, id=event.event_id, what=Happening.REPLIED, by=event.agent)
    note(tx, event.ticket_id, noted, f"reopened by {event.agent}")


@worker.hears(TicketAnswered)
def stop_response(event: TicketAnswered, tx: Transaction) -> None:
    """Stop the clock of the first or the next response."""
    note(tx, event.ticket_id, Noted(at=event.happened_at, id=event.event_id, what=Happening.ANSWERED), "answered")


@worker.hears(CustomerCalledBack)
def stop_response_by_call(event: CustomerCalledBack, tx: Transaction) -> None:
    """Stop the clock of a response at the moment the customer answered our call, however late we hear of it."""
    if event.one_of:
        return
    noted = Noted(at=event.answered_at, id=event.event_id, what=Happening.ANSWERED, known_at=event.happened_at)
    note(tx, event.ticket_id, noted, "the customer was called back")


@worker.hears(TicketResolved)
def stop_all_targets(event: TicketResolved, tx: Transaction) -> None:
    """Stop every clock of a ticket."""
    note(tx, event.ticket_id, Noted(at=event.happened_at, id=event.event_id, what=Happening.RESOLVED), "resolved")


@worker.hears(TicketPaused)
def stop_clocks(event: TicketPaused, tx: Transaction) -> None:
    """Let the clocks stand still; for a supplier only where the policy says so, and never longer than its limit."""
    noted = Noted(
        at=event.happened_at,
        id=event.event_id,
        what=Happening.PAUSED,
        by=event.by,
        standstill=event.standstill,
        until=event.until,
    )
    note(tx, event.ticket_id, noted, f"the clocks were stopped: {event.standstill.reason}")


@worker.hears(TicketResumed)
def resume_clocks(event: TicketResumed, tx: Transaction) -> None:
    """Let the clocks run again because an agent said so; a pause that ended by itself is known here."""
    if event.by is not None:
        at, by, why = event.resumed_at, event.by, event.why
        noted = Noted(at=at, id=event.event_id, what=Happening.RESUMED, by=by, why=why, known_at=event.happened_at)
        note(tx, event.ticket_id, noted, f"the clocks run again: {why}")


@worker.hears(PauseLimitSet)
def end_pause(event: PauseLimitSet, tx: Transaction) -> None:
    """Let the clocks run again because a pause has reached its limit, unless it is over."""
    noted = Noted(at=event.until, id=event.pause_id, what=Happening.LIMIT_REACHED)
    note(tx, event.ticket_id, noted, f"the clocks run again: {ResumeReason.LIMIT_REACHED}")


@worker.hears(TicketReclassified)
def reclassify_ticket(event: TicketReclassified, tx: Transaction) -> None:
    """Derive the due times anew, on the plan and level that an agent gave and on the calendars of today."""
    noted = Noted(
        at=event.happened_at,
        id=event.event_id,
        what=Happening.RECLASSIFIED,
        by=event.by,
        plan=event.plan,
        emergency=event.emergency,
    )
    note(tx, event.ticket_id, noted, f"reclassified by {event.by}: {event.why}", anew=True)


@worker.hears(TicketsMerged, MergeUndone)
def join_clocks(event: TicketsMerged | MergeUndone, tx: Transaction) -> None:
    """Let the clocks of a ticket stand by while it goes on in another, whose clocks then care for its messages too.

    When that is undone, they run as if it had never been: the times that were promised stand.
    """
    ticket, into = store.lock(tx.session, event.merged), store.lock(tx.session, event.into)
    case = [ticket, into, *goes_on_in(tx, into)]
    before, was_in = [standing_of(tx, clocks) for clocks in case], ticket.merged_into
    undone = isinstance(event, MergeUndone)
    at, by = (None, None) if isinstance(event, MergeUndone) else (event.merged_at, event.by)
    since = next((merge.at for merge in store.merges(ticket) if merge.id == event.merge_id), at)
    store.keep_merge(ticket, Merge(id=event.merge_id, into=event.into, at=at, by=by, undone=undone))
    tx.session.flush()
    back = was_in is not None and ticket.merged_into is None
    anew = back and bool(since and ticket.decided_at and ticket.decided_at >= since)
    why = f"{event.merged} {'is merged no more' if undone else f'was merged into {event.into}'}"
    for clocks, was in zip(case, before, strict=True):
        own = clocks is ticket
        follow(tx, clocks, was, why, anew=anew and own, back=back and own)


@worker.hears(MessageSplit)
def forget_reply(event: MessageSplit, tx: Transaction) -> None:
    """Let the clocks be as if a message had never come: it is a ticket of its own."""
    noted = Noted(at=event.happened_at, id=event.reply_id, what=Happening.FORGOTTEN, by=event.by)
    note(tx, event.ticket_id, noted, f"a message became {event.new_ticket_id}")


@worker.hears(TargetTimerSet)
def check_target(event: TargetTimerSet, tx: Transaction) -> None:
    """Say that a due time comes near or has passed, if it still stands and nothing has reached it."""
    ticket_id = str(event.ticket_id)
    locked = store.lock(tx.session, ticket_id)
    rows, routing, stands = store.targets(tx.session, ticket_id), store.routing(locked), standing_of(tx, locked)
    row = rows.get(event.target)
    if (
        locked.merged_into
        or not (row and routing and stands)
        or (row.state, row.version) != (State.RUNNING, event.routing_version)
    ):
        return
    target = next(target for target in routing.targets if target.name is event.target)
    hurry = urgent(stands.ticket, stands.decision, stands.policy)
    now = max(clock.now(), event.moment)
    if opening := timers.held_until(event.moment, now, stands.calendar(routing), urgent=hurry):
        wait(tx, event, event.percent, opening)
    elif event.percent < timers.WHOLE:
        tx.say(announcements.warned(event, target, routing))
        wait_for_warning(tx, event, target, stands.calendar(routing), stands.policy, told=event.percent)
    else:
        row.state = State.BREACHED
        breach = announcements.breached(ticket_id, target, routing)
        level = sum(row.state == State.BREACHED for row in rows.values())
        to = "the person on call" if hurry else stands.lead
        tx.say(breach)
        tx.say(announcements.escalated(breach, level, to=to, on_call=hurry))
        log.info("target breached", ticket_id=ticket_id, target=event.target)


def _why(decision: Decision) -> str:
    by = decision.decided_by
    return f"{by} decided that it is {decision.verdict}" if by else "the policy was applied again"
