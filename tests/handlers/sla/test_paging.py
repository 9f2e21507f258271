"""An emergency reaches people on call one level after the other, each once, and nobody once somebody has taken it."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

import samples
from services.sla.rules.on_call import OVER, State
from services.sla.tasks import worker
from shared import clock, settings
from shared.bus.worker import Outcome
from shared.events import (
    OnCallPaged,
    PageAcknowledged,
    PagingEnded,
    ScopeDecided,
    TargetBreached,
    TicketAnswered,
    TicketEscalated,
    TicketReclassified,
    TicketReplied,
    TicketResolved,
    TicketRouted,
)
from shared.vocabulary import Decision, Emergency, TargetName, Verdict

FRIDAY = datetime.fromisoformat("2026-06-05T10:00:00-04:00")
SATURDAY = datetime.fromisoformat("2026-06-06T10:00:00-04:00")
QUARTER = timedelta(minutes=15)
ROTA = """\
people:
  anna: {name: Anna, email: anna@host.example}
  bob: {name: Bob, email: bob@host.example}
  carla: {name: Carla, email: carla@host.example}
levels:
  - name: first
    layers:
      - {name: first, zone: UTC, people: [anna], handover: {first: 2020-01-06 09:00}}
  - name: second
    layers:
      - {name: second, zone: UTC, people: [bob], handover: {first: 2020-01-06 09:00}}
lead: carla
"""


@pytest.fixture
def at(monkeypatch):
    """Sets the clock of the house."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture(autouse=True)
def rota(tmp_path, monkeypatch):
    path = tmp_path / "rota.yaml"
    path.write_text(ROTA)
    monkeypatch.setenv("SCOPEDESK_ONCALL_FILE", str(path))
    settings.settings.cache_clear()
    yield path
    monkeypatch.delenv("SCOPEDESK_ONCALL_FILE", raising=False)
    settings.settings.cache_clear()


@pytest.fixture
def no_rota(rota, monkeypatch):
    monkeypatch.delenv("SCOPEDESK_ONCALL_FILE")
    settings.settings.cache_clear()


@pytest.fixture(autouse=True)
def friday(at):
    at(FRIDAY)


def decided(level=Emergency.HIGHEST, plan="regular", received_at=FRIDAY):
    facts = samples.ticket("HS-1", provider="h-sphere", plan=plan, received_at=received_at)
    decision = Decision(verdict=Verdict.SUPPORTED, emergency=level)
    return ScopeDecided(ticket_id="HS-1", ticket=facts, text="Help", decision=decision)


def replied():
    return TicketReplied(
        ticket_id="HS-1",
        arrival_id=uuid4(),
        ticket=decided().ticket,
        author=decided().ticket.requester,
        author_verified=True,
        text="Still down",
        channel="email",
    )


@pytest.fixture
def paged(said):
    return lambda: [(page.level, page.person) for page in said(OnCallPaged)]


@pytest.fixture
def alarms(session):
    def alarms():
        session.rollback()
        return list(session.scalars(text("select state from sla.alarm order by raised_at, id")))

    return alarms


@pytest.fixture
def time_passes(at, hear):
    """The time to take the ticket is over for everybody who was told last."""

    def time_passes(by=QUARTER):
        at(clock.now() + by)
        assert set(hear(worker, "page_next")) == {Outcome.DONE}

    return time_passes


@pytest.mark.parametrize("level", [Emergency.HIGHEST, Emergency.EMERGENCY, Emergency.IMMEDIATE_AFTER_UPGRADE])
def test_an_emergency_is_told_to_the_first_level_at_once(happen, said, level):
    happen(decided(level))
    [page] = said(OnCallPaged)
    assert (page.level, page.person, page.best_effort) == ("first", "anna", False)
    assert page.answer_by == FRIDAY + QUARTER


@pytest.mark.parametrize("level", [None, Emergency.NOT_EMERGENCY, Emergency.MARKER_IGNORED])
def test_what_is_no_emergency_is_told_to_nobody(happen, paged, level):
    happen(decided(level))
    assert paged() == []


def test_levels_are_told_one_after_the_other_as_often_as_the_pack_says_and_then_the_lead(
    happen, paged, time_passes, alarms
):
    happen(decided())
    for _ in range(4):
        time_passes()
    row = [("first", "anna"), ("second", "bob")]
    assert paged() == [*row, *row, ("lead", "carla")]
    time_passes()
    assert len(paged()) == 5
    assert alarms() == [State.UNHEARD]


def test_each_page_has_an_id_of_its_own_that_follows_from_the_fact(happen, said, time_passes):
    happen(decided())
    for _ in range(4):
        time_passes()
    assert len({page.page_id for page in said(OnCallPaged)}) == 5


def test_everybody_of_a_level_is_told_and_the_next_level_once(rota, happen, paged, time_passes):
    more = "      - {name: more, zone: UTC, people: [carla], handover: {first: 2020-01-06 09:00}}\n  - name: second"
    rota.write_text(ROTA.replace("  - name: second", more))
    happen(decided())
    time_passes()
    assert paged() == [("first", "anna"), ("first", "carla"), ("second", "bob")]


def test_who_takes_the_ticket_is_the_last_to_be_told(happen, hear, say, said, alarms):
    happen(decided())
    [page] = said(OnCallPaged)
    taken = {"page_id": page.page_id, "alarm_id": page.alarm_id, "by": "Anna"}
    say("desk", PageAcknowledged(ticket_id="HS-1", **taken))
    assert hear(worker, "stop_paging") == [Outcome.DONE]
    hear(worker, "page_next")
    assert said(OnCallPaged) == [page]
    assert [ended.by for ended in said(PagingEnded)] == ["Anna"]
    assert alarms() == [State.TAKEN]


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (TicketResolved(ticket_id="HS-1", agent="Kim"), State.TAKEN),
        (TicketAnswered(ticket_id="HS-1", agent="Kim", text="On it"), State.TAKEN),
        (
            TicketReclassified(ticket_id="HS-1", by="Kim", why="one account", emergency=Emergency.NOT_EMERGENCY),
            State.DOWNGRADED,
        ),
    ],
    ids=["resolved", "answered", "downgraded"],
)
def test_a_ticket_that_is_resolved_answered_or_downgraded_is_told_to_nobody_else(
    happen, said, time_passes, happens, why
):
    happen(decided())
    happen(happens.model_copy(update={"happened_at": FRIDAY + timedelta(minutes=1)}))
    time_passes()
    assert len(said(OnCallPaged)) == 1
    assert [ended.why for ended in said(PagingEnded)] == [OVER[why]]


def test_a_ticket_that_becomes_an_emergency_is_told_and_once_more_after_it_was_none(happen, paged, time_passes):
    def reclassified(level, minutes):
        told = {"by": "Kim", "why": "a look", "happened_at": FRIDAY + timedelta(minutes=minutes)}
        return TicketReclassified(ticket_id="HS-1", emergency=level, **told)

    happen(decided(Emergency.NOT_EMERGENCY))
    assert paged() == []
    happen(reclassified(Emergency.HIGHEST, 1))
    assert paged() == [("first", "anna")]
    happen(reclassified(Emergency.NOT_EMERGENCY, 2))
    time_passes()
    happen(reclassified(Emergency.HIGHEST, 16))
    assert paged() == [("first", "anna"), ("first", "anna")]


def test_a_decision_that_comes_again_tells_nobody_again(happen, paged):
    happen(decided(), decided())
    assert paged() == [("first", "anna")]


def test_a_resolved_emergency_that_is_reopened_is_told_again(happen, paged, time_passes, at):
    happen(decided(), TicketResolved(ticket_id="HS-1", agent="Kim", happened_at=FRIDAY + QUARTER))
    time_passes()
    at(FRIDAY + 2 * QUARTER)
    happen(replied())
    assert paged() == [("first", "anna"), ("first", "anna")]


def test_an_answer_that_was_heard_before_the_decision_leaves_nothing_to_tell(happen, paged):
    happen(TicketAnswered(ticket_id="HS-1", agent="Kim", text="On it", happened_at=FRIDAY + QUARTER), decided())
    assert paged() == []


# --- outside support hours: HS-A6 -------------------------------------------------------------------------------------


def test_outside_hours_a_regular_emergency_is_told_at_once_and_nothing_is_promised(happen, said, at):
    at(SATURDAY)
    happen(decided(received_at=SATURDAY))
    [page] = said(OnCallPaged)
    assert (page.person, page.best_effort) == ("anna", True)
    [routed] = said(TicketRouted)
    monday = datetime.fromisoformat("2026-06-08T02:00:00-04:00")
    assert routed.routing.starts_at == monday
    assert min(target.windows[0].opens_at for target in routed.routing.targets) == monday


def test_outside_hours_the_next_level_is_told_only_when_the_hours_begin(happen, said, at, time_passes):
    at(SATURDAY)
    happen(decided(received_at=SATURDAY))
    [page] = said(OnCallPaged)
    assert page.answer_by == datetime.fromisoformat("2026-06-08T02:00:00-04:00")
    time_passes(page.answer_by - SATURDAY)
    [_, second] = said(OnCallPaged)
    assert (second.person, second.best_effort) == ("bob", False)


def test_on_a_saturday_the_priority_plan_has_its_hours_and_no_page_of_best_effort(happen, said, at):
    at(SATURDAY)
    happen(decided(plan="priority", received_at=SATURDAY))
    [page] = said(OnCallPaged)
    assert (page.best_effort, page.answer_by) == (False, SATURDAY + QUARTER)


# --- breaches ---------------------------------------------------------------------------------------------------------


def escalated(target=TargetName.RESOLUTION, *, on_call=True):
    return TicketEscalated(ticket_id="HS-1", level=1, to="-", on_call=on_call, target=target, due_at=FRIDAY)


def test_a_breach_that_is_brought_before_the_person_on_call_is_a_page(happen, say, hear, said, time_passes):
    happen(decided(), TicketAnswered(ticket_id="HS-1", agent="Kim", text="On it", happened_at=FRIDAY + QUARTER))
    time_passes()
    say("sla", escalated())
    assert hear(worker, "page_for_breach") == [Outcome.DONE]
    assert [page.reason for page in said(OnCallPaged)] == [
        "a mail or web server is down",
        "the resolution is late: a mail or web server is down",
    ]


def test_a_breach_is_told_to_nobody_else_while_an_alarm_rings(happen, say, hear, paged):
    happen(decided())
    say("sla", escalated())
    assert hear(worker, "page_for_breach") == [Outcome.DONE]
    assert paged() == [("first", "anna")]


def test_a_breach_for_the_team_lead_is_no_page(happen, say, hear, paged):
    happen(decided(None))
    say("sla", escalated(on_call=False))
    assert hear(worker, "page_for_breach") == [Outcome.DONE]
    assert paged() == []


def test_an_emergency_that_nobody_takes_is_told_again_when_it_is_late(happen, hear, said, at, time_passes):
    happen(decided())
    for _ in range(5):
        time_passes()
    at(FRIDAY + timedelta(hours=2))
    hear(worker, "check_target")
    assert said(TargetBreached)
    assert hear(worker, "page_for_breach")
    assert said(OnCallPaged)[-1].reason.startswith("the first response is late: ")


# --- a rota that is missing or wrong ----------------------------------------------------------------------------------


def test_without_a_rota_the_teams_mailbox_is_told_once(no_rota, happen, said, time_passes, alarms):
    happen(decided())
    [page] = said(OnCallPaged)
    assert (page.level, page.person, page.last) == ("team", None, True)
    time_passes()
    assert len(said(OnCallPaged)) == 1
    assert alarms() == [State.UNHEARD]


def test_a_rota_that_breaks_while_an_alarm_rings_makes_the_team_the_next_to_be_told(rota, happen, paged, time_passes):
    happen(decided())
    rota.write_text("people: [")
    time_passes()
    assert paged() == [("first", "anna"), ("team", None)]


def test_a_level_at_which_nobody_is_on_call_is_passed_over(rota, happen, paged, time_passes):
    future = ROTA.replace("people: [anna], handover: {first: 2020", "people: [anna], handover: {first: 2099")
    rota.write_text(future)
    happen(decided())
    time_passes()
    assert paged() == [("second", "bob"), ("second", "bob")]
