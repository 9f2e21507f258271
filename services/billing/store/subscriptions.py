"""Plans that run period by period, and the licence fees that some of them cost a share of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.billing import rules
from services.billing.store import consents
from services.billing.store.quotes import as_quote
from services.billing.store.tables import Charged, ConsentGivenTo, LicenceFee, QuoteVersion, Subscribed
from shared.errors import Permanent
from shared.events import LicenceBought
from shared.money import Money
from shared.policies import load_policies


def customer_of(quote: QuoteVersion) -> str:
    """Return by what name plans of one customer find each other: his id, else his account, else the ticket alone."""
    return quote.customer_id or quote.account or quote.ticket_id


def lock_customer(session: Session, provider: str, customer: str) -> None:
    """Let one handler at a time look at a customer's plans and charge for them, until the transaction ends."""
    key = f"billing plans:{provider}:{customer}"
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def find(session: Session, subscription_id: str) -> Subscribed | None:
    """Return a plan to be looked at; None when no such plan was ever begun."""
    return session.get(Subscribed, subscription_id)


def lock(session: Session, subscription_id: str) -> Subscribed | None:
    """Return a plan, with its customer locked as by `lock_customer`; None when no such plan was ever begun."""
    row = session.get(Subscribed, subscription_id)
    if row is not None:
        lock_customer(session, row.provider, row.customer)
        session.refresh(row)  # another handler may just have changed it
    return row


def version(session: Session, quote_id: str, version: int) -> QuoteVersion | None:
    """Return a version of a quote, the newest or not."""
    return session.get(QuoteVersion, (quote_id, version))


def start(
    session: Session, quote: QuoteVersion, *, unit: str, starts_on: date, minimum: int, share: int | None
) -> Subscribed:
    """Write that the plan of a quote runs from a day on. Its customer is locked."""
    row = Subscribed(
        subscription_id=quote.quote_id,
        ticket_id=quote.ticket_id,
        provider=quote.provider,
        customer=customer_of(quote),
        line=quote.line,
        unit=unit,
        starts_on=starts_on,
        minimum=minimum,
        share=share,
    )
    session.add(row)
    session.flush()
    return row


def end(row: Subscribed, ends_on: date, agent: str) -> None:
    """Write which day is a plan's last, as an agent took it."""
    row.ends_on, row.ended_by = ends_on, agent


def of_customer(session: Session, provider: str, customer: str) -> list[Subscribed]:
    """Return the plans of a customer, the first begun first."""
    own = (col(Subscribed.provider) == provider, col(Subscribed.customer) == customer)
    return list(session.exec(select(Subscribed).where(*own).order_by(col(Subscribed.starts_on))))


def all_plans(session: Session) -> list[Subscribed]:
    """Return every plan there is or was, the first begun first."""
    return list(session.exec(select(Subscribed).order_by(col(Subscribed.starts_on), col(Subscribed.subscription_id))))


def as_subscription(session: Session, row: Subscribed) -> rules.Subscription:
    """Return a plan as the rules know it; Permanent when a consent on record does not fit its quote."""
    policy = load_policies().provider(row.provider)
    line = policy.prices.get(row.line)
    return rules.Subscription(
        subscription_id=row.subscription_id,
        line=row.line,
        unit=row.unit,
        starts_on=row.starts_on,
        terms=tuple(terms(session, row.subscription_id, policy.counted_on(None).zone)),
        minimum=row.minimum,
        ends_on=row.ends_on,
        share=row.share,
        instead_of=frozenset(line.instead_of if line else ()),
    )


def terms(session: Session, quote_id: str, zone: ZoneInfo) -> list[rules.Terms]:
    """Read what was agreed to, version by version; what is on record is checked again: charges are made of that."""
    statement = (
        select(QuoteVersion, ConsentGivenTo.consent_id)
        .join(
            ConsentGivenTo,
            (col(ConsentGivenTo.quote_id) == col(QuoteVersion.quote_id))
            & (col(ConsentGivenTo.version) == col(QuoteVersion.version)),
        )
        .where(col(QuoteVersion.quote_id) == quote_id)
        .order_by(col(QuoteVersion.version))
    )
    found = []
    for version, consent_id in session.exec(statement):
        agreed = consents.agreement(session, consent_id)
        assert agreed
        consent = rules.Consent.to(as_quote(version), agreed)
        if isinstance(consent, rules.Refusal):
            raise Permanent(f"{quote_id} version {version.version} cannot be charged: {consent.reason}")
        found.append(rules.Terms(consent, agreed.given_at.astimezone(zone).date()))
    return found


def charged(session: Session, subscription_ids: Iterable[str]) -> Mapping[str, dict[date, Money]]:
    """Return what was charged for plans, by plan and the first day of the period. Credits are not taken off."""
    total = func.sum(col(Charged.total_minor))
    key = (col(Charged.quote_id), col(Charged.period_from), col(Charged.currency))
    statement = select(*key, total).where(key[0].in_(list(subscription_ids)), key[1].is_not(None)).group_by(*key)
    found: dict[str, dict[date, Money]] = defaultdict(dict)
    for subscription_id, first, currency, minor in session.execute(statement):
        found[subscription_id][first] = Money(minor=int(minor), currency=currency)
    return found


def overdue(session: Session, now: datetime) -> Iterator[tuple[Subscribed, rules.Due]]:
    """Return what was due of all plans the day before, by what was agreed to until then, and is not charged."""
    rows = all_plans(session)
    for row in rows:
        day = now.astimezone(load_policies().provider(row.provider).counted_on(None).zone).date() - rules.DAY
        others = [as_subscription(session, other) for other in rows if _same_customer(row, other)]
        paid = charged(session, [row.subscription_id]).get(row.subscription_id, {})
        fees = licences(session, row.provider, row.customer)
        for item in rules.due(as_subscription(session, row), day, paid, others=others, licences=fees):
            if isinstance(item, rules.Due) and item.terms.agreed_on < day:
                yield row, item


def _same_customer(row: Subscribed, other: Subscribed) -> bool:
    same = (row.provider, row.customer) == (other.provider, other.customer)
    return same and row.subscription_id != other.subscription_id


def charges_for(session: Session, subscription_id: str, first_days: list[date]) -> list[UUID]:
    """Return the charges for periods of a plan."""
    own = (col(Charged.quote_id) == subscription_id, col(Charged.period_from).in_(first_days))
    return list(session.exec(select(Charged.charge_id).where(*own)))


def record_licence(session: Session, event: LicenceBought, recorded_at: datetime) -> None:
    """Write a licence fee, once for each time that it was told."""
    values = {
        "licence_id": event.event_id,
        "provider": event.provider,
        "customer": event.customer_id,
        "bought_on": event.bought_on,
        "fee_minor": event.fee.minor,
        "currency": event.fee.currency,
        "agent": event.agent,
        "recorded_at": recorded_at,
    }
    session.execute(insert(LicenceFee).values(values).on_conflict_do_nothing())


def licences(session: Session, provider: str, customer: str) -> list[rules.Licence]:
    """Return the licence fees of a customer, the first paid first."""
    own = (col(LicenceFee.provider) == provider, col(LicenceFee.customer) == customer)
    rows = session.exec(select(LicenceFee).where(*own).order_by(col(LicenceFee.bought_on)))
    return [rules.Licence(row.bought_on, Money(minor=row.fee_minor, currency=row.currency)) for row in rows]
