"""The numbers by which a loop ends, and what they hold for."""

from datetime import timedelta

from services.notifications.rules.limits import Limit, Per, is_quiet, on
from services.notifications.rules.sending import Kind, Suppression
from services.notifications.settings import NotificationSettings

HYPERNODE = NotificationSettings().limits("hypernode")


def of(kind):
    return [limit.reason for limit in on(kind, HYPERNODE)]


def test_the_table_of_limits():
    assert list(HYPERNODE) == [
        Limit(Per.ADDRESS, 3, timedelta(minutes=10), Suppression.BURST_LIMIT),
        Limit(Per.ADDRESS, 5, timedelta(days=1), Suppression.DAILY_LIMIT),
        Limit(Per.DOMAIN, 10, timedelta(hours=1), Suppression.DOMAIN_LIMIT),
        Limit(Per.PROVIDER, 30, timedelta(minutes=15), Suppression.BREAKER),
    ]


def test_a_provider_may_have_a_breaker_of_its_own():
    settings = NotificationSettings(breaker_limits={"hypernode": 200})
    assert settings.breaker("hypernode").at_most == 200
    assert settings.breaker("luxcloud").at_most == 30


def test_nothing_limits_a_persons_answer_or_a_page():
    assert of(Kind.ANSWER) == of(Kind.PAGE) == []


def test_every_limit_holds_for_what_answers_a_mail_by_machine():
    assert of(Kind.ACKNOWLEDGEMENT) == of(Kind.QUOTE) == [limit.reason for limit in HYPERNODE]


def test_only_the_breaker_stops_what_follows_a_persons_act():
    for kind in (Kind.VERDICT, Kind.CHARGE_NOTICE, Kind.SUSPENSION_START, Kind.SUSPENSION_END):
        assert of(kind) == [Suppression.BREAKER]


def test_it_is_quiet_while_fewer_letters_want_to_go_than_would_stop_them():
    assert is_quiet(29, HYPERNODE[-1])
    assert not is_quiet(30, HYPERNODE[-1])
