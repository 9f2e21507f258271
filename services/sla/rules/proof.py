"""Everything a due time was computed from, as JSON, so that `check` can count it again without any calendar."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from shared.vocabulary import CountedWindow, Pause, Routing, Target


def proof(target: Target, routing: Routing, zone: tzinfo) -> dict[str, Any]:
    """The proof of a target. Each time stands in UTC and, as `…_local`, in the calendar's zone with its offset."""
    return {
        "target": target.name,
        "calendar": routing.counted_on,
        "zone": str(zone),
        "policy_version": routing.policy_version,
        "source": {"clauses": list(target.clauses), "house_default": target.house_default},
        "minutes": target.minutes,
        **_moment("start", target.started_at, zone),
        **_moment("due", target.due_at, zone),
        **_moment("latest_start", target.latest_start_at, zone),
        "windows": [_window(window, zone) for window in target.windows],
        "holidays": list(target.holidays),
        "pauses": [_pause(pause, zone) for pause in target.pauses],
    }


def _window(window: CountedWindow, zone: tzinfo) -> dict[str, Any]:
    return {
        **_moment("opens_at", window.opens_at, zone),
        **_moment("closes_at", window.closes_at, zone),
        "counted_seconds": window.counted_seconds,
        "holiday": window.holiday,
    }


def _pause(pause: Pause, zone: tzinfo) -> dict[str, Any]:
    return {
        **_moment("from", pause.begins_at, zone),
        **_moment("until", pause.ends_at, zone),
        "reason": pause.reason,
        "by": pause.by,
        "evidence": pause.evidence,
        "ended_because": pause.ended_because,
        "resumed_by": pause.resumed_by,
        **_moment("known_at", pause.known_at, zone),
    }


def _moment(name: str, at: datetime | None, zone: tzinfo) -> dict[str, str | None]:
    local = f"{name.removesuffix('_at')}_local"
    if at is None:
        return {name: None, local: None}
    return {name: at.astimezone(UTC).isoformat(), local: at.astimezone(zone).isoformat()}
