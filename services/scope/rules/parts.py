"""One message, several questions: one decision each, in the order asked.

The form of a message proposes pieces (`questions`). Where it shows plainly that another question begins, there one
begins. Elsewhere the pieces must be about different things: every piece is ranked by itself, and among all ways to
divide them that one is taken which explains them best. A piece costs as much as its topic is unlikely for it, a change
of topic as much as the form shows too little of one; a piece that is about nothing in particular ("is there a way to
do that?") so falls to its neighbour. At last both sides of a cut must be surer of their answers than chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.scope.rules import questions
from services.scope.rules.questions import Cut, Piece
from shared.vocabulary import Decision, Verdict

Believe = Callable[[str], NDArray[np.float64]]
Judge = Callable[[str], Decision]

MOST_CLAUSES = 5

DOUBT = 0.2
"""How much of the belief in a piece is spread over all topics, so that no piece outweighs all others."""
A_CHANGE = {Cut.AND: 3.0, Cut.ASKED: 4.0}
"""What a change of topic costs, as the logarithm of how unlikely it is at such a place."""
LEAST = {Cut.ITEM: 0.67, Cut.NEXT: 0.7, Cut.AND: 0.86, Cut.ASKED: 0.95}
"""How sure the answers at both sides of a cut must be; at a plain one a little more than nothing."""


def of_message(subject: str, body: str, whole: Decision, believe: Believe, judge: Judge) -> Decision:
    """The decision on a message: `whole`, that on all of it, or several together when it clearly asks several things.

    `believe` tells the share of the belief of each topic in a piece, `judge` decides on it; neither is called when the
    form shows one question.
    """
    pieces = questions.pieces(subject, body)
    if len(pieces) == 1:
        return whole
    different: dict[object, Decision] = {}
    for part in _answers(_divided(pieces, believe), judge):
        if part.verdict is not Verdict.NO_ACTION:
            different.setdefault((part.verdict, part.clauses), part)
    parts = list(different.values())
    return together(whole, parts) if len(parts) > 1 else whole


def _divided(pieces: Sequence[Piece], believe: Believe) -> list[Piece]:
    """The pieces, those put together that are about the same thing. Where the form is plain they stay apart."""
    starts = [at for at, piece in enumerate(pieces) if at == 0 or piece.plain]
    runs = [pieces[start:end] for start, end in pairwise([*starts, len(pieces)])]
    return [piece for run in runs for piece in (_of_a_run(run, believe) if len(run) > 1 else run)]


def _of_a_run(pieces: Sequence[Piece], believe: Believe) -> list[Piece]:
    """The likeliest path through the topics of these pieces (Viterbi, 1967), a piece for each stretch of it."""
    belief = np.array([believe(piece.text) for piece in pieces])
    costs = -np.log((1 - DOUBT) * belief + DOUBT / belief.shape[1])
    total, stay, came_from = costs[0], np.arange(belief.shape[1]), []
    for piece, own in zip(pieces[1:], costs[1:], strict=True):
        best = int(total.argmin())
        changed = float(total[best]) + A_CHANGE[piece.begins]
        came_from.append(np.where(changed < total, best, stay))
        total = np.minimum(changed, total) + own
    path = [int(total.argmin())]
    for step in reversed(came_from):
        path.insert(0, int(step[path[0]]))
    divided = [pieces[0]]
    for (before, here), piece in zip(pairwise(path), pieces[1:], strict=True):
        if here == before:
            divided[-1] = divided[-1].with_more(piece.text)
        else:
            divided.append(piece)
    return divided


def _answers(pieces: Sequence[Piece], judge: Judge) -> list[Decision]:
    """The answer to each piece; one that is less sure than its cut asks for goes with the piece before."""
    answered: list[tuple[Piece, Decision]] = []
    for one in pieces:
        piece, decision = one, judge(one.text)
        if answered and min(decision.confidence, answered[-1][1].confidence) < LEAST[piece.begins]:
            piece = answered.pop()[0].with_more(piece.text)
            decision = judge(piece.text)
        answered.append((piece, decision))
    return [decision for _, decision in answered]


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
