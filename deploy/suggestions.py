"""What people's decisions suggest for the packs: examples for topics that were read wrongly, and rows to look at.

Nothing here changes a pack: a person reviews it first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import yaml

from services.scope import store
from services.scope.rules.masking import masked
from shared.bus import health

if TYPE_CHECKING:
    from services.scope.store import PrecedentRecord

WIDTH = 120
HEAD = """\
# Messages of tickets whose topic a person corrected, for a file in shared/policies/packs/examples.
# Addresses, long numbers and known names are masked. Read every line before it goes into a pack.
"""


def suggestions(provider: str | None = None) -> dict[str, Any]:
    """Examples by topic and language, and changed verdicts by provider and row, as plain values."""
    with health.snapshot() as session:
        rows = store.precedents(session, provider)
        return {"examples": _examples(rows), "verdicts": _verdicts(rows)}


def example_file(examples: dict[str, dict[str, list[str]]]) -> str:
    """Examples as an example file of the packs has them; empty when there are none."""
    if not examples:
        return ""
    written: str = yaml.safe_dump({"examples": examples}, allow_unicode=True, sort_keys=False, width=WIDTH)
    return HEAD + written


def _examples(rows: Iterable[PrecedentRecord]) -> dict[str, dict[str, list[str]]]:
    """The masked words of requests whose topic was corrected, under the topic that was right."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.topic and row.topic != row.read["topic"] and not row.question:
            subject, _, body = row.text.partition("\n")
            told = [masked(words, row.names) for words in (subject, body)]
            found[row.topic][row.language or "en"].append(". ".join(filter(None, told)))
    return {topic: dict(by_language) for topic, by_language in sorted(found.items())}


def _verdicts(rows: Iterable[PrecedentRecord]) -> list[dict[str, Any]]:
    """The changed verdicts, those that were changed most often first.

    They are grouped by the topic and the first clause that the policy was read by, and by the verdict before and after.
    """
    groups: dict[tuple[str, ...], list[PrecedentRecord]] = defaultdict(list)
    for row in rows:
        was = row.read
        if row.verdict != was["verdict"]:
            clause = next(iter(was["clauses"]), "")
            groups[row.provider, was["topic"] or "", clause, was["verdict"], row.verdict].append(row)
    return [
        {
            "provider": provider,
            "topic": topic or None,
            "clause": clause or None,
            "verdict": verdict,
            "decided": decided,
            "count": len(alike),
            "by_clauses": sorted({clause for row in alike for clause in row.clauses}),
            "cases": [{"ticket": row.ticket_id, "reason": row.reason, "approver": row.approver} for row in alike],
        }
        for (provider, topic, clause, verdict, decided), alike in sorted(
            groups.items(), key=lambda group: (-len(group[1]), group[0])
        )
    ]
