"""Plans for tests: H-Sphere's two, the ticket they are offered on, and days in the zone of the provider."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared import clock
from shared.money import Money
from shared.vocabulary import Basis, Channel, PriceOffer, Requester, TicketFacts

NEW_YORK = ZoneInfo("America/New_York")
TODAY = clock.now().astimezone(NEW_YORK).date()
LEE = Requester(name="Lee", email="lee@hosting.example", customer_id="hs-1", may_approve_costs=True)


def usd(amount):
    return Money.of(amount, "USD")


def at(day, hour=12):
    """An hour of a day in the provider's zone."""
    return datetime.combine(day, time(hour), NEW_YORK).astimezone(UTC)


def months_ago(months):
    """A day since which so many months have passed, and not one more."""
    return TODAY - timedelta(days=31 * months)


def priority(servers):
    fee = usd(300 + 50 * max(0, servers - 4))
    return PriceOffer(
        line="priority-plan",
        clause="h-sphere.plans.priority-price",
        title="Priority support plan",
        unit="month",
        basis=Basis.PLAN,
        quantity=servers,
        amount=fee,
        total=fee.times(3),
    )


REGULAR = PriceOffer(
    line="regular-plan",
    clause="h-sphere.plans.regular-price",
    title="Regular support plan",
    unit="year",
    basis=Basis.PLAN,
    amount=usd(0),
    total=usd(0),
)


def ticket(number):
    return TicketFacts(
        ticket_id=number,
        provider="h-sphere",
        channel=Channel.EMAIL,
        subject="Support plan",
        requester=LEE,
        account="hosting",
        approvers=("lee@hosting.example",),
        received_at=clock.now(),
    )
