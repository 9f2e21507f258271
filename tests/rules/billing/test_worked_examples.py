"""The worked readings of what the policies say of money, each as it is quoted, agreed to, worked and charged.

The numbers are those of the list of interpretations: HN-A14, LC-A14, HS-A9 to HS-A13.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from services.billing import rules
from services.billing.rules import Agreement, Charge, Consent, Entry, Quote, QuoteState, Refusal
from services.billing.rules.prices import Licence, month_fee
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Basis, Decision, PriceOffer, Verdict

H_SPHERE, LUXCLOUD, HYPERNODE = (
    load_policies().provider(name).prices for name in ("h-sphere", "luxcloud", "hypernode")
)
PRIORITY, REGULAR = H_SPHERE["priority-plan"], H_SPHERE["regular-plan"]
PAID_SUPPORT, RESTORE = LUXCLOUD["paid-support"], HYPERNODE["restore"]
NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
ANNA = "anna@bloemen.example"


def usd(amount):
    return Money.of(amount, "USD")


def eur(amount):
    return Money.of(amount, "EUR")


def licences(*bought):
    return [Licence(date.fromisoformat(day), usd(fee)) for day, fee in bought]


def offered(line, quantity=1, number=1):
    """A quote of a price line as it is offered."""
    offer = PriceOffer(line=line.id, clause=line.clause, title=line.title.en, unit=line.unit, basis=line.basis)
    offer = rules.priced(offer.model_copy(update={"quantity": quantity}), line)
    return Quote(
        quote_id=f"Q-XX-1-{number}",
        version=1,
        ticket_id="XX-1",
        offer=offer,
        total=offer.total,
        decided_at=NOON,
        valid_until=NOON + timedelta(days=14),
        approvers=frozenset({ANNA}),
        state=QuoteState.OFFERED,
    )


def agree(quote, total=None):
    told = Agreement(quote.quote_id, quote.version, total or quote.total, ANNA, "email", NOON, vouched_for=True)
    return Consent.to(quote, told)


def charged(line, *agreed, by, ends_on=None, bought=()):
    """The charges of a plan by a day, period by period; `agreed`: from which day on for how many servers."""
    consents = [agree(replace(offered(line, servers), version=n)) for n, (_, servers) in enumerate(agreed, start=1)]
    plan = rules.Subscription(
        subscription_id="Q-XX-1-1",
        line=line.id,
        unit=line.unit,
        starts_on=date.fromisoformat(agreed[0][0]),
        terms=tuple(
            rules.Terms(consent, date.fromisoformat(day)) for consent, (day, _) in zip(consents, agreed, strict=True)
        ),
        minimum=line.minimum.units if line.minimum else 1,
        ends_on=ends_on and date.fromisoformat(ends_on),
        share=line.licences.percent if line.licences else None,
    )
    due = rules.due(plan, date.fromisoformat(by), {}, licences=licences(*bought))
    return [Charge.of_period(item).total for item in due]


def worked(minutes, quote):
    over = rules.beyond(minutes, 0, rules.allowed_minutes(quote.offer))
    return [Entry(uuid4(), quote.ticket_id, minutes, over, quote.quote_id, quote.version)]


# --- HN-A14: EUR 125 a restore ----------------------------------------------------------------------------------------


def test_a_restore_is_quoted_and_charged_at_125_euro_and_no_vat_is_added():
    assert Charge.of(agree(offered(RESTORE))).total == eur(125)


def test_a_restore_that_takes_three_hours_is_still_one_job():
    quote = offered(RESTORE)
    assert rules.allowed_minutes(quote.offer) is None
    assert rules.beyond(180, 0, rules.allowed_minutes(quote.offer)) == 0


def test_a_restore_is_not_charged_before_the_price_was_agreed_to_and_files_can_be_restored_for_free():
    assert isinstance(agree(offered(RESTORE), total=eur(100)), Refusal)
    assert rules.objection_to_quote("Q-XX-1-1", ["XX-1"], offered(RESTORE), settled=False) is not None
    assert RESTORE.free_alternative.clause == "hypernode.backups.self-service-restore"


def test_a_restore_that_was_our_own_fault_is_given_back_by_a_person_and_costs_nothing_then():
    charge = Charge.of(agree(offered(RESTORE)))
    credit = rules.Credit.of(charge.charge_id, charge.total, [], None, wish=uuid4())
    assert (credit.total, credit.remaining) == (eur(125), eur(0))


def test_a_restore_costs_125_euro_a_job():
    assert [Charge.of(agree(offered(RESTORE, jobs))).total for jobs in (1, 2)] == [eur(125), eur(250)]


# --- LC-A14: exactly one hour at EUR 150 ------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [0, 1, 40, 60])
def test_the_hour_at_luxcloud_is_charged_in_full_when_it_is_agreed_to_however_little_of_it_is_worked(minutes):
    quote = offered(PAID_SUPPORT)
    assert quote.offer.basis is Basis.PREPAID
    assert Charge.of(agree(quote)).total == eur(150)
    assert rules.worked(worked(minutes, quote)) - rules.within(worked(minutes, quote)) == 0


def test_what_is_worked_after_the_hour_is_not_charged_until_a_second_hour_is_agreed_to():
    first = offered(PAID_SUPPORT)
    assert [entry.over_minutes for entry in worked(95, first)] == [35]
    second = offered(PAID_SUPPORT, number=2)
    assert second.offer == rules.one_more(first.offer, PAID_SUPPORT)
    charges = {charge.charge_id: charge.total for charge in (Charge.of(agree(quote)) for quote in (first, second))}
    assert list(charges.values()) == [eur(150), eur(150)]


@pytest.mark.parametrize(("minutes", "total"), [(1, 150), (40, 150), (60, 150), (61, 300), (121, 450)])
def test_paid_support_is_charged_by_the_started_hour(minutes, total):
    assert Charge.of(agree(offered(PAID_SUPPORT, rules.started_hours(minutes)))).total == eur(total)


# --- HS-A9: a fifth of all licence fees, the first year free ----------------------------------------------------------


@pytest.mark.parametrize(
    ("bought", "by", "fees"),
    [
        ([("2024-05-10", 4500)], "2025-05-09", []),
        ([("2024-05-10", 4500)], "2025-05-10", [900]),
        ([("2024-05-10", 7500)], "2025-05-10", [1500]),
        ([("2024-05-10", 4500), ("2024-11-02", 1500)], "2025-05-10", [1200]),
        ([("2024-05-10", 4500), ("2025-05-10", 1500)], "2025-05-10", [1200]),
        ([("2024-05-10", 4500), ("2025-05-11", 1500)], "2025-05-11", [900]),
        ([("2024-05-10", 4500), ("2025-05-11", 1500)], "2026-05-10", [900, 1200]),
        ([("2024-02-29", 4500)], "2025-02-28", [900]),
        ([("2024-05-10", "0.02")], "2025-05-10", []),
        ([("2024-05-10", "0.02"), ("2024-05-10", "0.01")], "2025-05-10", ["0.01"]),
    ],
)
def test_regular_support_is_free_for_a_year_and_then_a_fifth_of_all_licences_to_the_cent(bought, by, fees):
    assert charged(REGULAR, (bought[0][0], 1), by=by, bought=bought) == [usd(fee) for fee in fees]


# --- HS-A10: USD 300 a month for four servers, 50 for each further one, three months at least -------------------------


@pytest.mark.parametrize(("servers", "month"), [(1, 300), (4, 300), (5, 350), (6, 400), (10, 600)])
def test_the_priority_plan_costs_300_for_up_to_four_servers_and_50_for_each_further(servers, month):
    assert charged(PRIORITY, ("2026-01-15", servers), by="2026-01-15") == [usd(month)]


@pytest.mark.parametrize(("line", "servers"), [(PRIORITY, 0), (RESTORE, 1)])
def test_what_has_no_price_by_the_server_is_refused_not_guessed(line, servers):
    with pytest.raises(ValueError, match="not priced per server"):
        month_fee(line, servers)


@pytest.mark.parametrize(("servers", "least"), [(1, 900), (4, 900), (5, 1050), (6, 1200), (10, 1800)])
def test_whoever_agrees_to_the_priority_plan_agrees_to_three_months_of_it(servers, least):
    assert agree(offered(PRIORITY, servers)).total == usd(least)


def test_the_priority_plan_cancelled_after_one_month_costs_three():
    assert charged(PRIORITY, ("2026-01-01", 5), by="2026-12-01", ends_on="2026-01-31") == [usd(350)] * 3


def test_after_its_minimum_term_the_priority_plan_runs_month_by_month():
    assert charged(PRIORITY, ("2026-01-01", 1), by="2026-12-01", ends_on="2026-04-30") == [usd(300)] * 4


def test_servers_added_during_the_term_count_from_their_month():
    assert charged(PRIORITY, ("2026-01-01", 4), ("2026-02-11", 6), by="2026-03-01") == [usd(300), usd(400), usd(400)]


# --- HS-A11, A12, A13 -------------------------------------------------------------------------------------------------


def test_the_priority_plan_stands_instead_of_the_regular_one_and_never_the_other_way():
    assert (PRIORITY.instead_of, REGULAR.instead_of) == (("regular-plan",), ())


@pytest.mark.parametrize(
    "name",
    [
        "server-recovery", "ip-migration", "server-migration", "installation", "upgrade",
        "third-party-software", "recompilation",
    ],
)  # fmt: skip
def test_an_additional_service_of_h_sphere_has_no_price_until_a_person_quotes_one(name):
    quote = offered(H_SPHERE[name])
    assert quote.total is None
    assert isinstance(agree(quote), Refusal)
    priced = rules.priced(quote.offer.model_copy(update={"amount": usd(80)}), H_SPHERE[name])
    assert rules.objection_to_price(priced, H_SPHERE[name], None) is None


def test_a_crashed_server_is_answered_as_an_emergency_and_only_its_recovery_is_quoted():
    answer = Decision(verdict=Verdict.SUPPORTED, needs_person=False, clauses=("h-sphere.emergency.server-down",))
    line = H_SPHERE["server-recovery"]
    price = PriceOffer(line=line.id, clause=line.clause, title=line.title.en, unit=line.unit)
    recovery = Decision(verdict=Verdict.PAID, needs_person=False, price=price, clauses=(line.clause,))
    both = Decision(verdict=Verdict.MIXED, needs_person=False, parts=(answer, recovery))
    assert [(work.offer.line, work.total) for work in rules.paid_work(both)] == [("server-recovery", None)]
