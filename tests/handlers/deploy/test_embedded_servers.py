"""The embedded servers: durable, adopted when they outlive their keeper, restarted when they die."""

import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import psycopg
import pytest

from deploy import pids
from deploy.embedded import Postgres, Redis, embedded_servers
from shared.errors import Misconfigured


@pytest.fixture
def data_dir():
    folder = Path(tempfile.mkdtemp(prefix="sd-"))
    yield folder
    Redis(folder).stop()
    Postgres(folder).stop()
    shutil.rmtree(folder)


def ask_redis(url: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(url.removeprefix("unix://").partition("?")[0])
        wire.sendall(f"{command}\r\n".encode())
        return wire.recv(4096).decode()


def test_what_was_committed_and_queued_is_there_after_a_stop_and_a_start(data_dir):
    with embedded_servers(data_dir) as servers:
        with psycopg.connect(servers.database_url) as connection:
            connection.execute("create table kept (word text)")
            connection.execute("insert into kept values ('here')")
        assert ask_redis(servers.redis_url, "SET kept here").startswith("+OK")
        assert "noeviction" in ask_redis(servers.redis_url, "CONFIG GET maxmemory-policy")
        assert "everysec" in ask_redis(servers.redis_url, "CONFIG GET appendfsync")
    assert not Postgres(data_dir).alive()
    assert not Redis(data_dir).alive()
    with embedded_servers(data_dir) as servers:
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("select word from kept").fetchone() == ("here",)
        assert "here" in ask_redis(servers.redis_url, "GET kept")


def test_servers_that_outlived_their_keeper_are_adopted_and_dead_ones_restarted_on_the_same_data(data_dir):
    postgres, redis = Postgres(data_dir), Redis(data_dir)
    postgres.start()
    redis.start()
    running = postgres.pid(), redis.pid()
    with embedded_servers(data_dir):
        assert (Postgres(data_dir).pid(), Redis(data_dir).pid()) == running, "the running ones were adopted"
        for pid in running:
            pids.stop(pid, signal.SIGKILL, 30, "the server")
        assert not postgres.alive()
        assert not redis.alive()
        postgres.start()
        redis.start()
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_pid_file_whose_number_belongs_to_another_process_does_not_block_the_start(data_dir):
    with embedded_servers(data_dir):
        pass
    (data_dir / "redis" / "redis.pid").write_text(f"{os.getpid()}\n")
    stale = f"{os.getpid()}\n{data_dir}/postgres\n1700000000\n5432\n{data_dir}/postgres\n\n  1 1\nready\n"
    (data_dir / "postgres" / "postmaster.pid").write_text(stale)
    with embedded_servers(data_dir) as servers, psycopg.connect(servers.database_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_pid_file_that_names_a_server_of_another_directory_does_not_make_it_ours(data_dir):
    theirs = data_dir / "theirs"
    with embedded_servers(theirs) as servers:
        for name in ("postgres/postmaster.pid", "redis/redis.pid"):
            (data_dir / name).parent.mkdir()
            shutil.copy(theirs / name, data_dir / name)
        assert not Postgres(data_dir).alive()
        assert not Redis(data_dir).alive()
        Postgres(data_dir).stop()
        Redis(data_dir).stop()
        assert ask_redis(servers.redis_url, "PING").startswith("+PONG")
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_server_that_refuses_us_is_a_clear_error(data_dir):
    with embedded_servers(data_dir):
        pass
    (data_dir / "postgres" / "pg_hba.conf").write_text("local all all reject\n")
    with pytest.raises(Misconfigured, match=r"postgres\.log"):
        Postgres(data_dir).start()


def test_a_data_directory_with_a_long_path_gets_short_sockets(data_dir):
    deep = data_dir / "a directory with spaces and a name that is far too long" / ("x" * 60)
    with embedded_servers(deep) as servers:
        assert ask_redis(servers.redis_url, "PING").startswith("+PONG")
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
