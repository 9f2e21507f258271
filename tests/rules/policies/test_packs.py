"""The four built-in packs say what the published documents say, and nothing on their own account without marking it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import holidays
import pytest

from shared.errors import Misconfigured
from shared.money import Money
from shared.policies import read_policies
from shared.policies.loader import BUILT_IN
from shared.vocabulary import Emergency, Verdict

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def policies():
    return read_policies()


def test_every_clause_of_the_four_documents_is_there(policies):
    counts = {policy.id: len(policy.clauses) for policy in policies}
    assert counts == {"hypernode": 81, "kenotronix": 161, "luxcloud": 109, "h-sphere": 52}
    assert len(policies.clauses) == 403


def test_every_quote_stands_in_its_document_at_its_lines(policies):
    for policy in policies:
        lines = (BUILT_IN / policy.id / "document.txt").read_text().split("\n")
        for clause in policy.clauses.values():
            cited = " ".join(" ".join(lines[n - 1] for n in clause.source.lines).split())
            assert " ".join(clause.quote.split()) in cited, clause.id


def test_every_overlap_goes_both_ways(policies):
    for clause in policies.clauses.values():
        assert all(clause.id in policies.clause(other).conflicts_with for other in clause.conflicts_with)


def test_a_clause_is_found_by_its_id(policies):
    clause = policies.clause("hypernode.backups.restore-price")
    assert (clause.verdict, clause.source.line) == (Verdict.PAID, 69)


def test_an_unknown_clause_is_answered_with_the_nearest_one(policies):
    with pytest.raises(Misconfigured, match=r"did you mean 'hypernode\.backups\.restore-price'"):
        policies.clause("hypernode.backup.restore-price")


def test_an_unknown_provider_is_answered_with_those_that_exist(policies):
    with pytest.raises(Misconfigured, match="known are h-sphere, hypernode, kenotronix, luxcloud"):
        policies.provider("zzz")


def test_the_calendars_have_the_names_that_commands_use(policies):
    stated = {plan.calendar for policy in policies for plan in policy.provider.plans}
    assert stated == {"hypernode", "kenotronix", "h-sphere/regular", "h-sphere/priority", None}


def test_hypernode_is_open_until_six_in_dutch_time_and_knows_no_holiday(policies):
    hours = policies.calendar("hypernode")
    assert hours.is_open(datetime(2026, 7, 1, 15, 59, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 7, 1, 16, 0, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 12, 25, 10, 0, tzinfo=UTC))


def test_kenotronix_is_open_on_the_night_of_a_leap_day(policies):
    assert policies.calendar("kenotronix").is_open(datetime(2028, 2, 29, 3, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "regular", "priority"),
    [
        (datetime(2026, 6, 3, 2, 0, tzinfo=NEW_YORK), True, True),
        (datetime(2026, 6, 3, 1, 59, tzinfo=NEW_YORK), False, True),
        (datetime(2026, 6, 6, 4, 0, tzinfo=NEW_YORK), False, True),
        (datetime(2026, 6, 6, 2, 0, tzinfo=NEW_YORK), False, False),
        (datetime(2026, 8, 24, 10, 0, tzinfo=NEW_YORK), False, True),
        (datetime(2026, 8, 24, 20, 0, tzinfo=NEW_YORK), False, False),
    ],
)
def test_a_ukrainian_holiday_has_the_hours_of_a_weekend(policies, moment, regular, priority):
    h_sphere = policies.provider("h-sphere")
    assert h_sphere.hours("regular").is_open(moment) is regular
    assert h_sphere.hours("priority").is_open(moment) is priority


@pytest.mark.parametrize("year", range(2020, 2031))
def test_the_ukrainian_holidays_are_the_statutory_ones_without_days_off_in_their_stead(policies, year):
    known = holidays.UA(years=year, categories=("public", "workday"), language="en_US", observed=False, expand=False)
    statutory = {day for day, name in known.items() if not name.startswith("Day off")}
    listed = policies.calendar("h-sphere/priority").holidays
    assert {day for day in listed if day.year == year} == statutory
    assert policies.calendar("h-sphere/regular").holidays == listed


def test_the_law_of_2023_moved_four_holidays(policies):
    listed = policies.calendar("h-sphere/priority").holidays
    moved = {2023: [(1, 7), (5, 9), (7, 28), (10, 1)], 2024: [(5, 8), (7, 15), (10, 1), (12, 25)]}
    assert all(date(year, *day) in listed for year, days in moved.items() for day in days)
    assert not {date(2024, 1, 7), date(2024, 5, 9), date(2024, 7, 28), date(2023, 10, 14)} & set(listed)


def test_luxcloud_states_no_hours_and_its_targets_count_on_a_house_default(policies):
    luxcloud = policies.provider("luxcloud")
    assert luxcloud.hours(None) is None
    assert luxcloud.counted_on(None).name == "luxcloud/house-default"
    assert luxcloud.provider.calendars["luxcloud/house-default"].house_default


def test_no_policy_states_a_target_or_a_validity_so_all_are_ours(policies):
    for policy in policies:
        assert all(row.house_default for row in policy.provider.targets)
        assert policy.provider.quote_validity.house_default


def test_no_policy_limits_the_help_that_is_given_away_so_the_limit_is_ours(policies):
    assert all(policy.provider.courtesy and policy.provider.courtesy.house_default for policy in policies)


def test_a_server_down_has_shorter_targets_than_another_ticket_of_the_same_plan(policies):
    h_sphere = policies.provider("h-sphere")
    for plan in ("regular", "priority"):
        ordinary, urgent = h_sphere.targets(plan), h_sphere.targets(plan, Emergency.HIGHEST)
        assert urgent.first_response < ordinary.first_response
        assert h_sphere.targets(plan, Emergency.MARKER_IGNORED) == ordinary


def test_a_name_that_is_no_support_plan_gets_the_default_plan(policies):
    assert policies.provider("h-sphere").plan("gold").id == "regular"
    assert policies.provider("hypernode").plan(None).id == "standard"


def test_priority_customers_are_served_before_regular_ones(policies):
    h_sphere = policies.provider("h-sphere")
    assert h_sphere.plan("priority").priority < h_sphere.plan("regular").priority


@pytest.mark.parametrize(("language", "reply"), [("nl", "nl"), ("en", "en"), ("de", "en"), ("fr", "en"), (None, "en")])
def test_hypernode_answers_dutch_in_dutch_and_every_other_language_in_english(policies, language, reply):
    assert policies.provider("hypernode").provider.languages.reply_to(language) == reply


def test_a_stated_price_is_an_amount_with_its_clause(policies):
    restore = policies.provider("hypernode").prices["restore"]
    analysis = policies.provider("luxcloud").prices["paid-support"]
    assert (restore.money, restore.clause) == (Money.of(125, "EUR"), "hypernode.backups.restore-price")
    assert (analysis.money, analysis.unit) == (Money.of(150, "EUR"), "started-hour")


def test_the_priority_plan_costs_300_for_four_servers_and_50_for_each_further_one_for_three_months(policies):
    line = policies.provider("h-sphere").prices["priority-plan"]
    assert line.money == Money.of(300, "USD")
    assert (line.servers.included, line.servers.amount, line.minimum.units) == (4, 50_00, 3)


def test_work_without_a_stated_price_waits_for_a_person(policies):
    assert policies.provider("kenotronix").prices["security-correction"].money is None
    assert policies.provider("h-sphere").prices["server-recovery"].money is None


def test_every_paid_clause_can_be_offered(policies):
    for policy in policies:
        if any(clause.verdict is Verdict.PAID for clause in policy.clauses.values()):
            assert policy.prices


def test_amounts_agree_with_the_values_of_their_clauses(policies):
    stated = [line for policy in policies for line in policy.provider.prices if line.money]
    assert len(stated) == 3
    for line in stated:
        values = policies.clause(line.clause).values
        assert Money.of(values["amount"], values["currency"]) == line.money
