"""Servers that go away while mails are under way, and servers that were never there."""

import os
import signal
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import psutil
import pytest
import redis

from deploy.embedded import Postgres, Redis

MAILS = 60


@pytest.fixture
def folder(tmp_path):
    for number in range(MAILS):
        message = EmailMessage()
        message["From"] = f"someone@{tmp_path.name.replace('_', '-')[:40]}-{number}.example"
        message["To"], message["Subject"] = "support@kenotronix.example", f"FTP refused {number}"
        message["Message-ID"] = f"<{tmp_path.name}.{number}@customer.example>"
        message.set_content("FTP is refused for every client since this morning.")
        (tmp_path / f"{number:03}.eml").write_bytes(message.as_bytes())
    return tmp_path


def flush_redis(stack):
    client = redis.Redis.from_url(Redis(stack.data_dir.resolve()).url)
    client.flushall()
    client.close()


def kill_redis(stack):
    psutil.Process(Redis(stack.data_dir.resolve()).pid()).kill()


def kill_postgres(stack):
    # Every process of the server, as a power cut would: its children do not outlive it.
    psutil.Process(Postgres(stack.data_dir.resolve()).pid()).send_signal(signal.SIGQUIT)


@pytest.mark.parametrize("blow", [flush_redis, kill_redis, kill_postgres])
def test_nothing_is_lost_or_doubled_when_a_server_is_lost(stack, folder, blow):
    before = stack.status()
    stack.run("ingest", "mail", str(folder))
    blow(stack)
    after = stack.quiet(before["received"] + MAILS)
    assert after["ticketed"] - before["ticketed"] == MAILS
    assert after["balanced"]
    assert after["dead"] == 0
    assert len(stack.letters()) == after["sent"]


def scopedesk(tmp_path, *arguments, **environment):
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SCOPEDESK_", "DATABASE_", "REDIS_"))
    }
    return subprocess.run(
        [Path(sys.executable).parent / "scopedesk", *arguments],
        env=kept | {"SCOPEDESK_DATA_DIR": str(tmp_path / "data")} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", "no PostgreSQL answers at DATABASE_URL"),
        ("mysql://localhost/x", "DATABASE_URL must begin with postgresql://"),
    ],
)
def test_a_wrong_database_url_is_said_in_one_line(tmp_path, url, words):
    done = scopedesk(tmp_path, "up", DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_redis_that_is_away_at_the_start_is_said_in_one_line(tmp_path, servers):
    done = scopedesk(tmp_path, "up", DATABASE_URL=servers.database_url, REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_without_a_stack_says_how_to_start_one(tmp_path):
    done = scopedesk(tmp_path, "status")
    assert done.returncode == 1
    assert "scopedesk up" in done.stderr


def test_mails_are_accepted_while_redis_is_away(servers, folder):
    done = scopedesk(
        folder,
        "ingest",
        "mail",
        str(folder / "000.eml"),
        DATABASE_URL=servers.database_url,
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert done.returncode == 0, done.stderr
    assert "1 e-mail stored" in done.stdout
    assert "doorbell unreachable" in done.stderr
