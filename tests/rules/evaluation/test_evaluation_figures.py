"""What `make evaluate` counts: figures that were reckoned by hand, and what holds of any."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.cases import HELD_BACK, TUNING, Case, ExpectedPart, read
from evaluation.measure import (
    Figures,
    Judged,
    calibration_error,
    interval,
    macro_f1,
    parts_right,
    reliability,
    risk_and_coverage,
    risk_over_coverage,
    tells_of_a_server_down,
)
from evaluation.report import Report, as_json, as_markdown
from evaluation.run import Speed
from shared.vocabulary import Decision, Department, Emergency, Party, Verdict

SUPPORTED, PAID, UNSUPPORTED = Verdict.SUPPORTED, Verdict.PAID, Verdict.UNSUPPORTED
CUSTOMERS_OWN = Verdict.CUSTOMER_RESPONSIBILITY


def case(number="a-1", **expected):
    right = {
        "verdict": "supported",
        "accepted": ["supported"],
        "clear": True,
        "clauses": ["h-sphere.a", "h-sphere.b"],
        "topic": "backup-restore",
        "responsible_party": "provider",
        "department": "technical",
        "emergency": "not-emergency",
        "server_down": False,
    }
    received_at = datetime(2026, 3, 10, 10, tzinfo=UTC)
    return Case.model_validate(
        {
            "id": number,
            "provider": "h-sphere",
            "received_at": received_at,
            "language": "en",
            "body": "Where is my shop?",
            "expected": right | expected,
        }
    )


def decision(verdict=SUPPORTED, *clauses, confidence=0.8, needs_person=False, **more):
    answer = {"topic": "backup-restore", "responsible_party": Party.PROVIDER, "emergency": Emergency.NOT_EMERGENCY}
    return Decision(
        verdict=verdict, clauses=clauses, confidence=confidence, needs_person=needs_person, **(answer | more)
    )


def judged(*, accepted=True, confidence=0.8, number="a-1", expected=None, **more):
    answer = decision(SUPPORTED if accepted else PAID, confidence=confidence, **more)
    return Judged.of(case(number, **(expected or {})), answer)


def test_a_right_answer_is_right_in_every_respect():
    one = Judged.of(case(), decision(SUPPORTED, "h-sphere.b", "h-sphere.c"))
    assert (one.accepted, one.exact, one.topic_right, one.department_right, one.party_right) == (True,) * 5
    assert (one.clause_first, one.clause_in_three, one.emergency_right, one.by_itself) == (True,) * 4
    assert (one.server_down, one.server_down_told) == (False, False)


def test_not_ours_and_the_customers_own_job_are_one_answer():
    one = Judged.of(case(verdict="unsupported", accepted=["unsupported"]), decision(CUSTOMERS_OWN))
    assert one.accepted
    assert one.exact


def test_an_answer_that_can_be_defended_is_accepted_and_not_exact():
    one = Judged.of(case(accepted=["supported", "paid"], clear=False), decision(PAID))
    assert one.accepted
    assert not one.exact


@pytest.mark.parametrize(
    ("cited", "first", "of_three"),
    [
        (["h-sphere.a"], True, True),
        (["h-sphere.c", "h-sphere.d", "h-sphere.a"], False, True),
        (["h-sphere.c", "h-sphere.d", "h-sphere.e", "h-sphere.a"], False, False),
        ([], False, False),
    ],
)
def test_a_right_clause_stands_first_or_among_the_first_three(cited, first, of_three):
    one = Judged.of(case(), decision(SUPPORTED, *cited))
    assert (one.clause_first, one.clause_in_three) == (first, of_three)


def test_what_a_case_says_nothing_of_is_not_counted():
    one = Judged.of(case(clauses=[], emergency=None, responsible_party=None, department=None), decision(PAID))
    assert (one.clause_first, one.clause_in_three, one.emergency_right) == (None, None, None)
    assert (one.party_right, one.department_right) == (None, None)
    assert Figures.of([one]).clause_first is None


def test_another_topic_that_is_equally_right_is_right():
    assert Judged.of(case(topic="backups", topics_accepted=["backup-restore"]), decision()).topic_right


@pytest.mark.parametrize(
    ("level", "facts", "told"),
    [
        (Emergency.HIGHEST, (), True),
        (Emergency.EMERGENCY, (), True),
        (Emergency.IMMEDIATE_AFTER_UPGRADE, (), False),
        (None, [{"fact": "server-down", "value": "mail-or-web"}], True),
        (None, [{"fact": "server-down", "value": "no"}], False),
        (None, [{"fact": "wish", "value": "advice"}], False),
    ],
)
def test_a_server_is_told_to_be_down_by_the_level_or_by_the_fact(level, facts, told):
    assert tells_of_a_server_down(decision(emergency=level, explanation={"facts": facts})) is told


def test_recall_counts_servers_that_are_down_and_false_alarms_the_others():
    down = {"server_down": True}
    seen, missed = judged(expected=down, emergency=Emergency.HIGHEST), judged(expected=down)
    alarm, quiet = judged(emergency=Emergency.HIGHEST), judged()
    figures = Figures.of([seen, missed, missed, alarm, quiet])
    assert (figures.servers_down, figures.server_down_recall, figures.false_alarms) == (3, 1 / 3, 1 / 2)


def test_an_answer_counts_for_one_question_of_a_mixed_message():
    wanted = [ExpectedPart(verdict=PAID, clauses=("h-sphere.a",), topic="backup-restore")] * 2
    by_topic, by_clause = decision(PAID), decision(PAID, "h-sphere.a", topic="other")
    assert parts_right(wanted, decision(Verdict.MIXED, parts=(by_topic, decision()))) == 1
    assert parts_right(wanted, decision(Verdict.MIXED, parts=(by_topic, by_clause))) == 2
    assert parts_right(wanted, decision(PAID)) == 1  # taken for a single question


def test_macro_f1_is_the_mean_over_verdicts():
    pairs = [(SUPPORTED, SUPPORTED), (SUPPORTED, SUPPORTED), (SUPPORTED, PAID), (PAID, PAID), (UNSUPPORTED, PAID)]
    assert macro_f1(pairs) == pytest.approx((0.8 + 0.5 + 0.0) / 3)
    assert macro_f1([]) is None


def test_the_interval_of_a_share_is_wilsons():
    low, high = interval(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)  # Brown, Cai, DasGupta 2001
    assert interval(0, 0) == (None, None)


@given(st.integers(1, 500).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))))
def test_the_interval_of_a_share_holds_the_share(right_of):
    right, cases = right_of
    low, high = interval(right, cases)
    assert 0 <= low <= right / cases + 1e-9
    assert right / cases - 1e-9 <= high <= 1


def test_calibration_is_how_far_confidence_and_truth_are_apart():
    claims = [(0.95, True), (0.95, True), (0.95, False), (0.95, True), (0.15, True)]
    cases = [judged(confidence=confidence, accepted=accepted) for confidence, accepted in claims]
    assert [(one.cases, round(one.confidence, 2), one.accepted) for one in reliability(cases)] == [
        (1, 0.15, 1.0),
        (4, 0.95, 0.75),
    ]
    assert calibration_error(cases) == pytest.approx((4 * 0.2 + 1 * 0.85) / 5)
    assert calibration_error([]) is None


def test_a_confidence_of_one_belongs_to_the_last_range():
    assert [one.cases for one in reliability([judged(confidence=1.0), judged(confidence=0.91)])] == [2]


def test_risk_is_what_is_wrong_among_the_surest():
    claims = [(0.9, True), (0.5, False), (0.8, True), (0.5, True)]
    cases = [judged(confidence=confidence, accepted=accepted) for confidence, accepted in claims]
    assert risk_and_coverage(cases) == [(0.25, 0.0), (0.5, 0.0), (1.0, 0.25)]  # equally sure ones together
    assert risk_over_coverage(cases) == pytest.approx(0.125)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_figures_of_any_cases_are_shares(claims):
    cases = [judged(confidence=confidence, accepted=accepted) for confidence, accepted in claims]
    figures = Figures.of(cases)
    assert all(0 <= value <= 1 for value in vars(figures).values() if isinstance(value, float))
    coverage, risk = risk_and_coverage(cases)[-1]
    assert (coverage, risk) == (1.0, pytest.approx(1 - figures.accepted))
    assert math.isclose(sum(one.cases for one in reliability(cases)), len(cases))


def test_a_person_who_looks_takes_a_case_out_of_what_is_decided_alone():
    figures = Figures.of([judged(), judged(accepted=False), judged(accepted=False, needs_person=True)])
    assert (figures.by_itself, figures.by_itself_accepted) == (2 / 3, 1 / 2)


@pytest.fixture
def report():
    sets = {TUNING: [judged(number="seen-1", accepted=False)], HELD_BACK: [judged(number="hidden-1", accepted=False)]}
    return Report(sets, Speed(load_ms=700, median_ms=2.0, p95_ms=4.0, peak_mb=90), {"h-sphere": "abc"})


def test_a_report_names_wrong_cases_but_none_that_is_held_back(report):
    page, machine = as_markdown(report), json.dumps(as_json(report))
    assert "| seen-1 | supported | paid |" in page
    assert "seen-1" in machine
    assert "hidden-1" not in page + machine
    assert as_json(report)["sets"][HELD_BACK]["all"]["figures"]["accepted"] == 0.0


def test_a_report_tells_what_has_changed_since_the_last(report):
    before = as_json(report)
    mended = Report({TUNING: [judged(number="seen-1")]}, report.speed, report.versions)
    page = as_markdown(mended, before)
    assert "mended seen-1; newly wrong none" in page
    assert "+100.0" in page


def test_a_wrong_case_is_named_by_its_line_and_not_quoted(tmp_path):
    line = case().model_dump(mode="json")
    line["expected"]["verdict"] = "perhaps"
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(line))
    with pytest.raises(ValueError, match=r"cases.jsonl:1: expected.verdict: enum") as error:
        read([file])
    assert "shop" not in str(error.value)


def test_a_decision_of_the_wrong_department_is_not_right():
    assert not Judged.of(case(department="sales"), decision(department=Department.FINANCIAL)).department_right
