"""The labelled requests themselves: enough of everything, and labels that the policies know.

Whatever is wrong is told by the number of its case, never by its words: a fifth is held back from everybody who tunes.
"""

from collections import Counter

import pytest

from evaluation.cases import HELD_BACK, TUNING, read_sets
from evaluation.measure import one_side
from shared.policies import load_policies
from shared.vocabulary import Verdict

LEAST_CASES = 400
LEAST_SERVERS_DOWN = 60
DUTCH_OF_HYPERNODE = 1 / 3
LEAST_HELD_BACK, MOST_HELD_BACK = 0.18, 0.25
UNCITED = {Verdict.NOT_COVERED, Verdict.NEEDS_INFO, Verdict.NO_ACTION, Verdict.MIXED}


@pytest.fixture(scope="module")
def sets():
    return read_sets()


@pytest.fixture(scope="module")
def cases(sets):
    return [case for some in sets.values() for case in some]


@pytest.fixture(scope="module")
def policies():
    return load_policies()


def numbers_of(cases, wrong):
    return [case.id for case in cases if wrong(case)]


def answers(case):
    return (case.expected, *case.expected.parts)


def test_every_number_stands_once(cases):
    assert [number for number, times in Counter(case.id for case in cases).items() if times > 1] == []


def test_a_case_is_of_a_product_and_plan_of_its_provider(cases, policies):
    products = {name: {one.id for one in policy.provider.products} for name, policy in policies.by_provider.items()}
    plans = {name: {one.id for one in policy.provider.plans} for name, policy in policies.by_provider.items()}
    assert numbers_of(cases, lambda case: case.product not in products[case.provider]) == []
    assert numbers_of(cases, lambda case: case.plan not in plans[case.provider] | {None}) == []


def test_labels_cite_clauses_and_topics_that_there_are(cases, policies):
    known = {name: set(policy.clauses) for name, policy in policies.by_provider.items()}
    wrong_clause = numbers_of(cases, lambda case: any(set(one.clauses) - known[case.provider] for one in answers(case)))
    wrong_topic = numbers_of(
        cases, lambda case: ({one.topic for one in answers(case)} | case.expected.topics) - set(policies.topics)
    )
    assert (wrong_clause, wrong_topic) == ([], [])


def test_a_verdict_that_rests_on_the_document_cites_it(cases):
    def rests_on_nothing(case):
        return any(not one.clauses and one.verdict not in UNCITED for one in answers(case))

    assert numbers_of(cases, rests_on_nothing) == []


def test_the_right_verdict_is_accepted_and_a_clear_one_stands_alone(cases):
    def has_others(case):
        return {one_side(verdict) for verdict in case.expected.accepted} != {one_side(case.expected.verdict)}

    assert numbers_of(cases, lambda case: case.expected.verdict not in case.expected.accepted) == []
    assert numbers_of(cases, lambda case: case.expected.clear and has_others(case)) == []


def test_only_a_mixed_message_has_parts(cases):
    assert numbers_of(cases, lambda case: bool(case.expected.parts) != (case.expected.verdict is Verdict.MIXED)) == []


def test_levels_of_emergency_are_told_where_the_policy_knows_them(cases, policies):
    def knows(case):
        return policies.provider(case.provider).decisions.emergency_levels

    assert numbers_of(cases, lambda case: (case.expected.emergency is not None) != knows(case)) == []


def test_there_are_enough_cases_and_a_fifth_is_held_back(sets, cases):
    assert len(cases) >= LEAST_CASES
    assert LEAST_HELD_BACK <= len(sets[HELD_BACK]) / len(cases) <= MOST_HELD_BACK


@pytest.mark.parametrize("name", [TUNING, HELD_BACK])
def test_every_provider_and_both_languages_stand_in_each_set(sets, policies, name):
    there = {(case.provider, case.language) for case in sets[name]}
    assert there >= {(provider, language) for provider in policies.by_provider for language in ("en", "nl")}


def test_a_third_of_hypernodes_cases_is_dutch(cases):
    languages = [case.language for case in cases if case.provider == "hypernode"]
    assert languages.count("nl") >= DUTCH_OF_HYPERNODE * len(languages) > 0


def test_every_topic_and_every_verdict_is_asked_for(cases, policies):
    assert set(policies.topics) - {one.topic for case in cases for one in answers(case)} == set()
    assert {one.verdict for case in cases for one in answers(case)} == set(Verdict)


def test_there_are_enough_servers_that_are_down(cases):
    assert sum(case.expected.server_down for case in cases) >= LEAST_SERVERS_DOWN
