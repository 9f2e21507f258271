"""The shape of provider.yaml: what the provider is, when it works, who answers, and what costs money."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, StringConstraints, model_validator

from shared.business_hours import Calendar
from shared.money import Currency, Money
from shared.policies.models import ClauseId, Grounded, Id, Row, Text
from shared.vocabulary import Basis, Channel, Department, Emergency, TargetName, Verdict

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


ClockReading = Literal["prevailing", "fixed"]
"""How a published "EST" is read: as what the clocks there show, daylight time in summer, or as one offset all year."""


def _without_a_time(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and len(value) > len("2026-12-25")):
        raise ValueError(f"{value} is a time: write the date alone, such as 2026-12-25")
    return value


Day = Annotated[date, BeforeValidator(_without_a_time)]
"""A date of a calendar. A time, which would need a zone, is refused."""


class Document(Row):
    """The published text, kept as document.txt. `sha256` shows when that file was changed under its clauses."""

    title: str
    dated: str
    url: str | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Product(Row):
    """Something the provider sells, as clauses and customer records name it."""

    id: Id
    name: str


class Contact(Grounded):
    """A way in. `address` is an email address or an E.164 number; None when the document names none."""

    channel: Channel
    address: str | None = None


class Languages(Grounded):
    """A request in one of `reply_in` is answered in its own language, any other in `otherwise`."""

    reply_in: tuple[Language, ...]
    otherwise: Language

    def reply_to(self, language: str | None) -> str:
        """The language of the reply to a message in this language; None is a message of unknown language."""
        return language if language in self.reply_in else self.otherwise


class Holidays(Row):
    """Dates of `zone` (default: the calendar's) on which `windows` hold instead of the week."""

    zone: str | None = None
    windows: tuple[str, ...] = ()
    dates: dict[Day, str] = Field(default_factory=dict)


class DayException(Row):
    """One date with windows of its own; no windows is a closed day."""

    name: str
    windows: tuple[str, ...] = ()


class OtherWeek(Row):
    """A week that holds instead of the calendar's on the dates `from` to `until`, both included, or from then on."""

    first: Day = Field(alias="from")
    until: Day | None = None
    name: str
    week: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until and self.until < self.first:
            raise ValueError("`until` lies before `from`")
        return self


class CalendarSource(Grounded):
    """Opening hours as a policy author writes them: "08:00-18:00", "00:00-24:00"; a day left out is closed.

    Where the document can be read in two ways, `fixed_zone` is the other zone and `clock` says which of them counts.
    """

    zone: str
    fixed_zone: str | None = None
    clock: ClockReading = "prevailing"
    week: dict[str, tuple[str, ...]]
    holidays: Holidays = Holidays()
    exceptions: dict[Day, DayException] = Field(default_factory=dict)
    other_weeks: tuple[OtherWeek, ...] = ()

    @property
    def counted_zone(self) -> str:
        """The zone that counts; ValueError when it should be a fixed one and there is none."""
        if self.clock == "prevailing":
            return self.zone
        if self.fixed_zone is None:
            raise ValueError("the hours of this calendar have one reading: it has no `fixed_zone`")
        return self.fixed_zone

    def calendar(self, name: str) -> Calendar:
        """The calendar that counts; ValueError for a window, day or zone that is none."""
        return Calendar.build(
            name,
            zone=self.counted_zone,
            week=self.week,
            holidays=self.holidays.dates,
            holiday_windows=self.holidays.windows,
            holiday_zone=self.holidays.zone,
            exceptions={day: (change.name, change.windows) for day, change in self.exceptions.items()},
            other_weeks=[(other.first, other.until, other.name, other.week) for other in self.other_weeks],
        )


class Plan(Grounded):
    """A support plan. `priority` 1 is served first.

    `calendar` holds the hours that the policy states, None when it states none; targets are then counted on
    `targets_calendar`, a house default.
    """

    id: Id
    name: str
    priority: PositiveInt
    calendar: str | None
    targets_calendar: str | None = None

    @property
    def counted_on(self) -> str:
        """The calendar that targets are counted on."""
        return self.calendar or self.targets_calendar or ""

    @model_validator(mode="after")
    def _has_one_calendar(self) -> Self:
        if (self.calendar is None) == (self.targets_calendar is None):
            raise ValueError("give `calendar`, or `calendar: null` and the `targets_calendar` to count on instead")
        return self


class Targets(Grounded):
    """Minutes of open time to the first response and to the resolution, for a plan and, if named, emergency levels.

    `next_response`: to the answer to a later reply; without it, those of the first response.
    """

    plan: Id
    emergencies: tuple[Emergency, ...] = ()
    first_response: PositiveInt
    next_response: PositiveInt | None = None
    resolution: PositiveInt

    def minutes(self, name: TargetName) -> int:
        """The minutes of one target."""
        return {
            TargetName.FIRST_RESPONSE: self.first_response,
            TargetName.NEXT_RESPONSE: self.next_response or self.first_response,
            TargetName.RESOLUTION: self.resolution,
        }[name]


class Again(StrEnum):
    """What becomes of a target when a reply reopens a ticket.

    It goes on where it was when the ticket was resolved, starts anew with the reply, or has no clock.
    """

    CONTINUE = "continue"
    FRESH = "fresh"
    NONE = "none"


class Reopening(Row):
    """The rule for each target when a reply reopens a ticket; and how often replies may reopen one within 24 hours.

    A loop with another machine ends there: later replies are kept, and a person decides.
    """

    first_response: Again = Again.NONE
    next_response: Again = Again.FRESH
    resolution: Again = Again.FRESH
    at_most_a_day: Annotated[int, Field(ge=0)] = 2


class Clocks(Row):
    """How the clocks of targets are kept; all of it is our own choice, no policy speaks of it.

    `warn_at` are percentages of the minutes of a target, `handling_minutes` what a ticket typically takes to handle.
    """

    warn_at: tuple[Annotated[int, Field(gt=0, lt=100)], ...] = (50, 75, 90)
    handling_minutes: PositiveInt = 30
    reopening: Reopening = Reopening()


class SuspensionLimit(Grounded):
    """For how long clocks stand still at most, in days of 24 hours."""

    days: PositiveInt

    @property
    def length(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(days=self.days)


class Suspension(Grounded):
    """The policy lets clocks stand still while a supplier has the case, up to a limit."""

    limit: SuspensionLimit


class Team(Grounded):
    """Who answers for a department, and who hears of it when a due time passes. `level` is that of the support."""

    name: str
    lead: str = "team lead"
    level: Literal["first", "second", "third"] | None = None


class Kinds(Row):
    """Which tickets a route is for: of each list that is given one must be the ticket's, and one at least is given.

    `languages` are those of the request; `other` is every known one that the provider does not reply in.
    """

    departments: tuple[Department, ...] = ()
    topics: tuple[Id, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    products: tuple[Id, ...] = ()
    plans: tuple[Id, ...] = ()
    emergencies: tuple[Emergency, ...] = ()
    languages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(dict(self).values()):
            raise ValueError("name at least one of " + ", ".join(type(self).model_fields))
        return self


class Route(Team):
    """A team that has some of a department's tickets; the first route that fits counts."""

    when: Kinds


class Paging(Row):
    """How people on call are told of an emergency; all of it is our own choice, no policy speaks of it.

    Whoever is told has `acknowledge_minutes` to take the ticket before the next level is; the levels of the rota are
    told `rounds` times over.
    """

    acknowledge_minutes: PositiveInt = 15
    rounds: PositiveInt = 2

    @property
    def acknowledge_within(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(minutes=self.acknowledge_minutes)


class Unit(StrEnum):
    """What one quantity of a price line is."""

    JOB = "job"
    STARTED_HOUR = "started-hour"
    MONTH = "month"
    YEAR = "year"


_BASES: dict[Any, tuple[Basis, ...]] = {
    Unit.JOB: (Basis.FIXED,),
    Unit.STARTED_HOUR: (Basis.PREPAID, Basis.HOURS),
    Unit.MONTH: (Basis.PLAN,),
    Unit.YEAR: (Basis.PLAN,),
}
"""How a unit can be charged, the usual way first."""


class ServerStep(Row):
    """A flat amount covers `included` servers; each further one costs `amount` minor units per unit of the line."""

    included: PositiveInt
    amount: PositiveInt
    clause: ClauseId


class LicenceShare(Row):
    """A price that is a percentage of all licence fees paid so far; the first year free or not."""

    percent: PositiveInt
    first_year_free: bool
    clause: ClauseId


class Minimum(Row):
    """The number of units due at least, also when less is used."""

    units: PositiveInt
    clause: ClauseId


class FreeAlternative(Row):
    """What the customer can do himself instead of paying."""

    clause: ClauseId
    text: Text


class PriceLine(Row):
    """Something paid: what it costs by which clause, what it buys and what it does not.

    `amount` is in minor units of `currency`, without VAT. With neither an amount nor a licence share the document
    states no price and a person quotes. `basis` follows from the unit unless it is stated: hours are bought in advance,
    and `hours` says that they are charged as they were worked instead. While a plan runs, those that it stands
    `instead_of` are not billed.
    """

    id: Id
    clause: ClauseId
    title: Text
    unit: Unit
    basis: Basis
    amount: int | None = Field(default=None, ge=0)
    currency: Currency | None = None
    minimum: Minimum | None = None
    servers: ServerStep | None = None
    licences: LicenceShare | None = None
    instead_of: tuple[Id, ...] = ()
    free_alternative: FreeAlternative | None = None
    buys: Text
    does_not_buy: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _basis_by_the_unit(cls, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        usual = _BASES.get(row.get("unit"), (Basis.FIXED,))  # an unknown unit is a mistake of its own
        return {"basis": usual[0], **row}

    @model_validator(mode="after")
    def _basis_fits_the_unit(self) -> Self:
        if self.basis not in _BASES[self.unit]:
            raise ValueError(f"a {self.unit} is charged as {' or '.join(_BASES[self.unit])}, not as {self.basis}")
        return self

    @model_validator(mode="after")
    def _amount_has_a_currency(self) -> Self:
        if (self.currency is None) != (self.amount is None and self.licences is None):
            raise ValueError("a stated price needs a `currency`; without an `amount` leave the currency out")
        if self.servers and self.amount is None:
            raise ValueError("a price per further server needs the flat `amount` that covers the first ones")
        return self

    @property
    def money(self) -> Money | None:
        """The amount of one unit; None when it is not stated or depends on licence fees."""
        if self.amount is None or self.currency is None:
            return None
        return Money(minor=self.amount, currency=self.currency)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Every clause that this line rests on, the main one first."""
        parts = (self.minimum, self.servers, self.licences, self.free_alternative)
        return (self.clause, *(part.clause for part in parts if part))


class Courtesy(Grounded):
    """How much work is given away at most, in minutes: on a ticket, and to a customer in a civil month of our zone."""

    minutes_per_ticket: PositiveInt
    minutes_per_customer_month: PositiveInt

    @model_validator(mode="after")
    def _a_ticket_fits_into_a_month(self) -> Self:
        if self.minutes_per_ticket > self.minutes_per_customer_month:
            raise ValueError("`minutes_per_ticket` is more than a customer gets in a whole month")
        return self


class QuoteValidity(Grounded):
    """How long an offer stands."""

    days: PositiveInt


class Provider(Row):
    """The whole of provider.yaml."""

    id: Id
    name: str
    ticket_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
    document: Document
    products: tuple[Product, ...] = Field(min_length=1)
    contacts: tuple[Contact, ...]
    languages: Languages
    calendars: dict[str, CalendarSource] = Field(min_length=1)
    plans: tuple[Plan, ...] = Field(min_length=1)
    default_plan: Id
    departments: dict[Department, Team]
    routing: tuple[Route, ...] = ()
    paging: Paging = Paging()
    targets: tuple[Targets, ...]
    clocks: Clocks = Clocks()
    suspension: Suspension | None = None
    plan_before_time: bool = False
    """Tickets are served by plan, then emergency level, and only then by time."""
    prices: tuple[PriceLine, ...] = ()
    courtesy: Courtesy | None = None
    """Without it, nobody counts what is given away."""
    quote_validity: QuoteValidity
