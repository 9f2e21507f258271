"""Who is on call: people, the layers in which they follow each other, and the levels in which they are asked for help.

Times of a rota are civil times of a layer's zone, as people agree on them. Where the clocks change, a shift begins at
the first moment at which they show its start, and ends at the last at which they show its end; a time that is skipped
is the moment of the skip. So nobody is ever off call for a clock change, and for an hour two people may be on call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, SecretStr, StringConstraints

from shared.business_hours import WEEKDAYS
from shared.civil_time import instant, minutes_of, zone_named
from shared.policies.models import Id, Row
from shared.policies.yaml_source import Loc, did_you_mean

DAY = timedelta(days=1)

S = TypeVar("S", bound=Sized)


def _civil(written: Any) -> datetime:
    if not isinstance(written, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", written):
        raise ValueError(f"{str(written)[:40]!r} is no time of a rota; write it as 2026-06-05 18:00, without a zone")
    return datetime.strptime(written, "%Y-%m-%d %H:%M")  # noqa: DTZ007 (civil time of the layer's zone)


def _zone(name: str) -> str:
    return zone_named(name).key


def _windows(windows: tuple[str, ...]) -> tuple[str, ...]:
    minutes_of(windows)
    return windows


def _some(several: S) -> S:
    if not several:
        raise ValueError("there must be at least one")
    return several


def _address(url: SecretStr) -> SecretStr:
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?", url.get_secret_value()):
        raise ValueError("a webhook begins with https:// or http:// and a host, without a login")
    return url


CivilTime = Annotated[datetime, BeforeValidator(_civil)]
"""What the clocks of the layer's zone show."""

Email = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]
Windows = Annotated[tuple[str, ...], AfterValidator(_windows)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Person(Row):
    """Somebody who can be on call, and how he is reached. The address of a webhook often holds a secret."""

    name: str
    email: Email
    language: Literal["nl", "en"] = "en"
    webhook: Annotated[SecretStr, AfterValidator(_address)] | None = None


class Handover(Row):
    """When the next person takes over: the start of the very first shift, and the civil time between two of them."""

    first: CivilTime
    every: PositiveInt = 1
    unit: Literal["hours", "days", "weeks"] = "weeks"

    @property
    def length(self) -> timedelta:
        """How long a shift lasts in civil time."""
        return timedelta(**{self.unit: self.every})


class Layer(Row):
    """People who take turns, in this order; with `only`, nobody of them is on call outside those windows."""

    name: Id
    zone: Annotated[str, AfterValidator(_zone)]
    people: Annotated[tuple[str, ...], AfterValidator(_some)]
    handover: Handover
    only: Annotated[dict[Weekday, Windows], AfterValidator(_some)] | None = None


class Level(Row):
    """Layers whose people are told at the same time."""

    name: Id
    layers: Annotated[tuple[Layer, ...], AfterValidator(_some)]


class Override(Row):
    """One person has a layer from `from` until `until`, whoever's turn it is; the layer's windows hold all the same."""

    layer: str
    person: str
    begins: CivilTime = Field(alias="from")
    until: CivilTime


class Rota(Row):
    """The whole of a rota file. `lead` is told when nobody of any level has taken a page."""

    people: Annotated[dict[Id, Person], AfterValidator(_some)]
    levels: Annotated[tuple[Level, ...], AfterValidator(_some)]
    overrides: tuple[Override, ...] = ()
    lead: str | None = None


@dataclass(frozen=True)
class OnCall:
    """Everybody who is on call at a level, by the id of his entry in the rota; mostly one."""

    level: str
    people: tuple[str, ...]


def who_is_on_call(rota: Rota, moment: datetime) -> tuple[OnCall, ...]:
    """The levels in order with the people on call at an aware moment; a level at which nobody is has no people."""
    return tuple(OnCall(level.name, tuple(dict.fromkeys(_at(rota, level, moment)))) for level in rota.levels)


def check_rota(rota: Rota) -> Iterator[tuple[Loc, str]]:
    """Mistakes that no single field shows, each with its place in the file: names that nobody has, names twice."""
    layers = [layer.name for level in rota.levels for layer in level.layers]
    for at, level in enumerate(rota.levels):
        for n, layer in enumerate(level.layers):
            here: Loc = ("levels", at, "layers", n)
            if layers.count(layer.name) > 1:
                yield (*here, "name"), f"there are two layers {layer.name!r}: rename one"
            for place, person in enumerate(layer.people):
                yield from _unknown(person, rota.people, (*here, "people", place), "person")
    for at, override in enumerate(rota.overrides):
        here = ("overrides", at)
        yield from _unknown(override.layer, dict.fromkeys(layers), (*here, "layer"), "layer")
        yield from _unknown(override.person, rota.people, (*here, "person"), "person")
        if override.until <= override.begins:
            yield (*here, "until"), "`until` lies after `from`"
    if rota.lead:
        yield from _unknown(rota.lead, rota.people, ("lead",), "person")


def _unknown(name: str, known: Mapping[str, Any], loc: Loc, kind: str) -> Iterator[tuple[Loc, str]]:
    if name not in known:
        yield loc, f"there is no {kind} {name!r}: {did_you_mean(name, known) or 'known are ' + ', '.join(known)}"


def _at(rota: Rota, level: Level, moment: datetime) -> Iterator[str]:
    for layer in level.layers:
        if not layer.only or _within_windows(layer, layer.only, moment):
            changed = [o.person for o in rota.overrides if o.layer == layer.name and _holds(layer, o, moment)]
            yield from changed[-1:] or _whose_turn(layer, moment)


def _whose_turn(layer: Layer, moment: datetime) -> Iterator[str]:
    first, length = layer.handover.first, layer.handover.length
    about = (_shown(layer, moment) - first) // length
    for number in range(max(0, about - 1), about + 2):
        begins = first + number * length
        if _between(layer, begins, begins + length, moment):
            yield layer.people[number % len(layer.people)]


def _holds(layer: Layer, override: Override, moment: datetime) -> bool:
    return _between(layer, override.begins, override.until, moment)


def _within_windows(layer: Layer, only: Mapping[Weekday, Windows], moment: datetime) -> bool:
    today = _shown(layer, moment).replace(hour=0, minute=0, second=0, microsecond=0)
    for midnight in (today - DAY, today, today + DAY):  # the last moment of a civil time may lie in the next day
        for opens, closes in minutes_of(only.get(WEEKDAYS[midnight.weekday()], ())):  # type: ignore[call-overload]
            if _between(layer, midnight + timedelta(minutes=opens), midnight + timedelta(minutes=closes), moment):
                return True
    return False


def _between(layer: Layer, begins: datetime, ends: datetime, moment: datetime) -> bool:
    """Whether a moment lies between the first at which clocks show `begins` and the last at which they show `ends`."""
    zone = zone_named(layer.zone)
    return instant(zone, *_day_and_minute(begins)) <= moment < instant(zone, *_day_and_minute(ends), last=True)


def _day_and_minute(civil: datetime) -> tuple[date, int]:
    return civil.date(), civil.hour * 60 + civil.minute


def _shown(layer: Layer, moment: datetime) -> datetime:
    return moment.astimezone(zone_named(layer.zone)).replace(tzinfo=None)
