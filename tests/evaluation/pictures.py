"""The pictures of the report. Nothing here needs a screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.measure import Judged, confusion, reliability, risk_and_coverage
from evaluation.report import groups
from shared.vocabulary import Verdict

COLOURS = ("#1b6ca8", "#d1495b", "#5c8001", "#7d5ba6", "#c77b0a")
INK, GRID = "#333333", "#dddddd"
PANELS_IN_A_ROW, PANEL_INCHES = 4, 2.9
FEWEST = 5
"""Cases of a group or range that a picture shows: fewer say nothing."""
DARK = 0.55
"""From this share of a row on, a cell is so dark that its figure is written in white."""

Corner = Literal["upper left", "lower right"]
Sets = Mapping[str, Sequence[Judged]]


def draw(sets: Sets, folder: Path) -> None:
    """Write every picture into the folder."""
    _panels(sets, _reliability, "Does confidence tell the truth?", "lower right").savefig(folder / "reliability.png")
    _panels(sets, _risk, "Wrong answers when only the surest are given", "upper left").savefig(
        folder / "risk-and-coverage.png"
    )
    for name, judged in sets.items():
        _confusion(name, judged).savefig(folder / f"confusion-{name}.png")


def _panels(sets: Sets, plot: Callable[[Axes, Sequence[Judged], str, str], None], title: str, legend: Corner) -> Figure:
    """One panel for all cases, one for each provider and language; a line for each set."""
    by_group = {
        name: {group: some for group, some in groups(judged).items() if len(some) >= FEWEST}
        for name, judged in sets.items()
    }
    names = list(dict.fromkeys(group for found in by_group.values() for group in found))
    rows = -(-len(names) // PANELS_IN_A_ROW)
    figure = _figure(PANELS_IN_A_ROW * PANEL_INCHES, rows * PANEL_INCHES + 0.9, title)
    for at, group in enumerate(names, start=1):
        axes = figure.add_subplot(rows, PANELS_IN_A_ROW, at)
        axes.set_title(group, fontsize=10, color=INK)
        for (name, found), colour in zip(by_group.items(), COLOURS * len(by_group), strict=False):
            if group in found:
                plot(axes, found[group], colour, f"{name} ({len(found[group])})")
        axes.legend(fontsize=7, frameon=False, loc=legend)
    return figure


def _figure(width: float, height: float, title: str) -> Figure:
    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12, color=INK, x=0.01, ha="left")
    return figure


def _reliability(axes: Axes, judged: Sequence[Judged], colour: str, label: str) -> None:
    bins = [one for one in reliability(judged) if one.cases >= FEWEST]
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=1, zorder=0)
    axes.plot([one.confidence for one in bins], [one.accepted for one in bins], color=colour, linewidth=1, label=label)
    sizes = [4 + 60 * one.cases / len(judged) for one in bins]
    axes.scatter([one.confidence for one in bins], [one.accepted for one in bins], s=sizes, color=colour)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.04), xlabel="confidence", ylabel="accepted")
    _calm(axes)


def _risk(axes: Axes, judged: Sequence[Judged], colour: str, label: str) -> None:
    points = [point for point in risk_and_coverage(judged) if point[0] * len(judged) >= FEWEST]
    axes.plot(
        [coverage for coverage, _ in points], [risk for _, risk in points], color=colour, linewidth=1.2, label=label
    )
    axes.set(xlim=(0, 1.02), ylim=(0, 0.75), xlabel="share answered", ylabel="wrong among these")
    _calm(axes)


def _confusion(name: str, judged: Sequence[Judged]) -> Figure:
    """One panel for all cases, one for each provider: rows are wanted, columns are given."""
    languages = {one.language for one in judged}
    found = {group: some for group, some in groups(judged).items() if group not in languages}
    verdicts = [v for v in Verdict if any(v in (one.wanted, one.got) for one in judged)]
    figure = _figure(
        12, 12, f"{name}: wanted (rows) and given (columns); unsupported is customer-responsibility as well"
    )
    whole, *others = found
    grid = figure.add_gridspec(2, max(1, len(others)), height_ratios=(2.2, 1))
    _matrix(figure.add_subplot(grid[0, :]), whole, found[whole], verdicts)
    for at, group in enumerate(others):
        _matrix(figure.add_subplot(grid[1, at]), group, found[group], verdicts, small=True)
    return figure


def _matrix(
    axes: Axes, title: str, judged: Sequence[Judged], verdicts: Sequence[Verdict], *, small: bool = False
) -> None:
    counts = confusion(judged)
    size = 6 if small else 9
    rows = [[counts[wanted, got] for got in verdicts] for wanted in verdicts]
    shares = [[n / max(1, sum(row)) for n in row] for row in rows]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_title(f"{title} ({len(judged)})", fontsize=size + 2, color=INK)
    axes.set_xticks(range(len(verdicts)), verdicts, rotation=45, ha="right", fontsize=size)
    axes.set_yticks(range(len(verdicts)), verdicts, fontsize=size)
    for y, row in enumerate(rows):
        for x, n in enumerate(row):
            if n:
                axes.text(x, y, str(n), ha="center", va="center", fontsize=size, color=_on(shares[y][x]))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _on(shade: float) -> str:
    return "white" if shade > DARK else INK


def _calm(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7, colors=INK)
    axes.xaxis.label.set_fontsize(8)
    axes.yaxis.label.set_fontsize(8)
