"""Provider, department, level, language, plan and emergency decide which team has a ticket; hours decide from when."""

from datetime import datetime

import pytest

from services.sla.rules import routing as rules
from services.sla.rules.clocks import House, current_cycle
from shared.policies import load_policies
from shared.policies.checks import check_provider
from shared.policies.loader import BUILT_IN
from shared.policies.provider import Provider
from shared.policies.yaml_source import WrongYaml, read_yaml
from shared.vocabulary import Channel, Decision, Department, Emergency, Requester, TicketFacts, Verdict

FRIDAY = datetime.fromisoformat("2026-06-05T10:00:00+02:00")


def routed(provider, *, plan=None, received_at=FRIDAY, **decided):
    facts = TicketFacts(
        ticket_id="T-1",
        provider=provider,
        plan=plan,
        channel=Channel.EMAIL,
        subject="Help",
        requester=Requester(),
        received_at=received_at,
    )
    decision = Decision(**{"verdict": Verdict.SUPPORTED, **decided})
    cycle = current_cycle(received_at, [], House())
    return rules.route(facts, decision, load_policies().provider(provider), cycle)


def test_luxclouds_second_level_has_what_partners_ask():
    routing = routed("luxcloud", topic="email-configuration")
    assert (routing.team, routing.level) == ("Second level (partner support)", "second")


def test_luxclouds_third_level_has_servers():
    routing = routed("luxcloud", topic="server-availability")
    assert (routing.team, routing.level) == ("Third level (sysadmin)", "third")


def test_luxclouds_third_level_speaks_to_suppliers():
    assert routed("luxcloud", topic="webmail", verdict=Verdict.SUPPLIER).level == "third"


def test_paid_support_is_a_queue_of_its_own():
    assert routed("luxcloud", topic="hacked-site-cleanup", verdict=Verdict.PAID).team == "Paid Support"


def test_the_department_comes_first_where_a_route_names_one():
    assert routed("luxcloud", topic="server-hardware", department=Department.FINANCIAL).team == "Billing"


def test_h_spheres_pre_sales_have_orders_of_a_plan():
    assert routed("h-sphere", department=Department.SALES).team == "Pre-sales"


@pytest.mark.parametrize("plan", ["regular", "priority"])
def test_an_emergency_goes_to_the_emergency_team_whatever_the_plan(plan):
    assert routed("h-sphere", plan=plan, emergency=Emergency.HIGHEST).team == "Technical support (emergencies)"


def test_a_mark_that_is_ignored_decides_nothing():
    assert routed("h-sphere", plan="regular", emergency=Emergency.MARKER_IGNORED).team == "Technical support"


def test_the_priority_plan_has_a_team_of_its_own():
    assert routed("h-sphere", plan="priority").team == "Technical support (priority)"
    assert routed("h-sphere", plan="regular").team == "Technical support"


@pytest.mark.parametrize(
    ("language", "team"),
    [
        ("nl", "Technical support"),
        ("en", "Technical support"),
        (None, "Technical support"),
        ("fr", "Technical support (translations)"),
    ],
)
def test_a_request_in_another_language_is_translated_first(language, team):
    assert routed("hypernode", language=language).team == team


def test_outside_hours_the_note_says_from_when_the_team_has_it():
    saturday = datetime.fromisoformat("2026-06-06T12:00:00+02:00")
    assert routed("hypernode", received_at=saturday).note == rules.OUTSIDE_HOURS.format(opening="2026-06-08 08:00 CEST")
    assert routed("hypernode").note == ""


def test_every_route_says_whether_it_is_policy_or_ours():
    for policy in load_policies():
        for route in policy.provider.routing:
            assert route.house_default != bool(route.clauses)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("{name: A, when: {}, house_default: true}", "name at least one of departments, topics"),
        ("{name: A, when: {departments: [technicl]}, house_default: true}", "did you mean 'technical'?"),
        ("{name: A, when: {plans: [regular]}}", "either `clauses: [...]` or `house_default: true`"),
        ("{name: A, level: fourth, when: {plans: [regular]}, house_default: true}", "'fourth' is not known"),
    ],
)
def test_a_wrong_route_is_told_with_file_and_line(tmp_path, route, words):
    path = tmp_path / "provider.yaml"
    text = (BUILT_IN / "hypernode" / "provider.yaml").read_text()
    path.write_text(text.replace("routing:", f"routing:\n  - {route}"))
    line = next(n for n, written in enumerate(path.read_text().splitlines(), 1) if route in written)
    with pytest.raises(WrongYaml) as refused:
        read_yaml(path, Provider)
    assert str(refused.value).startswith(f"{path}:{line}: ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"topics": ["webmial"]}, "there is no topic 'webmial': did you mean 'webmail'?"),
        ({"plans": ["gold"]}, "there is no plan 'gold': add it first"),
        ({"products": ["magneto"]}, "there is no product 'magneto': add it first"),
        ({"languages": ["fr"]}, "there is no language of `reply_in` 'fr': add it first"),
    ],
)
def test_a_route_names_only_what_there_is(kind, words):
    policies = load_policies()
    policy = policies.provider("hypernode")
    written = policy.provider.model_dump(exclude_unset=True, by_alias=True)
    written["routing"] = [{"name": "A", "when": kind, "house_default": True}]
    provider = Provider.model_validate(written)
    document = (BUILT_IN / "hypernode" / "document.txt").read_bytes()
    [(place, said)] = check_provider(provider, policy.clauses, policies.topics, document)
    assert place[:3] == ("routing", 0, "when")
    assert said == words
