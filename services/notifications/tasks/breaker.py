"""The breaker of a provider: it stops automatic letters when there are as many as a loop would make."""

from __future__ import annotations

from datetime import datetime

import structlog

from services.notifications import store
from services.notifications.rules.limits import Limit, is_quiet
from services.notifications.settings import notification_settings
from services.notifications.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.events import AutomaticLettersResumed, AutomaticLettersStopped

log = structlog.get_logger()

LOOK_AGAIN = "notifications.resume_when_quiet"


def stop(tx: Transaction, breaker: store.Breaker, limit: Limit, now: datetime) -> None:
    """Let no more automatic letters go, and look after a while whether it has become quiet."""
    breaker.stopped_at = now
    _say_stopped(tx, breaker.provider, now, limit, limit.at_most + 1)
    log.error("automatic letters stopped", provider=breaker.provider, letters=limit.at_most, span=str(limit.span))


@worker.hears(AutomaticLettersStopped)
def resume_when_quiet(event: AutomaticLettersStopped, tx: Transaction) -> None:
    """Let letters go again when few wanted to go within the span of the breaker; else look again after another."""
    provider, since = event.provider, event.since
    breaker, limit = store.breaker(tx.session, provider), notification_settings().breaker(provider)
    if breaker.stopped_at != since:
        return  # somebody closed it; the one that was tripped later has a timer of its own
    now = clock.now()
    wanted = store.wanted_since(tx.session, provider, now - limit.span)
    if is_quiet(wanted, limit):
        breaker.stopped_at, breaker.resumed_at = None, now
        tx.say(AutomaticLettersResumed(provider=provider))
        log.warning("automatic letters go again", provider=provider)
    else:
        _say_stopped(tx, provider, since, limit, wanted)


@worker.hears(AutomaticLettersResumed)
def resume_letters(event: AutomaticLettersResumed, tx: Transaction) -> None:
    """Let letters go again because a person said so; they are counted anew from that moment on."""
    breaker, at = store.breaker(tx.session, event.provider), event.happened_at
    if event.by is not None and breaker.stopped_at and breaker.stopped_at <= at:
        breaker.stopped_at, breaker.resumed_at = None, at


def _say_stopped(tx: Transaction, provider: str, since: datetime, limit: Limit, letters: int) -> None:
    minutes = int(limit.span.total_seconds()) // 60
    told = AutomaticLettersStopped(provider=provider, since=since, letters=letters, minutes=minutes)
    tx.say(told, wait={LOOK_AGAIN: told.happened_at + limit.span})
