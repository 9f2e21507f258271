"""An e-mail in quarantine, until a person releases it to the same rules or rejects it."""

from html import unescape
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from deploy.cli import quarantine as command
from services.desk.tasks import worker as desk
from services.email_intake import settings as intake_settings
from services.email_intake import store
from services.email_intake.store import store_email
from services.email_intake.tasks import worker as intake
from shared.errors import Permanent
from shared.events import EmailQuarantined, EmailReceived, EmailRejected, EmailReleased, EmailSuppressed
from web_client import TOKEN, WRITE

US = "support@hypernode.example"
NOT_OURS = (
    b"From: Jan <jan@klant.example>\r\nTo: info@hypernode.example\r\nSubject: Storing\r\n\r\nAlles ligt plat.\r\n"
)
WHY = {"agent": "Kim", "reason": "it is for us"}


@pytest.fixture
def settle(hear):
    """Let everything be read, and let the desk hear of it."""

    def settle():
        for worker, handler in (
            (desk, "show_arrival"), (intake, "read_email"), (desk, "show_quarantined"),
            (intake, "read_released"), (intake, "reject_email"), (desk, "show_released"),
            (desk, "show_quarantined"), (desk, "show_suppressed"),
        ):  # fmt: skip
            hear(worker, handler)

    return settle


@pytest.fixture
def waiting(settle):
    """The id of an e-mail for a mailbox that is none of ours."""
    arrival = store_email(NOT_OURS, source="test")
    settle()
    return arrival


def states(web):
    return {
        state: [row["arrival_id"] for row in web.get(f"/api/arrivals?state={state}").json()]
        for state in ("quarantined", "released", "suppressed")
    }


def test_what_waits_is_shown_with_its_reason_and_what_to_judge_it_by(waiting, web):
    [row] = web.get("/api/arrivals").json()
    assert (row["arrival_id"], row["reason"]) == (str(waiting), "it is for none of our mailboxes")
    assert (row["sender"], row["subject"], row["excerpt"]) == ("Jan <jan@klant.example>", "Storing", "Alles ligt plat.")
    page = unescape(web.get("/arrivals").text)
    for words in ("it is for none of our mailboxes", "Jan <jan@klant.example>: Storing", "Alles ligt plat."):
        assert words in page


def test_a_released_mail_goes_through_the_same_rules_in_the_mailbox_that_a_person_names(
    waiting, web, settle, said, session
):
    assert web.post(f"/api/arrivals/{waiting}/release", json=WHY).status_code == 401
    told = web.post(f"/api/arrivals/{waiting}/release", json={**WHY, "mailbox": US}, headers=WRITE)
    assert told.status_code == 202
    settle()
    [received] = said(EmailReceived)
    assert (received.mailbox, received.subject, received.sender.email) == (US, "Storing", "jan@klant.example")
    assert [(event.agent, event.reason) for event in said(EmailReleased)] == [("Kim", "it is for us")]
    assert states(web) == {"quarantined": [], "released": [str(waiting)], "suppressed": []}
    assert store.counts(session)["read"] == 1
    assert session.get(store.Arrival, waiting).reason.startswith("released by Kim (it is for us); human")


def test_a_released_mail_with_which_the_same_is_wrong_waits_again(waiting, web, settle, said):
    web.post(f"/api/arrivals/{waiting}/release", json=WHY, headers=WRITE)
    settle()
    assert len(said(EmailQuarantined)) == 2
    assert states(web)["quarantined"] == [str(waiting)]


def test_a_released_mail_is_read_by_the_settings_of_today(waiting, web, settle, said, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_MAILBOXES", '{"info@hypernode.example": "hypernode"}')
    intake_settings.settings.cache_clear()
    web.post(f"/api/arrivals/{waiting}/release", json=WHY, headers=WRITE)
    settle()
    intake_settings.settings.cache_clear()
    assert [event.mailbox for event in said(EmailReceived)] == ["info@hypernode.example"]


def test_a_released_mail_that_came_by_another_way_meanwhile_is_a_duplicate(waiting, web, settle, said):
    first = store_email(NOT_OURS, US, source="test")
    settle()
    web.post(f"/api/arrivals/{waiting}/release", json={**WHY, "mailbox": US}, headers=WRITE)
    settle()
    assert [event.arrival_id for event in said(EmailReceived)] == [first]
    assert [event.reason for event in said(EmailSuppressed)] == [f"duplicate of arrival {first}"]


def test_a_rejected_mail_becomes_no_ticket_and_says_who_and_why(waiting, web, settle, said, session):
    why = {"agent": "Kim", "reason": "an advertisement"}
    assert web.post(f"/api/arrivals/{waiting}/reject", json=why, headers=WRITE).status_code == 202
    settle()
    assert [event.reason for event in said(EmailSuppressed)] == ["rejected by Kim: an advertisement"]
    assert states(web) == {"quarantined": [], "released": [], "suppressed": [str(waiting)]}
    assert store.counts(session) == {"received": 1, "read": 0, "suppressed": 1, "quarantined": 0, "waiting": 0}
    assert web.post(f"/api/arrivals/{waiting}/release", json=WHY, headers=WRITE).status_code == 409


def test_of_two_people_who_decide_at_once_the_first_one_counts(waiting, web, settle, said):
    web.post(f"/api/arrivals/{waiting}/reject", json=WHY, headers=WRITE)
    web.post(f"/api/arrivals/{waiting}/release", json={**WHY, "mailbox": US}, headers=WRITE)
    settle()
    assert len(said(EmailReceived)) + len(said(EmailSuppressed)) == 1


def test_the_forms_on_the_page_ask_for_the_desks_token(waiting, web, said):
    form = {**WHY, "token": TOKEN}
    assert web.post(f"/arrivals/{waiting}/release", data={**form, "token": "no"}).status_code == 401
    assert web.post(f"/arrivals/{waiting}/reject", data={**form, "reason": ""}).status_code == 422
    assert "Look at: reason" in web.post(f"/arrivals/{waiting}/reject", data={**form, "reason": ""}).text
    assert web.post(f"/arrivals/{waiting}/reject", data=form, headers={"Origin": "http://x.example"}).status_code == 403
    assert web.post(f"/arrivals/{uuid4()}/reject", data=form).status_code == 404
    assert web.post(f"/arrivals/{waiting}/reject", data={**form, "mailbox": US}).status_code == 303
    assert len(said(EmailRejected)) == 1


def test_the_command_lists_saves_releases_and_rejects(waiting, said, tmp_path):
    run = CliRunner().invoke
    listed = run(command.app, ["list"]).stdout
    assert f"{waiting}  email  it is for none of our mailboxes  (test)" in listed
    path = tmp_path / "mail.eml"
    assert run(command.app, ["save", str(waiting), "--to", str(path)]).exit_code == 0
    assert path.read_bytes() == NOT_OURS
    assert isinstance(run(command.app, ["save", str(waiting), "--to", str(path)]).exception, Permanent)
    who = ["--agent", "Kim", "--reason", "it is for us"]
    assert run(command.app, ["release", str(waiting), *who, "--mailbox", US]).exit_code == 0
    assert [event.mailbox for event in said(EmailReleased)] == [US]
    assert run(command.app, ["reject", str(waiting), *who]).exit_code == 0
    assert isinstance(run(command.app, ["reject", str(uuid4()), *who]).exception, Permanent)
