"""An operator's changes to the calendars of the packs: holidays, closures, half days, other weeks, how EST is read.

A pack says what a provider has published; an overlay says what this installation has decided since. It is one file,
named by SCOPEDESK_CALENDAR_OVERLAY; every change has its dates and a reason, and no pack is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.policies.checks import Finding
from shared.policies.models import Row
from shared.policies.policy import Policies, Policy
from shared.policies.provider import CalendarSource, ClockReading, Day, DayException, OtherWeek
from shared.policies.yaml_source import Loc, WrongYaml, did_you_mean, locate, read_yaml

MOST_DAYS = 400
"""The longest stretch that is written as single days; hours that change for longer are another week."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Change(Row):
    """The dates `from` to `until`, both included (default: that one day), and why they are not as the pack has them."""

    first: Day = Field(alias="from")
    until: Day | None = None
    reason: Words

    @model_validator(mode="after")
    def _is_a_short_stretch(self) -> Self:
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise ValueError(f"`until` is a date from `from` on, at most {MOST_DAYS} days in all")
        return self

    @property
    def last(self) -> date:
        """The last date."""
        return self.until or self.first

    @property
    def days(self) -> Iterator[date]:
        """Every date."""
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class NamedChange(Change):
    """Dates that get a name: holidays, which have the calendar's holiday windows, or closed days."""

    name: Words


class HalfDay(NamedChange):
    """Dates with windows of their own."""

    windows: tuple[str, ...] = Field(min_length=1)


class WeekChange(OtherWeek):
    """Another week for some dates, and why."""

    reason: Words


class ReadingChange(Row):
    """How the zone of the published hours is read, and why."""

    reading: ClockReading
    reason: Words


class CalendarChanges(Row):
    """Everything that changes about one calendar."""

    clock: ReadingChange | None = None
    holidays: tuple[NamedChange, ...] = ()
    closed: tuple[NamedChange, ...] = ()
    half_days: tuple[HalfDay, ...] = ()
    ordinary_days: tuple[Change, ...] = ()
    """Dates whose holiday or exception in the pack is taken back."""
    weeks: tuple[WeekChange, ...] = ()

    @property
    def reasons(self) -> Mapping[date, str]:
        """Why each single day is not as the pack has it."""
        changes = (*self.ordinary_days, *self.holidays, *self.closed, *self.half_days)
        return {day: change.reason for change in changes for day in change.days}

    def applied_to(self, source: CalendarSource) -> CalendarSource:
        """The calendar of the pack with these changes."""
        ordinary = {day for change in self.ordinary_days for day in change.days}
        holidays = {day: name for day, name in source.holidays.dates.items() if day not in ordinary}
        holidays |= {day: change.name for change in self.holidays for day in change.days}
        exceptions = {day: change for day, change in source.exceptions.items() if day not in ordinary}
        exceptions |= {day: DayException(name=change.name) for change in self.closed for day in change.days}
        exceptions |= {
            day: DayException(name=change.name, windows=change.windows)
            for change in self.half_days
            for day in change.days
        }
        return source.model_copy(
            update={
                "clock": self.clock.reading if self.clock else source.clock,
                "holidays": source.holidays.model_copy(update={"dates": holidays}),
                "exceptions": exceptions,
                "other_weeks": (*source.other_weeks, *self.weeks),
            }
        )


class OverlayFile(Row):
    """The whole of an overlay."""

    calendars: dict[str, CalendarChanges]


@dataclass(frozen=True)
class Overlay:
    """An overlay that was read, and where it stands."""

    path: Path
    calendars: Mapping[str, CalendarChanges]

    def __str__(self) -> str:
        return f"overlay {self.path} (changes {', '.join(self.calendars) or 'nothing'})"


def read_overlay(path: Path, policies: Policies) -> Policies:
    """The policies with an overlay laid over them; WrongYaml has every mistake in it, with its line.

    The version of a policy changes with the changes to its own calendars, and with nothing else in the file.
    """
    overlay = Overlay(path, read_yaml(path, OverlayFile).calendars)
    if found := list(_check(overlay.calendars, policies)):
        raise WrongYaml(locate(path, found))
    changed = {policy.id: _laid_over(policy, overlay.calendars) for policy in policies}
    return replace(policies, by_provider=changed, overlay=overlay)


def _laid_over(policy: Policy, changes: Mapping[str, CalendarChanges]) -> Policy:
    ours = {name: change for name, change in changes.items() if name in policy.calendars}
    if not ours:
        return policy
    sources = policy.provider.calendars
    sources |= {name: change.applied_to(sources[name]) for name, change in ours.items()}
    said = "".join(f"{name}{change.model_dump_json()}" for name, change in sorted(ours.items()))
    return replace(
        policy,
        provider=policy.provider.model_copy(update={"calendars": sources}),
        calendars={name: source.calendar(name) for name, source in sources.items()},
        version=sha256(f"{policy.version}{said}".encode()).hexdigest()[: len(policy.version)],
    )


def _check(calendars: Mapping[str, CalendarChanges], policies: Policies) -> Iterator[Finding]:
    for name, changes in calendars.items():
        here: Loc = ("calendars", name)
        policy = next((policy for policy in policies if name in policy.calendars), None)
        if policy is None:
            hint = did_you_mean(name, policies.calendars) or f"known are {', '.join(policies.calendars)}"
            yield here, f"there is no calendar {name!r}: {hint}"
            continue
        source = policy.provider.calendars[name]
        yield from _days_twice(changes, here)
        for at, change in enumerate(changes.ordinary_days):
            if not any(day in source.holidays.dates or day in source.exceptions for day in change.days):
                yield (*here, "ordinary_days", at, "from"), f"the pack has no holiday or exception then in {name}"
        try:
            changes.applied_to(source).calendar(name)
        except ValueError as error:
            yield here, str(error)


def _days_twice(changes: CalendarChanges, here: Loc) -> Iterator[Finding]:
    seen: dict[date, str] = {}
    for field in ("holidays", "closed", "half_days", "ordinary_days"):
        for at, change in enumerate(getattr(changes, field)):
            if twice := [day for day in change.days if day in seen]:
                yield (*here, field, at, "from"), f"{twice[0]} stands under `{seen[twice[0]]}` already: say one of them"
            seen |= dict.fromkeys(change.days, field)
