"""`scopedesk ingest mail -` as a mail server runs it: what it is told decides whether the e-mail is kept."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from services.email_intake.settings import EmailIntakeSettings

SCOPEDESK = Path(sys.executable).parent / "scopedesk"
MAIL = b"From: jan@klant.example\nTo: support@hypernode.example\nSubject: x\n\nhelp\n"


def pipe(raw, *options, **environment):
    command = [SCOPEDESK, "ingest", "mail", "-", *options]
    return subprocess.run(command, input=raw, env=os.environ | environment, capture_output=True, check=False)


def test_a_stored_email_ends_with_0_and_keeps_its_envelope(session):
    done = pipe(MAIL, "--mailbox", "support@hypernode.example", "--sender", "jan@klant.example")
    assert done.returncode == os.EX_OK, done.stderr
    [arrival] = session.execute(text("select recipient, envelope_from, source from email_intake.arrival")).all()
    assert arrival == ("support@hypernode.example", "jan@klant.example", "pipe")


@pytest.mark.parametrize("sender", ["", "<>", "MAILER-DAEMON"])
def test_the_null_return_path_is_known_under_all_its_names(session, sender):
    assert pipe(MAIL, "--sender", sender).returncode == os.EX_OK
    assert session.scalar(text("select envelope_from from email_intake.arrival")) == ""


def test_an_email_stays_one_even_if_a_line_looks_like_the_next_of_an_mbox(session):
    looks_so = MAIL + b"\nFrom jan@klant.example Mon Nov 23 10:00:00 2026\nno mail of its own\n"
    first_line = b"From jan@klant.example Mon Nov 23 09:00:00 2026\n"
    assert pipe(first_line + looks_so, "--sender", "jan@klant.example").returncode == os.EX_OK
    assert session.scalar(text("select bytes from email_intake.raw")) == looks_so


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ((), {"DATABASE_URL": "postgresql://127.0.0.1:1/nothing"}),
        ((), {"DATABASE_URL": "", "SCOPEDESK_DATA_DIR": "/no/stack/here"}),
        ((), {"SCOPEDESK_EMAIL_INTAKE_MAILBOXES": "no json"}),
        ((), {"SCOPEDESK_LOG_FORMAT": "neither"}),
        (("--mailbox", "nobody@hypernode.example"), {}),
        (("--no-such-option",), {}),
    ],
)
def test_whatever_a_person_can_mend_makes_the_mail_server_keep_the_email(session, options, environment):
    done = pipe(MAIL, *options, **environment)
    assert done.returncode == os.EX_TEMPFAIL, done.stderr
    assert b"Traceback" not in done.stderr
    assert session.scalar(text("select count(*) from email_intake.arrival")) == 0


def test_what_is_too_large_is_returned_to_its_sender(session):
    done = pipe(MAIL + b"word " * 300_000, SCOPEDESK_EMAIL_INTAKE_SIZE_LIMIT=str(1 << 20))
    assert done.returncode == os.EX_DATAERR
    assert b"larger than 1048576 bytes" in done.stderr


def test_what_is_no_email_is_stored_all_the_same(session):
    assert pipe(b"\x89PNG\0\0", "--sender", "").returncode == os.EX_OK
    assert session.scalar(text("select count(*) from email_intake.arrival")) == 1


OPERATIONS = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()


def documented_script(folder, settings, program=SCOPEDESK):
    [script] = (block for block in OPERATIONS.split("```sh\n") if block.startswith("#!/bin/sh"))
    script = script.split("```")[0].replace("/opt/scopedesk/bin/scopedesk", str(program))
    (folder / "scopedesk-mail").write_text(script.replace("/etc/scopedesk/env", str(settings)))
    return folder / "scopedesk-mail"


@pytest.mark.parametrize(
    ("program", "url", "code"),
    [(SCOPEDESK, None, os.EX_OK), (SCOPEDESK, "postgresql://127.0.0.1:1/x", 75), ("/not/installed", None, 75)],
)
def test_the_script_in_the_documentation_tells_the_mail_server_the_same(session, tmp_path, program, url, code):
    (tmp_path / "env").write_text(f"DATABASE_URL={url or os.environ['DATABASE_URL']!r}\n")
    script = documented_script(tmp_path, tmp_path / "env", program)
    command = ["sh", script, "--mailbox=support@hypernode.example"]
    done = subprocess.run(command, input=MAIL, env=os.environ | {"SENDER": ""}, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    assert session.scalars(text("select envelope_from from email_intake.arrival")).all() == ([] if code else [""])


def test_the_mailbox_in_the_documentation_is_one(monkeypatch):
    examples = dict(re.findall(r"^(SCOPEDESK_EMAIL_INTAKE_\w+)='(.*)'$", OPERATIONS, re.MULTILINE))
    for name, value in examples.items():
        monkeypatch.setenv(name, value)
    [account] = EmailIntakeSettings().accounts
    assert (account.user, account.address, account.port) == ("support@example.net", "support@example.net", 993)


@pytest.mark.parametrize("settings", [None, 'NEVER="closed'], ids=["missing", "broken"])
def test_the_script_in_the_documentation_keeps_the_mail_when_its_settings_cannot_be_read(session, tmp_path, settings):
    if settings:
        (tmp_path / "env").write_text(settings)
    script = documented_script(tmp_path, tmp_path / "env")
    done = subprocess.run(["sh", script, "--mailbox=nobody@else.example"], input=MAIL, check=False, capture_output=True)
    assert done.returncode == os.EX_TEMPFAIL


def test_the_script_in_the_documentation_takes_the_address_that_exim_tells_it(session, tmp_path):
    (tmp_path / "env").write_text("")
    told = {"SENDER": "", "LOCAL_PART": "support", "LOCAL_PART_SUFFIX": "+hn-1042", "DOMAIN": "hypernode.example"}
    script = documented_script(tmp_path, tmp_path / "env")
    done = subprocess.run(["sh", script], input=MAIL, env=os.environ | told, check=False, capture_output=True)
    assert done.returncode == os.EX_OK, done.stderr
    [arrival] = session.execute(text("select recipient, envelope_from from email_intake.arrival")).all()
    assert arrival == ("support+hn-1042@hypernode.example", "")
