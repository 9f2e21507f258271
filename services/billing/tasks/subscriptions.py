"""Plans that run period by period: begun and changed by consents, charged as their periods begin, ended by a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import structlog

from services.billing import rules
from services.billing.store import quotes
from services.billing.store import subscriptions as store
from services.billing.store.tables import QuoteVersion, Subscribed
from services.billing.tasks.charges import book
from services.billing.tasks.quotes import withdraw
from services.billing.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.civil_time import instant
from shared.errors import Permanent
from shared.events import (
    ConsentRecorded,
    CreditGiven,
    LicenceBought,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionEnded,
    SubscriptionEnding,
    SubscriptionPeriodDue,
    SubscriptionQuestioned,
    SubscriptionRefused,
    SubscriptionStarted,
    derived_id,
)
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Basis

log = structlog.get_logger()


@worker.hears(ConsentRecorded)
def run_plan(event: ConsentRecorded, tx: Transaction) -> None:
    """Begin the plan that was agreed to, or bring the one that runs to the terms that were agreed to now."""
    agreed = store.version(tx.session, event.quote_id, event.version)
    if agreed is None:
        raise Permanent(f"{event.quote_id} version {event.version} is not on record: no plan is begun")
    if quotes.as_quote(agreed).offer.basis is not Basis.PLAN:
        return
    customer = store.customer_of(agreed)
    store.lock_customer(tx.session, agreed.provider, customer)
    plans = _Plans(tx, agreed.provider, customer)
    row = store.lock(tx.session, event.quote_id) or _begin(agreed, plans)
    plan = plans.plan(row)
    terms = next(terms for terms in plan.terms if terms.version == event.version)
    if plan.ends_on is not None and plan.ends_on < terms.agreed_on:
        _refuse(row, event, None, f"it ended on {plan.ends_on}: offer the plan as a quote of its own", tx)
    elif terms != plan.terms[0]:
        log.info("plan changed", ticket_id=row.ticket_id, subscription_id=row.subscription_id, version=event.version)
        tx.say(
            SubscriptionChanged(
                event_id=derived_id("plan changed", row.subscription_id, event.version),
                ticket_id=row.ticket_id,
                subscription_id=row.subscription_id,
                version=event.version,
                quantity=terms.consent.quote.offer.quantity,
                from_day=plan.holds_from(terms),
            ),
        )
        plans.charge(row, plans.today)


def _begin(agreed: QuoteVersion, plans: _Plans) -> Subscribed:
    """Begin a plan by the first version that was agreed to, though a later one may be heard of first."""
    line = plans.policy.prices.get(agreed.line)
    first, *_ = store.terms(plans.tx.session, agreed.quote_id, plans.zone)
    others = plans.others(agreed.quote_id)
    offer = first.consent.quote.offer
    row = store.start(
        plans.tx.session,
        agreed,
        unit=offer.unit,
        starts_on=rules.first_day(first.agreed_on, agreed.line, others),
        minimum=line.minimum.units if line and line.minimum else 1,
        share=line.licences.percent if line and line.licences else None,
    )
    log.info("plan begun", ticket_id=row.ticket_id, subscription_id=row.subscription_id)
    plans.tx.say(
        SubscriptionStarted(
            event_id=derived_id("plan begun", row.subscription_id),
            ticket_id=row.ticket_id,
            subscription_id=row.subscription_id,
            version=first.version,
            line=row.line,
            customer_id=agreed.customer_id,
            account=agreed.account,
            provider=row.provider,
            starts_on=row.starts_on,
            quantity=offer.quantity,
            unit=row.unit,
            first_period=first.fee,
            minimum=row.minimum,
        ),
    )
    plan = plans.plan(row)
    for question in rules.paid_twice(plan, others, plans.charged(other.subscription_id for other in others)):
        plans.ask(question)
    plans.wake(row, plan.period(1))
    return row


@worker.hears(SubscriptionPeriodDue)
def begin_period(event: SubscriptionPeriodDue, tx: Transaction) -> None:
    """Charge a period that begins and, after a standstill, every one that has begun meanwhile; wait for the next."""
    row = store.lock(tx.session, event.subscription_id)
    if row is None:
        raise Permanent(f"there is no plan {event.subscription_id}: nothing of it is due")
    plans = _Plans(tx, row.provider, row.customer)
    day = max(plans.today, event.starts_on)
    plans.charge(row, day)
    plans.wait_for_the_next(row, day)


@worker.hears(SubscriptionCancelled)
def cancel_plan(event: SubscriptionCancelled, tx: Transaction) -> None:
    """Let a plan end with a day, as an agent took it; until it is over he can name another.

    Of the periods after it, one may have been charged before this was heard: it is given back.
    """
    row = store.lock(tx.session, event.subscription_id)
    if row is None:
        raise Permanent(f"there is no plan {event.subscription_id}: nothing is cancelled")
    plans = _Plans(tx, row.provider, row.customer)
    told = event.happened_at.astimezone(plans.zone).date()
    if reason := rules.objection_to_end(plans.plan(row), event.ends_on, told):
        _refuse(row, event, event.agent, reason, tx)
        return
    store.end(row, event.ends_on, event.agent)
    ending = SubscriptionEnding(
        event_id=derived_id("plan ending", event.event_id),
        ticket_id=row.ticket_id,
        subscription_id=row.subscription_id,
        ends_on=event.ends_on,
        agent=event.agent,
    )
    tx.say(ending, wait={"billing.end_plan": instant(plans.zone, event.ends_on + rules.DAY, 0)})
    plans.wait_for_the_next(row, plans.today)
    charged = plans.charged([row.subscription_id]).get(row.subscription_id, {})
    too_much = rules.charged_after_end(plans.plan(row), charged)
    for charge_id in store.charges_for(tx.session, row.subscription_id, too_much):
        tx.say(
            CreditGiven(
                event_id=derived_id("charged after the end", charge_id),
                ticket_id=row.ticket_id,
                charge_id=charge_id,
                agent=event.agent,
                reason=f"the plan had ended on {event.ends_on}",
            ),
        )


@worker.hears(SubscriptionEnding)
def end_plan(event: SubscriptionEnding, tx: Transaction) -> None:
    """End a plan whose last day is over: what is missing of its minimum term is charged, its offers are taken back."""
    offer = quotes.lock_quote(tx.session, event.subscription_id)
    row = store.lock(tx.session, event.subscription_id)
    if row is None or offer is None:
        raise Permanent(f"there is no plan {event.subscription_id}: nothing ends")
    if row.ends_on != event.ends_on:
        return  # it was given another last day since
    plans = _Plans(tx, row.provider, row.customer)
    plans.charge(row, max(plans.today, event.ends_on + rules.DAY))
    if offer.state in {rules.QuoteState.OFFERED, rules.QuoteState.DRAFT}:
        withdraw(offer, "the plan that it would have changed has ended", tx)
    log.info("plan ended", ticket_id=row.ticket_id, subscription_id=row.subscription_id)
    tx.say(
        SubscriptionEnded(
            event_id=derived_id("plan ended", row.subscription_id, event.ends_on),
            ticket_id=row.ticket_id,
            subscription_id=row.subscription_id,
            ends_on=event.ends_on,
            paid_until=plans.plan(row).paid_until or event.ends_on,
            agent=event.agent,
        ),
    )


@worker.hears(LicenceBought)
def note_licence(event: LicenceBought, tx: Transaction) -> None:
    """Record a licence fee; what it adds to periods that began after it was paid is charged now."""
    store.lock_customer(tx.session, event.provider, event.customer_id)
    store.record_licence(tx.session, event, clock.now())
    plans = _Plans(tx, event.provider, event.customer_id)
    for row in plans.rows():
        if row.share is not None:
            plans.charge(row, plans.today)


def _refuse(
    row: Subscribed, event: ConsentRecorded | SubscriptionCancelled, agent: str | None, reason: str, tx: Transaction
) -> None:
    log.info("a plan stays as it is", ticket_id=row.ticket_id, subscription_id=row.subscription_id)
    tx.say(
        SubscriptionRefused(
            event_id=derived_id("plan refused", event.event_id),
            ticket_id=row.ticket_id,
            subscription_id=row.subscription_id,
            agent=agent,
            reason=reason,
        ),
    )


class _Plans:
    """The plans of one customer, who is locked."""

    def __init__(self, tx: Transaction, provider: str, customer: str) -> None:
        self.tx = tx
        self.policy = load_policies().provider(provider)
        self.zone = self.policy.counted_on(None).zone
        self.today = clock.now().astimezone(self.zone).date()
        self._customer = customer

    def rows(self) -> list[Subscribed]:
        """All of them, as they are stored."""
        return store.of_customer(self.tx.session, self.policy.id, self._customer)

    def plan(self, row: Subscribed) -> rules.Subscription:
        """One of them, as the rules know it."""
        return store.as_subscription(self.tx.session, row)

    def others(self, subscription_id: str) -> list[rules.Subscription]:
        """All but one."""
        return [self.plan(row) for row in self.rows() if row.subscription_id != subscription_id]

    def charged(self, subscription_ids: Iterable[str]) -> Mapping[str, Mapping[date, Money]]:
        """What was charged for some of them, by plan and first day of the period."""
        return store.charged(self.tx.session, subscription_ids)

    def charge(self, row: Subscribed, day: date) -> None:
        """Charge what is due of a plan by a day, and ask a person where nothing can be charged by itself."""
        session, own = self.tx.session, row.subscription_id
        licences = store.licences(session, self.policy.id, self._customer)
        charged = self.charged([own]).get(own, {})
        for item in rules.due(self.plan(row), day, charged, others=self.others(own), licences=licences):
            if isinstance(item, rules.Question):
                self.ask(item)
                continue
            version = store.version(session, own, item.terms.version)
            assert version
            book(rules.Charge.of_period(item), version, self.tx)

    def ask(self, question: rules.Question) -> None:
        """Ask a person, once, what is due for some days."""
        own, other = question.subscription.subscription_id, question.other and question.other.subscription_id
        log.warning("a plan is in question", subscription_id=own, other_subscription_id=other)
        row = store.find(self.tx.session, own)
        assert row
        self.tx.say(
            SubscriptionQuestioned(
                event_id=derived_id("plan in question", own, other, question.first),
                ticket_id=row.ticket_id,
                subscription_id=own,
                other_subscription_id=other,
                starts_on=question.first,
                ends_on=question.last,
                reason=question.reason,
            ),
        )

    def wait_for_the_next(self, row: Subscribed, day: date) -> None:
        """Charge the period after a day when it begins, unless the plan has ended by then."""
        plan = self.plan(row)
        coming = plan.period(plan.period_of(day).number + 1)
        if plan.ends_on is None or coming.first <= plan.ends_on:
            self.wake(row, coming)

    def wake(self, row: Subscribed, period: rules.Period) -> None:
        """Charge a period when its first day begins in the provider's zone, at once if it has begun."""
        due = SubscriptionPeriodDue(
            event_id=derived_id("period due", row.subscription_id, period.number),
            ticket_id=row.ticket_id,
            subscription_id=row.subscription_id,
            number=period.number,
            starts_on=period.first,
        )
        self.tx.say(due, wait={"billing.begin_period": instant(self.zone, period.first, 0)})
