"""`scopedesk up`: servers, schema, workers and doors of one stack, kept running until Ctrl-C or SIGTERM.

Nothing is lost by a stop of any kind: what was accepted stands in PostgreSQL, and the next start goes on with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from deploy import pids, schema, stack_state
from deploy.embedded import Addresses, Postgres, Redis, prepare
from deploy.flower_login import Login, flower_login
from deploy.keeper import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Keeper, stop_in_order
from deploy.processes import Door, doors, processes
from deploy.reply_secret import keep_reply_secret
from deploy.settings import read_room_settings, stack_settings
from shared.bus.health import check_redis
from shared.db import check_database
from shared.errors import Misconfigured
from shared.policies import load_policies
from shared.settings import Settings, settings

COLOURS = ("cyan", "green", "yellow", "blue", "magenta", "bright_cyan", "bright_green", "bright_blue")
WATCH_SECONDS = 1.0
OPEN_POLL_SECONDS = 0.1
PATIENT_SECONDS = 30.0
"""How long a door may take to open before the person is told what is missing."""


class Terminal:
    """Prints one line after the other, each with the name of who says it, in that one's colour."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._colours: dict[str, str] = {}

    def say(self, name: str, line: str) -> None:
        """One line of a process."""
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        self._console.print(Text(f"{name:>13} │ ", style=colour), Text(line), sep="")

    def tell(self, line: str) -> None:
        """One line of the supervisor itself."""
        self._console.print(Text(f"{'scopedesk':>13} │ ", style="bold"), Text(line), sep="")

    def show(self, thing: Any) -> None:
        """Something with a layout of its own, a table for instance."""
        self._console.print(thing)


def run_stack(terminal: Terminal, then: Sequence[str] = ()) -> None:
    """Run a stack until it is told to stop; Misconfigured when it cannot start.

    `then` is a command to run once the stack is there; it talks to the person directly.
    """
    house = settings()
    os.umask(0o077)  # logs, letters and e-mails are nobody else's business
    prepare(house.data_dir)
    with stack_state.only_stack(house.data_dir):
        asyncio.run(_Stack(house, terminal).run(then))


class _Stack:
    def __init__(self, house: Settings, terminal: Terminal) -> None:
        self._house = house
        self._terminal = terminal
        self._data_dir = house.data_dir.resolve()
        self._logs = self._data_dir / "logs"
        self._wanted = stack_settings()
        self._doors = doors(self._wanted)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._keepers: list[Keeper] = []

    async def run(self, then: Sequence[str]) -> None:
        self._logs.mkdir(mode=0o700, exist_ok=True)
        login = flower_login(self._wanted, self._data_dir)
        keep_reply_secret(self._data_dir)
        with self._signals():
            earlier = stack_state.read_state(self._data_dir)
            if stopped := await asyncio.to_thread(stack_state.stop_leftovers, self._data_dir, earlier):
                self._terminal.tell(f"stopped {stopped} processes that an earlier stack had left behind")
            check_ports(self._doors)
            # what every process would stumble over stops the start, before anything takes a mail
            load_policies()
            read_room_settings()
            postgres = None if self._house.database_url else Postgres(self._data_dir)
            redis = None if self._house.redis_url else Redis(self._data_dir)
            servers = [server for server in (postgres, redis) if server]
            addresses = Addresses(
                database_url=postgres.url if postgres else str(self._house.database_url),
                redis_url=redis.url if redis else str(self._house.redis_url),
            )
            try:
                for server in servers:
                    await asyncio.to_thread(server.start)
                await asyncio.to_thread(_check, addresses)
                await self._until_told(servers, addresses, login, then)
            finally:
                for server in reversed(servers):
                    try:
                        await asyncio.to_thread(server.stop)
                    except Misconfigured as error:
                        self._terminal.tell(str(error))
                stack_state.remove_state(self._data_dir)
        self._terminal.tell("stopped")

    async def _until_told(
        self, servers: list[Postgres | Redis], addresses: Addresses, login: Login, then: Sequence[str]
    ) -> None:
        table = processes(self._wanted, addresses, self._data_dir, self._house.log_level, login)
        self._keepers = [Keeper(process, self._terminal.say, self._logs) for process in table]
        background: list[asyncio.Task[None]] = []
        try:
            for keeper in self._keepers:
                keeper.start()
            background += [asyncio.create_task(self._watch(server)) for server in servers]
            background.append(asyncio.create_task(self._record(addresses)))
            if await self._or_stop(self._doors_open()):
                self._introduce(login)
                if then:
                    background.append(asyncio.create_task(self._run_then(then)))
            await self._stop.wait()
            self._terminal.tell("stopping: what is held is finished first (Ctrl-C again to stop at once)")
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await stop_in_order(self._keepers, self._hurry)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def told() -> None:
            (self._hurry if self._stop.is_set() else self._stop).set()

        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, told)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def _watch(self, server: Postgres | Redis) -> None:
        """Start a server again that died; workers reconnect or are started again themselves."""
        name, pause = type(server).__name__, FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if server.alive():
                pause = FIRST_PAUSE_SECONDS
                continue
            self._terminal.tell(f"{name} died and is started again")
            try:
                await asyncio.to_thread(server.start)
            except Misconfigured as error:
                self._terminal.tell(f"{error}; next try in {pause:g} s")
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _record(self, addresses: Addresses) -> None:
        """Keep the stack file true: other commands find the servers there, and the next start what was left behind."""
        written: dict[str, Any] = {}
        while True:
            state = {
                "pid": os.getpid(),
                "database_url": addresses.database_url,
                "redis_url": addresses.redis_url,
                "ports": {door.name: door.port for door in self._doors},
                "addresses": {door.name: door.url for door in self._doors},
                "processes": {k.process.name: pids.identity(k.pid) if k.pid else None for k in self._keepers},
            }
            if state != written:
                stack_state.write_state(self._data_dir, state)
                written = state
            await asyncio.sleep(WATCH_SECONDS)

    async def _doors_open(self) -> None:
        for door in self._doors:
            waiting_since = asyncio.get_running_loop().time()
            while not await asyncio.to_thread(_is_open, door):
                await asyncio.sleep(OPEN_POLL_SECONDS)
                if asyncio.get_running_loop().time() - waiting_since > PATIENT_SECONDS:
                    self._terminal.tell(f"still waiting for {door.name} on port {door.port}; see {self._logs}")
                    waiting_since = asyncio.get_running_loop().time()

    async def _or_stop(self, work: Awaitable[None]) -> bool:
        """Whether the work ended before the stack was told to stop."""
        working, stopping = asyncio.ensure_future(work), asyncio.create_task(self._stop.wait())
        done, pending = await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if working not in done:
            return False
        working.result()
        return True

    async def _run_then(self, argv: Sequence[str]) -> None:
        running = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.DEVNULL, start_new_session=True)
        try:
            await running.wait()
        finally:
            if running.returncode is None:
                running.terminate()
                await running.wait()

    def _introduce(self, login: Login) -> None:
        self._terminal.tell("ready")
        if os.geteuid() == 0:
            self._terminal.tell("  note: this stack runs as root; a user of its own would do")
        for door in self._doors:
            self._terminal.tell(f"  {door.name:<18} {door.url}")
        if login.made_now:
            self._terminal.tell(f"  Flower asks for user {login.user}, password {login.password}")


def check_ports(wanted: tuple[Door, ...]) -> None:
    """Misconfigured names every port that somebody else has, and the setting that moves ours."""
    taken = []
    for door in wanted:
        family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
        try:
            socket.create_server((door.host, door.port), family=family).close()
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror or error})"
            taken.append(f"port {door.port} on {door.host} ({door.name}) {why}: choose another with {door.setting}")
    first: dict[int, Door] = {}
    pairs = [(first.setdefault(door.port, door), door) for door in wanted]
    taken += [f"{a.setting} and {b.setting} are both {b.port}" for a, b in pairs if a is not b]
    if taken:
        raise Misconfigured("\n".join(taken))


def _is_open(door: Door) -> bool:
    try:
        socket.create_connection((door.reached_at, door.port), timeout=1).close()
    except OSError:
        return False
    return True


def _check(addresses: Addresses) -> None:
    check_database(addresses.database_url)
    check_redis(addresses.redis_url)
    schema.upgrade(addresses.database_url)
