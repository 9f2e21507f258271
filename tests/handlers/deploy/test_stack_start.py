"""What `scopedesk up` refuses, and how it says so."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from deploy import pids, stack_state
from deploy.embedded import STOP_SECONDS, Addresses
from deploy.flower_login import Login, flower_login
from deploy.processes import DOWN_SECONDS, StopOrder, doors, processes
from deploy.settings import StackSettings
from deploy.supervisor import check_ports
from shared.errors import Misconfigured
from shared.policies.loader import BUILT_IN

PORTS = (
    "SCOPEDESK_EMAIL_INTAKE_SMTP_PORT",
    "SCOPEDESK_EMAIL_INTAKE_LMTP_PORT",
    "SCOPEDESK_PHONE_INTAKE_PORT",
    "SCOPEDESK_BILLING_PORT",
    "SCOPEDESK_DESK_PORT",
    "SCOPEDESK_FLOWER_PORT",
    "SCOPEDESK_CATCHER_SMTP_PORT",
    "SCOPEDESK_CATCHER_WEB_PORT",
)


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def scopedesk(*arguments: str, data_dir, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        env=clean | ports | {"SCOPEDESK_DATA_DIR": str(data_dir)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_stack_on_the_same_data_is_refused_and_the_first_is_named(tmp_path):
    with stack_state.only_stack(tmp_path):
        refused = scopedesk("up", data_dir=tmp_path)
        assert stack_state.holder(tmp_path) == os.getpid()
    assert refused.returncode == 1
    assert f"process {os.getpid()}" in refused.stderr
    assert "SCOPEDESK_DATA_DIR" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert stack_state.holder(tmp_path) is None


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = scopedesk("up", data_dir=tmp_path, SCOPEDESK_DESK_PORT=str(port))
    assert refused.returncode == 1
    assert f"port {port} on 127.0.0.1 (desk) is taken: choose another with SCOPEDESK_DESK_PORT" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "postgres").exists(), "no server was started for nothing"


def test_two_settings_with_the_same_port_are_named():
    (one,) = free_ports(1)
    wanted = StackSettings(desk_port=one, flower_port=one)
    with pytest.raises(Misconfigured, match="SCOPEDESK_DESK_PORT and SCOPEDESK_FLOWER_PORT are both"):
        check_ports(doors(wanted))


@pytest.mark.parametrize(
    ("database_url", "said"),
    [
        ("mysql://localhost/desk", "must begin with postgresql://"),
        ("postgresql://nobody@127.0.0.1:1/desk", "no PostgreSQL answers at DATABASE_URL"),
    ],
)
def test_a_wrong_database_url_is_one_clear_message(tmp_path, database_url, said):
    refused = scopedesk("up", data_dir=tmp_path, DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0")
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_wrong_setting_is_named_without_its_value(tmp_path):
    refused = scopedesk("up", data_dir=tmp_path, SCOPEDESK_DESK_PORT="eighty")
    assert refused.returncode == 1
    assert "desk_port" in refused.stderr
    assert "eighty" not in refused.stderr


def test_processes_that_a_killed_stack_left_behind_are_stopped_and_no_others(tmp_path):
    pause = [sys.executable, "-c", "import signal; signal.pause()"]
    with subprocess.Popen(pause) as left, subprocess.Popen(pause) as other:
        reused = pids.identity(other.pid) | {"started": 1.0}
        state = {"processes": {"scope": pids.identity(left.pid), "sla": reused, "desk": None}}
        stack_state.write_state(tmp_path, state)
        assert json.loads((tmp_path / "stack.json").read_text()) == state
        assert (tmp_path / "stack.json").stat().st_mode & 0o077 == 0
        assert stack_state.stop_leftovers(tmp_path, state) == 1
        assert left.wait() == -signal.SIGTERM
        assert other.poll() is None
        other.terminate()
    assert not (tmp_path / "stack.json").exists()


def test_the_password_for_flower_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = flower_login(StackSettings(), tmp_path)
    again = flower_login(StackSettings(), tmp_path)
    assert first.made_now
    assert not again.made_now
    assert (first.user, first.password) == (again.user, again.password)
    assert (tmp_path / "flower-login").stat().st_mode & 0o077 == 0
    with pytest.raises(Misconfigured, match="set both"):
        flower_login(StackSettings(flower_user="me"), tmp_path)


def test_down_and_status_say_so_when_no_stack_runs(tmp_path):
    assert scopedesk("down", data_dir=tmp_path).stdout == "no stack runs here\n"
    status = scopedesk("status", data_dir=tmp_path)
    assert status.returncode == 1
    assert "start one with `scopedesk up`" in status.stderr


def test_the_doctor_looks_at_everything_and_a_wrong_thing_does_not_hide_the_next(tmp_path):
    well = scopedesk("doctor", data_dir=tmp_path)
    assert well.returncode == 0, well.stdout
    assert "WRONG" not in well.stdout
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/desk", "REDIS_URL": "redis://127.0.0.1:1/0"}
    ill = scopedesk("doctor", data_dir=tmp_path, **nowhere)
    assert ill.returncode == 1
    assert "no PostgreSQL answers at DATABASE_URL" in ill.stdout
    assert "no Redis answers at REDIS_URL" in ill.stdout


def test_the_doctor_names_a_provider_that_no_policy_pack_knows_and_the_setting_it_stands_in(tmp_path):
    wrong = {
        "SCOPEDESK_EMAIL_INTAKE_MAILBOXES": '{"help@shop.example": "hypernod"}',
        "SCOPEDESK_PHONE_INTAKE_NUMBERS": '{"+31200000042": "nobody"}',
        "SCOPEDESK_NOTIFICATIONS_SENDERS": '{"luxclod": "support@luxcloud.example"}',
    }
    told = scopedesk("doctor", data_dir=tmp_path, **wrong)
    assert told.returncode == 1
    assert "SCOPEDESK_EMAIL_INTAKE_MAILBOXES names 'hypernod': did you mean 'hypernode'?" in told.stdout
    assert "SCOPEDESK_PHONE_INTAKE_NUMBERS names 'nobody': known are " in told.stdout
    assert "SCOPEDESK_NOTIFICATIONS_SENDERS names 'luxclod'" in told.stdout


def test_a_stack_file_that_a_power_cut_spoiled_does_not_block_the_next_start(tmp_path):
    (tmp_path / "stack.json").write_text("")
    assert stack_state.read_state(tmp_path) == {}
    assert scopedesk("down", data_dir=tmp_path).stdout == "no stack runs here\n"


def test_down_waits_as_long_as_every_rank_and_both_servers_may_take_to_stop(tmp_path):
    table = processes(StackSettings(), Addresses("postgresql://", "redis://"), tmp_path, "INFO", Login("a", "b"))
    ranks = [max(process.grace_seconds for process in table if process.stops is rank) for rank in StopOrder]
    assert sum(ranks) + 2 * STOP_SECONDS <= DOWN_SECONDS


def test_a_broken_policy_pack_stops_the_stack_before_it_takes_a_mail(tmp_path):
    pack = shutil.copytree(BUILT_IN / "hypernode", tmp_path / "packs" / "hypernode")
    whole = (pack / "provider.yaml").read_text()
    (pack / "provider.yaml").write_text(whole.replace("ticket_prefix:", "ticket_prefiks:"))
    done = scopedesk("up", data_dir=tmp_path / "data", SCOPEDESK_POLICY_DIR=str(tmp_path / "packs"))
    assert done.returncode == 1
    assert "provider.yaml:" in done.stderr
    assert "ticket_prefiks" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "postgres").exists()
