"""People on call are told by e-mail and by webhook, each once, on real servers; addresses of webhooks stay secret."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from uuid import uuid4

import pytest
from sqlalchemy import text

import samples
from services.notifications import store
from services.notifications.tasks import worker
from services.notifications.tasks.paging import PAGE_IS_OLD
from shared import clock, settings
from shared.bus.worker import Outcome
from shared.events import LetterSent, OnCallPaged, PageDelivered, PageUndelivered
from webhooks import webhook

SECRET = "key=a-secret"


class MailServer:
    """Takes mail, or refuses it."""

    def __init__(self):
        self.answer = "250 OK"
        self.taken = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        return self.answer


@pytest.fixture
def post(serve_mail):
    return serve_mail(MailServer())


@pytest.fixture
def hook():
    with webhook() as server:
        yield server


@pytest.fixture(autouse=True)
def rota(tmp_path, monkeypatch, hook):
    path = tmp_path / "rota.yaml"
    path.write_text(
        "people:\n"
        f'  anna: {{name: Anna, email: anna@host.example, language: nl, webhook: "{hook.address}"}}\n'
        "  bob: {name: Bob, email: bob@host.example}\n"
        "levels:\n"
        "  - {name: first, layers: [{name: a, zone: UTC, people: [anna], handover: {first: 2026-01-05 09:00}}]}\n"
    )
    monkeypatch.setenv("SCOPEDESK_ONCALL_FILE", str(path))
    settings.settings.cache_clear()
    yield path
    monkeypatch.delenv("SCOPEDESK_ONCALL_FILE")
    settings.settings.cache_clear()


def paged(person="anna", **changes):
    page_id = uuid4()
    ticket = samples.ticket("HS-1", provider="h-sphere", plan="regular", subject="Server down")
    known = {
        "event_id": page_id,
        "page_id": page_id,
        "alarm_id": uuid4(),
        "step": 0,
        "level": "first",
        "reason": "a mail or web server is down",
        "best_effort": False,
        "last": False,
        "team": "Technical support",
        "answer_by": clock.now() + timedelta(minutes=15),
    }
    return OnCallPaged(ticket_id="HS-1", ticket=ticket, person=person, **known | changes)


def test_a_page_is_a_mail_to_the_person_and_no_letter_to_the_requester(say, hear, said, post):
    page = paged()
    say("sla", page)
    assert hear(worker, "write_page") == [Outcome.DONE]
    assert hear(worker, "post_letter") == [Outcome.DONE]
    [mail] = post.taken
    assert mail["To"] == "Anna <anna@host.example>"
    assert mail["From"] == "Scopedesk on call <on-call@scopedesk.example>"
    assert mail["Subject"] == "[HS-1] a mail or web server is down: Server down"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "H-Sphere" in text
    assert str(page.page_id) in text
    assert said(LetterSent) == []
    assert [(event.page_id, event.way) for event in said(PageDelivered)] == [(page.page_id, "e-mail")]


def test_a_page_stands_in_no_thread_of_the_requester(session, say, hear, post):
    say("sla", paged())
    hear(worker, "write_page")
    assert store.thread_of(session, "HS-1") == []


def test_a_page_is_written_in_the_language_of_its_person(say, hear, post):
    say("sla", paged("anna"), paged("bob"))
    hear(worker, "write_page")
    hear(worker, "post_letter")
    texts = {mail["To"]: mail.get_content() for mail in post.taken}
    assert "heeft iemand nodig" in texts["Anna <anna@host.example>"]
    assert "needs somebody" in texts["Bob <bob@host.example>"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"best_effort": True}, "nothing has been promised"),
        ({"last": True}, "nobody has taken the ticket"),
        ({}, "then the next on call is told"),
    ],
)
def test_a_page_says_what_is_expected(say, hear, post, changes, words):
    say("sla", paged("bob", **changes))
    hear(worker, "write_page")
    hear(worker, "post_letter")
    assert words in " ".join(post.taken[0].get_content().split())


@pytest.mark.parametrize("person", [None, "somebody-else"])
def test_without_a_person_the_teams_mailbox_is_told(say, hear, post, hook, person):
    say("sla", paged(person))
    hear(worker, "write_page")
    hear(worker, "post_letter")
    assert hear(worker, "page_on_call") == [Outcome.DONE]
    assert post.taken[0]["To"] == "Technical support <on-call@scopedesk.example>"
    assert hook.calls == []


def test_a_mail_server_that_refuses_a_page_is_recorded_without_its_words(say, hear, said, post):
    post.answer = "550 no anna@host.example here"
    say("sla", paged())
    hear(worker, "write_page")
    assert hear(worker, "post_letter") == [Outcome.DONE]
    assert [(event.way, event.reason) for event in said(PageUndelivered)] == [("e-mail", "the mail server refused it")]


def test_a_webhook_gets_a_page_once_under_its_own_key(say, hear, said, hook):
    page = paged()
    say("sla", page)
    assert hear(worker, "page_on_call") == [Outcome.DONE]
    assert hear(worker, "page_on_call") == []
    [(path, headers, message)] = hook.calls
    assert path == f"/hook?{SECRET}"
    assert headers["Idempotency-Key"] == message["page_id"] == str(page.page_id)
    assert headers["Content-Type"] == "application/json"
    assert (message["ticket"], message["provider"], message["subject"]) == ("HS-1", "H-Sphere", "Server down")
    assert message["acknowledge"] == f"/api/pages/{page.page_id}/acknowledge"
    assert [(event.page_id, event.way) for event in said(PageDelivered)] == [(page.page_id, "webhook")]


def test_who_has_no_webhook_is_called_by_none(say, hear, said, hook):
    say("sla", paged("bob"))
    assert hear(worker, "page_on_call") == [Outcome.DONE]
    assert hook.calls == []
    assert said(PageDelivered) == []


@pytest.mark.parametrize("answer", [400, 404, 301])
def test_a_webhook_that_refuses_is_recorded_and_left_alone(say, hear, said, hook, answer):
    hook.answer = answer
    say("sla", paged())
    assert hear(worker, "page_on_call") == [Outcome.DONE]
    assert len(hook.calls) == 1
    assert [(event.way, event.reason) for event in said(PageUndelivered)] == [("webhook", f"answered {answer}")]


@pytest.mark.parametrize("answer", [500, 503, 429, 408, -1])
def test_a_webhook_that_may_work_later_is_called_again_under_the_same_key(say, hear, said, hook, answer):
    hook.answer = answer
    say("sla", paged())
    assert hear(worker, "page_on_call") == [Outcome.RETRY_LATER]
    hook.answer = 200
    assert hear(worker, "page_on_call") == [Outcome.DONE]
    first, second = (headers["Idempotency-Key"] for _, headers, _ in hook.calls)
    assert first == second
    assert len(said(PageDelivered)) == 1


def test_a_page_that_has_become_old_wakes_nobody(say, hear, said, hook):
    say("sla", paged(happened_at=clock.now() - PAGE_IS_OLD - timedelta(seconds=1)))
    assert hear(worker, "page_on_call") == [Outcome.DONE]
    assert hook.calls == []
    assert [event.way for event in said(PageUndelivered)] == ["webhook"]


@pytest.mark.usefixtures("post")
def test_the_address_of_a_webhook_is_nowhere_but_in_the_rota(say, hear, hook, session, capfd):
    say("sla", paged())
    hook.answer = 503
    hear(worker, "page_on_call")
    hook.answer = 404
    hear(worker, "page_on_call")
    hear(worker, "write_page")
    hear(worker, "post_letter")
    rows = session.execute(text("select body::text from bus.event union all select d::text from bus.delivery d"))
    assert SECRET not in "".join(rows.scalars())
    assert SECRET not in "".join(capfd.readouterr())


def test_a_host_that_is_away_is_told_without_its_name(say, hear, session, rota, capfd):
    rota.write_text(rota.read_text().replace("127.0.0.1", "no-such-host.invalid"))
    say("sla", paged())
    assert hear(worker, "page_on_call") == [Outcome.RETRY_LATER]
    [error] = session.scalars(text("select last_error from bus.delivery where hearer = 'notifications.page_on_call'"))
    assert "no-such-host" not in error
    assert "no-such-host" not in "".join(capfd.readouterr())
