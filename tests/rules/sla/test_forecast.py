"""The forecast: people take the queue in its order, in open hours, one ticket each at a time."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.rules.forecast import Waiting, forecast
from shared.policies import load_policies
from shared.vocabulary import TargetName

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def moment(text):
    return datetime.fromisoformat(text)


SUNDAY = moment("2026-06-07T12:00:00+02:00")
MONDAY = moment("2026-06-08T08:00:00+02:00")


def waiting(name, due_at, calendar="hypernode", **more):
    hours = load_policies().calendar(calendar)
    start_by = hours.latest_start(due_at, HOUR / 2) if due_at else SUNDAY
    ticket = Waiting(name, "hypernode", "Technical", hours, 1, HOUR / 2, start_by, TargetName.FIRST_RESPONSE, due_at)
    return replace(ticket, **more)


def late(backlog, agents=1, now=SUNDAY):
    return {one.ticket.ticket_id: one.late for one in forecast(backlog, agents, now) if one.late}


def test_after_the_weekend_the_fourth_ticket_of_two_people_is_late_when_all_are_due_within_the_first_hour():
    backlog = [waiting(f"T-{n}", MONDAY + 45 * MINUTE) for n in range(4)]
    assert late(backlog, agents=2) == {"T-2": 15 * MINUTE, "T-3": 15 * MINUTE}
    assert late(backlog, agents=4) == {}
    assert late(backlog[:2], agents=2) == {}


def test_done_at_the_due_time_itself_is_in_time():
    assert late([waiting("T-1", MONDAY + HOUR / 2)]) == {}
    assert late([waiting("T-1", MONDAY + HOUR / 2 - MINUTE)]) == {"T-1": MINUTE}


def test_the_ticket_whose_work_must_begin_first_is_taken_first_however_long_the_other_takes():
    long = waiting("T-1", MONDAY + 3 * HOUR, handling=2 * HOUR, start_by=MONDAY + HOUR)
    short = waiting("T-2", MONDAY + 2 * HOUR)
    assert late([short, long]) == {"T-2": HOUR / 2}


def test_a_ticket_that_is_late_already_is_work_and_no_news():
    backlog = [waiting("T-1", None, target=None), waiting("T-2", MONDAY + HOUR / 2)]
    assert late(backlog) == {"T-2": HOUR / 2}


def test_priority_goes_first_where_the_plan_goes_before_time_and_works_while_regular_is_closed():
    saturday = moment("2026-06-06T10:00:00-04:00")
    regular = waiting("T-1", moment("2026-06-08T02:30:00-04:00"), "h-sphere/regular", place=5)
    priority = [waiting(f"P-{n}", saturday + (n + 1) * HOUR / 2, "h-sphere/priority") for n in range(3)]
    done = {one.ticket.ticket_id: one.done_at for one in forecast([regular, *priority], 1, saturday)}
    assert done["P-2"] == saturday + 3 * HOUR / 2
    assert done["T-1"] == moment("2026-06-08T02:30:00-04:00")


def test_the_people_of_one_team_do_not_work_for_another():
    backlog = [waiting("T-1", MONDAY + HOUR / 2), waiting("T-2", MONDAY + HOUR / 2, team="Sales")]
    assert late(backlog) == {}


dues = st.lists(st.integers(1, 3000), min_size=1, max_size=15)


@settings(deadline=None, max_examples=50)
@given(dues, st.integers(1, 4))
def test_everybody_is_served_once_in_open_hours_and_more_people_never_finish_later(minutes, agents):
    calendar = load_policies().calendar("hypernode")
    backlog = [waiting(f"T-{n:02}", calendar.add(SUNDAY, m * MINUTE)) for n, m in enumerate(minutes)]
    found = list(forecast(backlog, agents, SUNDAY))
    assert sorted(one.ticket.ticket_id for one in found) == [ticket.ticket_id for ticket in backlog]
    for one in found:
        assert calendar.is_open(one.begins_at)
        assert calendar.elapsed(one.begins_at, one.done_at) == one.ticket.handling
        assert sum(other.begins_at <= one.begins_at < other.done_at for other in found) <= agents
    more = {one.ticket.ticket_id: one.done_at for one in forecast(backlog, agents + 1, SUNDAY)}
    assert all(more[one.ticket.ticket_id] <= one.done_at for one in found)
