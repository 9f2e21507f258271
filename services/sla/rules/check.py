"""A second opinion on a due time: it is counted again from the stored proof alone.

Nothing here knows a calendar, a policy or the code that made the proof, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

NOTHING = timedelta()
Stretch = tuple[datetime, datetime]


def check(proof: Mapping[str, Any]) -> list[str]:
    """What does not add up in a proof, in words; nothing when all of it does. KeyError: it is no proof."""
    return [*_wrong_source(proof), *_wrong_moments(proof), *_wrong_count(proof)]


def _wrong_source(proof: Mapping[str, Any]) -> Iterator[str]:
    source = proof["source"]
    if not source["house_default"] and not source["clauses"]:
        yield "no clause states the minutes, and they are not called a house default either"
    if not proof["policy_version"]:
        yield "the version of the policy is missing"
    named = {words.partition(" ")[2] for words in proof["holidays"]}
    for window in proof["windows"]:
        if window["holiday"] and window["holiday"] not in named:
            yield f"a window is that of {window['holiday']}, which is not among the days that are named"
    for pause in proof["pauses"]:
        if pause["reason"] == "supplier" and not pause["evidence"]:
            yield f"nothing shows that a supplier had the case from {pause['from']}"


def _wrong_moments(proof: Mapping[str, Any]) -> Iterator[str]:
    """Every moment stands in UTC and in the zone, and both are the same."""
    for told in (proof, *proof["windows"], *proof["pauses"]):
        for name, words in told.items():
            if not name.endswith("_local"):
                continue
            plain = name.removesuffix("_local")
            utc = told[plain] if plain in told else told[f"{plain}_at"]
            if (words is None) != (utc is None) or (words and _read(words) != _read(utc)):
                yield f"{plain.replace('_', ' ')} is {utc} in UTC and {words} in {proof['zone']}: not the same moment"


def _wrong_count(proof: Mapping[str, Any]) -> Iterator[str]:
    """The windows, without the pauses, hold exactly the minutes of the target up to the due time."""
    windows = [(_read(window["opens_at"]), _read(window["closes_at"])) for window in proof["windows"]]
    if any(opens >= closes for opens, closes in windows):
        yield "a window closes before it opens"
    if any(later[0] < earlier[1] for earlier, later in pairwise(windows)):
        yield "the windows overlap or are out of order"
    if any(pause["until"] and _read(pause["until"]) < _read(pause["from"]) for pause in proof["pauses"]):
        yield "a pause ends before it begins"
    if proof["due"] is None:
        if all(pause["until"] for pause in proof["pauses"]):
            yield "there is no due time, and no pause that would explain it"
        return
    start, due = _read(proof["start"]), _read(proof["due"])
    pauses = [(_read(p["from"]), _read(p["until"]) if p["until"] else due) for p in proof["pauses"]]
    left, reached = timedelta(minutes=proof["minutes"]), start
    for (opens, closes), window in zip(windows, proof["windows"], strict=True):
        open_time = list(_without(pauses, max(opens, start), closes))
        counted, reached = _count(open_time, left, reached)
        left -= counted
        if counted != timedelta(seconds=window["counted_seconds"]):
            yield f"the window from {window['opens_at']} holds {counted}, not {window['counted_seconds']} seconds"
    if left:
        yield f"{left} of the {proof['minutes']} minutes stand in no window"
    elif reached != due:
        yield f"the minutes are over at {reached.isoformat()}, not at {proof['due']}"


def _count(open_time: Sequence[Stretch], left: timedelta, reached: datetime) -> tuple[timedelta, datetime]:
    """How much of some open time is used when so much is left, and the moment that is reached with it."""
    counted = NOTHING
    for begin, end in open_time:
        used = min(end - begin, left - counted)
        if used:
            counted, reached = counted + used, begin + used
    return counted, reached


def _without(pauses: Sequence[Stretch], begin: datetime, end: datetime) -> Iterator[Stretch]:
    """What is left of a stretch of time outside the pauses."""
    at = begin
    for stopped, resumed in sorted(pauses):
        if at < min(stopped, end):
            yield at, min(stopped, end)
        at = max(at, resumed)
    if at < end:
        yield at, end


def _read(words: str) -> datetime:
    moment = datetime.fromisoformat(words)
    if moment.tzinfo is None:
        raise ValueError(f"{words} has no zone")
    return moment
