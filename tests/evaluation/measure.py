"""How right decisions are: pure figures over labelled requests and what was decided on them.

`unsupported` and `customer-responsibility` count as one verdict: documents use them side by side for the same thing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Self

from evaluation.cases import Case, ExpectedPart
from services.scope.rules.facts import DOWN
from shared.vocabulary import Decision, Emergency, Verdict

URGENT = {Emergency.HIGHEST, Emergency.EMERGENCY}
CLAUSES_LOOKED_AT = 3
BINS = 10
"""Of confidence, equally wide."""


@dataclass(frozen=True)
class Judged:
    """One decision beside the right answer. A figure that the case has nothing to say of is None."""

    id: str
    provider: str
    language: str
    wanted: Verdict
    got: Verdict
    accepted: bool
    exact: bool
    clear: bool
    clause_first: bool | None
    clause_in_three: bool | None
    topic_wanted: str
    topic_got: str | None
    topic_right: bool
    server_down: bool
    server_down_told: bool
    emergency_right: bool | None
    department_right: bool | None
    party_right: bool | None
    by_itself: bool
    confidence: float
    parts_wanted: int
    parts_right: int

    @classmethod
    def of(cls, case: Case, decision: Decision) -> Self:
        """Judge a decision."""
        expected = case.expected
        cites = bool(expected.clauses)
        got = one_side(decision.verdict)
        return cls(
            id=case.id,
            provider=case.provider,
            language=case.language,
            wanted=one_side(expected.verdict),
            got=got,
            accepted=got in {one_side(verdict) for verdict in expected.accepted},
            exact=got is one_side(expected.verdict),
            clear=expected.clear,
            clause_first=bool({*decision.clauses[:1]} & {*expected.clauses}) if cites else None,
            clause_in_three=bool({*decision.clauses[:CLAUSES_LOOKED_AT]} & {*expected.clauses}) if cites else None,
            topic_wanted=expected.topic,
            topic_got=decision.topic,
            topic_right=decision.topic in expected.topics,
            server_down=expected.server_down,
            server_down_told=tells_of_a_server_down(decision),
            emergency_right=decision.emergency is expected.emergency if expected.emergency else None,
            department_right=decision.department is expected.department if expected.department else None,
            party_right=decision.responsible_party is expected.responsible_party
            if expected.responsible_party
            else None,
            by_itself=not decision.needs_person,
            confidence=decision.confidence,
            parts_wanted=len(expected.parts),
            parts_right=parts_right(expected.parts, decision),
        )


def one_side(verdict: Verdict) -> Verdict:
    """The verdict as it is counted: not done by us, or the customer's own job, is one answer."""
    return Verdict.UNSUPPORTED if verdict is Verdict.CUSTOMER_RESPONSIBILITY else verdict


def tells_of_a_server_down(decision: Decision) -> bool:
    """Whether the decision took a server to be down, be it for its level or as a fact that it found."""
    found = {fact["value"] for fact in decision.explanation.get("facts", ()) if fact["fact"] == DOWN}
    return decision.emergency in URGENT or bool(found - {"no"})


def parts_right(wanted: Sequence[ExpectedPart], decision: Decision) -> int:
    """How many questions of a message got their answer: the right verdict, on the right topic or with a right clause.

    An answer counts for one question only.
    """
    answers = list(decision.parts or (decision,))
    right = 0
    for part in wanted:
        answer = next((one for one in answers if _answers(part, one)), None)
        if answer:
            answers.remove(answer)
            right += 1
    return right


def _answers(part: ExpectedPart, answer: Decision) -> bool:
    same_verdict = one_side(answer.verdict) is one_side(part.verdict)
    return same_verdict and (answer.topic == part.topic or bool({*answer.clauses[:1]} & {*part.clauses}))


@dataclass(frozen=True)
class Figures:
    """What is told of a set of cases. Shares lie between 0 and 1; None: no case has anything to say of it."""

    cases: int
    accepted: float | None
    accepted_low: float | None
    accepted_high: float | None
    clear_cases: int
    clear_right: float | None
    exact: float | None
    macro_f1: float | None
    clause_first: float | None
    clause_in_three: float | None
    topic: float | None
    department: float | None
    party: float | None
    emergency: float | None
    servers_down: int
    server_down_recall: float | None
    false_alarms: float | None
    parts: float | None
    by_itself: float | None
    by_itself_accepted: float | None
    calibration_error: float | None
    risk_over_coverage: float | None

    @classmethod
    def of(cls, judged: Sequence[Judged]) -> Self:
        """Count everything."""
        clear = [one for one in judged if one.clear]
        alone = [one for one in judged if one.by_itself]
        down = [one for one in judged if one.server_down]
        low, high = interval(sum(one.accepted for one in judged), len(judged))
        parts_wanted = sum(one.parts_wanted for one in judged)
        return cls(
            cases=len(judged),
            accepted=share(judged, lambda one: one.accepted),
            accepted_low=low,
            accepted_high=high,
            clear_cases=len(clear),
            clear_right=share(clear, lambda one: one.exact),
            exact=share(judged, lambda one: one.exact),
            macro_f1=macro_f1([(one.wanted, one.got) for one in judged]),
            clause_first=share(judged, lambda one: one.clause_first),
            clause_in_three=share(judged, lambda one: one.clause_in_three),
            topic=share(judged, lambda one: one.topic_right),
            department=share(judged, lambda one: one.department_right),
            party=share(judged, lambda one: one.party_right),
            emergency=share(judged, lambda one: one.emergency_right),
            servers_down=len(down),
            server_down_recall=share(down, lambda one: one.server_down_told),
            false_alarms=share([one for one in judged if not one.server_down], lambda one: one.server_down_told),
            parts=sum(one.parts_right for one in judged) / parts_wanted if parts_wanted else None,
            by_itself=share(judged, lambda one: one.by_itself),
            by_itself_accepted=share(alone, lambda one: one.accepted),
            calibration_error=calibration_error(judged),
            risk_over_coverage=risk_over_coverage(judged),
        )


FIGURES = tuple(field.name for field in fields(Figures))


def share(judged: Iterable[Judged], right: Callable[[Judged], bool | None]) -> float | None:
    """The share that is right among those of which it can be said."""
    told = [value for value in map(right, judged) if value is not None]
    return sum(told) / len(told) if told else None


def interval(right: int, cases: int, z: float = 1.96) -> tuple[float | None, float | None]:
    """Wilson's interval for a share: where it lies with 95 %, if the cases were drawn by chance."""
    if not cases:
        return None, None
    at, spread = right / cases, z * z / cases
    half = z * (at * (1 - at) / cases + spread / (4 * cases)) ** 0.5
    return max(0.0, (at + spread / 2 - half) / (1 + spread)), min(1.0, (at + spread / 2 + half) / (1 + spread))


def macro_f1(pairs: Sequence[tuple[Verdict, Verdict]]) -> float | None:
    """The mean of the F1 of every verdict that was wanted or given, rare ones counting alike."""
    wanted, got = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    right = Counter(a for a, b in pairs if a is b)
    verdicts = wanted.keys() | got.keys()
    return sum(2 * right[v] / (wanted[v] + got[v]) for v in verdicts) / len(verdicts) if verdicts else None


@dataclass(frozen=True)
class Bin:
    """The cases of one range of confidence: the mean of what was claimed, and the share that was right."""

    cases: int
    confidence: float
    accepted: float


def reliability(judged: Iterable[Judged]) -> list[Bin]:
    """The bins that have cases, lowest first; a confidence of one belongs to the last."""
    found: dict[int, list[Judged]] = {}
    for one in judged:
        found.setdefault(min(int(one.confidence * BINS), BINS - 1), []).append(one)
    return [
        Bin(len(some), sum(one.confidence for one in some) / len(some), sum(one.accepted for one in some) / len(some))
        for _, some in sorted(found.items())
    ]


def calibration_error(judged: Sequence[Judged]) -> float | None:
    """The expected calibration error: how far confidence and truth are apart, over all bins by their cases."""
    bins = reliability(judged)
    return sum(one.cases * abs(one.confidence - one.accepted) for one in bins) / len(judged) if judged else None


def risk_and_coverage(judged: Sequence[Judged]) -> list[tuple[float, float]]:
    """Coverage and the share of wrong answers in it, when only the surest are answered; equally sure ones together."""
    points, wrong, taken = [], 0, 0
    ordered = sorted(judged, key=lambda one: -one.confidence)
    for _, some in groupby(ordered, key=lambda one: one.confidence):
        equally_sure = list(some)
        taken += len(equally_sure)
        wrong += sum(not one.accepted for one in equally_sure)
        points.append((taken / len(judged), wrong / taken))
    return points


def risk_over_coverage(judged: Sequence[Judged]) -> float | None:
    """The area under the curve: 0 is perfect; the share of all wrong answers is what a blind confidence gives."""
    before, area = 0.0, 0.0
    for coverage, risk in risk_and_coverage(judged):
        area += (coverage - before) * risk
        before = coverage
    return area if judged else None


def confusion(judged: Iterable[Judged]) -> Counter[tuple[Verdict, Verdict]]:
    """How often each wanted verdict (first) got which (second)."""
    return Counter((one.wanted, one.got) for one in judged)
