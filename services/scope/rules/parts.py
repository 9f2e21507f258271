"""One message, several questions: one decision each, in the order asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.scope.rules import questions
from shared.vocabulary import Decision, Verdict

SURE_OF_A_PART = 0.64
MOST_QUESTIONS = 10
MOST_CLAUSES = 5


def of_message(body: str, whole: Decision, judge: Callable[[str], Decision]) -> Decision:
    """The decision on a message: the one on the whole, or several when it clearly asks several things."""
    parts = _parts(body, judge)
    return whole if len(parts) < 2 else together(whole, parts)  # noqa: PLR2004


def _parts(body: str, judge: Callable[[str], Decision]) -> list[Decision]:
    pieces = questions.pieces(body)
    if len(pieces) == 1:
        return []
    sure: dict[str | None, Decision] = {}
    for part in map(judge, pieces[:MOST_QUESTIONS]):
        if part.confidence >= SURE_OF_A_PART and part.verdict is not Verdict.NO_ACTION:
            sure.setdefault(part.topic, part)
    return list(sure.values())


def together(whole: Decision, parts: list[Decision]) -> Decision:
    """One decision for a message that asks several things; each keeps its own answer in `parts`."""
    verdicts = {part.verdict for part in parts}
    levels = [part.emergency for part in (*parts, whole) if part.emergency]
    return whole.model_copy(
        update={
            "verdict": verdicts.pop() if len(verdicts) == 1 else Verdict.MIXED,
            "clauses": tuple(dict.fromkeys(_in_turn([part.clauses for part in parts])))[:MOST_CLAUSES],
            "topic": parts[0].topic,
            "responsible_party": parts[0].responsible_party,
            "department": parts[0].department,
            "emergency": min(levels, key=list(type(levels[0])).index) if levels else None,
            "price": next((part.price for part in parts if part.price), None),
            "sla": "suspended" if all(part.sla == "suspended" for part in parts) else "running",
            "preconditions": tuple(dict.fromkeys(text for part in parts for text in part.preconditions)),
            "confidence": min(part.confidence for part in parts),
            "needs_person": any(part.needs_person for part in parts),
            "parts": tuple(parts),
        },
    )


def _in_turn(rows: list[tuple[str, ...]]) -> Iterator[str]:
    for at in range(max(map(len, rows), default=0)):
        yield from (row[at] for row in rows if at < len(row))
