"""Keeping processes running: start, pass on what they say, start again what dies, stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path

from deploy.processes import Process, StopOrder

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
"""Who lived this long starts again after the first pause, not the next longer one."""

LOG_BYTES = 10_000_000
LOG_FILES = 3
READ_BYTES = 65_536

Say = Callable[[str, str], None]
"""Tells the person at the terminal: who says it, and one line."""


class Keeper:
    """Keeps one process running until told to stop."""

    def __init__(self, process: Process, say: Say, logs: Path, *, first_pause: float = FIRST_PAUSE_SECONDS) -> None:
        self.process = process
        self._say = say
        self._first_pause = first_pause
        self._stopping = asyncio.Event()
        self._running: asyncio.subprocess.Process | None = None
        self._log = RotatingFileHandler(logs / f"{process.name}.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES)
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None while it does not run."""
        return self._running.pid if self._running and self._running.returncode is None else None

    def start(self) -> None:
        """Start in the background; call once, inside an event loop."""
        self._task = asyncio.create_task(self._keep(), name=self.process.name)

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ask the process to stop, kill it and its children when it takes too long or `hurry` is set."""
        self._stopping.set()
        if self._task is None:
            return
        if self.pid:
            self._signal(signal.SIGTERM)
        if not await _first(self._task, hurry, self.process.grace_seconds):
            self._say(self.process.name, "does not stop, killed")
            self._signal(signal.SIGKILL)
            await self._task
        self._log.close()

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause = self._first_pause
        while not self._stopping.is_set():
            started = loop.time()
            ended = await self._run_once()
            if self._stopping.is_set():
                return
            if loop.time() - started > HEALTHY_SECONDS:
                pause = self._first_pause
            self._tell(f"{ended}, starts again in {pause:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _run_once(self) -> str:
        """Run to the end; returns how it ended."""
        try:
            running = await asyncio.create_subprocess_exec(
                *self.process.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=os.environ | self.process.environment,
                start_new_session=True,  # Ctrl-C is for the supervisor, who stops everybody in order
            )
        except OSError as error:
            return f"cannot start: {error}"
        self._running = running
        if self._stopping.is_set():  # told to stop while it was being started
            self._signal(signal.SIGTERM)
        assert running.stdout
        listening = asyncio.create_task(self._listen(running.stdout))
        code = await running.wait()
        # What it left behind may hold the pipe open; what it said itself is there at once.
        await asyncio.wait({listening}, timeout=1)
        listening.cancel()
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    async def _listen(self, pipe: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await pipe.read(READ_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._tell(line.decode(errors="replace").rstrip())
        if rest:
            self._tell(rest.decode(errors="replace").rstrip())

    def _tell(self, line: str) -> None:
        if line:
            self._say(self.process.name, line)
            self._log.emit(logging.makeLogRecord({"msg": line}))

    def _signal(self, number: signal.Signals) -> None:
        """To the process alone when it is asked, to its children as well when it is killed."""
        if self._running is None or self._running.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self._running.pid, number)
            else:
                self._running.send_signal(number)


async def stop_in_order(keepers: Iterable[Keeper], hurry: asyncio.Event) -> None:
    """Stop one rank after the other, everybody of a rank at the same time."""
    kept = list(keepers)
    for rank in StopOrder:
        await asyncio.gather(*(keeper.stop(hurry) for keeper in kept if keeper.process.stops is rank))


async def _first(task: asyncio.Task[None], hurry: asyncio.Event, seconds: float) -> bool:
    """True when the task ends before `hurry` is set and before the time is up."""
    hurried = asyncio.create_task(hurry.wait())
    try:
        done, _ = await asyncio.wait({task, hurried}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hurried.cancel()
    return task in done
