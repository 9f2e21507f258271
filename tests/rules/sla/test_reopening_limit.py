"""Replies reopen a ticket twice a day at most; people as often as they like."""

from datetime import datetime, timedelta
from itertools import permutations

from services.sla.rules import clocks
from services.sla.rules.clocks import Happening, House, Noted
from shared.policies.provider import Reopening

BEGIN = datetime.fromisoformat("2026-06-05T10:00:00+02:00")
HOUR = timedelta(hours=1)


def cycle(*history, house=None):
    return clocks.current_cycle(BEGIN, history, house or House())


def loop(times, every=2 * HOUR, **told):
    """A ticket that is resolved and replied to, so often, the first time after `every`."""
    for n in range(1, times + 1):
        yield Noted(at=BEGIN + n * every - HOUR, what=Happening.RESOLVED, by="Kim")
        yield Noted(at=BEGIN + n * every, what=Happening.REPLIED, **told)


def test_the_third_reply_in_a_day_leaves_a_resolved_ticket_closed():
    assert cycle(*loop(2)).resolved_at is None
    history = list(loop(3))
    third = cycle(*history)
    assert (third.number, third.left_closed) == (3, (history[-1],))
    assert third.resolved_at
    assert clocks.reopenings(third, history[-1].at) == [BEGIN + 2 * HOUR, BEGIN + 4 * HOUR]


def test_every_later_reply_is_left_closed_too_and_no_clock_moves():
    replies = [Noted(at=BEGIN + n * HOUR, what=Happening.REPLIED) for n in (7, 8)]
    before, after = cycle(*loop(3)), cycle(*loop(3), *replies)
    assert [noted.at for noted in after.left_closed[1:]] == [noted.at for noted in replies]
    assert after.clocks == before.clocks


def test_after_a_day_a_reply_reopens_again():
    assert cycle(*loop(5, every=12 * HOUR)).left_closed == ()
    assert len(cycle(*loop(3, every=11 * HOUR)).left_closed) == 1
    assert cycle(*loop(4, every=11 * HOUR)).resolved_at is None


def test_an_agent_reopens_however_often_and_takes_nothing_from_what_replies_may():
    assert cycle(*loop(5, by="Kim")).resolved_at is None
    resolved = Noted(at=BEGIN + 7 * HOUR, what=Happening.RESOLVED, by="Kim")
    replied = Noted(at=BEGIN + 8 * HOUR, what=Happening.REPLIED)
    assert cycle(*loop(3, by="Kim"), resolved, replied).resolved_at is None


def test_a_provider_may_let_replies_reopen_more_often_or_never():
    assert cycle(*loop(4), house=House(Reopening(at_most_a_day=4))).left_closed == ()
    assert len(cycle(*loop(1), house=House(Reopening(at_most_a_day=0))).left_closed) == 1


def test_in_whatever_order_it_is_heard_the_same_replies_are_left_closed():
    history = list(loop(3))
    assert {cycle(*heard).left_closed for heard in permutations(history)} == {(history[-1],)}
