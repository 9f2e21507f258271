"""E-mails in files and folders, and the commands that take them."""

import io
import json
import sys
from mailbox import Maildir, mbox
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import ingest as ingest_command
from deploy.cli import parse_mail as parse_command
from services.email_intake import settings as room_settings
from services.email_intake import store
from services.email_intake.gateway import files
from services.email_intake.gateway.files import Found, Problem, emails_in
from shared.errors import Misconfigured, ScopedeskError

MAIL = b"From: jan@klant.example\r\nTo: support@hypernode.example\r\nSubject: %s\r\n\r\nhelp\r\n"


def subjects(*paths):
    found = list(emails_in(map(Path, paths)))
    assert all(isinstance(item, Found) for item in found)
    return [item.raw.split(b"Subject: ")[1].split(b"\n")[0].strip().decode() for item in found]


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    for name in ("b.eml", "a.eml", ".hidden", "sub/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(MAIL % name.encode())
    assert subjects(tmp_path) == ["a.eml", "b.eml", "sub/c"]


def test_a_maildir_is_read_without_its_unfinished_mails(tmp_path):
    box = Maildir(tmp_path / "box")
    box.add(MAIL % b"new")
    box.add_folder("Later").add(MAIL % b"later")
    box.close()
    (tmp_path / "box" / "tmp" / "1.x").write_bytes(MAIL % b"unfinished")
    (tmp_path / "box" / "dovecot-uidlist").write_text("3 V1")
    assert sorted(subjects(tmp_path / "box")) == ["later", "new"]


def test_an_mbox_is_taken_apart_and_its_escapes_undone(tmp_path):
    path = tmp_path / "all.mbox"
    box = mbox(path)
    for subject in (b"one", b"two"):
        box.add(MAIL % subject + b"From here on it fails.\r\n\r\nFrom there too.\r\n")
    box.close()
    found = list(emails_in([path]))
    assert [item.source for item in found] == [f"{path}, mail 1", f"{path}, mail 2"]
    assert all(b"\nFrom here on" in item.raw and item.raw.count(b"help") == 1 for item in found)
    assert subjects(path) == ["one", "two"]


def test_standard_input_is_one_mail_or_an_mbox(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MAIL % b"in")))
    assert subjects("-") == ["in"]


def test_a_missing_path_is_told_and_of_a_mail_that_is_too_large_the_headers_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_SIZE_LIMIT", str(1 << 20))
    room_settings.settings.cache_clear()
    (tmp_path / "large.eml").write_bytes(MAIL % b"x" + b"word " * 300_000)
    (tmp_path / "fine.eml").write_bytes(MAIL % b"fine")
    found = list(emails_in([tmp_path / "gone.eml", tmp_path / "large.eml", tmp_path / "fine.eml"]))
    room_settings.settings.cache_clear()
    gone, large, fine = found
    assert isinstance(gone, Problem)
    assert "gone.eml: no such file" in gone.text
    assert (large.raw, large.size) == (MAIL.partition(b"help")[0] % b"x", len(MAIL % b"x") + 1_500_000)
    assert (fine.raw, fine.size) == (MAIL % b"fine", None)


def test_of_a_mail_in_an_mbox_that_is_too_large_the_headers_are_read_and_the_next_one_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_SIZE_LIMIT", str(1 << 20))
    room_settings.settings.cache_clear()
    box = mbox(tmp_path / "all.mbox")
    box.add(MAIL % b"large" + b"word\r\n" * 300_000)
    box.add(MAIL % b"fine")
    box.close()
    large, fine = emails_in([tmp_path / "all.mbox"])
    room_settings.settings.cache_clear()
    assert (b"Subject: large" in large.raw, b"word" in large.raw, large.size > 1_500_000) == (True, False, True)
    assert (b"help" in fine.raw, fine.size) == (True, None)


def test_parse_mail_reads_the_headers_of_a_mail_that_is_too_large_and_says_so(tmp_path):
    path = tmp_path / "large.eml"
    with path.open("wb") as target:
        target.write(MAIL % b"a video")
        target.truncate(50 << 20)
    done = CliRunner().invoke(parse_command.app, [str(path)])
    line = json.loads(done.stdout)
    assert (line["subject"], line["text"], line["class"]) == ("a video", "", "human")
    assert line["warnings"][0].startswith("too large: 52428800 bytes, and the limit is 36700160; only its headers")


def test_parse_mail_tells_of_an_empty_file_and_an_empty_folder_and_fails_for_a_missing_file(tmp_path):
    (tmp_path / "empty.eml").touch()
    (tmp_path / "folder").mkdir()
    done = CliRunner().invoke(parse_command.app, [str(tmp_path), str(tmp_path / "gone.eml")])
    assert [json.loads(line)["warnings"] for line in done.stdout.splitlines()] == [["it is empty"]]
    assert str(done.exception) == f"{tmp_path / 'gone.eml'}: no such file or directory"


def test_ingest_stores_every_mail_and_fails_at_the_end_for_a_missing_path(session, tmp_path):
    (tmp_path / "a.eml").write_bytes(MAIL % b"a")
    (tmp_path / "b.bin").write_bytes(b"\0\1\2")
    arguments = ["mail", str(tmp_path / "gone.eml"), str(tmp_path)]
    done = CliRunner().invoke(ingest_command.app, arguments)
    assert done.stdout == "2 e-mails stored\n"
    assert isinstance(done.exception, ScopedeskError)
    assert "gone.eml" in str(done.exception)
    assert store.counts(session)["received"] == 2


def test_ingest_refuses_a_mailbox_that_is_not_ours():
    with pytest.raises(Misconfigured, match="none of our mailboxes"):
        list(files.ingest([], "sales@other.example"))


FIELDS = [
    "file", "message_id", "in_reply_to", "references", "from", "reply_to", "to", "cc", "reply_recipients", "date",
    "subject", "language", "class", "text", "new_text", "folded", "authentication", "attachments", "warnings", "rules",
]  # fmt: skip


def test_parse_mail_prints_one_line_per_mail_and_needs_no_server(tmp_path):
    (tmp_path / "a.eml").write_bytes(MAIL % b"a")
    (tmp_path / "b.bin").write_bytes(b"\0\1\2")
    done = CliRunner().invoke(parse_command.app, [str(tmp_path)])
    assert done.exit_code == 0
    first, second = map(json.loads, done.stdout.splitlines())
    assert list(first) == FIELDS
    assert (first["class"], first["text"], first["new_text"], first["warnings"]) == ("human", "help", "help", [])
    assert first["authentication"] == {"result": "none", "method": None}
    assert [rule["rule"] for rule in first["rules"]] == ["sender", "authentication", "class", "acknowledgement"]
    assert all(rule["decided"] and rule["why"] for rule in first["rules"])
    assert second["warnings"] == ["not an e-mail: it holds binary data"]
