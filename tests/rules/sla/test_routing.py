"""Team, place in the queue and due times, by the policies as published."""

from datetime import datetime

import pytest

from services.sla.rules import routing as rules
from services.sla.rules.clocks import House, current_cycle
from shared.policies import load_policies
from shared.vocabulary import Channel, Decision, Department, Emergency, Requester, TargetName, TicketFacts, Verdict


def moment(text):
    return datetime.fromisoformat(text)


FRIDAY_MORNING = moment("2026-06-05T10:00:00+02:00")
SATURDAY = moment("2026-06-06T12:00:00+02:00")


def ticket(provider, received_at=FRIDAY_MORNING, plan=None):
    return TicketFacts(
        ticket_id="T-1",
        provider=provider,
        plan=plan,
        channel=Channel.EMAIL,
        subject="Help",
        requester=Requester(),
        received_at=received_at,
    )


def routed(facts, **decided):
    decision = Decision(**{"verdict": Verdict.SUPPORTED, **decided})
    cycle = current_cycle(facts.received_at, [], House())
    return rules.route(facts, decision, load_policies().provider(facts.provider), cycle)


# --- routing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["hypernode", "kenotronix", "luxcloud", "h-sphere"])
@pytest.mark.parametrize("department", list(Department))
def test_every_department_of_every_provider_has_a_team(provider, department):
    assert routed(ticket(provider), department=department).team


def test_a_request_on_saturday_counts_from_monday_morning():
    routing = routed(ticket("hypernode", SATURDAY))
    assert routing.starts_at == moment("2026-06-08T08:00:00+02:00")
    assert all(target.windows[0].opens_at == routing.starts_at for target in routing.targets)


@pytest.mark.parametrize("provider", ["hypernode", "kenotronix", "luxcloud", "h-sphere"])
def test_no_policy_states_a_figure_so_every_target_is_a_house_default_with_a_proof_that_adds_up(provider):
    targets = routed(ticket(provider)).targets
    assert {target.name for target in targets} == {TargetName.FIRST_RESPONSE, TargetName.RESOLUTION}
    for target in targets:
        assert target.house_default
        assert sum(window.counted_seconds for window in target.windows) == 60 * target.minutes


def test_luxcloud_states_no_hours_and_the_note_says_whose_hours_are_counted():
    routing = routed(ticket("luxcloud"))
    assert routing.calendar is None
    assert routing.counted_on == "luxcloud/house-default"
    assert routing.note == rules.HOUSE_HOURS


def test_what_is_no_request_has_no_clock():
    routing = routed(ticket("hypernode"), verdict=Verdict.NO_ACTION)
    assert routing.targets == ()
    assert routing.note == rules.NOTHING_TO_DO


def test_the_plan_comes_before_the_level_and_the_level_before_the_rest():
    queue = [
        ("priority", Emergency.HIGHEST),
        ("priority", Emergency.EMERGENCY),
        ("priority", Emergency.IMMEDIATE_AFTER_UPGRADE),
        ("priority", Emergency.NOT_EMERGENCY),
        ("regular", Emergency.HIGHEST),
        ("regular", Emergency.EMERGENCY),
        ("regular", Emergency.IMMEDIATE_AFTER_UPGRADE),
        ("regular", Emergency.NOT_EMERGENCY),
    ]
    places = [routed(ticket("h-sphere", plan=plan), emergency=level).priority for plan, level in queue]
    assert places == sorted(set(places))


@pytest.mark.parametrize("level", [None, Emergency.MARKER_IGNORED])
def test_an_ignored_mark_is_no_place_in_the_queue(level):
    plain = routed(ticket("h-sphere", plan="regular"), emergency=Emergency.NOT_EMERGENCY)
    assert routed(ticket("h-sphere", plan="regular"), emergency=level).priority == plain.priority


def test_an_emergency_outside_hours_waits_for_the_opening_and_calls_for_the_person_on_call():
    routing = routed(ticket("h-sphere", SATURDAY, plan="regular"), emergency=Emergency.HIGHEST)
    assert routing.starts_at == moment("2026-06-08T02:00:00-04:00")
    assert routing.note == f"{rules.OUTSIDE_HOURS.format(opening='2026-06-08 02:00 EDT')} {rules.ON_CALL}"


def test_an_emergency_within_hours_needs_no_note():
    routing = routed(ticket("h-sphere", plan="regular"), emergency=Emergency.HIGHEST)
    assert routing.starts_at == FRIDAY_MORNING
    assert routing.note == ""


def test_a_priority_customer_is_counted_on_the_priority_hours():
    routing = routed(ticket("h-sphere", SATURDAY, plan="priority"), emergency=Emergency.HIGHEST)
    assert routing.counted_on == "h-sphere/priority"
    assert routing.starts_at == SATURDAY


def test_a_holiday_in_between_is_named_in_the_target():
    friday = moment("2026-08-21T15:30:00-04:00")
    resolution = routed(ticket("h-sphere", friday, plan="regular")).targets[-1]
    assert "2026-08-24 Independence Day" in resolution.holidays


def test_a_regular_ticket_on_a_ukrainian_holiday_waits_for_the_day_after():
    monday = moment("2026-08-24T10:00:00-04:00")
    assert routed(ticket("h-sphere", monday, plan="regular")).starts_at == moment("2026-08-25T02:00:00-04:00")
    assert routed(ticket("h-sphere", monday, plan="priority")).starts_at == monday


def test_a_priority_ticket_on_a_holiday_is_counted_from_three_in_the_morning():
    at_one = moment("2026-08-24T01:00:00-04:00")
    first = routed(ticket("h-sphere", at_one, plan="priority"), emergency=Emergency.HIGHEST).targets[0]
    assert first.minutes == 60
    assert first.due_at == moment("2026-08-24T04:00:00-04:00")
    assert first.windows[0].holiday == "Independence Day"


def test_emergencies_are_urgent_only_on_a_plan_that_has_targets_for_them():
    policies = load_policies()
    highest = Decision(verdict=Verdict.SUPPORTED, emergency=Emergency.HIGHEST)
    upgraded = Decision(verdict=Verdict.SUPPORTED, emergency=Emergency.IMMEDIATE_AFTER_UPGRADE)
    assert rules.urgent(ticket("h-sphere", plan="regular"), highest, policies.provider("h-sphere"))
    assert not rules.urgent(ticket("h-sphere", plan="regular"), upgraded, policies.provider("h-sphere"))
    assert not rules.urgent(ticket("hypernode"), highest, policies.provider("hypernode"))


def test_the_latest_safe_start_leaves_the_typical_handling_time_within_support_hours():
    just_before_closing = moment("2026-06-05T14:15:00+02:00")
    first = routed(ticket("hypernode", just_before_closing)).targets[0]
    assert first.due_at == moment("2026-06-08T08:15:00+02:00")
    # Half an hour before the due time, of which a quarter lies before the weekend.
    assert first.latest_start_at == moment("2026-06-05T17:45:00+02:00")
