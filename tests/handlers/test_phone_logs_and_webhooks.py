"""Call logs of exchanges and Twilio's webhook, on real tables: nothing is lost, nothing comes twice."""

import asyncio
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.phone_intake import store
from services.phone_intake.gateway import files, twilio
from services.phone_intake.gateway.web import app
from services.phone_intake.settings import PhoneIntakeSettings
from services.phone_intake.tasks import worker
from shared.errors import Misconfigured

LOGS = Path(__file__).parents[1] / "data" / "calls"
URL = "https://support.example/twilio"
STATUS = {
    "CallSid": "CA1",
    "CallStatus": "completed",
    "From": "+31200000101",
    "To": "+31200000042",
    "Direction": "inbound",
    "CallDuration": "42",
}
VOICEMAIL = STATUS | {"TranscriptionText": "Redis does not answer any more", "RecordingUrl": "https://rec.example/1"}


@pytest.fixture
def configured(monkeypatch):
    wanted = PhoneIntakeSettings(
        zone="Europe/Amsterdam",
        mapping_file=LOGS / "mapping.yaml",
        twilio_token=SecretStr("sesame"),
        public_url="https://support.example",
    )
    for module in ("gateway.files", "gateway.web", "tasks"):
        monkeypatch.setattr(f"services.phone_intake.{module}.settings", lambda: wanted)


def hear(session):
    waiting = session.scalars(
        text("select id from bus.delivery where hearer = 'phone_intake.read_call' order by id"),
    ).all()
    session.commit()
    for delivery in waiting:
        worker.deliver("phone_intake.read_call", delivery)


def ended(session):
    statement = text("select state, coalesce(reason, '') from phone_intake.arrival order by received_at, id")
    found = [tuple(row) for row in session.execute(statement).all()]
    session.commit()
    return found


def send(form, *, signed=True, url=URL):
    headers = {twilio.SIGNATURE: twilio.signature("sesame", url, form)} if signed else {}

    async def post():
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside.example") as client:
            return await client.post("/twilio", data=form, headers=headers)

    return asyncio.run(post())


@pytest.mark.parametrize(
    ("name", "stored"), [("Master.csv", 5), ("freepbx.csv", 2), ("3cx.csv", 3), ("mapped.csv", 3), ("calls.jsonl", 3)]
)
def test_every_record_of_a_log_ends_and_the_log_fed_again_is_all_duplicates(session, configured, name, stored):
    assert files.store_log(LOGS / name) == stored
    hear(session)
    assert {state for state, _ in ended(session)} <= {"logged", "suppressed", "quarantined"}
    assert sum(state != "quarantined" for state, _ in ended(session)) >= 1
    assert files.store_log(LOGS / name) == stored
    hear(session)
    assert ended(session)[stored:] == [("suppressed", "duplicate")] * stored


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({}, 1),
        ({"talk_seconds": "29"}, 0),
        ({"talk_seconds": ""}, 0),
        ({"outcome": "voicemail"}, 0),
        ({"to": "201"}, 0),
    ],
    ids=["talked", "too short", "nothing tells", "voicemail", "a colleague"],
)
def test_a_call_of_ours_is_a_response_only_when_it_was_talked_for_long_enough(session, configured, changes, made):
    call = {"call_id": "c-9", "started_at": "2026-11-17T10:05:00+01:00", "direction": "outbound", "from": "201"}
    call |= {"to": "0200000101", "did": "+31200000042", "outcome": "answered", "duration_seconds": "45"}
    store.store_call({**call, "talk_seconds": "30", **changes}, "test")
    hear(session)
    assert ended(session) == [("suppressed", "outbound call")]
    said = session.scalars(text("select body from bus.event where name = 'CallMade'")).all()
    assert [(body["callee"], body["answered_at"]) for body in said] == [("+31200000101", "2026-11-17T09:05:15Z")] * made


def test_a_doubtful_file_waits_in_quarantine_with_the_reason_and_what_it_says(session, configured, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("name;city\nAnna;Utrecht\n")
    for _ in range(2):
        with pytest.raises(Misconfigured, match="waits in quarantine; nothing in it was read"):
            files.store_log(file)
    hear(session)
    [(state, reason), again] = ended(session)
    assert state == "quarantined"
    assert "no call log of a known kind" in reason
    assert again == ("suppressed", "duplicate")
    assert "Anna;Utrecht" in session.scalars(text("select raw->>'content' from phone_intake.arrival")).first()


def test_twilio_tells_of_a_call_that_ended_once_however_often_it_says_so(session, configured):
    missed = STATUS | {"CallStatus": "no-answer"}
    assert [send(missed).status_code for _ in range(2)] == [204, 204]
    hear(session)
    assert ended(session) == [("logged", ""), ("suppressed", "duplicate")]


def test_a_voicemail_that_twilio_transcribed_becomes_a_ticket_of_its_own_words(session, configured):
    for form in (STATUS, VOICEMAIL):
        send(form)
    hear(session)
    assert ended(session) == [("suppressed", "answered without a note"), ("logged", "")]
    logged = session.scalars(text("select body from bus.event where name = 'CallLogged'")).one()
    assert (
        logged["text"] == "Redis does not answer any more\n\n[machine transcript]\n\nRecording: https://rec.example/1"
    )


def test_the_steps_of_a_call_under_way_are_no_records(session, configured):
    assert send(STATUS | {"CallStatus": "ringing"}).status_code == 204
    assert ended(session) == []


def test_what_twilio_did_not_sign_is_refused(session, configured):
    assert send(STATUS, signed=False).status_code == 403
    assert send(STATUS, url="https://elsewhere.example/twilio").status_code == 403
    assert ended(session) == []


def test_without_a_token_twilios_webhook_is_closed(session, monkeypatch):
    monkeypatch.setattr("services.phone_intake.gateway.web.settings", PhoneIntakeSettings)
    answer = send(STATUS)
    assert answer.status_code == 403
    assert "SCOPEDESK_PHONE_INTAKE_TWILIO_TOKEN" in answer.json()["detail"]


def test_a_signature_is_that_of_twilios_own_documentation():
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030"}
    form["To"] = "+18005551212"
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, form) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
