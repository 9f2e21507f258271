"""What a process makes once and keeps, whichever of its threads asks first."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """A function without arguments that is called by the first who asks; the others wait for what it makes.

    `lru_cache` alone lets all threads make it that ask before the first is done, and a worker that starts on a backlog
    has several. An exception is not kept: the next one tries again.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._kept = lru_cache(maxsize=1)(make)
        self._lock = RLock()
        self.__doc__ = make.__doc__

    def __call__(self) -> T:
        """What was made."""
        with self._lock:
            return self._kept()

    def cache_clear(self) -> None:
        """Forget it: the next one who asks makes it anew."""
        self._kept.cache_clear()
