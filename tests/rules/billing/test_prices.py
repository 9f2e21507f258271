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


@given(st.lists(st.integers(1, 500), min_size=1, max_size=24), st.integers(1, 500))
def test_a_further_month_never_makes_the_plan_cheaper(months, servers):
    shorter = prices.months_total(PRIORITY, months).minor
    longer = prices.months_total(PRIORITY, [*months, max(servers, months[-1])]).minor
    assert longer >= shorter


def test_half_a_cent_is_rounded_up():
    fees = [Licence(date(2024, 5, 10), Money(minor=minor, currency="USD")) for minor in (2, 1)]
    assert prices.support_year_fee(REGULAR, fees, 2).minor == 1
    assert prices.support_year_fee(REGULAR, fees[1:], 2).minor == 0


def test_licences_in_another_currency_are_refused():
    with pytest.raises(ValueError, match="USD"):
        prices.support_year_fee(REGULAR, [Licence(date(2024, 5, 10), eur(4500))], 2)


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
