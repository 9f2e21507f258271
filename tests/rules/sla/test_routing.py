"""Team, place in the queue and due times, by the policies as published."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla import rules
from services.sla.rules import Happening, State
from shared.policies import load_policies
from shared.vocabulary import Channel, Decision, Department, Emergency, Requester, TargetName, TicketFacts, Verdict

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


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


def routed(facts, history=(), **decided):
    decision = Decision(**{"verdict": Verdict.SUPPORTED, **decided})
    cycle = rules.current_cycle(facts.received_at, history)
    return rules.route(facts, decision, load_policies().provider(facts.provider), cycle)


def due(routing, name=TargetName.FIRST_RESPONSE):
    return next(target.due_at for target in routing.targets if target.name is name)


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
    assert {target.name for target in targets} == set(TargetName)
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
    assert routing.note == rules.ON_CALL


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


# --- cycles -----------------------------------------------------------------------------------------------------------

STORY = (
    (FRIDAY_MORNING + 1 * HOUR, Happening.RUNNING),
    (FRIDAY_MORNING + 2 * HOUR, Happening.ANSWERED),
    (FRIDAY_MORNING + 3 * HOUR, Happening.REPLIED),
    (FRIDAY_MORNING + 4 * HOUR, Happening.RESOLVED),
    (FRIDAY_MORNING + 5 * HOUR, Happening.REPLIED),
)


def test_the_order_in_which_a_history_is_heard_changes_nothing():
    cycles = {rules.current_cycle(FRIDAY_MORNING, order) for order in permutations(STORY)}
    assert cycles == {rules.Cycle(number=2, start=FRIDAY_MORNING + 5 * HOUR)}


def test_a_reply_to_an_open_ticket_changes_no_clock():
    cycle = rules.current_cycle(FRIDAY_MORNING, STORY[:3])
    assert (cycle.number, cycle.start, cycle.answered_at) == (1, FRIDAY_MORNING, FRIDAY_MORNING + 2 * HOUR)


def test_resolving_a_ticket_stops_the_first_response_too():
    cycle = rules.current_cycle(FRIDAY_MORNING, [(SATURDAY, Happening.RESOLVED)])
    assert cycle.stopped_at(TargetName.FIRST_RESPONSE) == cycle.stopped_at(TargetName.RESOLUTION) == SATURDAY


def test_a_suspended_clock_has_no_due_time_and_afterwards_only_the_open_time_in_between_is_added():
    facts = ticket("luxcloud")
    suspended = [(FRIDAY_MORNING + HOUR, Happening.SUSPENDED)]
    standing = routed(facts, suspended, sla="suspended")
    assert [target.due_at for target in standing.targets] == [None, None]
    assert rules.SUSPENDED in standing.note
    back = moment("2026-06-08T10:00:00+02:00")
    running = routed(facts, [*suspended, (back, Happening.RUNNING)])
    # Four hours, of which one was counted on Friday before the supplier had the case.
    assert due(running) == back + 3 * HOUR


def test_what_was_due_before_the_supplier_had_the_case_stays_due():
    history = [(SATURDAY, Happening.SUSPENDED)]
    routing = routed(ticket("luxcloud"), history, sla="suspended")
    assert due(routing) == FRIDAY_MORNING + 4 * HOUR
    assert due(routing, TargetName.RESOLUTION) is None


@pytest.mark.parametrize(
    ("answered_after", "state"),
    [(None, State.RUNNING), (240 * MINUTE, State.MET), (241 * MINUTE, State.BREACHED)],
)
def test_an_answer_at_the_due_time_is_in_time(answered_after, state):
    history = [(FRIDAY_MORNING + answered_after, Happening.ANSWERED)] if answered_after else []
    first = routed(ticket("hypernode")).targets[0]
    assert first.minutes == 240
    assert rules.state_of(first, rules.current_cycle(FRIDAY_MORNING, history), overdue=False) is state


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(Happening)), max_size=12))
def test_any_history_gives_due_times_that_count_exactly_the_minutes_of_the_target(told):
    history = [(FRIDAY_MORNING + hours * HOUR, happening) for hours, happening in told]
    cycle = rules.current_cycle(FRIDAY_MORNING, history)
    calendar = load_policies().provider("hypernode").counted_on(None)
    for target in routed(ticket("hypernode"), history).targets:
        if target.due_at is None:
            assert cycle.suspended_since
        else:
            assert calendar.elapsed(cycle.start, target.due_at, cycle.pauses) == target.minutes * MINUTE
            assert sum(window.counted_seconds for window in target.windows) == 60 * target.minutes


def test_the_proof_carries_offsets_pauses_and_the_version_of_the_policy():
    history = [(FRIDAY_MORNING, Happening.SUSPENDED), (FRIDAY_MORNING + HOUR, Happening.RUNNING)]
    facts, policy = ticket("hypernode"), load_policies().provider("hypernode")
    routing, cycle = routed(facts, history), rules.current_cycle(FRIDAY_MORNING, history)
    proof = rules.proof(routing.targets[0], routing, cycle, policy.counted_on(None).zone)
    assert proof["policy_version"] == policy.version
    assert proof["windows"] == [
        {
            "opens_at": "2026-06-05T08:00:00+02:00",
            "closes_at": "2026-06-05T18:00:00+02:00",
            "counted_seconds": 4 * 3600,
            "holiday": None,
        }
    ]
    assert proof["pauses"] == [
        {"from": "2026-06-05T10:00:00+02:00", "until": "2026-06-05T11:00:00+02:00", "reason": rules.SUPPLIER}
    ]
    assert proof["due"] == "2026-06-05T15:00:00+02:00"
