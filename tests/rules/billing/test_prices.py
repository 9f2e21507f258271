"""What the published prices come to; the figures are those of the policies and of their worked readings."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import prices
from services.billing.rules.prices import Licence
from shared.money import Money
from shared.policies import load_policies

H_SPHERE, LUXCLOUD, HYPERNODE = (
    load_policies().provider(name).prices for name in ("h-sphere", "luxcloud", "hypernode")
)
PRIORITY, REGULAR = H_SPHERE["priority-plan"], H_SPHERE["regular-plan"]
PAID_SUPPORT, RESTORE = LUXCLOUD["paid-support"], HYPERNODE["restore"]


def usd(amount):
    return Money.of(amount, "USD")


def eur(amount):
    return Money.of(amount, "EUR")


def licences(*bought):
    return [Licence(date.fromisoformat(day), usd(fee)) for day, fee in bought]


@pytest.mark.parametrize(
    ("servers", "month", "least"),
    [(1, 300, 900), (4, 300, 900), (5, 350, 1050), (6, 400, 1200), (10, 600, 1800)],
)
def test_the_priority_plan_costs_300_for_up_to_four_servers_and_50_for_each_further(servers, month, least):
    assert prices.month_fee(PRIORITY, servers) == usd(month)
    assert prices.months_total(PRIORITY, [servers]) == usd(least)


def test_after_its_minimum_term_the_priority_plan_runs_month_by_month():
    assert prices.months_total(PRIORITY, [1, 1, 1, 1]) == usd(1200)


def test_servers_added_during_the_term_count_from_their_month():
    assert prices.months_total(PRIORITY, [4, 6, 6]) == usd(300 + 400 + 400)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=24), st.integers(1, 500))
def test_a_further_month_never_makes_the_plan_cheaper(months, servers):
    shorter = prices.months_total(PRIORITY, months).minor
    longer = prices.months_total(PRIORITY, [*months, max(servers, months[-1])]).minor
    assert longer >= shorter


@pytest.mark.parametrize(
    ("bought", "year", "fee"),
    [
        ([("2024-05-10", 4500)], 1, 0),
        ([("2024-05-10", 4500)], 2, 900),
        ([("2024-05-10", 7500)], 2, 1500),
        ([("2024-05-10", 4500), ("2024-11-02", 1500)], 2, 1200),
        ([("2024-05-10", 4500), ("2025-05-10", 1500)], 2, 1200),
        ([("2024-05-10", 4500), ("2025-05-11", 1500)], 2, 900),
        ([("2024-05-10", 4500), ("2025-05-11", 1500)], 3, 1200),
        ([("2024-02-29", 4500)], 2, 900),
    ],
)
def test_regular_support_is_free_for_a_year_and_then_a_fifth_of_all_licences(bought, year, fee):
    assert prices.support_year_fee(REGULAR, licences(*bought), year) == usd(fee)


def test_half_a_cent_is_rounded_up():
    fees = [Licence(date(2024, 5, 10), Money(minor=minor, currency="USD")) for minor in (2, 1)]
    assert prices.support_year_fee(REGULAR, fees, 2).minor == 1
    assert prices.support_year_fee(REGULAR, fees[1:], 2).minor == 0


def test_licences_in_another_currency_are_refused():
    with pytest.raises(ValueError, match="USD"):
        prices.support_year_fee(REGULAR, [Licence(date(2024, 5, 10), eur(4500))], 2)


@pytest.mark.parametrize(("minutes", "total"), [(1, 150), (40, 150), (60, 150), (61, 300), (121, 450)])
def test_paid_support_is_charged_by_the_started_hour(minutes, total):
    assert prices.hours_total(PAID_SUPPORT, timedelta(minutes=minutes)) == eur(total)


def test_a_restore_costs_125_euro_a_job():
    assert prices.jobs_total(RESTORE, 1) == eur(125)
    assert prices.jobs_total(RESTORE, 2) == eur(250)


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: prices.jobs_total(RESTORE, 0),
        lambda: prices.hours_total(PAID_SUPPORT, timedelta()),
        lambda: prices.months_total(PRIORITY, []),
        lambda: prices.month_fee(PRIORITY, 0),
        lambda: prices.month_fee(RESTORE, 1),
        lambda: prices.support_year_fee(REGULAR, [], 2),
        lambda: prices.jobs_total(H_SPHERE["server-recovery"], 1),
    ],
)
def test_what_has_no_price_is_refused_not_guessed(nothing):
    with pytest.raises(ValueError, match=r"\w"):
        nothing()
