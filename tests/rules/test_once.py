"""What a process makes once, however many threads ask for it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from shared.once import Once

THREADS = 4


def test_threads_that_ask_at_once_get_the_same_and_it_is_made_once():
    made, together = [], Barrier(THREADS)

    @Once
    def thing():
        made.append(object())
        return made[-1]

    def ask(_):
        together.wait()
        return thing()

    with ThreadPoolExecutor(THREADS) as threads:
        answers = set(threads.map(ask, range(THREADS)))
    assert answers == set(made)
    assert len(made) == 1


def test_a_failure_is_not_kept():
    answers = iter([ValueError("not yet"), 7])

    @Once
    def thing():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ValueError, match="not yet"):
        thing()
    assert thing() == thing() == 7


def test_what_is_forgotten_is_made_anew():
    numbers = iter(range(2))
    thing = Once(lambda: next(numbers))
    assert (thing(), thing()) == (0, 0)
    thing.cache_clear()
    assert thing() == 1
