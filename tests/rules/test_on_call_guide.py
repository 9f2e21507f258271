"""The page on being on call does what it says: its rota is one, and its commands run on it."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from deploy.doctor import on_call_now
from services.notifications.settings import notification_settings
from shared.errors import Misconfigured
from shared.policies import load_policies
from shared.settings import settings

GUIDE = Path("docs/on-call.md").read_text()
[ROTA] = re.findall(r"^```yaml\n# rota.yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
[SHELL] = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SATURDAY = datetime.fromisoformat("2026-06-06T12:00:00+02:00")


@pytest.fixture
def rota(tmp_path, monkeypatch):
    path = tmp_path / "rota.yaml"
    path.write_text(ROTA)
    monkeypatch.setenv("SCOPEDESK_ONCALL_FILE", str(path))
    settings.cache_clear()
    yield path
    monkeypatch.undo()
    settings.cache_clear()
    notification_settings.cache_clear()


def run(folder, commands):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("SCOPEDESK_ONCALL_FILE", None)
    return subprocess.run(
        ["bash", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_commands_of_the_page_say_who_is_on_call(rota):
    done = run(rota.parent, f"set -eu; {SHELL}")
    assert done.returncode == 0, done.stderr
    *words, first, second = done.stdout.splitlines()
    assert words == ["first: carla", "second: carla"]
    assert [json.loads(line) for line in (first, second)] == [
        {"level": "first", "people": ["bob"]},
        {"level": "second", "people": ["carla"]},
    ]


def test_a_moment_without_a_zone_is_refused_with_the_name_of_its_option(rota):
    done = run(rota.parent, "scopedesk on-call --at 2026-06-06T12:00:00")
    assert done.returncode == 2
    assert "--at: 2026-06-06T12:00:00 has no zone" in " ".join(done.stderr.replace("│", " ").split())


def test_without_a_rota_the_command_says_how_to_get_one(tmp_path):
    done = run(tmp_path, "scopedesk on-call")
    assert done.returncode == 1
    assert "SCOPEDESK_ONCALL_FILE" in done.stderr


def test_the_figures_of_the_page_are_those_of_the_pack():
    paging = load_policies().provider("h-sphere").provider.paging
    assert f"acknowledge_minutes: {paging.acknowledge_minutes}, rounds: {paging.rounds}" in GUIDE


def test_the_doctor_says_who_is_on_call(rota):
    assert on_call_now(SATURDAY) == "first carla; second carla"


def test_the_doctor_says_where_pages_go_without_a_rota(rota, monkeypatch):
    monkeypatch.delenv("SCOPEDESK_ONCALL_FILE")
    settings.cache_clear()
    assert "pages go to on-call@scopedesk.example" in on_call_now(SATURDAY)


def test_the_doctor_complains_of_a_rota_that_is_wrong_and_of_one_with_nobody(rota):
    rota.write_text(ROTA.replace("people: [anna, bob]", "people: [anna, bop]"))
    with pytest.raises(Misconfigured, match=r"rota.yaml:10: .* did you mean 'bob'"):
        on_call_now(SATURDAY)
    rota.write_text(ROTA)
    with pytest.raises(Misconfigured, match="nobody is on call now"):
        on_call_now(datetime.fromisoformat("2020-06-05T12:00:00+02:00"))


def test_the_doctor_complains_when_pages_would_become_tickets(rota, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_NOTIFICATIONS_TEAM_MAILBOX", "Support@hypernode.example")
    notification_settings.cache_clear()
    with pytest.raises(Misconfigured, match="becomes tickets"):
        on_call_now(SATURDAY)
