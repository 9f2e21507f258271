"""Which tickets are one case: what proposes it, and what forbids it."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

from services.tickets.rules.customers import MAX_NAMES, names_in

CASE_SPAN = timedelta(hours=4)
"""A call and a mail of one customer within this span may be one case."""
WORDS_IN_COMMON = 2
"""So many words in common, or one name, say that a call and a mail are about one thing."""
_WORD = re.compile(r"[^\W\d_]{5,30}")
_SAYS_NOTHING = frozenset(
    _WORD.findall(
        "about after again asked asking asks because before called caller calls could customer does every hello please "
        "possible question regards request since thank thanks their there these thing things today wants which "
        "would tomorrow yesterday aanvraag alstublieft beller bellen bedankt deze gaarne geeft gisteren goedemiddag "
        "goedemorgen graag groet groeten hallo hebben heeft jullie klant kunnen morgen namelijk omdat onder onze "
        "vraag vraagt vragen vriendelijke wanneer willen worden zouden morning afternoon evening minutes hours helpen "
        "sinds vanmorgen recording machine transcript voicemail seconds",
    ),
)


def about(text: str) -> list[str]:
    """What a text is about: its names, and its longer words but for those that every request has; in lower case."""
    words = (word.lower() for word in _WORD.findall(text))
    return sorted({*names_in(text), *(word for word in words if word not in _SAYS_NOTHING)})[:MAX_NAMES]


def one_case(mine: Collection[str], others: Collection[str], apart: timedelta) -> tuple[str, ...]:
    """The evidence that a call and a mail of one customer are about one thing; empty when there is not enough."""
    common = sorted(set(mine) & set(others))
    named = any(not word.isalpha() for word in common)
    if apart > CASE_SPAN or not (named or len(common) >= WORDS_IN_COMMON):
        return ()
    minutes = int(apart.total_seconds()) // 60
    return (f"a call and a mail of one customer, {minutes} minutes apart", f"both say {', '.join(common[:8])}")
