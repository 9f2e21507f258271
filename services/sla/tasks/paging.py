"""People on call are told of emergencies, one after the other, until somebody takes the ticket."""

from __future__ import annotations

from datetime import datetime

import structlog

from services.sla import store
from services.sla.rules import on_call
from services.sla.rules.standing import Standing
from services.sla.tasks.case import standing_of
from services.sla.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.events import OnCallPaged, PageAcknowledged, PagingEnded, TicketEscalated, derived_id
from shared.rota_file import load_rota

log = structlog.get_logger()

PAGE_NEXT = "sla.page_next"


@worker.hears(TicketEscalated)
def page_for_breach(event: TicketEscalated, tx: Transaction) -> None:
    """Tell the people on call of a breach that is brought before them."""
    locked = store.lock(tx.session, str(event.ticket_id))
    if event.on_call and not locked.merged_into and (now := standing_of(tx, locked)):
        raise_alarm(tx, locked, now, event.target)


@worker.hears(OnCallPaged)
def page_next(event: OnCallPaged, tx: Transaction) -> None:
    """Tell the next people on call, when nobody has taken a ticket in time that still needs somebody."""
    locked = store.lock(tx.session, str(event.ticket_id))
    alarm = next(alarm for alarm in store.alarms(tx.session, locked.ticket_id) if alarm.id == event.alarm_id)
    now = standing_of(tx, locked)
    if now is None or locked.merged_into or (alarm.state, alarm.step) != (on_call.State.RINGING, event.step):
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


def silence(tx: Transaction, locked: store.Clocks, why: str) -> None:
    """Tell nobody else for now; where somebody is needed again, the alarm is raised anew."""
    for alarm in store.alarms(tx.session, locked.ticket_id):
        if alarm.state == on_call.State.RINGING:
            alarm.state = on_call.State.DOWNGRADED
            tx.say(PagingEnded(ticket_id=locked.ticket_id, alarm_id=alarm.id, why=why))
    tx.cancel(PAGE_NEXT, locked.ticket_id)


def raise_alarm(tx: Transaction, locked: store.Clocks, now: Standing, cause: str) -> None:
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
