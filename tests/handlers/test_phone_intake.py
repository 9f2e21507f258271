"""phone_intake on a real database: every record ends as exactly one of logged, suppressed or quarantined."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from services.phone_intake import settings as phone_settings
from services.phone_intake import store
from services.phone_intake.gateway import __main__ as serving
from services.phone_intake.gateway import files
from services.phone_intake.gateway.web import app
from services.phone_intake.settings import PhoneIntakeSettings
from services.phone_intake.tasks import WAITS_FOR_THE_CALL, worker
from shared.bus.worker import Outcome
from shared.errors import Misconfigured
from shared.web import run

CALL = {
    "call_id": "c-1",
    "started_at": "2026-11-16T09:41:12+01:00",
    "direction": "inbound",
    "from": "020 000 0102",
    "from_name": "Ruben",
    "did": "+31200000042",
    "outcome": "answered",
    "duration_seconds": 90,
    "summary": "Redis is not reachable.",
}
MISSED = CALL | {"outcome": "missed", "summary": ""}


def arrive(**changes):
    return store.store_call(CALL | changes, "test")


def hear(session, *, backwards=False):
    """Let the room hear everything that waits for it."""
    order = "desc" if backwards else "asc"
    waiting = session.scalars(
        text(f"select id from bus.delivery where hearer = 'phone_intake.read_call' order by id {order}"),
    ).all()
    session.commit()
    outcomes = [worker.deliver("phone_intake.read_call", delivery) for delivery in waiting]
    assert set(outcomes) <= {Outcome.DONE}
    return waiting


def said(session):
    names = session.scalars(text("select name from bus.event where name <> 'CallStored' order by seq")).all()
    session.commit()
    return names


def reasons(session):
    found = session.scalars(text("select reason from phone_intake.arrival order by received_at, id")).all()
    session.commit()
    return found


def test_a_call_with_a_note_is_logged_with_all_that_the_ticket_needs(session):
    arrive()
    hear(session)
    logged = session.scalars(text("select body from bus.event where name = 'CallLogged'")).one()
    assert logged["provider"] == "hypernode"
    assert logged["caller"]["name"] == "Ruben"
    assert logged["caller"]["phone"] == "+31200000102"
    assert logged["text"] == logged["subject"] == "Redis is not reachable."
    assert store.counts(session) == {"received": 1, "logged": 1, "suppressed": 0, "quarantined": 0, "waiting": 0}


def test_hearing_twice_equals_hearing_once(session):
    arrive()
    (delivery,) = hear(session)
    assert worker.deliver("phone_intake.read_call", delivery) is Outcome.NOTHING_TO_DO
    assert said(session) == ["CallLogged"]


def test_a_record_that_comes_twice_is_kept_twice_and_logged_once(session):
    arrive()
    arrive()
    hear(session, backwards=True)
    assert said(session) == ["CallLogged", "CallSuppressed"]
    assert reasons(session) == ["duplicate", None]


def test_workers_that_read_the_same_call_at_once_log_it_once(session):
    for number in range(8):
        store.store_call(MISSED if number % 2 else MISSED | {"call_id": f"c-{number}"}, "test")
    waiting = session.scalars(text("select id from bus.delivery where hearer = 'phone_intake.read_call'")).all()
    session.commit()
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda delivery: worker.deliver("phone_intake.read_call", delivery), waiting))
    assert outcomes == [Outcome.DONE] * 8
    assert sorted(said(session)) == ["CallLogged"] * 5 + ["CallSuppressed"] * 3
    opened = session.scalars(
        text("select id from phone_intake.arrival where state = 'logged' and reason is null")
    ).all()
    assert len(opened) == 1


def test_another_record_under_the_id_of_a_call_waits_for_a_person(session):
    arrive()
    hear(session)
    arrive(summary="Something else entirely happened.")
    hear(session)
    assert said(session) == ["CallLogged", "CallQuarantined"]


def test_a_broken_record_twice_is_one_for_a_person_and_does_not_block_its_correction(session):
    arrive(started_at="16-11-2026")
    arrive(started_at="16-11-2026")
    hear(session)
    arrive()
    hear(session)
    assert said(session) == ["CallQuarantined", "CallSuppressed", "CallLogged"]


def test_a_number_that_is_not_ours_waits_for_a_person(session):
    arrive(did="+31200000099")
    hear(session)
    assert said(session) == ["CallQuarantined"]


@pytest.fixture
def own_numbers(monkeypatch):
    """Name the numbers that are ours, as an operator does in the settings."""

    def own_numbers(numbers):
        configured = PhoneIntakeSettings(numbers=numbers)
        monkeypatch.setattr("services.phone_intake.tasks.settings", lambda: configured)

    return own_numbers


def test_a_call_to_a_forgotten_number_becomes_a_ticket_once_the_number_is_named_and_it_comes_again(
    session, own_numbers
):
    own_numbers({"+31200000099": "luxcloud"})
    arrive()
    arrive()
    hear(session)
    assert said(session) == ["CallQuarantined", "CallSuppressed"], "coming again changes nothing by itself"
    own_numbers({"+31200000042": "hypernode"})
    arrive()
    arrive()
    hear(session)
    assert said(session)[2:] == ["CallSuppressed", "CallLogged", "CallSuppressed"]
    assert store.counts(session) == {"received": 4, "logged": 1, "suppressed": 3, "quarantined": 0, "waiting": 0}


def test_a_call_id_of_any_length_is_a_key(session):
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))
    arrive(call_id=long)
    arrive(call_id=long)
    arrive(call_id=long + "x")
    hear(session)
    assert said(session) == ["CallLogged", "CallSuppressed", "CallLogged"]


def test_an_outbound_call_of_an_unknown_number_is_no_work_for_a_person(session):
    arrive(did="", to="+31201230000", direction="outbound")
    hear(session)
    assert said(session) == ["CallSuppressed"]


@pytest.mark.parametrize("backwards", [False, True])
def test_missed_calls_of_one_caller_within_half_an_hour_are_one_call_back(session, backwards):
    for number, clock in enumerate(["10:00:00", "10:29:00", "11:30:00"]):
        store.store_call(MISSED | {"call_id": f"m-{number}", "started_at": f"2026-11-16T{clock}+01:00"}, "test")
    hear(session, backwards=backwards)
    assert said(session) == ["CallLogged"] * 3
    added = session.scalars(text("select body->>'adds_to' from bus.event where name = 'CallLogged' order by seq")).all()
    assert [bool(to) for to in added] == ([False, False, True] if backwards else [False, True, False])


VOICEMAIL = CALL | {"call_id": "v-1", "outcome": "voicemail", "duration_seconds": 30, "summary": ""}
ENVELOPE = """;
; Message Information file
;
[message]
origmailbox=500
context=default
macrocontext=
exten=500
rdnis=unknown
priority=2
callerchan=PJSIP/trunk-0000003a
callerid="Ruben" <0200000102>
origdate=Mon Nov 16 08:41:30 AM UTC 2026
origtime=1794818490
category=
msg_id=1794818490-00000001
flag=
duration=30
"""


@pytest.fixture
def envelope(tmp_path):
    """Feed Asterisk's file of a voicemail, with what a program may have added to it."""

    def envelope(more=""):
        file = tmp_path / "msg0000.txt"
        file.write_text(ENVELOPE + more)
        assert files.store_log(file) == 1

    return envelope


def test_a_voicemail_file_that_tells_no_more_than_its_call_is_suppressed(session, envelope):
    arrive(**VOICEMAIL)
    envelope()
    hear(session)
    assert said(session) == ["CallLogged", "CallSuppressed"]
    assert reasons(session)[1] == "a voicemail that has its ticket (test)"


def test_a_transcript_of_a_voicemail_is_added_to_the_ticket_of_its_call(session, envelope):
    first = arrive(**VOICEMAIL)
    envelope("transcript=Redis does not answer any more\n")
    hear(session)
    voicemail, transcript = session.scalars(
        text("select body from bus.event where name = 'CallLogged' order by seq")
    ).all()
    assert voicemail["subject"] == "Voicemail of 30 seconds."
    assert transcript["adds_to"] == str(first)
    assert transcript["text"] == "Redis does not answer any more\n\n[machine transcript]"
    assert transcript["provider"] == "hypernode"


def test_a_voicemail_file_waits_for_its_call_and_then_for_a_person(session, envelope):
    envelope("transcript=Redis does not answer any more\n")
    statement = text("select id from bus.delivery where hearer = 'phone_intake.read_call'")
    waiting = session.scalars(statement).one()
    session.commit()
    assert worker.deliver("phone_intake.read_call", waiting) is Outcome.RETRY_LATER
    arrive(**VOICEMAIL)
    session.execute(text("update bus.delivery set due_at = now()"))
    hear(session, backwards=True)
    assert said(session) == ["CallLogged", "CallLogged"]
    assert reasons(session) == ["added to the ticket of another call of this caller (test)", None]


def test_a_voicemail_without_a_call_waits_for_a_person(session, envelope):
    envelope()
    outcomes = []
    while waiting := session.scalars(text("select id from bus.delivery where hearer = 'phone_intake.read_call'")).all():
        session.execute(text("update bus.delivery set due_at = now()"))
        session.commit()
        outcomes += [worker.deliver("phone_intake.read_call", delivery) for delivery in waiting]
    assert outcomes == [Outcome.RETRY_LATER] * WAITS_FOR_THE_CALL + [Outcome.DONE]
    assert said(session) == ["CallQuarantined"]


def test_the_sample_log_ends_balanced(session):
    assert files.store_log(Path("deploy/sample/calls.csv")) == 13
    hear(session)
    assert store.counts(session) == {"received": 13, "logged": 6, "suppressed": 5, "quarantined": 2, "waiting": 0}
    assert any(reason and reason.startswith("calls.csv, line 13: started_at") for reason in reasons(session))


def test_nul_and_half_surrogates_do_not_keep_a_record_out(session):
    arrive(summary="three words \0 \ud800 here", **{"\0\ud800": 1})
    hear(session)
    assert said(session) == ["CallLogged"]


def test_a_missing_call_log_is_a_clear_error():
    with pytest.raises(Misconfigured, match=r"nowhere\.csv: No such file"):
        files.store_log(Path("nowhere.csv"))


@pytest.fixture
def token(monkeypatch):
    configured = PhoneIntakeSettings(token=SecretStr("sesame"))
    monkeypatch.setattr("services.phone_intake.gateway.web.settings", lambda: configured)
    return {"Authorization": "Bearer sesame"}


async def post(**request):
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://phone.example") as client:
        return await client.post("/calls", **request)


def send(**request):
    return asyncio.run(post(**request))


def test_a_posted_call_is_accepted_only_once_it_is_durable(session, token):
    answer = send(json=CALL, headers=token)
    assert answer.status_code == 202
    assert str(session.scalars(text("select id from phone_intake.arrival")).one()) == answer.json()["arrival_id"]


def test_a_call_without_an_id_is_known_by_the_idempotency_key(session, token):
    anonymous = {name: value for name, value in CALL.items() if name != "call_id"}
    for _ in range(2):
        assert send(json=anonymous, headers=token | {"Idempotency-Key": "k-1"}).status_code == 202
    hear(session)
    assert said(session) == ["CallLogged", "CallSuppressed"]


def test_while_the_database_is_away_the_sender_is_asked_to_try_again(monkeypatch, token):
    elsewhere = create_engine("postgresql+psycopg://nobody@/nothing?host=/nowhere")
    monkeypatch.setattr("shared.bus.transaction.engine", lambda: elsewhere)
    answer = send(json=CALL, headers=token)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": CALL, "headers": {"Authorization": "Bearer wrong"}}, 401),
        ({"json": CALL, "headers": {"Authorization": ""}}, 401),
        ({"content": b"{not json"}, 400),
        ({"content": b'{"duration_seconds": NaN}'}, 400),
        ({"content": b"[" * 100_000}, 400),
        ({"json": [CALL]}, 422),
        ({"json": CALL | {"summary": {"a": 1}}}, 422),
        ({"json": CALL | {"started_at": "2026-11-16T09:41:12"}}, 422),
        ({"content": b'"' + b"x" * 300_000 + b'"'}, 413),
        ({"json": CALL, "headers": {"Idempotency-Key": "k" * 300}}, 422),
    ],
)
def test_what_cannot_be_accepted_is_refused_with_a_problem_document_and_not_stored(session, token, request_, status):
    answer = send(**request_ | {"headers": token | request_.get("headers", {})})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert store.counts(session)["received"] == 0


def test_without_a_configured_token_nothing_is_accepted(monkeypatch, session):
    monkeypatch.delenv("SCOPEDESK_PHONE_INTAKE_TOKEN", raising=False)
    phone_settings.settings.cache_clear()
    answer = send(json=CALL, headers={"Authorization": "Bearer "})
    assert answer.status_code == 401
    assert "SCOPEDESK_PHONE_INTAKE_TOKEN" in answer.json()["detail"]


def test_a_taken_port_is_named_with_the_setting_that_changes_it(servers, monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(serving, "settings", lambda: PhoneIntakeSettings(port=port))
        assert run(serving.opened) == 1
    message = capsys.readouterr().err
    assert f"port {port}: Address already in use" in message
    assert "SCOPEDESK_PHONE_INTAKE_PORT" in message
