"""What happened to a ticket, in any order of hearing, and the clocks that follow from it."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.rules import clocks, routing
from services.sla.rules.check import check
from services.sla.rules.clocks import Clock, Happening, House, Noted
from services.sla.rules.proof import proof
from services.sla.rules.routing import State
from shared.policies import load_policies
from shared.policies.provider import Again, Reopening
from shared.vocabulary import (
    Channel,
    Decision,
    Emergency,
    PauseReason,
    Requester,
    ResumeReason,
    SupplierCase,
    TargetName,
    TicketFacts,
    Verdict,
    WaitingForCustomer,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST, NEXT, RESOLUTION = TargetName.FIRST_RESPONSE, TargetName.NEXT_RESPONSE, TargetName.RESOLUTION
FRIDAY = datetime.fromisoformat("2026-06-05T10:00:00+02:00")
MONDAY = datetime.fromisoformat("2026-06-08T10:00:00+02:00")
CASE = SupplierCase(supplier="Microsoft", case_reference="MS-77", message_sent="<m1@luxcloud.example>")
SUSPENDS = House(supplier_limit=5 * DAY)
REPLIED, ANSWERED, RESOLVED = Happening.REPLIED, Happening.ANSWERED, Happening.RESOLVED


def at(hours, what, **told):
    return Noted(at=FRIDAY + hours * HOUR, what=what, **told)


def waiting(hours, **told):
    return at(hours, Happening.PAUSED, by="Kim", standstill=WaitingForCustomer(), **told)


def supplier(hours, **told):
    return at(hours, Happening.PAUSED, by="Kim", standstill=CASE, **told)


def resumed(hours):
    return at(hours, Happening.RESUMED, by="Kim", why=ResumeReason.AGENT)


def cycle_of(*history, house=SUSPENDS):
    return clocks.current_cycle(FRIDAY, history, house)


def routed(*history, provider="luxcloud", verdict=Verdict.SUPPORTED):
    facts = TicketFacts(
        ticket_id="T-1",
        provider=provider,
        channel=Channel.EMAIL,
        subject="Help",
        requester=Requester(),
        received_at=FRIDAY,
    )
    policy = load_policies().provider(provider)
    suspension = policy.provider.suspension
    house = House(policy.provider.clocks.reopening, suspension.limit.length if suspension else None)
    return routing.route(facts, Decision(verdict=verdict), policy, cycle_of(*history, house=house))


def due(told, name=FIRST):
    return next((target.due_at for target in told.targets if target.name is name), "no such target")


def span(pause):
    return pause.begins_at, pause.ends_at


# --- cycles -----------------------------------------------------------------------------------------------------------


STORY = (at(1, Happening.RUNNING), at(2, ANSWERED), at(3, REPLIED), at(4, RESOLVED), at(5, REPLIED))


def test_the_order_in_which_a_history_is_heard_changes_nothing():
    first, *others = [cycle_of(*order) for order in permutations(STORY)]
    assert all(other == first for other in others)
    assert first.number == 2


def test_a_reply_before_the_first_response_starts_no_clock():
    assert cycle_of(at(1, REPLIED)).next_response is None


def test_after_the_first_response_a_reply_starts_the_clock_of_the_next_and_the_oldest_counts():
    cycle = cycle_of(at(1, ANSWERED), at(2, REPLIED), at(3, REPLIED))
    assert cycle.first_response == Clock(FRIDAY, FRIDAY + HOUR)
    assert cycle.next_response == Clock(FRIDAY + 2 * HOUR)
    assert due(routed(at(1, ANSWERED), at(2, REPLIED), at(3, REPLIED)), NEXT) == FRIDAY + 6 * HOUR


def test_a_reply_that_was_answered_after_the_ticket_was_resolved_is_not_owed_an_answer_again():
    going_on = House(Reopening(next_response=Again.CONTINUE))
    replied = (at(1, ANSWERED), at(2, REPLIED), at(3, RESOLVED))
    assert cycle_of(*replied, at(5, REPLIED), house=going_on).next_response == Clock(FRIDAY + 2 * HOUR)
    answered = (at(4, ANSWERED), at(5, REPLIED))
    assert cycle_of(*replied, *answered, house=going_on).next_response == Clock(FRIDAY + 5 * HOUR)


def test_an_answer_stops_the_next_response_and_a_further_reply_starts_another():
    answered = cycle_of(at(1, ANSWERED), at(2, REPLIED), at(3, ANSWERED))
    assert answered.next_response == Clock(FRIDAY + 2 * HOUR, FRIDAY + 3 * HOUR)
    again = cycle_of(at(1, ANSWERED), at(2, REPLIED), at(3, ANSWERED), at(4, REPLIED))
    assert again.next_response == Clock(FRIDAY + 4 * HOUR)


def test_a_reply_that_reached_us_before_the_answer_but_was_heard_after_it_is_answered():
    assert cycle_of(at(3, ANSWERED), at(2, REPLIED)).next_response is None


def test_resolving_a_ticket_stops_every_clock():
    cycle = cycle_of(at(1, ANSWERED), at(2, REPLIED), at(4, RESOLVED))
    assert {name: clock.stopped_at - FRIDAY for name, clock in cycle.clocks.items()} == {
        FIRST: HOUR,
        NEXT: 4 * HOUR,
        RESOLUTION: 4 * HOUR,
    }


def test_a_reopened_ticket_is_due_a_next_response_and_a_resolution_from_its_reply_on():
    cycle = cycle_of(at(1, ANSWERED), at(2, RESOLVED), at(5, REPLIED))
    assert (cycle.number, cycle.clocks) == (2, {NEXT: Clock(FRIDAY + 5 * HOUR), RESOLUTION: Clock(FRIDAY + 5 * HOUR)})


def test_a_clock_that_goes_on_after_reopening_counts_the_time_in_between_as_a_pause():
    house = House(Reopening(resolution=Again.CONTINUE, next_response=Again.NONE))
    cycle = cycle_of(at(1, ANSWERED), at(2, RESOLVED), at(5, REPLIED), house=house)
    assert cycle.clocks == {RESOLUTION: Clock(FRIDAY)}
    assert [(span(pause), pause.reason) for pause in cycle.pauses] == [
        ((FRIDAY + 2 * HOUR, FRIDAY + 5 * HOUR), PauseReason.RESOLVED)
    ]


def test_a_first_response_that_was_never_given_can_be_due_again_after_reopening():
    house = House(Reopening(first_response=Again.FRESH, resolution=Again.NONE))
    cycle = cycle_of(at(2, RESOLVED), at(5, REPLIED), house=house)
    assert cycle.clocks == {FIRST: Clock(FRIDAY + 5 * HOUR)}


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_waiting_for_the_customer_stops_the_clocks_until_he_answers():
    paused = routed(at(1, ANSWERED), waiting(2), provider="hypernode")
    assert due(paused, RESOLUTION) is None
    assert due(paused, FIRST) == FRIDAY + 4 * HOUR  # it was given before the pause
    assert paused.paused.reason is PauseReason.WAITING_FOR_CUSTOMER
    assert routing.WAITING in paused.note
    going_on = routed(at(1, ANSWERED), waiting(2), at(4, REPLIED), provider="hypernode")
    assert going_on.paused is None
    without = routed(at(1, ANSWERED), at(4, REPLIED), provider="hypernode")
    assert due(going_on, RESOLUTION) == due(without, RESOLUTION) + 2 * HOUR
    assert due(going_on, NEXT) == due(without, NEXT)


def test_a_pause_never_survives_an_answer_that_had_arrived():
    noticed = at(3, REPLIED, known_at=FRIDAY + 30 * HOUR)
    [pause] = cycle_of(at(1, ANSWERED), waiting(2), resumed(9), noticed).pauses
    assert span(pause) == (FRIDAY + 2 * HOUR, FRIDAY + 3 * HOUR)
    assert (pause.ended_because, pause.resumed_by) == (ResumeReason.CUSTOMER_ANSWERED, None)
    assert pause.known_at == FRIDAY + 30 * HOUR


def test_an_answer_that_lay_unread_when_the_pause_began_ends_it_as_it_begins():
    [pause] = cycle_of(at(1, ANSWERED), waiting(4), at(3, REPLIED, known_at=FRIDAY + 5 * HOUR)).pauses
    assert span(pause) == (FRIDAY + 4 * HOUR, FRIDAY + 4 * HOUR)


def test_an_answer_that_the_agent_has_answered_again_does_not_end_the_pause():
    [pause] = cycle_of(at(1, REPLIED), at(2, ANSWERED), waiting(2)).pauses
    assert pause.ends_at is None


def test_a_pause_is_over_when_the_ticket_is_resolved_however_long_it_lasted():
    [pause] = cycle_of(waiting(1), at(180 * 24, RESOLVED)).pauses
    assert (pause.ends_at, pause.ended_because) == (FRIDAY + 180 * DAY, ResumeReason.RESOLVED)


def test_nothing_is_paused_after_a_ticket_was_resolved():
    assert cycle_of(at(1, RESOLVED), waiting(2)).pauses == ()


def test_a_second_pause_for_the_same_reason_changes_nothing():
    assert len(cycle_of(waiting(1), waiting(2)).pauses) == 1


def test_a_pause_can_have_an_end_that_was_named():
    [pause] = cycle_of(waiting(1, until=FRIDAY + DAY)).pauses
    assert pause.until == FRIDAY + DAY


def test_the_answer_of_the_customer_does_not_bring_a_case_back_from_the_supplier():
    assert cycle_of(supplier(1), at(2, REPLIED)).paused.evidence["supplier"] == "Microsoft"


def test_a_supplier_may_have_a_case_only_where_the_policy_says_so():
    assert routed(supplier(1)).paused
    for provider in ("hypernode", "kenotronix", "h-sphere"):
        assert routed(supplier(1), provider=provider).paused is None


def test_a_case_comes_back_from_the_supplier_at_the_limit_of_the_policy_or_sooner():
    assert cycle_of(supplier(1)).paused.until == FRIDAY + HOUR + 5 * DAY
    assert cycle_of(supplier(1, until=FRIDAY + DAY)).paused.until == FRIDAY + DAY
    assert cycle_of(supplier(1, until=FRIDAY + 30 * DAY)).paused.until == FRIDAY + HOUR + 5 * DAY
    begun = supplier(1)
    reached = Noted(at=FRIDAY + HOUR + 5 * DAY, id=begun.id, what=Happening.LIMIT_REACHED)
    assert cycle_of(begun, reached).pauses[0].ended_because is ResumeReason.LIMIT_REACHED
    assert cycle_of(begun, resumed(2), supplier(3), reached).paused  # the limit of the one is not that of the other


# LC-A3, sentence by sentence.


def test_the_time_before_and_after_the_supplier_had_the_case_counts_for_response_and_resolution():
    standing = routed(supplier(1))
    assert (due(standing), due(standing, RESOLUTION)) == (None, None)
    assert routing.SUSPENDED in standing.note
    back = routed(supplier(1), Noted(at=MONDAY, what=Happening.RESUMED, by="Kim", why=ResumeReason.SUPPLIER_ANSWERED))
    # Four hours, of which one was counted on Friday before the supplier had the case.
    assert due(back) == MONDAY + 3 * HOUR


def test_being_hosted_elsewhere_suspends_nothing_by_itself():
    assert routed(at(1, Happening.RUNNING)).paused is None


def test_waiting_for_the_customer_is_no_suspension_for_a_supplier():
    assert routed(waiting(1)).paused.reason is not PauseReason.SUPPLIER


def test_what_was_due_before_the_supplier_had_the_case_stays_due():
    saturday = routed(supplier(26))
    assert due(saturday) == FRIDAY + 4 * HOUR
    assert due(saturday, RESOLUTION) is None


def test_a_decision_that_the_supplier_acts_suspends_by_its_clause_until_one_that_he_does_not():
    handed_over = at(1, Happening.SUSPENDED, clause="luxcloud.general.sla-suspension")
    assert cycle_of(handed_over).paused.evidence == {"clause": "luxcloud.general.sla-suspension"}
    assert cycle_of(handed_over, at(3, Happening.RUNNING)).paused is None
    assert cycle_of(supplier(1), at(3, Happening.RUNNING)).paused  # what an agent recorded stays
    assert cycle_of(handed_over, supplier(2), resumed(4)).paused is None


# --- what follows -----------------------------------------------------------------------------------------------------


def test_only_pauses_that_ended_by_themselves_are_announced():
    before = cycle_of(at(1, ANSWERED), waiting(2))
    by_agent = cycle_of(at(1, ANSWERED), waiting(2), resumed(3))
    assert list(clocks.ended_by_themselves(before, by_agent)) == []
    pauses = [waiting(2, id=UUID(int=1))]
    told = cycle_of(at(1, ANSWERED), *pauses, resumed(6))
    seen_late = cycle_of(at(1, ANSWERED), *pauses, resumed(6), at(4, REPLIED))
    [(pause, was)] = clocks.ended_by_themselves(told, seen_late)
    assert (pause.ends_at, was) == (FRIDAY + 4 * HOUR, FRIDAY + 6 * HOUR)
    assert list(clocks.ended_by_themselves(seen_late, seen_late)) == []


def test_the_last_plan_and_level_that_an_agent_gave_hold():
    history = [
        at(3, Happening.RECLASSIFIED, emergency=Emergency.HIGHEST),
        at(1, Happening.RECLASSIFIED, plan="priority", emergency=Emergency.NOT_EMERGENCY),
    ]
    assert clocks.reclassified(history) == ("priority", Emergency.HIGHEST)
    assert clocks.reclassified([]) == (None, None)


def test_due_times_of_clocks_that_have_not_moved_stay_as_they_were_said():
    said = routed(provider="hypernode")
    reworded = routed(at(1, ANSWERED), at(2, REPLIED), provider="hypernode").model_copy(
        update={"policy_version": "new"}
    )
    followed = routing.follow(said, reworded)
    assert followed.targets[0] is said.targets[0]
    assert [target.name for target in followed.targets] == [FIRST, NEXT, RESOLUTION]
    assert routing.follow(said, routed(at(1, ANSWERED), provider="hypernode")) is said


def test_a_change_tells_the_due_time_before_and_after_unless_it_was_reached():
    before, after = routed(), routed(supplier(1))
    changes = routing.changes(before.targets, after.targets, cycle_of(supplier(1)))
    assert [(change.target, change.before, change.after) for change in changes] == [
        (name, due(before, name), None) for name in (FIRST, RESOLUTION)
    ]
    assert routing.changes(before.targets, after.targets, cycle_of(at(1, RESOLVED))) == ()


@pytest.mark.parametrize(
    ("answered_after", "state"),
    [(None, State.RUNNING), (240 * MINUTE, State.MET), (241 * MINUTE, State.BREACHED)],
)
def test_an_answer_at_the_due_time_is_in_time(answered_after, state):
    history = [Noted(at=FRIDAY + answered_after, what=ANSWERED)] if answered_after else []
    first = routed(provider="hypernode").targets[0]
    assert first.minutes == 240
    assert routing.state_of(first, cycle_of(*history), overdue=False) is state


AGENTS = [Happening.PAUSED, Happening.RESUMED, REPLIED, ANSWERED, RESOLVED, Happening.SUSPENDED, Happening.RUNNING]


def noted(told):
    hours, what, for_supplier = told
    standstill = (CASE if for_supplier else WaitingForCustomer()) if what is Happening.PAUSED else None
    clause = "luxcloud.general.sla-suspension" if what is Happening.SUSPENDED else None
    return at(hours, what, by="Kim", standstill=standstill, clause=clause)


HISTORIES = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(AGENTS), st.booleans()), max_size=14)


@given(HISTORIES)
def test_any_history_gives_due_times_that_count_exactly_the_minutes_of_the_target_and_proofs_that_add_up(told):
    history = [noted(one) for one in told]
    cycle = cycle_of(*history)
    calendar = load_policies().provider("luxcloud").counted_on(None)
    result = routed(*history)
    for target in result.targets:
        if target.due_at is None:
            assert cycle.paused
        else:
            pauses = routing.intervals(target.pauses)
            assert calendar.elapsed(target.started_at, target.due_at, pauses) == target.minutes * MINUTE
        assert check(proof(target, result, calendar.zone)) == []


@given(HISTORIES, st.randoms(use_true_random=False))
def test_any_history_gives_the_same_clocks_in_any_order_of_hearing(told, chance):
    history = [noted(one) for one in told]
    shuffled = chance.sample(history, len(history))
    assert cycle_of(*history) == cycle_of(*shuffled)


@given(HISTORIES)
def test_in_any_history_no_wait_for_the_customer_goes_on_while_a_reply_of_his_is_unanswered(told):
    cycle = cycle_of(*(noted(one) for one in told))
    waits = [p for p in cycle.pauses if p.reason is PauseReason.WAITING_FOR_CUSTOMER and p.ends_at is None]
    assert not (waits and cycle.unanswered_since)
