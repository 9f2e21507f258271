"""When people are told that a due time comes near or has passed; by the walker that counted the due time itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.sla.rules.routing import intervals
from shared.business_hours import Calendar
from shared.vocabulary import Target

WHOLE = 100

PUNCTUAL = timedelta(minutes=5)
"""A timer that rings so soon after its moment is told at once: that moment was in support hours, or ended them."""


def warnings(target: Target, calendar: Calendar, percents: Iterable[int]) -> list[tuple[int, datetime]]:
    """The moments at which so many percent of a target's minutes are over, in support hours, soonest first."""
    if target.due_at is None or target.started_at is None:
        return []
    minutes, pauses = timedelta(minutes=target.minutes), intervals(target.pauses)
    moments = ((percent, calendar.add(target.started_at, minutes * percent / WHOLE, pauses)) for percent in percents)
    return sorted((percent, calendar.next_opening(moment)) for percent, moment in moments)


def next_warning(moments: Iterable[tuple[int, datetime]], told: int, now: datetime) -> tuple[int, datetime] | None:
    """The warning to wait for after that of `told` percent; of those that have passed, only the last."""
    left = [(percent, moment) for percent, moment in moments if percent > told]
    passed = [warning for warning in left if warning[1] <= now]
    return passed[-1] if passed else next(iter(left), None)


def held_until(moment: datetime, now: datetime, calendar: Calendar, *, urgent: bool) -> datetime | None:
    """When people are told of a moment that is heard of late; None: at once. Nobody is told outside support hours."""
    if urgent or now - moment <= PUNCTUAL or calendar.is_open(now):
        return None
    return calendar.next_opening(now)
