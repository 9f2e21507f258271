"""The report: one page for people, one file for machines. Cases are named for those who may look at them only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.cases import HELD_BACK
from evaluation.measure import Figures, Judged, confusion, reliability, risk_and_coverage
from evaluation.run import Speed

ALL = "all"
COLUMNS = {
    "cases": "cases",
    "accepted": "accepted",
    "clear_right": "clear",
    "macro_f1": "macro-F1",
    "clause_first": "clause first",
    "clause_in_three": "of three",
    "topic": "topic",
    "department": "dept.",
    "party": "party",
    "emergency": "level",
    "server_down_recall": "down found",
    "false_alarms": "false alarms",
    "parts": "parts",
    "by_itself": "by itself",
    "by_itself_accepted": "of these right",
    "calibration_error": "ECE",
    "risk_over_coverage": "risk area",
}
"""Figures with their heading."""

LEGEND = """\
Percentages.

- *accepted*: a verdict that can be defended (95 % interval in brackets); *clear*: right where only one answer is
- *macro-F1*: strict, every verdict counts alike
- *clause first*, *of three*: a right clause is cited first, or among the first three
- *level*: H-Sphere's emergency level
- *down found*, *false alarms*: servers that are down and were seen; others that were taken for it
- *parts*: questions of mixed messages that got their answer
- *by itself*: decided without a person, and how many of these are accepted
- *ECE*: how far confidence and truth are apart
- *risk area*: wrong answers over all coverages, the surest first; less is better
"""


@dataclass(frozen=True)
class Report:
    """Everything that was measured."""

    sets: Mapping[str, Sequence[Judged]]
    speed: Speed
    versions: Mapping[str, str]


def groups(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """All of them, those of each provider, those of each language."""
    providers = sorted({one.provider for one in judged})
    languages = sorted({one.language for one in judged})
    by_provider = {name: [one for one in judged if one.provider == name] for name in providers}
    return {ALL: list(judged)} | by_provider | {name: [o for o in judged if o.language == name] for name in languages}


def as_json(report: Report) -> dict[str, Any]:
    """For machines. `wrong` names cases, and has none of the held-back ones."""
    return {
        "versions": dict(report.versions),
        "speed": asdict(report.speed),
        "sets": {
            name: {group: _set_as_json(some) for group, some in groups(judged).items()}
            for name, judged in report.sets.items()
        },
        "wrong": {name: [asdict(one) for one in wrong(judged)] for name, judged in _to_look_at(report)},
    }


def _set_as_json(judged: Sequence[Judged]) -> dict[str, Any]:
    counts = sorted((a.value, b.value, n) for (a, b), n in confusion(judged).items())
    return {
        "figures": {name: _rounded(value) for name, value in asdict(Figures.of(judged)).items()},
        "reliability": [asdict(one) for one in reliability(judged)],
        "risk_and_coverage": risk_and_coverage(judged),
        "confusion": [{"wanted": wanted, "got": got, "cases": n} for wanted, got, n in counts],
    }


def _rounded(value: float | None) -> float | None:
    return round(value, 4) if isinstance(value, float) else value


def _to_look_at(report: Report) -> Iterator[tuple[str, Sequence[Judged]]]:
    """The sets whose cases may be seen: nobody tunes on what is held back."""
    yield from ((name, judged) for name, judged in report.sets.items() if name != HELD_BACK)


def wrong(judged: Iterable[Judged]) -> list[Judged]:
    """The cases with a verdict that cannot be defended, a clear one missed, or a server down misjudged."""
    return [
        one
        for one in judged
        if not one.accepted or (one.clear and not one.exact) or one.server_down != one.server_down_told
    ]


def as_markdown(report: Report, before: Mapping[str, Any] | None = None) -> str:
    """For people. `before` is an older report as JSON: what has changed since is told."""
    return "\n".join(_lines(report, before or {}))


def _lines(report: Report, before: Mapping[str, Any]) -> Iterator[str]:
    yield "# How right the decisions are\n"
    yield LEGEND
    for name, judged in report.sets.items():
        yield f"## {name}\n"
        then = before.get("sets", {}).get(name, {})
        rows = [_row(group, Figures.of(some), then.get(group, {})) for group, some in groups(judged).items()]
        yield from _table(["", *COLUMNS.values()], rows)
        yield ""
    yield from _cost(report)
    yield "## Pictures\n"
    yield from (f"![{name}]({name}.png)\n" for name in ("reliability", "risk-and-coverage"))
    yield from (f"![confusion, {name}](confusion-{name}.png)\n" for name in report.sets)
    yield from _changes(report, before)
    yield from _wrong_cases(report)


def _row(group: str, figures: Figures, then: Mapping[str, Any]) -> list[str]:
    told = {name: _percent(getattr(figures, name)) for name in COLUMNS} | {"cases": str(figures.cases)}
    told["accepted"] += f" ({_percent(figures.accepted_low)}-{_percent(figures.accepted_high)})"
    told["server_down_recall"] += f" of {figures.servers_down}" if figures.servers_down else ""
    told["clear_right"] += f" of {figures.clear_cases}" if figures.clear_cases else ""
    known = then.get("figures", {})
    if known.get("cases") == figures.cases:
        told["accepted"] += _change(figures.accepted, known["accepted"])
    return [group, *told.values()]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f}"


def _change(now: float | None, then: float | None) -> str:
    """By how many points a figure has changed, where that can be seen."""
    points = round((now - then) * 100, 1) if now is not None and then is not None else 0.0
    return f" {points:+.1f}" if points else ""


def _cost(report: Report) -> Iterator[str]:
    cost = report.speed
    yield "## Cost\n"
    yield (
        f"{cost.median_ms} ms of one core for a decision in the median, {cost.p95_ms} ms at the 95th percentile;"
        f" ready after {cost.load_ms} ms; {cost.peak_mb:.0f} MB at the peak.\n"
    )
    yield "Policies: " + ", ".join(f"{name} {version}" for name, version in report.versions.items()) + "\n"


def _changes(report: Report, before: Mapping[str, Any]) -> Iterator[str]:
    """Which cases became right or wrong since the older report."""
    known = before.get("wrong", {})
    told = [(name, *_differences(judged, known[name])) for name, judged in _to_look_at(report) if name in known]
    if any(mended or broken for _, mended, broken in told):
        yield "## Since the last report\n"
        for name, mended, broken in told:
            yield f"- {name}: mended {', '.join(mended) or 'none'}; newly wrong {', '.join(broken) or 'none'}"
        yield ""


def _differences(judged: Sequence[Judged], known: Iterable[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    then, now = {one["id"] for one in known}, {one.id for one in wrong(judged)}
    return sorted((then - now) & {one.id for one in judged}), sorted(now - then)


def _wrong_cases(report: Report) -> Iterator[str]:
    for name, judged in _to_look_at(report):
        rows = [
            [one.id, one.wanted, one.got, one.topic_wanted, one.topic_got or "", f"{one.confidence:.2f}", _why(one)]
            for one in sorted(wrong(judged), key=lambda one: -one.confidence)
        ]
        yield f"## Wrong in {name}: {len(rows)}, the surest first\n"
        yield from _table(["id", "wanted", "got", "topic wanted", "topic got", "confidence", ""], rows)
        yield ""


def _why(one: Judged) -> str:
    told = {
        "clear": one.clear and not one.exact,
        "without a person": one.by_itself and not one.accepted,
        "server down missed": one.server_down and not one.server_down_told,
        "false alarm": one.server_down_told and not one.server_down,
    }
    return ", ".join(name for name, holds in told.items() if holds)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
