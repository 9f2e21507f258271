"""Which e-mails of a folder are fetched next, in which company, and when one that failed is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

MOST_ASKED_TOGETHER = 500
MOST_TOGETHER = 50
MOST_BYTES_TOGETHER = 5 << 20
PIECE_BYTES = 1 << 20
"""A larger e-mail is fetched alone, in pieces of this size."""

QUICK_TRIES = 2
FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 3600.0

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0


def portions(uids: Iterable[int], troubled: Iterable[int] = ()) -> Iterator[list[int]]:
    """UIDs in groups to ask about together, oldest first; then those that made trouble, each for itself."""
    wanted, apart = set(uids), list(troubled)
    healthy = sorted(wanted - set(apart))
    for start in range(0, len(healthy), MOST_ASKED_TOGETHER):
        yield healthy[start : start + MOST_ASKED_TOGETHER]
    yield from ([uid] for uid in apart if uid in wanted)


def batches(sizes: Mapping[int, int]) -> Iterator[list[int]]:
    """UIDs in groups to fetch together, oldest first; a large e-mail comes alone."""
    group, total = list[int](), 0
    for uid, size in sorted(sizes.items()):
        large = size > PIECE_BYTES
        if group and (large or len(group) == MOST_TOGETHER or total + size > MOST_BYTES_TOGETHER):
            yield group
            group, total = [], 0
        if large:
            yield [uid]
        else:
            group.append(uid)
            total += size
    if group:
        yield group


@dataclass(slots=True)
class Troubles:
    """E-mails that could not be fetched or stored: each is tried again alone, later each time, and blocks nobody.

    Times are seconds of any one clock.
    """

    _times: dict[int, int] = field(default_factory=dict)
    _again_at: dict[int, float] = field(default_factory=dict)

    def failed(self, uids: Iterable[int], now: float) -> None:
        """Note a failure that any of these may have caused."""
        for uid in uids:
            self._times[uid] = times = self._times.get(uid, 0) + 1
            slow = times - QUICK_TRIES
            wait = min(FIRST_WAIT_SECONDS * 2 ** (slow - 1), LONGEST_WAIT_SECONDS) if slow > 0 else 0.0
            self._again_at[uid] = now + wait

    def done(self, uids: Iterable[int]) -> None:
        """Forget those that are stored, or gone."""
        for uid in uids:
            self._times.pop(uid, None)
            self._again_at.pop(uid, None)

    def only(self, uids: Iterable[int]) -> None:
        """Forget all that are not in the folder any more."""
        self.done(self._times.keys() - set(uids))

    def known(self) -> list[int]:
        """Those that failed at least once, the least troublesome first."""
        return sorted(self._times, key=lambda uid: (self._times[uid], uid))

    def waiting(self, now: float) -> frozenset[int]:
        """Those that are not to be tried yet."""
        return frozenset(uid for uid, moment in self._again_at.items() if moment > now)

    def due(self, now: float) -> bool:
        """Whether any is to be tried again."""
        return any(moment <= now for moment in self._again_at.values())

    def stuck(self) -> int:
        """How many the mail server does not hand over, or we cannot store, however often it is tried."""
        return sum(times > QUICK_TRIES for times in self._times.values())


def pause_seconds(failures: int, first: float = FIRST_PAUSE_SECONDS) -> float:
    """How long to wait before the next connection after so many failures in a row, before jitter."""
    doubled: float = first * 2.0 ** min(max(failures - 1, 0), 20)
    return min(doubled, LONGEST_PAUSE_SECONDS)
