"""The sla room: who has a ticket and by when, and what becomes of its due times.

Hears   ScopeDecided, TicketReplied, TicketAnswered, TicketResolved, TicketReopened, TicketPaused, TicketResumed,
        TicketReclassified; CustomerCalledBack; PageAcknowledged; its own TicketEscalated; and its own TargetTimerSet,
        PauseLimitSet and OnCallPaged, when their moment has come.
Says    TicketRouted, TargetsRederived, TicketResumed (for a pause that ended by itself), TargetWarned, TargetBreached,
        BreachWithdrawn, TicketEscalated, OnCallPaged, PagingEnded, TicketLeftClosed; TargetTimerSet and PauseLimitSet.
Owns    the clocks and targets of tickets (schema `sla`), which follow from everything that happened, in any order, and
        how far people on call have been told of an emergency.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from services.sla import store
from services.sla.rules import announcements, on_call, timers
from services.sla.rules import clocks as rules
from services.sla.rules.clocks import Cycle, Happening, Noted
from services.sla.rules.proof import proof
from services.sla.rules.routing import LEVELS, State, changes, follow, route, state_of, urgent
from services.sla.rules.standing import Standing, standing
from shared import clock
from shared.bus import Transaction, Worker
from shared.business_hours import Calendar
from shared.events import (
    BreachWithdrawn,
    CustomerCalledBack,
    OnCallPaged,
    PageAcknowledged,
    PagingEnded,
    PauseLimitSet,
    ScopeDecided,
    TargetsRederived,
    TargetTimerSet,
    TicketAnswered,
    TicketEscalated,
    TicketPaused,
    TicketReclassified,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketResumed,
    TicketRouted,
    derived_id,
)
from shared.policies import Policy, load_policies
from shared.rota_file import load_rota
from shared.vocabulary import Decision, ResumeReason, Routing, Target, TargetName

log = structlog.get_logger()

worker = Worker("sla")
app = worker.app

CHECK, END_PAUSE, PAGE_NEXT = "sla.check_target", "sla.end_pause", "sla.page_next"


@worker.hears(ScopeDecided)
def route_ticket(event: ScopeDecided, tx: Transaction) -> None:
    """Give a ticket its team and its due times; a newer decision gives it new ones."""
    locked = store.lock(tx.session, event.ticket.ticket_id)
    before = _standing(locked)
    suspension = load_policies().provider(event.ticket.provider).provider.suspension
    stands = suspension and event.decision.sla == "suspended"
    noted = Noted(
        at=event.happened_at,
        id=event.event_id,
        what=Happening.SUSPENDED if stands else Happening.RUNNING,
        clause=suspension.clauses[0] if suspension and stands else None,
    )
    store.note(locked, noted)
    store.decide(locked, event.happened_at, event.ticket, event.decision)
    _follow(tx, locked, before, _why(event.decision), anew=True)


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
    _note(tx, event.ticket.ticket_id, noted, "the customer answered")


@worker.hears(TicketReopened)
def reopen_ticket(event: TicketReopened, tx: Transaction) -> None:
    """Let the clocks run as after a reply: an agent found that a ticket asks for more."""
    noted = Noted(at=event.happened_at, id=event.event_id, what=Happening.REPLIED, by=event.agent)
    _note(tx, event.ticket_id, noted, f"reopened by {event.agent}")


@worker.hears(TicketAnswered)
def stop_response(event: TicketAnswered, tx: Transaction) -> None:
    """Stop the clock of the first or the next response."""
    _note(tx, event.ticket_id, Noted(at=event.happened_at, id=event.event_id, what=Happening.ANSWERED), "answered")


@worker.hears(CustomerCalledBack)
def stop_response_by_call(event: CustomerCalledBack, tx: Transaction) -> None:
    """Stop the clock of a response at the moment the customer answered our call, however late we hear of it."""
    if event.one_of:
        return
    noted = Noted(at=event.answered_at, id=event.event_id, what=Happening.ANSWERED, known_at=event.happened_at)
    _note(tx, event.ticket_id, noted, "the customer was called back")


@worker.hears(TicketResolved)
def stop_all_targets(event: TicketResolved, tx: Transaction) -> None:
    """Stop every clock of a ticket."""
    _note(tx, event.ticket_id, Noted(at=event.happened_at, id=event.event_id, what=Happening.RESOLVED), "resolved")


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
    _note(tx, event.ticket_id, noted, f"the clocks were stopped: {event.standstill.reason}")


@worker.hears(TicketResumed)
def resume_clocks(event: TicketResumed, tx: Transaction) -> None:
    """Let the clocks run again because an agent said so; a pause that ended by itself is known here."""
    if event.by is not None:
        at, by, why = event.resumed_at, event.by, event.why
        noted = Noted(at=at, id=event.event_id, what=Happening.RESUMED, by=by, why=why, known_at=event.happened_at)
        _note(tx, event.ticket_id, noted, f"the clocks run again: {why}")


@worker.hears(PauseLimitSet)
def end_pause(event: PauseLimitSet, tx: Transaction) -> None:
    """Let the clocks run again because a pause has reached its limit, unless it is over."""
    noted = Noted(at=event.until, id=event.pause_id, what=Happening.LIMIT_REACHED)
    _note(tx, event.ticket_id, noted, f"the clocks run again: {ResumeReason.LIMIT_REACHED}")


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
    _note(tx, event.ticket_id, noted, f"reclassified by {event.by}: {event.why}", anew=True)


@worker.hears(TargetTimerSet)
def check_target(event: TargetTimerSet, tx: Transaction) -> None:
    """Say that a due time comes near or has passed, if it still stands and nothing has reached it."""
    ticket_id = str(event.ticket_id)
    locked = store.lock(tx.session, ticket_id)
    rows, routing, stands = store.targets(tx.session, ticket_id), store.routing(locked), _standing(locked)
    row = rows.get(event.target)
    if not (row and routing and stands) or (row.state, row.version) != (State.RUNNING, event.routing_version):
        return
    target = next(target for target in routing.targets if target.name is event.target)
    hurry = urgent(stands.ticket, stands.decision, stands.policy)
    now = max(clock.now(), event.moment)
    if opening := timers.held_until(event.moment, now, stands.calendar(routing), urgent=hurry):
        _wait(tx, event, event.percent, opening)
    elif event.percent < timers.WHOLE:
        tx.say(announcements.warned(event, target, routing))
        _wait_for_warning(tx, event, target, stands.calendar(routing), stands.policy, told=event.percent)
    else:
        row.state = State.BREACHED
        breach = announcements.breached(ticket_id, target, routing)
        level = sum(row.state == State.BREACHED for row in rows.values())
        to = "the person on call" if hurry else stands.lead
        tx.say(breach)
        tx.say(announcements.escalated(breach, level, to=to, on_call=hurry))
        log.info("target breached", ticket_id=ticket_id, target=event.target)


@worker.hears(TicketEscalated)
def page_for_breach(event: TicketEscalated, tx: Transaction) -> None:
    """Tell the people on call of a breach that is brought before them."""
    locked = store.lock(tx.session, str(event.ticket_id))
    if event.on_call and (now := _standing(locked)):
        _raise_alarm(tx, locked, now, event.target)


@worker.hears(OnCallPaged)
def page_next(event: OnCallPaged, tx: Transaction) -> None:
    """Tell the next people on call, when nobody has taken a ticket in time that still needs somebody."""
    locked = store.lock(tx.session, str(event.ticket_id))
    alarm = next(alarm for alarm in store.alarms(tx.session, locked.ticket_id) if alarm.id == event.alarm_id)
    now = _standing(locked)
    if now is None or (alarm.state, alarm.step) != (on_call.State.RINGING, event.step):
        return
    state = on_call.state_of(alarm.cause, now)
    if state is not on_call.State.RINGING:
        alarm.state = state
        tx.say(PagingEnded(ticket_id=locked.ticket_id, alarm_id=alarm.id, why=on_call.OVER[state]))
    elif event.last:
        alarm.state = on_call.State.UNHEARD
        log.error("nobody on call has taken the ticket", ticket_id=locked.ticket_id)
    else:
        _page(tx, locked, now, alarm, step=event.step + 1, moment=max(clock.now(), event.answer_by))


@worker.hears(PageAcknowledged)
def stop_paging(event: PageAcknowledged, tx: Transaction) -> None:
    """Tell nobody else: somebody has taken the ticket."""
    locked = store.lock(tx.session, str(event.ticket_id))
    for alarm in store.alarms(tx.session, locked.ticket_id):
        if alarm.state in {on_call.State.RINGING, on_call.State.UNHEARD}:
            alarm.state = on_call.State.TAKEN
            ended = {"alarm_id": alarm.id, "why": "somebody has taken the ticket", "by": event.by}
            tx.say(PagingEnded(ticket_id=locked.ticket_id, **ended))
    tx.cancel(PAGE_NEXT, locked.ticket_id)


def _why(decision: Decision) -> str:
    by = decision.decided_by
    return f"{by} decided that it is {decision.verdict}" if by else "the policy was applied again"


def _standing(locked: store.Clocks) -> Standing | None:
    """How a ticket stands; None before the decision, for which everything that was noted waits."""
    if (known := store.decided(locked)) is None:
        return None
    ticket, decision = known
    return standing(ticket, decision, load_policies().provider(ticket.provider), store.history(locked))


def _note(tx: Transaction, ticket_id: str | None, noted: Noted, why: str, *, anew: bool = False) -> None:
    locked = store.lock(tx.session, str(ticket_id))
    before = _standing(locked)
    store.note(locked, noted)
    _follow(tx, locked, before, why, anew=anew)


def _follow(tx: Transaction, locked: store.Clocks, before: Standing | None, why: str, *, anew: bool = False) -> None:
    """Bring routing, targets and timers in line with what is known of a ticket.

    What was said of clocks that have not moved stays, whatever became of the policy since, unless all is to be
    derived anew or a new cycle began.
    """
    now = _standing(locked)
    if now is None:
        return
    said, fresh = store.routing(locked), route(now.ticket, now.decision, now.policy, now.cycle)
    routing = fresh if said is None or anew or now.cycle.number != locked.cycle else follow(said, fresh)
    if routing is not said:
        store.reroute(locked, routing, now.cycle)
        log.info("ticket routed", ticket_id=locked.ticket_id, team=routing.team, version=locked.version)
        tx.say(TicketRouted(ticket_id=locked.ticket_id, ticket=now.ticket, decision=now.decision, routing=routing))
        if said and (changed := changes(said.targets, routing.targets, now.cycle)):
            rederived = {"changes": changed, "why": why, "routing_version": locked.version}
            tx.say(TargetsRederived(ticket_id=locked.ticket_id, **rederived))
    kept = () if anew or said is None else said.targets
    _settle(tx, locked, now, routing, kept)
    _say_left_closed(tx, locked.ticket_id, before, now)
    _say_of_pauses(tx, locked.ticket_id, before.cycle if before else None, now)
    if now.decision.emergency in LEVELS:
        _raise_alarm(tx, locked, now, on_call.EMERGENCY)


def _settle(tx: Transaction, locked: store.Clocks, now: Standing, routing: Routing, kept: Sequence[Target]) -> None:
    """Write how every target stands, and watch those that run. Those kept as they were said keep their proof."""
    rows, calendar = store.targets(tx.session, locked.ticket_id), now.calendar(routing)
    waiting = {(row.name, row.version) for row in rows.values() if row.state == State.RUNNING}
    running, withdrawn = [], []
    for target in routing.targets:
        row = rows.get(target.name)
        told = bool(row and row.state == State.BREACHED and row.due_at == target.due_at)
        state = state_of(target, now.cycle, overdue=told)
        if state is State.RUNNING:
            running.append(target)
        elif state is State.MET and told:
            withdrawn.append(target)
        elif state is State.BREACHED and not told:
            tx.say(announcements.breached(locked.ticket_id, target, routing))
        why = row.proof if row and target in kept else proof(target, routing, calendar.zone)
        store.write_target(tx.session, locked, now.cycle, target, state=state, proof=why)
    for target in withdrawn:
        tx.say(_withdrawn(tx, locked, now, target))
    store.forget_other_targets(tx.session, locked.ticket_id, [target.name for target in routing.targets])
    if waiting != {(target.name, locked.version) for target in running}:
        tx.cancel(CHECK, locked.ticket_id)
        for target in running:
            _watch(tx, locked, target, calendar, now.policy)


def _withdrawn(tx: Transaction, locked: store.Clocks, now: Standing, target: Target) -> BreachWithdrawn:
    reached_at = now.cycle.stopped_at(target.name)
    assert target.due_at
    assert reached_at, "a target that was met was reached"
    rows = store.targets(tx.session, locked.ticket_id).values()
    others = tuple(TargetName(row.name) for row in rows if row.state == State.BREACHED)
    reached = {"due_at": target.due_at, "reached_at": reached_at, "others": others}
    return BreachWithdrawn(ticket_id=locked.ticket_id, target=target.name, **reached)


def _watch(tx: Transaction, locked: store.Clocks, target: Target, calendar: Calendar, policy: Policy) -> None:
    assert target.due_at, "a clock that runs has a due time"
    watched = {"target": target.name, "routing_version": locked.version, "due_at": target.due_at}
    timer = TargetTimerSet(ticket_id=locked.ticket_id, **watched)
    tx.say(timer, wait={CHECK: target.due_at})
    if target.due_at > clock.now():
        _wait_for_warning(tx, timer, target, calendar, policy, told=0)


def _wait_for_warning(
    tx: Transaction, timer: TargetTimerSet, target: Target, calendar: Calendar, policy: Policy, *, told: int
) -> None:
    """Wait for the next warning only: few tickets live to see the last of them."""
    moments = timers.warnings(target, calendar, policy.provider.clocks.warn_at)
    if warning := timers.next_warning(moments, told, clock.now()):
        _wait(tx, timer, *warning)


def _wait(tx: Transaction, timer: TargetTimerSet, percent: int, moment: datetime) -> None:
    watched = timer.model_dump(include={"ticket_id", "target", "routing_version", "due_at"})
    tx.say(TargetTimerSet(**watched, percent=percent, rings_at=moment), wait={CHECK: moment})


def _raise_alarm(tx: Transaction, locked: store.Clocks, now: Standing, cause: str) -> None:
    """Begin to tell people on call, unless they have been told of it or somebody is at work on the ticket."""
    known = store.alarms(tx.session, locked.ticket_id)
    new = on_call.is_new(cause, locked.cycle, ((a.cause, a.cycle, on_call.State(a.state)) for a in known))
    if new and on_call.state_of(cause, now) is on_call.State.RINGING:
        alarm_id, moment = derived_id("alarm", locked.ticket_id, len(known)), clock.now()
        alarm = store.add_alarm(tx.session, locked, alarm_id, cause, moment)
        _page(tx, locked, now, alarm, step=0, moment=moment)


def _page(
    tx: Transaction, locked: store.Clocks, now: Standing, alarm: store.Alarm, *, step: int, moment: datetime
) -> None:
    routing = store.routing(locked)
    assert routing, "nobody is told of a ticket before it is routed"
    told = on_call.told_at(load_rota(), moment, step, now.policy.provider.paging.rounds)
    alarm.step = told.step
    for page in on_call.pages(alarm.id, told, alarm.cause, now, routing=routing, moment=moment):
        tx.say(page, wait={PAGE_NEXT: page.answer_by})
        log.info("on call paged", ticket_id=locked.ticket_id, step=page.step, best_effort=page.best_effort)


def _say_left_closed(tx: Transaction, ticket_id: str, before: Standing | None, now: Standing) -> None:
    """Say of each reply that reopened nothing that a person has to look."""
    told = {noted.id for noted in before.cycle.left_closed} if before else set()
    for noted in now.cycle.left_closed:
        if noted.id not in told:
            tx.say(announcements.left_closed(ticket_id, noted, now.cycle))
            log.warning("reply left closed", ticket_id=ticket_id)


def _say_of_pauses(tx: Transaction, ticket_id: str, before: Cycle | None, now: Standing) -> None:
    """Watch the limits of pauses that began, and say which are over by themselves and what that gave back."""
    watched = {pause.id for pause in before.pauses} if before else set()
    for pause in now.cycle.pauses:
        if pause.ends_at is None and pause.until and pause.id not in watched:
            limit = PauseLimitSet(ticket_id=ticket_id, pause_id=pause.id, until=pause.until)
            tx.say(limit, wait={END_PAUSE: pause.until})
    calendar = now.policy.counted_on(now.ticket.plan)
    for pause, was in rules.ended_by_themselves(before, now.cycle):
        tx.say(announcements.resumed(ticket_id, pause, was, calendar))
