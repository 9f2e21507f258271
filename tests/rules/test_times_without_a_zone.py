"""A time without a zone is refused wherever one comes in, and the answer says which field it was."""

import asyncio
import json
from datetime import UTC, date, datetime

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from deploy.cli import decide, hours
from services.desk.rules.summary import read_cursor
from services.phone_intake import rules
from services.phone_intake.gateway import web
from services.phone_intake.settings import PhoneIntakeSettings
from shared.civil_time import moment
from shared.errors import Permanent
from shared.events import TicketOpened
from shared.vocabulary import Target

LOCAL = "2026-06-05T08:00:00"
CALL = {"call_id": "1", "started_at": LOCAL, "direction": "inbound", "from": "+31612345678", "did": "+31200000042"}


def refused(command, line):
    result = CliRunner().invoke(command.app, input=json.dumps(line))
    assert result.exit_code == 1
    return json.loads(result.stdout)["error"]


@pytest.mark.parametrize("field", ["start", "end"])
def test_hours_names_the_field(field):
    question = {"calendar": "hypernode", "start": f"{LOCAL}Z", "end": f"{LOCAL}Z"}
    assert f"{field}: {LOCAL} has no zone: add an offset" in refused(hours, question | {field: LOCAL})


def test_decide_names_the_field():
    request = {"provider": "hypernode", "received_at": LOCAL, "body": "Help"}
    assert f"received_at: {LOCAL} has no zone: add an offset" in refused(decide, request)


@pytest.mark.parametrize("written", [20260605, 1.5, True, None, "tomorrow", "2026-13-01T00:00Z", ""])
def test_a_number_or_a_word_is_no_time(written):
    question = {"calendar": "hypernode", "start": written, "minutes": 1}
    assert "start: " in refused(hours, question)


def test_a_call_log_names_the_column():
    read = rules.read_record(CALL | {"outcome": "answered"}, {})
    assert read == rules.Unreadable(f"started_at {LOCAL!r} has no UTC offset: local time is ambiguous in autumn")


def test_a_telephone_system_is_told_the_field(monkeypatch):
    monkeypatch.setattr(web, "settings", lambda: PhoneIntakeSettings(token=SecretStr("secret")))

    async def post():
        transport = httpx.ASGITransport(app=web.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://phone.example") as client:
            call = CALL | {"outcome": "answered"}
            return await client.post("/calls", json=call, headers={"Authorization": "Bearer secret"})

    answer = asyncio.run(post())
    assert answer.status_code == 422
    assert "started_at" in answer.json()["detail"]


def test_a_cursor_of_the_desk_has_a_zone():
    with pytest.raises(Permanent, match="is no cursor"):
        read_cursor(f"{LOCAL}~HN-1001~1")


def test_an_event_and_a_target_have_aware_times_only():
    with pytest.raises(ValidationError, match=r"happened_at[\s\S]*timezone"):
        TicketOpened.model_validate({"happened_at": LOCAL})
    with pytest.raises(ValidationError, match=r"due_at[\s\S]*timezone"):
        Target(name="resolution", minutes=1, due_at=datetime(2026, 6, 5), house_default=True)  # noqa: DTZ001


def test_a_moment_keeps_the_offset_it_was_written_with():
    assert moment("2026-06-05T08:00:00+02:00").isoformat() == "2026-06-05T08:00:00+02:00"
    assert moment("2026-06-05T08:00:00Z") == datetime(2026, 6, 5, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match="is text"):
        moment(date(2026, 6, 5))
