"""What of the time worked can be charged, and what it comes to."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing import rules
from services.billing.rules import Agreement, Charge, Consent, Credit, Entry, Quote, QuoteState, Refusal
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Basis, PriceOffer

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
ANNA = "anna@bloemen.example"
CURRENCIES = st.sampled_from(["EUR", "USD"])
MINUTES = st.lists(st.integers(1, 600), max_size=8)


def hours_quote(most=3, rate=6000, currency="EUR", **fields):
    amount = Money(minor=rate, currency=currency)
    offer = PriceOffer(
        line="hourly",
        clause="a.b.c",
        title="Work",
        unit="started-hour",
        basis=Basis.HOURS,
        quantity=most,
        amount=amount,
        total=amount.times(most),
    )
    known = {
        "quote_id": "Q-KX-1-1",
        "version": 1,
        "ticket_id": "KX-1",
        "offer": offer,
        "total": offer.total,
        "decided_at": NOON,
        "valid_until": NOON + timedelta(days=14),
        "approvers": frozenset({ANNA}),
        "state": QuoteState.AGREED,
    }
    return Quote(**known | fields)


def consent_to(quote):
    agreement = Agreement(quote.quote_id, quote.version, quote.total, ANNA, "email", NOON, vouched_for=True)
    consent = Consent.to(quote, agreement)
    assert isinstance(consent, Consent)
    return consent


def recorded(minutes, quote):
    """The entries of reports of so many minutes each, one after the other."""
    entries = []
    allowed = rules.allowed_minutes(quote.offer)
    for worked in minutes:
        over = rules.beyond(worked, rules.within(entries), allowed)
        entries.append(Entry(uuid4(), quote.ticket_id, worked, over, quote.quote_id, quote.version))
    return entries


def charge_for(minutes, quote, least=1):
    return Charge.of_work(consent_to(quote), recorded(minutes, quote), least)


# --- hours ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [([], 0), ([1], 1), ([60], 1), ([61], 2), ([30, 30], 1), ([40, 21], 2), ([181], 3), ([9999], 3)],
)
def test_hours_are_charged_as_started_at_most_those_agreed_to_and_none_when_nothing_was_worked(minutes, hours):
    charge = charge_for(minutes, hours_quote())
    assert (charge.quantity if charge else 0) == hours
    assert (charge.total if charge else None) == (Money.of(60, "EUR").times(hours) if hours else None)


def test_the_minimum_of_a_line_is_charged_once_anything_was_worked():
    assert charge_for([5], hours_quote(), least=2).total == Money.of(120, "EUR")
    assert charge_for([], hours_quote(), least=2) is None


@given(MINUTES, st.integers(1, 5), st.integers(1, 20_000), CURRENCIES, st.data())
def test_no_charge_is_changed_by_splitting_entries_or_by_their_order(minutes, most, rate, currency, data):
    quote = hours_quote(most, rate, currency)
    split = []
    for whole in minutes:
        cut = data.draw(st.integers(0, whole))
        split += [part for part in (cut, whole - cut) if part]
    shuffled = data.draw(st.permutations(split))
    charges = [charge_for(parts, quote) for parts in (minutes, split, shuffled, [sum(minutes)] if minutes else [])]
    assert len({charge and (charge.total.minor, charge.quantity, charge.charge_id) for charge in charges}) == 1


@given(MINUTES, st.integers(1, 5), st.integers(1, 20_000), CURRENCIES, st.integers(1, 3))
def test_rounding_costs_the_customer_less_than_one_hour_and_never_more_than_was_agreed_to(
    minutes, most, rate, currency, least
):
    quote = hours_quote(max(most, least), rate, currency)
    charge = charge_for(minutes, quote, least)
    if charge is None:
        assert not minutes
        return
    exact = min(sum(minutes), rules.allowed_minutes(quote.offer))
    assert charge.total.currency == currency
    assert charge.total.minor <= quote.total.minor
    assert 0 <= charge.quantity * 60 - exact < 60 or charge.quantity == least


@given(MINUTES, st.integers(1, 5))
def test_what_counts_as_agreed_to_and_what_lies_beyond_are_all_that_was_worked(minutes, most):
    entries = recorded(minutes, hours_quote(most))
    assert rules.within(entries) == min(sum(minutes), most * 60)
    assert rules.worked(entries) - rules.within(entries) == sum(entry.over_minutes for entry in entries)
    assert all(0 <= entry.over_minutes <= entry.minutes for entry in entries)


@given(MINUTES, st.integers(0, 7), st.integers(1, 5))
def test_an_entry_that_is_taken_back_counts_nothing(minutes, at, most):
    quote = hours_quote(most)
    entries = recorded(minutes, quote)
    if at >= len(entries):
        return
    gone = entries[at]
    back = Entry(uuid4(), gone.ticket_id, -gone.minutes, -gone.over_minutes, gone.quote_id, gone.version, gone.entry_id)
    rest = [entry for entry in entries if entry is not gone]
    assert rules.within([*entries, back]) == rules.within(rest)
    assert rules.worked([*entries, back]) == rules.worked(rest)


def test_a_clock_begins_no_further_hour_by_a_few_seconds():
    assert rules.clocked(NOON, NOON + timedelta(minutes=60, seconds=59)) == 60
    assert rules.clocked(NOON, NOON + timedelta(seconds=5)) == 1


@pytest.mark.parametrize(
    ("moment", "begin", "end"),
    [
        ("2026-05-31T22:30:00Z", "2026-05-31T22:00:00Z", "2026-06-30T22:00:00Z"),
        ("2026-03-01T12:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ("2026-12-31T22:59:59Z", "2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"),
    ],
)
def test_a_month_is_that_of_the_providers_clocks(moment, begin, end):
    found = rules.month_of(datetime.fromisoformat(moment), ZoneInfo("Europe/Amsterdam"))
    assert found == (datetime.fromisoformat(begin), datetime.fromisoformat(end))


# --- charges ----------------------------------------------------------------------------------------------------------


def test_a_charge_is_made_of_a_consent_alone():
    with pytest.raises(TypeError, match=r"Charge\.of"):
        Charge(consent_to(hours_quote()), 1, Money.of(60, "EUR"))
    with pytest.raises(TypeError, match=r"Credit\.of"):
        Credit(uuid4(), uuid4(), Money.of(1, "EUR"), Money.of(0, "EUR"))


def test_hours_are_not_charged_at_once_and_what_is_paid_at_once_not_by_work():
    with pytest.raises(ValueError, match="hours"):
        Charge.of(consent_to(hours_quote()))
    fixed = hours_quote(offer=hours_quote().offer.model_copy(update={"basis": Basis.FIXED}))
    with pytest.raises(ValueError, match="by the hour"):
        Charge.of_work(consent_to(fixed), [])


def test_entries_of_another_quote_are_not_charged():
    other = recorded([30], hours_quote(quote_id="Q-KX-1-2"))
    with pytest.raises(ValueError, match="entries of Q-KX-1-1"):
        Charge.of_work(consent_to(hours_quote()), other)


def test_an_hour_more_is_offered_at_the_price_that_the_policy_states_and_else_left_to_a_person():
    stated = load_policies().provider("luxcloud").prices["paid-support"]
    offer = PriceOffer(
        line=stated.id, clause=stated.clause, title="Hour", unit="started-hour", basis=Basis.PREPAID, quantity=3
    )
    assert rules.one_more(offer, stated).total == Money.of(150, "EUR")
    unstated = load_policies().provider("kenotronix").prices["security-correction"]
    assert rules.one_more(hours_quote().offer, unstated).total is None
    assert rules.one_more(hours_quote().offer, None).total is None


# --- credits ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10**9), CURRENCIES, st.lists(st.integers(1, 10**9) | st.none(), max_size=6))
def test_credits_never_come_to_more_than_their_charge_and_a_reversal_leaves_nothing(minor, currency, wishes):
    charged, charge_id, given_back = Money(minor=minor, currency=currency), uuid4(), []
    for wish in [*wishes, None]:
        amount = None if wish is None else Money(minor=wish, currency=currency)
        credit = Credit.of(charge_id, charged, given_back, amount, wish=uuid4())
        if isinstance(credit, Credit):
            given_back.append(credit.total)
            assert credit.remaining.minor == minor - sum(money.minor for money in given_back) >= 0
    assert sum(money.minor for money in given_back) == minor


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_no_currency_is_given_back_of_another(charged, wish):
    credit = Credit.of(
        uuid4(),
        Money(minor=charged, currency="EUR"),
        [],
        Money(minor=min(wish, charged), currency="USD"),
        wish=uuid4(),
    )
    assert isinstance(credit, Refusal)


def test_the_same_wish_is_the_same_credit():
    wish, charge_id, charged = uuid4(), uuid4(), Money.of(10, "EUR")
    first, again = (Credit.of(charge_id, charged, [], None, wish=wish) for _ in range(2))
    assert first == again
