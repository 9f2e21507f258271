"""What each answer of a mail server means for a letter: taken, refused, later, or nothing to do with the letter."""

import pytest
from aiosmtpd.controller import Controller

from services.notifications import tasks
from services.notifications.gateway import (
    HAND_OVER_SECONDS,
    QUIT_SECONDS,
    Parcel,
    Refused,
    Taken,
    Unanswered,
    post,
)
from services.notifications.settings import NotificationSettings
from shared.errors import Misconfigured, Transient

HANG_UP = "hang up"


class Answers:
    """A mail server that answers a step as it is told to, or hangs up there, and keeps what it got."""

    def __init__(self):
        self.to = {}
        self.got = []

    def _say(self, server, step, otherwise="250 OK"):
        told = self.to.get(step, otherwise)
        if told == HANG_UP:
            server.transport.abort()
        return told

    async def handle_MAIL(self, server, _session, envelope, address, _options):  # noqa: N802 -- aiosmtpd's names
        envelope.mail_from = address
        return self._say(server, "MAIL")

    async def handle_RCPT(self, server, _session, envelope, address, _options):  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self._say(server, "RCPT")

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802
        self.got.append(envelope)
        return self._say(server, "DATA")

    async def handle_QUIT(self, server, _session, _envelope):  # noqa: N802
        return self._say(server, "QUIT", "221 Bye")


@pytest.fixture
def answers(free_port):
    server = Answers()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    server.port = controller.port
    yield server
    controller.stop()


@pytest.fixture
def hand_over(answers):
    def hand_over(recipient="anna@winkel.example", body="Goedendag", **settings):
        parcel = Parcel("support@hypernode.example", recipient, {"Subject": "Re: Help"}, body)
        return post(parcel, NotificationSettings(smtp_port=answers.port, **settings))

    return hand_over


@pytest.mark.parametrize("farewell", ["421 closing now", "500 what?", HANG_UP])
def test_a_letter_that_was_taken_stays_taken_whatever_the_farewell_is(answers, hand_over, farewell):
    answers.to["QUIT"] = farewell
    assert hand_over() == Taken()
    assert len(answers.got) == 1


@pytest.mark.parametrize(("step", "answer"), [("RCPT", "550 no such person"), ("DATA", "554 not this letter")])
def test_a_refusal_of_the_letter_is_final(answers, hand_over, step, answer):
    answers.to[step] = answer
    assert hand_over() == Refused(answer)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("code", [530, 534, 535, 538])
def test_an_answer_that_asks_for_a_login_is_about_us_and_loses_no_letter(answers, hand_over, step, code):
    answers.to[step] = f"{code} Authentication required"
    with pytest.raises(Misconfigured, match=str(code)):
        hand_over()


@pytest.mark.parametrize("answer", ["550 you may not send", "553 sender not allowed"])
def test_a_refusal_of_the_sender_is_about_us(answers, hand_over, answer):
    answers.to["MAIL"] = answer
    with pytest.raises(Misconfigured, match="login or sender"):
        hand_over()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_is_busy_gets_the_letter_later(answers, hand_over, step):
    answers.to[step] = "451 come back later"
    with pytest.raises(Transient, match="451"):
        hand_over()


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_server_that_hangs_up_before_it_has_the_letter_gets_it_later(answers, hand_over, step):
    answers.to[step] = HANG_UP
    with pytest.raises(Transient):
        hand_over()
    assert answers.got == []


def test_a_server_that_hangs_up_after_it_has_the_letter_most_often_took_it(answers, hand_over):
    answers.to["DATA"] = HANG_UP
    assert hand_over() == Unanswered()
    assert len(answers.got) == 1


@pytest.mark.parametrize(("code", "error"), [(454, Transient), (535, Misconfigured)])
def test_a_login_that_fails_for_now_is_tried_again_and_a_wrong_one_is_said(free_port, tmp_path, code, error):
    class Guard:
        async def auth_PLAIN(self, server, _args):  # noqa: N802
            await server.push(f"{code} no login")

    password = tmp_path / "password"
    password.write_text("secret")
    controller = Controller(
        Guard(), hostname="127.0.0.1", port=free_port(), auth_require_tls=False, auth_exclude_mechanism=["LOGIN"]
    )
    controller.start()
    settings = NotificationSettings(smtp_port=controller.port, smtp_user="desk", smtp_password_file=password)
    try:
        with pytest.raises(error, match=str(code)):
            post(Parcel("", "anna@winkel.example", {}, ""), settings)
    finally:
        controller.stop()


def test_an_address_that_needs_quotes_reaches_the_server(answers, hand_over):
    assert hand_over('"a..b"@docomo.ne.jp') == Taken()
    assert answers.got[0].rcpt_tos == ["a..b@docomo.ne.jp"]


def test_lines_that_begin_with_dots_arrive_as_they_were(answers, hand_over):
    hand_over(body=".\n..\nend.\n.htaccess")
    assert answers.got[0].content.endswith(b"\r\n\r\n.\r\n..\r\nend.\r\n.htaccess\r\n")


def test_a_slow_server_has_the_minutes_that_the_standard_gives_it():
    assert NotificationSettings().smtp_timeout_seconds >= 5 * 60


def test_a_hand_over_ends_before_another_attempt_may_begin():
    within = tasks.worker.handlers["notifications.post_letter"].within
    assert within > HAND_OVER_SECONDS + QUIT_SECONDS
