"""Whether everything that arrived was accounted for: each arrival has one ending, in whichever room it stands.

The books of the rooms are laid side by side, arrival by arrival: the intakes' (what came), the tickets room's (what was
filed) and the bus's (what is still to be heard, or died). So a lost arrival is named, and does not hide behind another
one that was counted twice.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from shared.bus import health
from shared.errors import ScopedeskError

HEARERS = ("email_intake.read_email", "phone_intake.read_call", "tickets.file_email", "tickets.file_call")
"""Until one of these is done, an arrival is neither ticketed nor appended, suppressed or quarantined."""

ENDINGS = ("ticketed", "appended", "suppressed", "quarantined")
"""What becomes of an arrival in the end."""
ON_THE_WAY = ("under_way", "dead", "discarded")
"""It has no ending yet: a worker still has to hear of it, its reading or filing died, or that was given up."""
NAMED = 20
"""So many arrivals are named in each kind of gap."""


class Arrived(NamedTuple):
    """An arrival as its intake has it: `source` is the kind of door, `place` the mailbox or the file."""

    id: UUID
    source: str
    place: str
    state: str


@dataclass
class Account:
    """What came from one place, and what became of it. `missing` has no ending, `twice` more than one."""

    source: str
    place: str
    counted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("received", *ENDINGS, *ON_THE_WAY), 0))
    missing: int = 0
    twice: int = 0


@dataclass
class Balance:
    """All accounts. `unknown`: how many were filed that no intake knows; `gaps`: the first arrivals of each gap."""

    accounts: list[Account]
    unknown: int
    gaps: dict[str, list[UUID]]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing, counted twice or unknown."""
        return not any(self.gaps.values())

    def complaint(self) -> str:
        """What is wrong, with the arrivals' names, for a person."""
        totals = {
            "missing": sum(account.missing for account in self.accounts),
            "twice": sum(account.twice for account in self.accounts),
            "unknown": self.unknown,
        }
        words = {"missing": "have no ending", "twice": "have two endings", "unknown": "were filed but never received"}
        return "; ".join(
            f"{totals[gap]} arrivals {words[gap]}: {', '.join(map(str, named))}{' …' * (totals[gap] > len(named))}"
            for gap, named in self.gaps.items()
            if named
        )


def take_balance() -> Balance:
    """Lay the books side by side, in one moment of the database."""
    from services.email_intake import store as email_intake
    from services.phone_intake import store as phone_intake
    from services.tickets import store as tickets

    with health.snapshot() as session:
        arrived = heapq.merge(
            map(Arrived._make, email_intake.arrivals(session)), map(Arrived._make, phone_intake.arrivals(session))
        )
        return weigh(arrived, tickets.filings(session), health.held_arrivals(session, HEARERS))


def check_balance() -> str:
    """The sums in words; ScopedeskError that names the arrivals when something is missing or counted twice."""
    balance = take_balance()
    if not balance.holds:
        raise ScopedeskError(f"{balance.complaint()}. This must never be: keep the data and the logs, and report it")
    received = sum(account.counted["received"] for account in balance.accounts)
    return f"each of {received} arrivals has its ending or is under way"


def weigh(arrived: Iterable[Arrived], filed: Iterable[tuple[UUID, bool]], held: Mapping[UUID, str]) -> Balance:
    """Weigh what came against what became of it; `arrived` and `filed` (opened a ticket?) in the order of their ids."""
    accounts: dict[tuple[str, str], Account] = {}
    gaps: dict[str, list[UUID]] = {"missing": [], "twice": [], "unknown": []}
    unknown = 0
    for arrival, opened in _side_by_side(arrived, filed):
        if not isinstance(arrival, Arrived):
            unknown += 1
            _name(gaps["unknown"], arrival)
            continue
        account = accounts.setdefault((arrival.source, arrival.place), Account(arrival.source, arrival.place))
        account.counted["received"] += 1
        found = _endings(arrival, opened) or ([held[arrival.id]] if arrival.id in held else [])
        if not found:
            account.missing += 1
            _name(gaps["missing"], arrival.id)
        elif len(found) > 1:
            account.twice += 1
            _name(gaps["twice"], arrival.id)
        else:
            account.counted[found[0]] += 1
    return Balance([accounts[place] for place in sorted(accounts)], unknown, gaps)


def _endings(arrival: Arrived, opened: bool | None) -> list[str]:
    filed = [] if opened is None else ["ticketed" if opened else "appended"]
    return [*filed, *([arrival.state] if arrival.state in ENDINGS else [])]


def _side_by_side(
    arrived: Iterable[Arrived], filed: Iterable[tuple[UUID, bool]]
) -> Iterator[tuple[Arrived | UUID, bool | None]]:
    """Each arrival with how it was filed (None: it was not), and each filing of which no intake knows, by its id."""
    filings = iter(filed)
    filing = next(filings, None)
    for arrival in arrived:
        while filing and filing[0] < arrival.id:
            yield filing
            filing = next(filings, None)
        if filing and filing[0] == arrival.id:
            yield arrival, filing[1]
            filing = next(filings, None)
        else:
            yield arrival, None
    while filing:
        yield filing
        filing = next(filings, None)


def _name(named: list[UUID], arrival: UUID) -> None:
    if len(named) < NAMED:
        named.append(arrival)


def as_json(balance: Balance) -> dict[str, Any]:
    """The balance for a machine."""
    return {
        "balanced": balance.holds,
        "accounts": [
            {"source": a.source, "place": a.place, **a.counted, "missing": a.missing, "twice": a.twice}
            for a in balance.accounts
        ],
        "unknown": balance.unknown,
        "gaps": {gap: list(map(str, named)) for gap, named in balance.gaps.items()},
    }
