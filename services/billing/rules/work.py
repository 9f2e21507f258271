"""Work: what may be recorded, what of it lies beyond the agreement, and the hours that it comes to.

Entries are whole minutes and are never rounded; only a charge is, to started hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.billing.rules.consents import Quote, QuoteState
from services.billing.rules.quotes import priced
from shared.civil_time import instant
from shared.policies import PriceLine
from shared.vocabulary import FURTHER, Basis, Decision, PriceOffer

HOUR = 60
"""Minutes."""

MOST_MINUTES = 24 * HOUR
"""Of one entry: more was not worked in one go."""


@dataclass(frozen=True)
class Entry:
    """Time worked, in minutes; of one that takes another back (`reverses`) both figures are negative.

    `quote_id` None: courtesy. `over_minutes` lie beyond what was allowed and are never charged.
    """

    entry_id: UUID
    ticket_id: str
    minutes: int
    over_minutes: int = 0
    quote_id: str | None = None
    version: int | None = None
    reverses: UUID | None = None


def worked(entries: Iterable[Entry]) -> int:
    """The minutes that were worked in all."""
    return sum(entry.minutes for entry in entries)


def within(entries: Iterable[Entry]) -> int:
    """The minutes of them that lie within what was allowed: those that can be charged."""
    return sum(entry.minutes - entry.over_minutes for entry in entries)


def beyond(minutes: int, used: int, allowed: int | None) -> int:
    """How many of these minutes lie beyond what is allowed, of which some are `used`. `allowed` None: no limit."""
    return 0 if allowed is None else max(0, minutes - max(0, allowed - used))


def allowed_minutes(offer: PriceOffer) -> int | None:
    """How long may be worked for what was agreed to; None of a job, which takes as long as it takes."""
    return offer.quantity * HOUR if offer.basis in {Basis.HOURS, Basis.PREPAID} else None


def started_hours(minutes: int, least: int = 1) -> int:
    """The hours that are charged: sixty minutes are one, sixty-one are two; nothing worked is none."""
    return max(-(-minutes // HOUR), least) if minutes > 0 else 0


def clocked(since: datetime, until: datetime) -> int:
    """The minutes that a clock shows: whole ones, so that no second begins another hour; one at least."""
    return max(1, (until - since) // timedelta(minutes=1))


def month_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The civil month that a moment lies in, as its first moment and that of the next one."""
    first = moment.astimezone(zone).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return instant(zone, first, 0), instant(zone, following, 0)


def objection_to_report(minutes: int | None, started_at: datetime, told_at: datetime) -> str | None:
    """Why this time cannot be recorded, for the agent to read; None when it can."""
    objections = (
        (minutes is None, "no clock of yours runs on this ticket: say how many minutes"),
        (minutes is not None and minutes < 1, "there are no minutes to record; to take an entry back, reverse it"),
        (minutes is not None and minutes > MOST_MINUTES, "it is more than 24 hours: report each day by itself"),
        (started_at > told_at, "it begins in the future"),
    )
    return next((reason for applies, reason in objections if applies), None)


def objection_to_quote(quote_id: str, ticket_ids: Iterable[str], quote: Quote | None, *, settled: bool) -> str | None:
    """Why nothing can be worked for this quote, for the agent to read; None when it can."""
    if quote is None or quote.ticket_id not in ticket_ids:
        return f"this ticket has no quote {quote_id}"
    objections = (
        (quote.state is not QuoteState.AGREED, f"{quote_id} is {quote.state}: nobody has agreed to it"),
        (quote.offer.basis is Basis.PLAN, f"{quote_id} is a plan, which is paid by the period and not by work"),
        (settled, f"{quote_id} is settled: further work needs a quote of its own"),
    )
    return next((reason for applies, reason in objections if applies), None)


def objection_to_reversal(
    entry: Entry | None, ticket_ids: Iterable[str], *, already: bool, settled: bool
) -> str | None:
    """Why an entry cannot be taken back, for the agent to read; None when it can."""
    if entry is None or entry.ticket_id not in ticket_ids:
        return "this ticket has no such entry"
    objections = (
        (entry.reverses is not None, "it takes another entry back: report the work anew instead"),
        (already, "it was taken back already"),
        (settled, f"{entry.quote_id} is settled: what was charged can be given back as a credit"),
    )
    return next((reason for applies, reason in objections if applies), None)


def one_more(offer: PriceOffer, line: PriceLine | None) -> PriceOffer:
    """One more unit of the same work, at the price that the policy states; without one a person has to set it."""
    return priced(offer.model_copy(update={"quantity": 1, "amount": None, "total": None}), line)


def beyond_courtesy(decision: Decision) -> PriceOffer:
    """What a person may offer once the courtesy of a ticket is used up."""
    clause = next(iter(decision.clauses), "")
    return PriceOffer(line=FURTHER, clause=clause, title="Further work", unit="started-hour", basis=Basis.HOURS)
