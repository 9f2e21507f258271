"""Which e-mails are fetched together, and when one that failed is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from services.email_intake.rules.fetching import (
    LONGEST_PAUSE_SECONDS,
    LONGEST_WAIT_SECONDS,
    MOST_ASKED_TOGETHER,
    MOST_BYTES_TOGETHER,
    MOST_TOGETHER,
    PIECE_BYTES,
    Troubles,
    batches,
    pause_seconds,
    portions,
)

FOLDERS = st.dictionaries(st.integers(1, 10_000), st.integers(0, 2 * PIECE_BYTES), max_size=200)
UIDS = st.sets(st.integers(1, 2_000), max_size=1_200)


@given(FOLDERS)
def test_every_email_is_fetched_exactly_once_in_groups_within_their_limits(sizes):
    groups = list(batches(sizes))
    assert sorted(uid for group in groups for uid in group) == sorted(sizes)
    for group in groups:
        assert 1 <= len(group) <= MOST_TOGETHER
        if len(group) > 1:
            assert sum(sizes[uid] for uid in group) <= MOST_BYTES_TOGETHER
            assert all(sizes[uid] <= PIECE_BYTES for uid in group)


@given(UIDS, UIDS)
def test_those_that_made_trouble_come_after_all_others_and_each_alone(uids, troubled):
    asked = list(portions(uids, sorted(troubled)))
    assert sorted(uid for portion in asked for uid in portion) == sorted(uids)
    apart = [portion[0] in troubled for portion in asked]
    assert apart == sorted(apart)
    for portion, alone in zip(asked, apart, strict=True):
        assert 1 <= len(portion) <= (1 if alone else MOST_ASKED_TOGETHER)


def test_an_email_that_fails_is_tried_twice_at_once_and_then_later_each_time():
    troubles, waits = Troubles(), []
    for _ in range(12):
        troubles.failed([7], now=100.0)
        wait = next(seconds for seconds in range(10_000) if not troubles.waiting(100.0 + seconds))
        waits.append(wait)
    assert waits[:5] == [0, 0, 30, 60, 120]
    assert max(waits) == LONGEST_WAIT_SECONDS


def test_only_an_email_that_fails_by_itself_again_and_again_is_stuck():
    troubles = Troubles()
    troubles.failed([1, 2, 3], now=0.0)
    assert troubles.known() == [1, 2, 3]
    assert troubles.due(0.0)
    troubles.done([1])
    troubles.failed([2], now=0.0)
    assert troubles.known() == [3, 2]
    troubles.failed([2], now=0.0)
    assert troubles.stuck() == 1
    troubles.only([3])
    assert (troubles.known(), troubles.stuck()) == ([3], 0)


@given(st.integers(1, 10**6))
def test_the_pause_before_the_next_connection_doubles_up_to_its_longest(failures):
    assert pause_seconds(1) == 1.0
    assert pause_seconds(failures) <= pause_seconds(failures + 1) <= LONGEST_PAUSE_SECONDS
