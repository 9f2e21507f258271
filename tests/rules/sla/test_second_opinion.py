"""The checker that counts a due time again from its proof finds every mistake in it."""

from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from services.sla.rules import check as checker
from services.sla.rules.check import check
from services.sla.rules.clocks import Happening, House, Noted, current_cycle
from services.sla.rules.proof import proof
from services.sla.rules.routing import route
from shared.policies import load_policies
from shared.vocabulary import (
    Channel,
    Decision,
    Requester,
    ResumeReason,
    SupplierCase,
    TicketFacts,
    Verdict,
    WaitingForCustomer,
)

HOUR = timedelta(hours=1)
BEFORE_THE_HOLIDAY = datetime.fromisoformat("2026-08-21T14:00:00-04:00")


@pytest.fixture
def sheet():
    """A proof over a weekend and a holiday, with a pause in it."""
    history = [
        Noted(at=BEFORE_THE_HOLIDAY + HOUR / 2, what=Happening.PAUSED, by="Kim", standstill=WaitingForCustomer()),
        Noted(at=BEFORE_THE_HOLIDAY + HOUR, what=Happening.RESUMED, by="Kim", why=ResumeReason.AGENT),
    ]
    facts = TicketFacts(
        ticket_id="HS-1",
        provider="h-sphere",
        plan="regular",
        channel=Channel.EMAIL,
        subject="Help",
        requester=Requester(),
        received_at=BEFORE_THE_HOLIDAY,
    )
    policy = load_policies().provider("h-sphere")
    cycle = current_cycle(BEFORE_THE_HOLIDAY, history, House())
    routing = route(facts, Decision(verdict=Verdict.SUPPORTED), policy, cycle)
    return proof(routing.targets[-1], routing, policy.counted_on("regular").zone)


def spoiled(sheet, change):
    copy = deepcopy(sheet)
    change(copy)
    return check(copy)


def test_a_proof_says_every_time_in_utc_and_in_the_zone_of_the_calendar_and_where_its_figures_are_from(sheet):
    assert check(sheet) == []
    assert (sheet["start"], sheet["start_local"]) == ("2026-08-21T18:00:00+00:00", "2026-08-21T14:00:00-04:00")
    first = sheet["windows"][0]
    assert (first["opens_at"], first["opens_local"]) == ("2026-08-21T06:00:00+00:00", "2026-08-21T02:00:00-04:00")
    assert sheet["holidays"] == ["2026-08-24 Independence Day"]
    assert sheet["source"] == {"clauses": [], "house_default": True}
    [pause] = sheet["pauses"]
    assert (pause["reason"], pause["by"], pause["resumed_by"]) == ("waiting-for-customer", "Kim", "Kim")
    assert sheet["policy_version"] == load_policies().provider("h-sphere").version


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.update(due="2026-08-22T09:00:00+00:00", due_local="2026-08-22T05:00:00-04:00"), "are over at"),
        (lambda s: s.update(minutes=s["minutes"] + 1), "are over at"),
        (lambda s: s.update(due_local="2026-08-22T05:00:00-04:00"), "not the same moment"),
        (lambda s: s["windows"][0].update(counted_seconds=1), "not 1 seconds"),
        (lambda s: s["windows"].pop(), "minutes stand in no window"),
        (lambda s: s["windows"].reverse(), "out of order"),
        (lambda s: s["pauses"].clear(), "are over at"),
        (lambda s: s["pauses"][0].update(reason="supplier"), "nothing shows that a supplier had the case"),
        (lambda s: s["source"].update(house_default=False), "no clause states the minutes"),
        (lambda s: s.update(policy_version=""), "version of the policy"),
        (lambda s: s["windows"][0].update(holiday="Kings Day"), "not among the days that are named"),
        (lambda s: s.update(due=None, due_local=None), "no pause that would explain it"),
    ],
)
def test_a_proof_that_does_not_add_up_is_found_out(sheet, change, words):
    assert words in "; ".join(spoiled(sheet, change))


def test_a_supplier_must_have_left_evidence():
    with pytest.raises(ValueError, match="case_reference"):
        SupplierCase(supplier="Microsoft", case_reference=" ", message_sent="<m1@luxcloud.example>")


def test_the_checker_shares_no_code_with_what_it_checks():
    assert not [name for name in vars(checker) if getattr(vars(checker)[name], "__module__", "").startswith("shared")]
