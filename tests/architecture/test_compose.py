"""docker-compose.yml is held to the topology, to the processes of `scopedesk up`, and to the Compose schema."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from deploy.embedded import Addresses
from deploy.flower_login import Login
from deploy.processes import processes
from deploy.settings import StackSettings
from shared.topology import ROOMS

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SERVERS = {"postgres", "redis", "migrate"}
EXAMPLES = {"billing_example"}
NAMES = {"mail-catcher": "mail_catcher", "desk-web": "web", "billing-web": "billing_web"}
"""Where a container is called otherwise than the process of `scopedesk up`."""


def embedded():
    wanted = StackSettings(email_intake_imap={"a mailbox": {}}, phone_intake_logs={"Master.csv": {}})
    started = processes(wanted, Addresses("postgresql://", "redis://"), Path(), "INFO", Login("a", "b"))
    return {NAMES.get(process.name, process.name): process for process in started}


def test_the_file_follows_the_compose_schema():
    check = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_container_for_every_process_and_no_other():
    assert set(COMPOSE) - SERVERS - EXAMPLES == set(embedded())


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_container_runs_the_rooms_worker_on_its_queue(room):
    inside = [word for word in COMPOSE[room]["command"] if word != "celery"]
    outside = list(embedded()[room].argv)[3:]
    level = outside.index("--loglevel")
    del outside[level : level + 2]
    assert inside == outside


@pytest.mark.parametrize("name", sorted(set(embedded()) - set(ROOMS) - {"flower"}))
def test_every_other_container_runs_the_same_module(name):
    assert COMPOSE[name]["command"] == ["python", *embedded()[name].argv[1:]]


@pytest.mark.parametrize("name", sorted(set(COMPOSE) - SERVERS))
def test_a_process_waits_for_the_schema_and_is_watched(name):
    service = COMPOSE[name]
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(set(COMPOSE) - {"postgres", "redis"}))
def test_our_containers_have_no_rights_they_do_not_need(name):
    service = COMPOSE[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "USER scopedesk" in (ROOT / "deploy" / "Dockerfile").read_text()


def test_the_image_keeps_everything_that_we_need():
    told = (ROOT / "deploy" / "Dockerfile").read_text()
    taken_out = set(re.search(r"pip uninstall --yes((?:[^\n]*\\\n)*[^\n]*)", told)[1].replace("\\", " ").split())
    assert "pytest" in taken_out
    assert not taken_out & needed_by("scopedesk")


def needed_by(name):
    """The names of all distributions that this one needs here, and that those need."""
    needed, further = set(), [name]
    while further:
        for line in metadata.requires(further.pop()) or ():
            wanted = re.match(r"[\w.-]+", line)[0].lower().replace("_", "-")
            if "extra ==" not in line and wanted not in needed and is_installed(wanted):
                needed.add(wanted)
                further.append(wanted)
    return needed


def is_installed(name):
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


OURS = sorted(set(COMPOSE) - {"postgres", "redis"})
PORTS = {field: str(info.default) for field, info in StackSettings.model_fields.items() if field.endswith("_port")}


@pytest.mark.parametrize("name", OURS)
def test_the_settings_in_the_env_file_reach_every_process(name):
    assert COMPOSE[name]["env_file"] == [{"path": ".env", "required": False}]


@pytest.mark.parametrize("name", OURS)
def test_letters_go_where_the_env_file_says(name):
    told = COMPOSE[name]["environment"]
    assert told["SCOPEDESK_NOTIFICATIONS_SMTP_HOST"] == "${SCOPEDESK_NOTIFICATIONS_SMTP_HOST:-mail_catcher}"
    assert told["SCOPEDESK_NOTIFICATIONS_SMTP_PORT"] == "${SCOPEDESK_NOTIFICATIONS_SMTP_PORT:-1025}"


@pytest.mark.parametrize("field", PORTS)
def test_a_port_setting_moves_the_door_outside_and_not_inside(field):
    setting, port = f"SCOPEDESK_{field.upper()}", PORTS[field]
    published = [door for service in COMPOSE.values() for door in service.get("ports", ())]
    if field != "catcher_smtp_port":  # only the containers send letters to it
        assert f"127.0.0.1:${{{setting}:-{port}}}:{port}" in published
    if field == "flower_port":
        assert f"--port={port}" in COMPOSE["flower"]["command"]
    else:
        assert {COMPOSE[name]["environment"][setting] for name in OURS} == {port}


def test_redis_keeps_what_it_was_given_and_never_drops_a_queue():
    command = " ".join(COMPOSE["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
