"""Plans run period by period: what is due of them follows from their history, whenever somebody looks."""

import dataclasses
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import (
    Agreement,
    Charge,
    Consent,
    Due,
    Licence,
    Quote,
    QuoteState,
    Subscription,
    Terms,
    charged_after_end,
    due,
    first_day,
    objection_to_end,
    paid_twice,
)
from services.billing.rules.prices import month_fee
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Basis, PriceOffer

PRICES = load_policies().provider("h-sphere").prices
PRIORITY, REGULAR = PRICES["priority-plan"], PRICES["regular-plan"]
START = date(2026, 1, 31)
MOST = st.integers(1, 60)


def usd(amount):
    return Money.of(amount, "USD")


def terms(line, *, version=1, servers=1, fee=None, on=START, quote_id="Q-HS-1-1"):
    """What was agreed to on a day: a consent, made as consents are."""
    given_at = datetime.combine(on, time(15), UTC)
    amount = fee or month_fee(line, servers)
    least = line.minimum.units if line.minimum else 1
    offer = PriceOffer(
        line=line.id,
        clause=line.clause,
        title=line.title.en,
        unit=line.unit,
        basis=Basis.PLAN,
        quantity=servers,
        amount=amount,
        total=amount.times(least),
    )
    quote = Quote(
        quote_id=quote_id,
        version=version,
        ticket_id="HS-1",
        offer=offer,
        total=offer.total,
        decided_at=given_at,
        valid_until=given_at + timedelta(days=14),
        approvers=frozenset({"lee@hosting.example"}),
        state=QuoteState.AGREED,
    )
    yes = Agreement(
        quote_id=quote_id,
        version=version,
        total=offer.total,
        given_by="lee@hosting.example",
        given_how="email",
        given_at=given_at,
        vouched_for=True,
    )
    return Terms(Consent.to(quote, yes), on)


def priority(*history, start=START, ends_on=None, subscription_id="Q-HS-1-1"):
    """A priority plan with so many servers from the nth day on, as (day, servers)."""
    agreed = tuple(
        terms(PRIORITY, version=n, servers=servers, on=start + timedelta(days=day), quote_id=subscription_id)
        for n, (day, servers) in enumerate(history or [(0, 1)], start=1)
    )
    return Subscription(
        subscription_id=subscription_id,
        line=PRIORITY.id,
        unit=PRIORITY.unit,
        starts_on=start,
        terms=agreed,
        minimum=3,
        ends_on=ends_on,
        instead_of=frozenset(PRIORITY.instead_of),
    )


def regular(*, start=START, first_year=0, ends_on=None, subscription_id="Q-HS-2-1"):
    return Subscription(
        subscription_id=subscription_id,
        line=REGULAR.id,
        unit=REGULAR.unit,
        starts_on=start,
        terms=(terms(REGULAR, fee=usd(first_year), on=start, quote_id=subscription_id),),
        ends_on=ends_on,
        share=REGULAR.licences.percent,
    )


def charge(plan, days, charged=None, **known):
    """Look at a plan on each of these days, as a worker does: what is charged by period, the charges, the questions.

    What is agreed to on a later day is not known yet.
    """
    charged, charges, questions = dict(charged or {}), [], []
    for day in days:
        agreed = tuple(terms for terms in plan.terms if terms.agreed_on <= day)
        for item in due(dataclasses.replace(plan, terms=agreed), day, charged, **known):
            if isinstance(item, Due):
                charges.append(Charge.of_period(item))
                charged[item.period.first] = item.total
            else:
                questions.append(item)
    return charged, charges, questions


def total(charges):
    return sum(one.total.minor for one in charges)


def each_day(plan, days):
    return [plan.starts_on + timedelta(days=day) for day in range(days + 1)]


# periods


def test_a_plan_of_the_thirty_first_goes_on_the_last_day_of_shorter_months_and_comes_back_to_its_own():
    firsts = [priority().period(number).first for number in (1, 2, 3, 4)]
    assert firsts == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]


def test_a_year_from_the_leap_day_begins_on_the_last_of_february():
    firsts = [regular(start=date(2024, 2, 29)).period(number).first for number in (1, 2, 5)]
    assert firsts == [date(2024, 2, 29), date(2025, 2, 28), date(2028, 2, 29)]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60), st.booleans())
def test_periods_follow_each_other_without_a_gap_or_an_overlap_and_a_day_finds_its_own(start, number, yearly):
    plan = regular(start=start) if yearly else priority(start=start)
    period, following = plan.period(number), plan.period(number + 1)
    assert period.first <= period.last == following.first - timedelta(days=1)
    assert plan.period_of(period.first) == plan.period_of(period.last) == period


# the priority plan


@pytest.mark.parametrize(("servers", "month"), [(1, 300), (4, 300), (5, 350), (6, 400), (10, 600)])
def test_each_month_is_charged_when_it_begins(servers, month):
    plan = priority((0, servers))
    charged, charges, _ = charge(plan, [START, date(2026, 2, 27), date(2026, 2, 28)])
    assert charged == {START: usd(month), date(2026, 2, 28): usd(month)}
    assert [(one.period_from, one.period_until) for one in charges] == [
        (START, date(2026, 2, 27)),
        (date(2026, 2, 28), date(2026, 3, 30)),
    ]


def test_servers_added_during_a_month_are_charged_the_difference_from_that_month_on():
    plan = priority((0, 4), (40, 6))
    charged, charges, _ = charge(plan, each_day(plan, 60))
    assert [one.total for one in charges] == [usd(300), usd(300), usd(100), usd(400)]
    assert charged[date(2026, 2, 28)] == usd(400)
    assert plan.holds_from(plan.terms[1]) == date(2026, 2, 28)
    assert len({one.charge_id for one in charges}) == 4


def test_servers_taken_away_count_from_the_next_month():
    plan = priority((0, 6), (5, 4))
    charged, _, _ = charge(plan, each_day(plan, 30))
    assert charged == {START: usd(400), date(2026, 2, 28): usd(300)}
    assert plan.holds_from(plan.terms[1]) == date(2026, 2, 28)


def test_a_plan_cancelled_after_a_month_stays_due_for_three():
    plan = priority((0, 5), ends_on=date(2026, 2, 27))
    _, in_time, _ = charge(plan, [START, date(2026, 2, 27)])
    assert total(in_time) == 35000
    _, charges, _ = charge(plan, [START, date(2026, 2, 27), date(2026, 2, 28)])
    assert total(charges) == 3 * 35000
    assert plan.paid_until == date(2026, 4, 29)


def test_after_its_minimum_term_a_cancelled_plan_costs_nothing_more():
    plan = priority((0, 5), ends_on=date(2026, 5, 30))
    _, charges, _ = charge(plan, each_day(plan, 400))
    assert len(charges) == 4
    assert plan.paid_until == date(2026, 5, 30)


def test_terms_agreed_to_after_the_end_change_nothing():
    plan = priority((0, 1), (90, 10), ends_on=START + timedelta(days=10))
    _, charges, _ = charge(plan, [START + timedelta(days=400)])
    assert total(charges) == 3 * 30000


histories = st.lists(st.tuples(st.integers(0, 130), MOST), max_size=6).map(sorted)
endings = st.none() | st.integers(0, 150)


@given(MOST, histories, endings, st.lists(st.integers(0, 160), max_size=8))
def test_whoever_comes_late_charges_what_he_would_have_charged_in_time(servers, changes, end, looks):
    plan = priority((0, servers), *changes, ends_on=None if end is None else START + timedelta(days=end))
    in_time, _, _ = charge(plan, each_day(plan, 160))
    late, charges, _ = charge(plan, [START + timedelta(days=day) for day in [*sorted(looks), 160]])
    assert in_time == late
    assert len({one.charge_id for one in charges}) == len(charges)


@given(MOST, histories, endings)
def test_whoever_looks_before_a_change_is_heard_of_charges_the_same_in_the_end(servers, changes, end):
    whole = priority((0, servers), *changes, ends_on=None if end is None else START + timedelta(days=end))
    charged, charges = {}, []
    for known in range(1, len(whole.terms) + 1):
        before = dataclasses.replace(whole, terms=whole.terms[:known])
        until = whole.terms[known].agreed_on if known < len(whole.terms) else START + timedelta(days=160)
        charged, more, _ = charge(before, [until], charged)
        charges += more
    assert charged == charge(whole, each_day(whole, 160))[0]
    assert len({one.charge_id for one in charges}) == len(charges)
    assert sum(money.minor for money in charged.values()) == total(charges)


@given(MOST, histories, endings)
def test_no_history_costs_less_than_the_minimum_or_more_than_the_formula(servers, changes, end):
    plan = priority((0, servers), *changes, ends_on=None if end is None else START + timedelta(days=end))
    _, charges, _ = charge(plan, [START + timedelta(days=160)])
    used = [servers, *(more for day, more in changes if end is None or day <= end)]
    months = len({one.period_from for one in charges})
    assert months >= 3
    assert total(charges) >= month_fee(PRIORITY, min(used)).minor * 3
    assert total(charges) <= month_fee(PRIORITY, max(used)).minor * months


@given(st.integers(0, 200), MOST)
def test_a_further_server_never_makes_a_plan_cheaper(day, servers):
    _, fewer, _ = charge(priority((0, servers)), [START + timedelta(days=300)])
    _, more, _ = charge(priority((0, servers), (day, servers + 1)), [START + timedelta(days=300)])
    assert total(more) >= total(fewer)


# the regular plan


def fees(*bought):
    return [Licence(date.fromisoformat(day), usd(fee)) for day, fee in bought]


BOUGHT = date(2024, 5, 10)


def test_the_first_year_of_regular_support_is_free():
    plan = regular(start=BOUGHT)
    assert charge(plan, [date(2025, 5, 9)], licences=fees(("2024-05-10", 4500))) == ({}, [], [])


@pytest.mark.parametrize(
    ("bought", "second", "third"),
    [
        ([("2024-05-10", 4500)], 900, 900),
        ([("2024-05-10", 7500)], 1500, 1500),
        ([("2024-05-10", 4500), ("2024-11-02", 1500)], 1200, 1200),
        ([("2024-05-10", 4500), ("2025-05-10", 1500)], 1200, 1200),
        ([("2024-05-10", 4500), ("2025-05-11", 1500)], 900, 1200),
        ([("2024-05-10", 4500), ("2024-11-02", 1500), ("2024-11-02", -1500)], 900, 900),
    ],
)
def test_each_later_year_costs_a_fifth_of_all_licence_fees_paid_up_to_the_day_it_begins(bought, second, third):
    charged, _, _ = charge(regular(start=BOUGHT), [date(2026, 5, 10)], licences=fees(*bought))
    assert charged == {date(2025, 5, 10): usd(second), date(2026, 5, 10): usd(third)}


def test_a_licence_recorded_after_the_renewal_that_it_was_paid_before_is_charged_as_a_difference():
    plan, day = regular(start=BOUGHT), date(2025, 7, 1)
    charged, first, _ = charge(plan, [day], licences=fees(("2024-05-10", 4500)))
    _, late, _ = charge(plan, [day], charged, licences=fees(("2024-05-10", 4500), ("2025-01-02", 1500)))
    assert [one.total for one in first + late] == [usd(900), usd(300)]
    assert first[0].charge_id != late[0].charge_id


def test_a_fee_that_was_recorded_in_error_gives_nothing_back_by_itself():
    plan, day = regular(start=BOUGHT), date(2025, 7, 1)
    charged, _, _ = charge(plan, [day], licences=fees(("2024-05-10", 4500)))
    assert charge(plan, [day], charged, licences=fees(("2024-05-10", 4500), ("2024-05-10", -4500)))[1:] == ([], [])


def test_a_year_whose_licences_nobody_recorded_is_a_question_and_is_charged_once_they_are():
    plan, day = regular(start=BOUGHT), date(2025, 5, 10)
    charged, charges, [question] = charge(plan, [day])
    assert (charged, charges, question.reason) == ({}, [], "no licence fee of the customer is on record")
    _, [late], _ = charge(plan, [day], licences=fees(("2024-05-10", 4500)))
    assert late.total == usd(900)


def test_a_plan_begun_after_the_free_year_costs_what_was_agreed_to_for_its_first():
    charged, _, _ = charge(regular(start=BOUGHT, first_year=900), [date(2025, 5, 9)])
    assert charged == {BOUGHT: usd(900)}


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 10_000_00), st.integers(0, 1100)), min_size=1, max_size=6)
)
def test_whenever_licences_are_recorded_each_year_comes_to_its_share_to_the_cent(paid):
    plan, charged, charges = regular(start=BOUGHT), {}, []
    licences = [
        (Licence(BOUGHT + timedelta(days=bought), Money(minor=fee, currency="USD")), max(bought, known))
        for bought, fee, known in paid
    ]
    for day in range(0, 1101, 10):
        known = [licence for licence, since in licences if since <= day]
        charged, more, _ = charge(plan, [BOUGHT + timedelta(days=day)], charged, licences=known)
        charges += more
    for number in (2, 3, 4):
        first = plan.period(number).first
        sum_of_fees = sum(licence.fee.minor for licence, _ in licences if licence.bought_on <= first)
        assert charged.get(first, usd(0)).minor == (sum_of_fees * 20 + 50) // 100
    assert len({one.charge_id for one in charges}) == len(charges)


# two plans of one customer


def test_the_regular_year_that_begins_while_priority_runs_is_not_charged_and_a_person_is_asked():
    plan, other = regular(start=BOUGHT), priority(start=date(2025, 4, 1))
    charged, charges, [question] = charge(plan, [date(2025, 5, 10)], others=[other], licences=fees(("2024-05-10", 450)))
    assert (charged, charges) == ({}, [])
    assert (question.other, question.first, question.last) == (other, date(2025, 5, 10), date(2026, 5, 9))


def test_the_question_ends_with_what_is_paid_of_the_priority_plan():
    other = priority(start=date(2025, 4, 1), ends_on=date(2025, 5, 20))
    _, _, [question] = charge(
        regular(start=BOUGHT), [date(2025, 5, 10)], others=[other], licences=fees(("2024-05-10", 450))
    )
    assert question.last == date(2025, 6, 30)


def test_a_regular_year_that_begins_after_priority_was_paid_up_is_charged():
    other = priority(start=date(2024, 8, 10), ends_on=date(2025, 5, 9))
    charged, _, questions = charge(
        regular(start=BOUGHT), [date(2025, 5, 10)], others=[other], licences=fees(("2024-05-10", 4500))
    )
    assert (charged, questions) == ({date(2025, 5, 10): usd(900)}, [])


def test_priority_is_charged_while_a_regular_plan_runs():
    _, charges, questions = charge(priority(), [START], others=[regular(start=BOUGHT)])
    assert ([one.total for one in charges], questions) == ([usd(300)], [])


def test_what_was_paid_for_regular_before_priority_began_is_a_question_for_the_days_that_are_left():
    plan, new = regular(start=BOUGHT), priority(start=date(2025, 9, 1))
    charged, _, _ = charge(plan, [date(2025, 8, 1)], licences=fees(("2024-05-10", 4500)))
    [question] = paid_twice(new, [plan], {plan.subscription_id: charged})
    assert (question.subscription, question.other) == (plan, new)
    assert (question.first, question.last) == (date(2025, 9, 1), date(2026, 5, 9))
    assert list(paid_twice(plan, [new], {new.subscription_id: {date(2025, 9, 1): usd(300)}})) == []


def test_of_two_plans_of_the_same_line_the_one_begun_first_is_charged_and_the_other_is_a_question():
    first, second = priority(), priority(start=date(2026, 3, 1), subscription_id="Q-HS-3-1")
    assert [one.total for one in charge(first, [date(2026, 3, 1)], others=[second])[1]] == [usd(300), usd(300)]
    _, charges, [question] = charge(second, [date(2026, 3, 1)], others=[first])
    assert (charges, question.other) == ([], first)


@given(st.integers(0, 400), st.integers(0, 500), MOST)
def test_a_plan_that_is_ended_and_begun_again_is_never_paid_twice_for_a_day(end, again, servers):
    old = priority((0, servers), ends_on=START + timedelta(days=end))
    begins = first_day(START + timedelta(days=again), old.line, [old])
    new = priority(start=begins, subscription_id="Q-HS-3-1")
    day = START + timedelta(days=1000)
    _, charges, questions = charge(new, [day], others=[old])
    _, before, _ = charge(old, [day], others=[new])
    assert questions == []
    assert max(one.period_until for one in before) < min(one.period_from for one in charges)


# the end


def test_a_plan_cannot_end_before_the_period_that_runs():
    plan = priority()
    assert "2026-02-28" in objection_to_end(plan, date(2026, 2, 27), date(2026, 3, 5))
    assert objection_to_end(plan, date(2026, 2, 28), date(2026, 3, 5)) is None
    assert objection_to_end(plan, date(2026, 1, 30), date(2026, 1, 20)) is not None


def test_a_plan_that_has_ended_cannot_be_ended_again_and_one_that_will_end_can():
    plan = priority(ends_on=date(2026, 3, 10))
    assert objection_to_end(plan, date(2026, 3, 20), date(2026, 3, 10)) is None
    assert "2026-03-10" in objection_to_end(plan, date(2026, 3, 20), date(2026, 3, 11))


def test_what_was_charged_before_the_end_was_heard_of_is_found_and_the_minimum_term_is_not():
    plan = priority(ends_on=START + timedelta(days=3))
    charged = [plan.period(number).first for number in (1, 2, 3, 4)]
    assert charged_after_end(plan, charged) == [plan.period(4).first]
    assert charged_after_end(priority(), charged) == []


def test_what_is_due_cannot_be_made_by_hand():
    [item] = due(priority(), START, {})
    with pytest.raises(TypeError):
        Due(item.subscription, item.period, item.terms, usd(1), usd(1), seal=object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(item, amount=usd(1))
