"""What agents worked: recorded as they tell it, within what was agreed to or given away, and beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from services.billing import rules
from services.billing.store import quotes
from services.billing.store import work as store
from services.billing.store.tables import QuoteVersion, RunningClock, WorkEntry
from services.billing.tasks import quotes as offers
from services.billing.tasks.worker import worker
from shared.bus import Transaction
from shared.errors import Transient
from shared.events import (
    AllowanceUsedUp,
    MergeUndone,
    TicketsMerged,
    WorkRecorded,
    WorkRefused,
    WorkReported,
    WorkStarted,
    derived_id,
)
from shared.policies import load_policies
from shared.vocabulary import Decision, TicketFacts

log = structlog.get_logger()

WAITS_FOR_THE_START = 3
"""How often a report of what a clock says is put off while no clock runs: its start may be just behind it."""


@dataclass(frozen=True)
class Case:
    """A ticket with its decision, and the numbers of all that are merged with it, itself too."""

    ticket: TicketFacts
    decision: Decision
    numbers: list[str]


@worker.hears(WorkStarted)
def start_clock(event: WorkStarted, tx: Transaction) -> None:
    """Let the agent's clock run on this ticket, if it does not run already."""
    assert event.ticket_id
    quotes.lock_ticket(tx.session, event.ticket_id)
    running = store.clock(tx.session, event.ticket_id, event.agent)
    if running:
        since = f"{running.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        _refuse(event, f"your clock runs on this ticket since {since}: report that work first", tx)
    elif not store.reported_after(tx.session, event.ticket_id, event.agent, event.happened_at):
        store.start_clock(tx.session, event.ticket_id, event.agent, event.happened_at)


@worker.hears(TicketsMerged, MergeUndone)
def count_together(event: TicketsMerged | MergeUndone, tx: Transaction) -> None:
    """Count the work of two tickets together while they are one case; each entry stays with its own."""
    undone = isinstance(event, MergeUndone)
    store.note_merge(tx.session, event.merge_id, merged=event.merged, into=event.into, undone=undone)


@worker.hears(WorkReported)
def record_work(event: WorkReported, tx: Transaction) -> None:
    """Record time on an agreed quote or as courtesy, or take an entry back; what cannot be recorded is refused."""
    assert event.ticket_id
    numbers = store.together(tx.session, event.ticket_id)
    quotes.lock_tickets(tx.session, numbers)
    known = quotes.decided(tx.session, event.ticket_id)
    if known is None:
        raise Transient(f"nothing is decided of {event.ticket_id} yet: whose work it is follows from that")
    case = Case(*known, numbers)
    if event.reverses:
        _take_back(event, event.reverses, case, tx)
        return
    running = store.clock(tx.session, event.ticket_id, event.agent)
    if event.minutes is None and running is None and tx.attempt <= WAITS_FOR_THE_START:
        raise Transient(f"no clock of this agent runs on {event.ticket_id} (yet)")
    started_at, minutes = _span(event, running)
    row = quotes.newest(tx.session, event.quote_id) if event.quote_id else None
    reason = rules.objection_to_report(minutes, started_at, event.happened_at)
    if event.quote_id and reason is None:
        settled = row is not None and store.is_settled(tx.session, row.quote_id, row.version)
        quote = quotes.as_quote(row) if row else None
        reason = rules.objection_to_quote(event.quote_id, numbers, quote, settled=settled)
    if reason or minutes is None:
        _refuse(event, reason or "", tx)
        return
    if running:
        store.stop_clock(tx.session, running)
    entry = _entry(event, case.ticket, started_at=started_at, minutes=minutes)
    if row:
        _draw_on(row, entry, case, tx)
    else:
        _give_away(entry, case, tx)


def _span(event: WorkReported, running: RunningClock | None) -> tuple[datetime, int | None]:
    """When the work began and how many minutes it took; None when neither the agent nor a clock says so."""
    if event.minutes is not None:
        spent = timedelta(minutes=min(max(event.minutes, 0), rules.MOST_MINUTES))
        return event.started_at or event.happened_at - spent, event.minutes
    if running is None:
        return event.happened_at, None
    return running.started_at, rules.clocked(running.started_at, event.happened_at)


def _entry(event: WorkReported, ticket: TicketFacts, *, started_at: datetime, minutes: int) -> WorkEntry:
    return WorkEntry(
        entry_id=derived_id("work", event.event_id),
        ticket_id=ticket.ticket_id,
        provider=ticket.provider,
        customer_id=ticket.requester.customer_id,
        agent=event.agent,
        started_at=started_at,
        minutes=minutes,
        over_minutes=0,
        note=event.note,
        reported_at=event.happened_at,
    )


def _draw_on(row: QuoteVersion, entry: WorkEntry, case: Case, tx: Transaction) -> None:
    """Record work on a quote. The first minute beyond what was agreed to offers one more unit of the work."""
    before = store.of_quote(tx.session, row.quote_id, row.version)
    quote = quotes.as_quote(row)
    allowed = rules.allowed_minutes(quote.offer)
    entry.quote_id, entry.version = row.quote_id, row.version
    entry.over_minutes = rules.beyond(entry.minutes, rules.within(before), allowed)
    _record(entry, tx)
    _say_if_used_up(entry, rules.worked(before), allowed, "the ticket's", tx)
    if entry.over_minutes and not any(earlier.over_minutes for earlier in before):
        line = load_policies().provider(row.provider).prices.get(row.line)
        offer = rules.one_more(quote.offer, line)
        sure = case.decision.model_copy(update={"needs_person": False})
        _offer_once(rules.PaidWork(rules.decision_of(sure, row.line), offer, offer.total), row, entry, case, tx)


def _give_away(entry: WorkEntry, case: Case, tx: Transaction) -> None:
    """Record courtesy. At the limit of the ticket, or of its customer in this month, paid work is drafted."""
    policy = load_policies().provider(entry.provider)
    spent = {"the ticket's": store.courtesy_of_tickets(tx.session, case.numbers)}
    allowed = {}
    if limits := policy.provider.courtesy:
        allowed["the ticket's"] = limits.minutes_per_ticket
        if entry.customer_id:
            store.lock_customer(tx.session, entry.provider, entry.customer_id)
            month = rules.month_of(entry.started_at, policy.counted_on(case.ticket.plan).zone)
            spent["the customer's"] = store.courtesy_of_customer(tx.session, entry.provider, entry.customer_id, *month)
            allowed["the customer's"] = limits.minutes_per_customer_month
    entry.over_minutes = max(
        (rules.beyond(entry.minutes, rules.within(spent[whose]), most) for whose, most in allowed.items()), default=0
    )
    _record(entry, tx)
    used_up = [_say_if_used_up(entry, rules.worked(spent[whose]), most, whose, tx) for whose, most in allowed.items()]
    if any(used_up):
        _offer_once(rules.PaidWork(case.decision, rules.beyond_courtesy(case.decision), None), None, entry, case, tx)


def _offer_once(
    work: rules.PaidWork, used_up: QuoteVersion | None, entry: WorkEntry, case: Case, tx: Transaction
) -> None:
    """Offer or draft further work, unless another quote for the same is under way or has something left."""
    for row in (row for number in case.numbers for row in quotes.quotes(tx.session, number)):
        other = used_up is None or row.quote_id != used_up.quote_id
        usable = row.state in {rules.QuoteState.DRAFT, rules.QuoteState.OFFERED} or (
            row.state == rules.QuoteState.AGREED and not store.is_settled(tx.session, row.quote_id, row.version)
        )
        if row.line == work.offer.line and other and usable:
            return
    offers.write(work, case.ticket, None, tx, at=entry.reported_at)


def _say_if_used_up(entry: WorkEntry, before: int, allowed: int | None, whose: str, tx: Transaction) -> bool:
    """Say it of the entry that uses up what is allowed; True when it does."""
    after = before + entry.minutes
    if allowed is None or not before < allowed <= after:
        return False
    tx.say(
        AllowanceUsedUp(
            event_id=derived_id("used up", entry.entry_id, whose),
            ticket_id=entry.ticket_id,
            quote_id=entry.quote_id,
            version=entry.version,
            allowed_minutes=allowed,
            worked_minutes=after,
            whose=whose,
        ),
    )
    return True


def _take_back(event: WorkReported, entry_id: UUID, case: Case, tx: Transaction) -> None:
    """Record the same time once more, negative, for what it was recorded for."""
    row = store.entry(tx.session, entry_id)
    reason = rules.objection_to_reversal(
        store.as_entry(row) if row else None,
        case.numbers,
        already=store.is_reversed(tx.session, entry_id),
        settled=row is not None and store.is_settled(tx.session, row.quote_id, row.version),
    )
    if reason or row is None:
        _refuse(event, reason or "", tx)
        return
    entry = _entry(event, case.ticket, started_at=row.started_at, minutes=-row.minutes)
    entry.customer_id, entry.over_minutes, entry.reverses = row.customer_id, -row.over_minutes, row.entry_id
    entry.quote_id, entry.version = row.quote_id, row.version
    _record(entry, tx)


def _record(entry: WorkEntry, tx: Transaction) -> None:
    store.record(tx.session, entry)
    log.info("work recorded", ticket_id=entry.ticket_id, quote_id=entry.quote_id, minutes=entry.minutes)
    told = entry.model_dump(exclude={"provider", "customer_id", "reported_at"})
    tx.say(WorkRecorded(event_id=entry.entry_id, **told))


def _refuse(event: WorkStarted | WorkReported, reason: str, tx: Transaction) -> None:
    log.info("work not recorded", ticket_id=event.ticket_id, reason=reason)
    tx.say(
        WorkRefused(
            event_id=derived_id("work refused", event.event_id),
            ticket_id=event.ticket_id,
            agent=event.agent,
            reason=reason,
        ),
    )
