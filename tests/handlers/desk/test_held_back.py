"""What the desk holds back: seen on its page, over the API and on the command line, and let go by a person."""

from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from typer.testing import CliRunner

import samples
from deploy.cli.letters import app
from samples import RECEIVED
from services.desk.tasks import worker
from services.notifications import store as letters
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    AutomaticLettersResumed,
    AutomaticLettersStopped,
    LetterHeld,
    LetterReleased,
    LetterSuppressed,
    TicketOpened,
)
from web_client import TOKEN, WRITE

LETTER = uuid4()
OF = {"ticket_id": "HN-1042", "letter_id": LETTER}
HELD = LetterHeld(**OF, kind="quote", reason="burst-limit")
STOPPED = AutomaticLettersStopped(provider="hypernode", since=clock.now(), letters=31, minutes=15)


@pytest.fixture
def told(say, hear):
    """Let the desk hear events one by one."""

    def told(*events):
        for event in events:
            say("notifications", event)
            for hearer in worker.handlers:
                assert set(hear(worker, hearer.partition(".")[2])) <= {Outcome.DONE}

    return told


@pytest.fixture
def ticket(told):
    facts = samples.ticket()
    told(TicketOpened(ticket_id="HN-1042", arrival_id=uuid4(), ticket=facts, text="Restore", happened_at=RECEIVED))


@pytest.mark.usefixtures("ticket")
def test_a_held_letter_shows_with_its_reason_until_a_person_releases_it(web, told, said):
    told(HELD)
    assert web.get("/api/tickets/HN-1042").json()["ticket"]["letter_held"]
    assert web.get("/api/tickets/HN-1042").json()["letters"][0]["reason"] == "burst-limit"
    assert "letter held" in web.get("/").text
    assert "burst limit" in web.get("/held").text
    assert [row["letter_id"] for row in web.get("/api/held").json()["letters"]] == [str(LETTER)]

    path = f"/api/letters/{LETTER}/release"
    assert web.post(path, json={"agent": "Kim"}).status_code == 401
    assert web.post(path, json={"agent": "Kim"}, headers=WRITE).status_code == 202
    [release] = said(LetterReleased)
    assert (release.letter_id, release.by, release.ticket_id) == (LETTER, "Kim", "HN-1042")
    told(LetterSuppressed(ticket_id="HN-1", letter_id=uuid4(), kind="quote", reason="superseded"))
    assert web.get("/api/held").json()["letters"] == []
    assert not web.get("/api/tickets/HN-1042").json()["ticket"]["letter_held"]
    assert web.post(path, json={"agent": "Kim"}, headers=WRITE).status_code == 404


def test_a_letter_is_released_once_with_a_key(web, told, said):
    told(HELD)
    again = {**WRITE, "Idempotency-Key": "k1"}
    for _ in range(2):
        assert web.post(f"/api/letters/{LETTER}/release", json={"agent": "Kim"}, headers=again).status_code == 202
        told(LetterSuppressed(ticket_id="HN-1", letter_id=uuid4(), kind="quote", reason="superseded"))
    assert len(said(LetterReleased)) == 1


def test_a_letter_is_released_by_the_form_of_the_page(web, told, said):
    told(HELD)
    form = {"agent": "Kim", "token": TOKEN}
    assert web.post(f"/held/letters/{LETTER}", data=form | {"token": "wrong"}).status_code == 401
    assert web.post(f"/held/letters/{LETTER}", data=form).status_code == 303
    assert [event.by for event in said(LetterReleased)] == ["Kim"]


@pytest.mark.parametrize(
    "end", [LetterReleased(**OF, by="Kim"), LetterSuppressed(**OF, kind="quote", reason="offer-over")], ids=str
)
def test_a_letter_that_is_over_is_not_held_whatever_was_heard_first(web, told, end):
    told(end, HELD)
    assert web.get("/api/held").json()["letters"] == []


def test_a_stopped_provider_shows_everywhere_until_a_person_lets_its_letters_go(web, told, said):
    told(STOPPED)
    [row] = web.get("/api/held").json()["stopped"]
    assert (row["provider"], row["letters"], row["minutes"]) == ("hypernode", 31, 15)
    assert web.get("/api/health").json()["letters_stopped"] == ["hypernode"]
    assert "Automatic letters of Hypernode are stopped" in web.get("/").text
    assert "automatic letters stopped" in web.get("/held").text

    path = "/api/providers/{}/letters/resume"
    assert web.post(path.format("nobody"), json={"agent": "Kim"}, headers=WRITE).status_code == 404
    assert web.post(path.format("luxcloud"), json={"agent": "Kim"}, headers=WRITE).status_code == 409
    assert web.post(path.format("hypernode"), json={"agent": "Kim"}, headers=WRITE).status_code == 202
    assert [event.by for event in said(AutomaticLettersResumed)] == ["Kim"]

    told(LetterSuppressed(ticket_id="HN-1", letter_id=uuid4(), kind="quote", reason="superseded"))
    assert web.get("/api/health").json()["letters_stopped"] == []
    assert "Nothing is held back." in web.get("/held").text


def test_a_provider_is_let_go_by_the_form_of_the_page(web, told, said):
    told(STOPPED)
    assert web.post("/held/providers/hypernode", data={"agent": "Kim", "token": TOKEN}).status_code == 303
    assert [event.provider for event in said(AutomaticLettersResumed)] == ["hypernode"]


STORM = STOPPED.since + timedelta(hours=1)
DAY = (
    STOPPED,
    AutomaticLettersResumed(provider="hypernode", happened_at=STOPPED.since + timedelta(minutes=15)),
    AutomaticLettersStopped(provider="hypernode", since=STORM, letters=50, minutes=15),
)


@pytest.mark.parametrize("heard", list(permutations(DAY)), ids=lambda _: "")
def test_the_last_stop_stands_in_whatever_order_it_is_heard(web, told, heard):
    told(*(event.model_copy(update={"event_id": uuid4()}) for event in heard))
    assert [row["letters"] for row in web.get("/api/held").json()["stopped"]] == [50]


# --- the command line -------------------------------------------------------------------------------------------------


def command(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_an_operator_sees_and_lets_go_on_the_command_line(told, said):
    assert command("held").output == "nothing is held back\n"
    told(HELD, STOPPED)
    output = command("held").output
    assert "hypernode: stopped since" in output
    assert "burst-limit" in output
    assert str(LETTER) in command("held", "--json").output
    assert command("release", str(LETTER), "--by", "Kim").output == "1 letters are released\n"
    assert command("resume", "hypernode", "--by", "Kim").output == "automatic letters of hypernode go out again\n"
    assert [event.by for event in (*said(LetterReleased), *said(AutomaticLettersResumed))] == ["Kim", "Kim"]


def test_letters_are_named_or_all_of_them_meant(told, said):
    assert command("release").exit_code == 2
    assert command("release", str(LETTER), "--all").exit_code == 2
    told(HELD)
    assert command("release", "--all", "--by", "Kim").exit_code == 0
    assert len(said(LetterReleased)) == 1


def test_status_and_doctor_tell_of_a_stopped_provider(session):
    from deploy.doctor import _automatic_letters
    from deploy.status import stack_status
    from shared.errors import Misconfigured

    assert _automatic_letters() == "none are stopped"
    session.add(letters.Breaker(provider="hypernode", stopped_at=clock.now()))
    session.commit()
    assert list(stack_status()["letters_stopped"]) == ["hypernode"]
    with pytest.raises(Misconfigured, match="scopedesk letters resume"):
        _automatic_letters()
