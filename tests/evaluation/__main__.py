"""`make evaluate`: decide every labelled request, and write into a folder how right that was."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from evaluation.cases import read_sets
from evaluation.measure import Figures
from evaluation.report import Report, as_json, as_markdown
from evaluation.run import judge, ready, speed, versions


def main() -> None:
    """Read the cases, decide, write report.md, report.json and the pictures, and print the figures in short."""
    asked = argparse.ArgumentParser(prog="evaluation", description=__doc__)
    asked.add_argument("more", nargs="*", type=Path, help="further files of labelled requests")
    asked.add_argument("--into", type=Path, default=Path("build/evaluation"), help="folder of the report")
    options = asked.parse_args()

    sets = {name: cases for name, cases in read_sets(options.more).items() if cases}
    decider, load_ms = ready()
    judged, times = {}, []
    for name, cases in sets.items():
        judged[name], taken = judge(decider, cases)
        times += taken
    report = Report(judged, speed(load_ms, times), versions(decider.policies))

    options.into.mkdir(parents=True, exist_ok=True)
    machine = options.into / "report.json"
    before = json.loads(machine.read_text()) if machine.exists() else None
    (options.into / "report.md").write_text(as_markdown(report, before))
    machine.write_text(json.dumps(as_json(report), indent=1))

    from evaluation import pictures  # takes memory that is not the decider's

    pictures.draw(judged, options.into)
    _print(report, options.into)


def _print(report: Report, folder: Path) -> None:
    for name, judged in report.sets.items():
        found = Figures.of(judged)
        told = {"accepted": found.accepted, "clear": found.clear_right, "clause first": found.clause_first}
        told |= {"servers down found": found.server_down_recall, "right without a person": found.by_itself_accepted}
        words = ", ".join(f"{key} {value:.1%}" for key, value in told.items() if value is not None)
        sys.stdout.write(f"{name} ({found.cases}): {words}\n")
    sys.stdout.write(f"{folder / 'report.md'}\n")


main()
