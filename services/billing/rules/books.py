"""Whether the books agree, to the cent: what was agreed to, worked, charged, given back and booked.

Each row is looked at from both sides, so that one that is missing, doubled or changed leaves a finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from services.billing.rules.charges import AT_ONCE
from services.billing.rules.records import Agreed, Books, Charged, Credited, Settled
from services.billing.rules.subscriptions import Due
from services.billing.rules.work import Entry, allowed_minutes, started_hours, within, worked
from shared.money import Money
from shared.vocabulary import Basis

UNDER_WAY = timedelta(hours=1)
"""What was agreed to is charged within seconds; after so long it is not under way any more."""

LEFT_OPEN = timedelta(days=30)
"""Work that is paid by the hour, and of which nothing was heard for so long, was forgotten."""


class Kind(StrEnum):
    """What does not agree."""

    NEVER_CHARGED = "agreed-never-charged"
    NEVER_SETTLED = "worked-never-settled"
    OTHER_CHARGE = "charged-otherwise-than-agreed"
    OTHER_HOURS = "charged-otherwise-than-worked"
    NO_CONSENT = "without-consent"
    WORK_CHANGED = "work-changed"
    NO_WORK = "charged-without-work"
    CREDIT_BEYOND = "credited-beyond-the-charge"
    NOT_BOOKED = "not-booked"
    OTHER_BOOKING = "booked-otherwise"
    UNKNOWN_BOOKING = "booked-unknown"


@dataclass(frozen=True)
class Finding:
    """One thing that does not agree: about which ticket and what, in words, by how much, and what to do."""

    kind: Kind
    ticket_id: str | None
    about: str
    said: str
    amount: Money | None
    todo: str


@dataclass(frozen=True)
class Sums:
    """Totals in one currency, in minor units and without VAT. `booked` is what the billing system has, credits off."""

    currency: str
    agreed: int = 0
    charged: int = 0
    credited: int = 0
    booked: int = 0


Row = TypeVar("Row", Entry, Charged)


def compare(books: Books, now: datetime, book_within: timedelta | None) -> list[Finding]:
    """Everything that does not agree. `book_within` None: the billing system does not tell what it books."""
    return [
        *_agreements(books, now),
        *_work(books),
        *_charges(books),
        *_credits(books),
        *_bookings(books, now, book_within),
    ]


def not_charged(due: Due, ticket_id: str) -> Finding:
    """What is told of a period of a plan that was due and is not charged."""
    about = f"{due.subscription.subscription_id} v{due.terms.version}"
    said = f"{due.amount} is due for the period from {due.period.first} and not charged"
    todo = "look for billing.begin_period and billing.end_plan in `scopedesk dead-letters list`, mend it and replay it"
    return Finding(Kind.NEVER_CHARGED, ticket_id, about, said, due.amount, todo)


def sums(books: Books) -> list[Sums]:
    """The totals by currency. Of a plan, what was agreed is what is due for its minimum term."""
    credits_ = {row.credit_id for row in books.credited}
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for column, rows in (("agreed", books.agreed), ("charged", books.charged), ("credited", books.credited)):
        for row in rows:
            found[row.total.currency][column] += row.total.minor
    for booking in books.booked:
        sign = -1 if booking.booked_id in credits_ else 1
        found[booking.total.currency]["booked"] += sign * booking.total.minor
    return [Sums(currency, **columns) for currency, columns in sorted(found.items())]


def _agreements(books: Books, now: datetime) -> Iterator[Finding]:
    charges, entries = _by_version(books.charged), _by_version(books.entries)
    settled = {(row.quote_id, row.version): row for row in books.settled}
    for agreed in books.agreed:
        version = (agreed.quote_id, agreed.version)
        own, settlement = charges[version], settled.get(version)
        if agreed.offer.basis in AT_ONCE:
            yield from _charged_at_once(agreed, own, now)
        elif agreed.offer.basis is Basis.HOURS and settlement:
            yield from _charged_by_the_hour(agreed, own, settlement)
        elif agreed.offer.basis is Basis.HOURS:
            last = max(agreed.agreed_at, books.last_worked.get(agreed.quote_id, agreed.agreed_at))
            yield from _not_settled(agreed, own, last, now)
        if agreed.offer.basis in AT_ONCE and settlement and worked(entries[version]) <= 0:
            yield from _without_work(books, own)


def _charged_at_once(agreed: Agreed, charges: list[Charged], now: datetime) -> Iterator[Finding]:
    if not charges and now - agreed.agreed_at > UNDER_WAY:
        said = f"{agreed.total} was agreed to and never charged"
        todo = "look for billing.charge in `scopedesk dead-letters list`, mend the cause and replay it"
        yield _finding(Kind.NEVER_CHARGED, agreed, said, agreed.total, todo)
    if charges and _total(charges) != (agreed.total,):
        said = f"{agreed.total} was agreed to, {_told(charges)} is charged"
        yield _finding(Kind.OTHER_CHARGE, agreed, said, agreed.total, _GIVE_BACK)


def _charged_by_the_hour(agreed: Agreed, charges: list[Charged], settled: Settled) -> Iterator[Finding]:
    hours = min(started_hours(settled.minutes, settled.least_hours), agreed.offer.quantity)
    due = agreed.offer.amount.times(hours) if agreed.offer.amount and hours else None
    if [(row.quantity, row.total) for row in charges] != ([(hours, due)] if due else []):
        said = f"{settled.minutes} minutes come to {due or 'nothing'}, {_told(charges) or 'nothing'} is charged"
        yield _finding(Kind.OTHER_HOURS, agreed, said, due, _GIVE_BACK)


def _not_settled(agreed: Agreed, charges: list[Charged], last: datetime, now: datetime) -> Iterator[Finding]:
    if charges:
        said = f"{_told(charges)} is charged, and its work is not settled"
        yield _finding(Kind.OTHER_HOURS, agreed, said, charges[0].total, _GIVE_BACK)
    elif now - last > LEFT_OPEN:
        said = f"up to {agreed.total} was agreed to, and nothing was heard of the work for {LEFT_OPEN.days} days"
        yield _finding(Kind.NEVER_SETTLED, agreed, said, agreed.total, "settle the quote at the desk")


def _without_work(books: Books, charges: list[Charged]) -> Iterator[Finding]:
    for row in charges:
        left = row.total.minor - sum(back.total.minor for back in books.credited if back.charge_id == row.charge_id)
        if left > 0:
            amount = Money(minor=left, currency=row.total.currency)
            said = f"{amount} is charged, and no work for it was recorded"
            todo = f'scopedesk billing credit {row.charge_id} --reason "no work was recorded" --agent YOU'
            yield _finding(Kind.NO_WORK, row, said, amount, todo)


def _work(books: Books) -> Iterator[Finding]:
    entries = _by_version(entry for entry in books.entries if entry.quote_id)
    agreed = {(row.quote_id, row.version): row for row in books.agreed}
    for version, own in entries.items():
        ticket_id, about = own[0].ticket_id, f"{version[0]} v{version[1]}"
        if version not in agreed:
            said = f"{worked(own)} minutes were worked, and nobody has agreed to it"
            yield Finding(Kind.NO_CONSENT, ticket_id, about, said, None, _REWRITTEN)
        else:
            allowed = allowed_minutes(agreed[version].offer)
            if allowed is not None and within(own) > allowed:
                said = f"{within(own)} minutes count as agreed to, which were {allowed}"
                yield Finding(Kind.WORK_CHANGED, ticket_id, about, said, None, _REWRITTEN)
    for row in books.settled:
        own = entries[row.quote_id, row.version]
        if (worked(own), within(own)) != (row.worked_minutes, row.minutes):
            said = f"{row.worked_minutes} minutes were settled, {worked(own)} are on record"
            about = f"{row.quote_id} v{row.version}"
            yield Finding(Kind.WORK_CHANGED, own[0].ticket_id if own else None, about, said, None, _REWRITTEN)
        if (row.quote_id, row.version) not in agreed:
            about, said = f"{row.quote_id} v{row.version}", "its work is settled, and nobody has agreed to it"
            yield Finding(Kind.NO_CONSENT, None, about, said, None, _REWRITTEN)
    yield from _reversals(books.entries)


def _reversals(entries: Iterable[Entry]) -> Iterator[Finding]:
    known = {entry.entry_id: entry for entry in entries}
    for entry in known.values():
        if entry.reverses is None:
            continue
        first = known.get(entry.reverses)
        if first is None or (first.minutes, first.over_minutes) != (-entry.minutes, -entry.over_minutes):
            said = f"{-entry.minutes} minutes were taken back that were not recorded so"
            yield Finding(Kind.WORK_CHANGED, entry.ticket_id, f"entry {entry.entry_id}", said, None, _REWRITTEN)


def _charges(books: Books) -> Iterator[Finding]:
    agreed = {(row.quote_id, row.version) for row in books.agreed}
    for row in books.charged:
        if (row.quote_id, row.version) not in agreed:
            said = f"{row.total} is charged, and nobody has agreed to it"
            yield _finding(Kind.NO_CONSENT, row, said, row.total, _GIVE_BACK)


def _credits(books: Books) -> Iterator[Finding]:
    charges = {row.charge_id: row for row in books.charged}
    given: dict[UUID, list[Credited]] = defaultdict(list)
    for credit in books.credited:
        given[credit.charge_id].append(credit)
    for charge_id, own in given.items():
        charge = charges.get(charge_id)
        ticket_id, most = (charge.ticket_id, charge.total) if charge else (None, None)
        same = all(most and credit.total.currency == most.currency for credit in own)
        if most is None or not same or sum(credit.total.minor for credit in own) > most.minor:
            said = f"{_told(own)} was given back of a charge of {most or 'nothing that is known'}"
            todo = "settle it with the billing system: a credit cannot be taken back"
            yield Finding(Kind.CREDIT_BEYOND, ticket_id, f"charge {charge_id}", said, own[0].total, todo)


def _bookings(books: Books, now: datetime, book_within: timedelta | None) -> Iterator[Finding]:
    tickets = {row.charge_id: row.ticket_id for row in books.charged}
    asked = {row.charge_id: ("charge", row.ticket_id, row.total, row.recorded_at) for row in books.charged} | {
        row.credit_id: ("credit", tickets.get(row.charge_id), row.total, row.given_at) for row in books.credited
    }
    booked = {row.booked_id: row.total for row in books.booked}
    for booked_id, total in booked.items():
        if booked_id not in asked:
            said = f"{total} is booked for something that is not on record"
            todo = "ask the billing system what it booked, and have it taken back there"
            yield Finding(Kind.UNKNOWN_BOOKING, None, str(booked_id), said, total, todo)
    for asked_id, (what, ticket_id, total, since) in asked.items():
        about = f"{what} {asked_id}"
        if asked_id not in booked:
            if book_within is not None and now - since > book_within:
                said = f"{total} is not booked since {since:%Y-%m-%d %H:%M} UTC"
                todo = "look whether the billing system takes events; it can read them again from an earlier cursor"
                yield Finding(Kind.NOT_BOOKED, ticket_id, about, said, total, todo)
        elif booked[asked_id] != total:
            said = f"{booked[asked_id]} is booked, not {total}"
            todo = "have the booking corrected in the billing system"
            yield Finding(Kind.OTHER_BOOKING, ticket_id, about, said, total, todo)


_GIVE_BACK = "compare the ticket's quotes, work and charges; give back what is too much as a credit"
_REWRITTEN = "the database refuses such a change: find out who made it, and restore what was there"


def _finding(kind: Kind, row: Agreed | Charged, said: str, amount: Money | None, todo: str) -> Finding:
    return Finding(kind, row.ticket_id, f"{row.quote_id} v{row.version}", said, amount, todo)


def _total(rows: list[Charged]) -> tuple[Money, ...]:
    return tuple(row.total for row in rows)


def _told(rows: Iterable[Charged | Credited]) -> str:
    return " and ".join(str(row.total) for row in rows)


def _by_version(rows: Iterable[Row]) -> Mapping[tuple[str | None, int | None], list[Row]]:
    found: dict[tuple[str | None, int | None], list[Row]] = defaultdict(list)
    for row in rows:
        found[row.quote_id, row.version].append(row)
    return found
