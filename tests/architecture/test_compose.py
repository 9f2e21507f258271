"""docker-compose.yml is held to the topology, to the processes of `scopedesk up`, and to the Compose schema."""

import subprocess
import sys
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
NAMES = {"mail-catcher": "mail_catcher", "desk-web": "web"}
"""Where a container is called otherwise than the process of `scopedesk up`."""


def embedded():
    started = processes(StackSettings(), Addresses("postgresql://", "redis://"), Path(), "INFO", Login("a", "b"))
    return {NAMES.get(process.name, process.name): process for process in started}


def test_the_file_follows_the_compose_schema():
    check = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_container_for_every_process_and_no_other():
    assert set(COMPOSE) - SERVERS == set(embedded())


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


def test_redis_keeps_what_it_was_given_and_never_drops_a_queue():
    command = " ".join(COMPOSE["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
