"""What holds of every decision, whatever is written."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scope.rules import prices
from services.scope.rules.language import detect
from shared.money import Money

calm = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
providers = st.sampled_from(
    ["hypernode/general", "kenotronix/vps-developer", "luxcloud/office-365", "h-sphere/general"]
)


@given(text=st.text())
@calm
def test_the_belief_in_all_topics_adds_up_to_one(decider, text):
    ranked = decider.index.rank(decider.index.compare(text))
    assert math.isclose(sum(one.probability for one in ranked), 1.0)
    assert {one.topic for one in ranked} == set(decider.policies.topics)


@given(where=providers, texts=st.tuples(st.text(), st.text(), st.text()))
@calm
def test_every_text_gets_a_decision_with_clauses_of_its_own_policy(decide, decider, where, texts):
    text, subject, note = texts
    decision = decide(where, text, note, subject=subject)
    policy = decider.policies.provider(where.partition("/")[0])
    assert set(decision.clauses) <= set(policy.clauses)
    assert decision.policy_version == policy.version


@pytest.mark.parametrize("language", ["en", "nl"])
def test_examples_of_a_topic_are_recognised(decider, language):
    topics = decider.policies.topics
    asked = [(name, text) for name, topic in topics.items() for text in topic.examples[language]]
    right = sum(decider.index.rank(decider.index.compare(text))[0].topic == name for name, text in asked)
    assert right / len(asked) > 0.97


def test_counter_examples_are_about_something_else(decider):
    for name, topic in decider.policies.topics.items():
        for text, meant in topic.counter_examples.items():
            assert decider.index.rank(decider.index.compare(text))[0].topic == meant != name


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How can I reach you when the site is down?", "en"),
        ("Hoe kan ik jullie bereiken als de site plat ligt?", "nl"),
        ("Ich kann mich nicht mehr mit dem Server verbinden", "de"),
        ("Nous ne pouvons plus nous connecter", "fr"),
        ("Redis Magento", None),
        ("", None),
    ],
)
def test_small_words_tell_the_language(text, language):
    assert detect(text) == language


def priced(decider, line, **facts):
    policy = decider.policies.provider("h-sphere")
    return prices.offer(policy.prices[line], {name.replace("_", "-"): {value} for name, value in facts.items()}, "en")


@pytest.mark.parametrize(("servers", "month"), [(1, 300), (4, 300), (5, 350), (6, 400), (10, 600)])
def test_the_priority_plan_costs_more_for_each_server_above_four(decider, servers, month):
    offer = priced(decider, "priority-plan", servers=str(servers))
    assert offer.amount == Money.of(month, "USD")
    assert offer.total == Money.of(3 * month, "USD")


@pytest.mark.parametrize(("fees", "year", "due"), [(4500, 1, 0), (4500, 2, 900), (7500, 2, 1500), (6000, 2, 1200)])
def test_the_regular_plan_is_a_fifth_of_the_licence_fees_after_a_free_year(decider, fees, year, due):
    assert priced(decider, "regular-plan", licence_fees=str(fees), support_year=str(year)).amount == Money.of(
        due, "USD"
    )


def test_a_price_without_its_numbers_is_left_to_a_person(decider):
    assert priced(decider, "regular-plan").amount is None
    assert priced(decider, "recompilation").amount is None
