"""Paid and free work of three providers, for tests that work, settle and give back."""

from shared import clock
from shared.money import Money
from shared.vocabulary import Basis, Channel, PriceOffer, Requester, TicketFacts

OWNER = "anna@bloemen.example"


def ticket(number, provider, customer="c-1"):
    return TicketFacts(
        ticket_id=number,
        provider=provider,
        channel=Channel.EMAIL,
        subject="Help",
        requester=Requester(name="Anna", email=OWNER, customer_id=customer, may_approve_costs=True),
        account="bloemen",
        approvers=(OWNER,),
        received_at=clock.now(),
    )


LUX, KENO, HYPER = ticket("LC-1", "luxcloud"), ticket("KX-1", "kenotronix"), ticket("HN-1", "hypernode")
ANALYSIS = PriceOffer(
    line="paid-support",
    clause="luxcloud.paid-support.rate",
    title="Paid Support",
    unit="started-hour",
    basis=Basis.PREPAID,
    amount=Money.of(150, "EUR"),
    total=Money.of(150, "EUR"),
)
CORRECTION = PriceOffer(
    line="security-correction",
    clause="kenotronix.vps-dedicated.security-correction-paid",
    title="Correction",
    unit="started-hour",
    basis=Basis.HOURS,
    quantity=3,
    amount=Money.of(60, "EUR"),
)
RESTORE = PriceOffer(
    line="restore",
    clause="hypernode.backups.restore-price",
    title="Restore",
    unit="job",
    amount=Money.of(125, "EUR"),
    total=Money.of(125, "EUR"),
)
KENO_QUOTE, LUX_QUOTE = "Q-KX-1-1", "Q-LC-1-1"
