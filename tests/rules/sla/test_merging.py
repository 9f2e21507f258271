"""What a merged ticket lends to the clocks of the one that it goes on in."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sla.rules import merging
from services.sla.rules.clocks import Happening, House, Noted, counted, current_cycle
from services.sla.rules.merging import Merge

HOUR = timedelta(hours=1)
FRIDAY = datetime.fromisoformat("2026-06-05T10:00:00+02:00")
REPLIED, ANSWERED, RESOLVED = Happening.REPLIED, Happening.ANSWERED, Happening.RESOLVED
MERGED = Merge(id=UUID(int=1), into="HN-1", at=FRIDAY + 5 * HOUR, by="Kim")


def at(hours, what, **told):
    return Noted(at=FRIDAY + hours * HOUR, what=what, **told)


def lent(history, own=(), *, opened=0):
    before = [noted for noted in history if noted.at < MERGED.at]
    since = merging.unanswered_since(FRIDAY + opened * HOUR, before, House())
    return sorted((noted.at - FRIDAY) / HOUR for noted in merging.lent(MERGED, since, history, own))


def test_an_unanswered_request_goes_on_as_a_reply_of_its_own_time():
    assert lent([], opened=2) == [2]


def test_an_answer_in_the_other_ticket_was_none_to_it():
    assert lent([], [at(3, ANSWERED)], opened=2) == [5]


@pytest.mark.parametrize("ended", [[at(1, ANSWERED)], [at(1, RESOLVED)], [at(1, REPLIED), at(2, ANSWERED)]])
def test_what_was_answered_before_lends_nothing(ended):
    assert lent(ended) == []


def test_the_oldest_reply_without_an_answer_goes_on():
    assert lent([at(1, ANSWERED), at(2, REPLIED), at(3, REPLIED)]) == [2]


def test_replies_after_the_merge_count_where_it_goes_on():
    assert lent([at(1, ANSWERED), at(6, REPLIED), at(7, REPLIED)]) == [6, 7]


def test_a_merge_reopens_what_it_goes_on_in_however_often_replies_did():
    own = [at(1, RESOLVED), at(1.1, REPLIED), at(1.2, RESOLVED), at(1.3, REPLIED), at(1.4, RESOLVED)]
    [noted] = merging.lent(MERGED, FRIDAY, [], own)
    assert current_cycle(FRIDAY, [*own, noted], House()).resolved_at is None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_merges_are_known_in_any_order_of_hearing(order):
    second = Merge(id=UUID(int=2), into="HN-3", at=FRIDAY + 6 * HOUR)
    heard = (MERGED, Merge(id=MERGED.id, into="HN-1", undone=True), second)
    known = ()
    for place in order:
        known = merging.known(merging.known(known, heard[place]), heard[place])
    assert merging.standing_merge(known).into == "HN-3"
    assert merging.standing_merge(merging.known(known, second.model_copy(update={"undone": True}))) is None


HISTORIES = st.lists(st.builds(at, st.integers(0, 48), st.sampled_from([REPLIED, ANSWERED, RESOLVED])), max_size=8)


@given(HISTORIES, HISTORIES)
def test_a_merge_never_makes_an_open_question_vanish(own, other):
    before = [noted for noted in other if noted.at < MERGED.at]
    since = merging.unanswered_since(FRIDAY, before, House())
    until = [noted for noted in own if noted.at < MERGED.at]
    cycle = current_cycle(FRIDAY, [*until, *merging.lent(MERGED, since, before, until)], House())
    if since:
        assert cycle.resolved_at is None
        assert cycle.unanswered_since or (cycle.first_response and not cycle.first_response.stopped_at)


@given(HISTORIES, HISTORIES)
def test_what_is_forgotten_has_never_been(kept, forgotten):
    gone = [noted.model_copy(update={"what": Happening.FORGOTTEN}) for noted in forgotten]
    assert counted([*kept, *gone, *forgotten]) == kept
