"""H-Sphere's emergency levels: from facts, never from the mark on a ticket (HS-A5)."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from shared.vocabulary import Emergency

NONE: frozenset[str] = frozenset()
FACTS = frozenset(
    {
        "server-down",
        "just-upgraded",
        "trouble-before-upgrade",
        "apache-or-dns",
        "emergency-marker",
        "individual-account",
    }
)
"""The facts that a level turns on, read whatever a message is about."""


def level(facts: Mapping[str, AbstractSet[str]]) -> Emergency:
    """The level of a ticket, the first that holds.

    A mail or web server down for everybody is the highest; any other server down is an emergency; Apache or DNS that
    misbehave since an upgrade that was just made are looked at at once, unless they did so before it (HS-A7). A mark on
    a matter of one account is ignored.
    """
    down = facts.get("server-down", NONE)
    if "mail-or-web" in down:
        return Emergency.HIGHEST
    if "other" in down:
        return Emergency.EMERGENCY
    since_the_upgrade = facts.get("just-upgraded", NONE) - facts.get("trouble-before-upgrade", NONE)
    if "yes" in facts.get("apache-or-dns", NONE) and "yes" in since_the_upgrade:
        return Emergency.IMMEDIATE_AFTER_UPGRADE
    if "yes" in facts.get("emergency-marker", NONE) and "yes" in facts.get("individual-account", NONE):
        return Emergency.MARKER_IGNORED
    return Emergency.NOT_EMERGENCY
