"""Routing, targets and timers follow from what is known of a ticket, whatever the order in which it became known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from services.sla import store
from services.sla.rules import announcements, on_call, timers
from services.sla.rules import clocks as rules
from services.sla.rules.clocks import Cycle, Noted
from services.sla.rules.proof import proof
from services.sla.rules.routing import LEVELS, State, changes, route, state_of
from services.sla.rules.routing import follow as followed
from services.sla.rules.standing import Standing
from services.sla.tasks.case import goes_on_in, standing_of
from services.sla.tasks.paging import raise_alarm, silence
from shared import clock
from shared.bus import Transaction
from shared.business_hours import Calendar
from shared.events import BreachWithdrawn, PauseLimitSet, TargetsRederived, TargetTimerSet, TicketRouted
from shared.policies import Policy
from shared.vocabulary import Routing, Target, TargetName

log = structlog.get_logger()

CHECK, END_PAUSE = "sla.check_target", "sla.end_pause"


def change(
    tx: Transaction, ticket_id: str, apply: Callable[[store.Clocks], None], why: str, *, anew: bool = False
) -> None:
    """Change what is known of a ticket, and bring in line what follows: for it, and for those it goes on in."""
    locked = store.lock(tx.session, ticket_id)
    case = [locked, *goes_on_in(tx, locked)]
    before = [standing_of(tx, clocks) for clocks in case]
    apply(locked)
    tx.session.flush()
    for clocks, was in zip(case, before, strict=True):
        follow(tx, clocks, was, why, anew=anew and clocks is locked)


def note(tx: Transaction, ticket_id: str | None, noted: Noted, why: str, *, anew: bool = False) -> None:
    """Keep that something happened to a ticket, and bring in line what follows."""
    change(tx, str(ticket_id), lambda locked: store.note(locked, noted), why, anew=anew)


def follow(
    tx: Transaction, locked: store.Clocks, before: Standing | None, why: str, *, anew: bool = False, back: bool = False
) -> None:
    """Bring routing, targets and timers in line with what is known of a ticket.

    What was said of clocks that have not moved stays, whatever became of the policy since, unless all is to be
    derived anew or a new cycle began. `back`: it was merged, and its clocks have to be watched again.
    """
    now = standing_of(tx, locked)
    if now is None:
        return
    _say_of_pauses(tx, locked.ticket_id, before.cycle if before else None, now)
    if locked.merged_into:
        _stand_by(tx, locked)
        return
    said, fresh = store.routing(locked), route(now.ticket, now.decision, now.policy, now.cycle)
    routing = fresh if said is None or anew or now.cycle.number != locked.cycle else followed(said, fresh)
    if routing is not said:
        store.reroute(locked, routing, now.cycle)
        log.info("ticket routed", ticket_id=locked.ticket_id, team=routing.team, version=locked.version)
        tx.say(TicketRouted(ticket_id=locked.ticket_id, ticket=now.ticket, decision=now.decision, routing=routing))
        if said and (changed := changes(said.targets, routing.targets, now.cycle)):
            rederived = {"changes": changed, "why": why, "routing_version": locked.version}
            tx.say(TargetsRederived(ticket_id=locked.ticket_id, **rederived))
    kept = () if anew or said is None else said.targets
    if _settle(tx, locked, now, routing, kept) or back:
        _watch_all(tx, locked, now, routing)
    _say_left_closed(tx, locked.ticket_id, before, now)
    if now.decision.emergency in LEVELS:
        raise_alarm(tx, locked, now, on_call.EMERGENCY)


def _stand_by(tx: Transaction, locked: store.Clocks) -> None:
    """Let nobody be told of a ticket that goes on in another. Its targets stay as they stood."""
    tx.cancel(CHECK, locked.ticket_id)
    silence(tx, locked, f"the ticket was merged into {locked.merged_into}")


def _settle(tx: Transaction, locked: store.Clocks, now: Standing, routing: Routing, kept: Sequence[Target]) -> bool:
    """Write how every target stands; those kept as they were said keep their proof. True: others run than before."""
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
    return waiting != {(target.name, locked.version) for target in running}


def _watch_all(tx: Transaction, locked: store.Clocks, now: Standing, routing: Routing) -> None:
    """Watch every target that runs, and nothing else."""
    tx.cancel(CHECK, locked.ticket_id)
    rows = store.targets(tx.session, locked.ticket_id)
    for target in routing.targets:
        if rows[target.name].state == State.RUNNING:
            _watch(tx, locked, target, now.calendar(routing), now.policy)


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
        wait_for_warning(tx, timer, target, calendar, policy, told=0)


def wait_for_warning(
    tx: Transaction, timer: TargetTimerSet, target: Target, calendar: Calendar, policy: Policy, *, told: int
) -> None:
    """Wait for the next warning only: few tickets live to see the last of them."""
    moments = timers.warnings(target, calendar, policy.provider.clocks.warn_at)
    if warning := timers.next_warning(moments, told, clock.now()):
        wait(tx, timer, *warning)


def wait(tx: Transaction, timer: TargetTimerSet, percent: int, moment: datetime) -> None:
    """Have a timer heard again at a moment."""
    watched = timer.model_dump(include={"ticket_id", "target", "routing_version", "due_at"})
    tx.say(TargetTimerSet(**watched, percent=percent, rings_at=moment), wait={CHECK: moment})


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
