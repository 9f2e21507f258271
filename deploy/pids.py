"""Processes by number: whether the one we mean still runs, and stopping it.

A number alone is not enough. After a crash, and in containers above all, it soon belongs to another process.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from shared.errors import Misconfigured

POLL_SECONDS = 0.02


def in_pid_file(path: Path, *programs: str) -> int | None:
    """The process that a server's pid file names, if it runs, is one of these programs and works beside the file.

    PostgreSQL and Redis work in their data directory; one that works elsewhere is somebody else's.
    """
    try:
        process = psutil.Process(int(path.read_text().split(maxsplit=1)[0]))
        ours = process.name().startswith(programs) and _works_in(process, path.parent) and _runs(process)
        return int(process.pid) if ours else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def working_in(folder: Path, program: str) -> list[int]:
    """The processes of that program whose working directory is the folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name().startswith(program) and _works_in(process, folder) and _runs(process):
                found.append(process.pid)
    return found


def identity(pid: int) -> dict[str, float] | None:
    """A process such that a later one with the same number is not taken for it; None when it is gone."""
    try:
        return {"pid": pid, "started": psutil.Process(pid).create_time()}
    except psutil.NoSuchProcess:
        return None


def runs(known: Mapping[str, float] | None) -> bool:
    """Whether exactly the process of this identity still runs."""
    return _find(known) is not None


def stop(pid: int | None, how: signal.Signals, seconds: float, name: str) -> None:
    """Signal a process and wait until it is gone; Misconfigured when it still runs after `seconds`."""
    try:
        process = psutil.Process(pid) if pid else None
        if process is None:
            return
        process.send_signal(how)
    except psutil.NoSuchProcess:
        return
    until = time.monotonic() + seconds
    while _runs(process):
        if time.monotonic() > until:
            raise Misconfigured(f"{name} (process {pid}) still runs {seconds:g} s after it was told to stop")
        time.sleep(POLL_SECONDS)


def stop_all(known: Iterable[Mapping[str, float] | None], seconds: float) -> int:
    """Ask the processes of these identities to stop, kill those that still run after `seconds`; how many there were."""
    found = [process for one in known if (process := _find(one))]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    until = time.monotonic() + seconds
    while any(map(_runs, found)) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    for process in filter(_runs, found):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return len(found)


def _find(known: Mapping[str, float] | None) -> psutil.Process | None:
    if not known:
        return None
    try:
        process = psutil.Process(int(known["pid"]))
        return process if process.create_time() == known["started"] and _runs(process) else None
    except psutil.NoSuchProcess:
        return None


def _works_in(process: psutil.Process, folder: Path) -> bool:
    return Path(process.cwd()) == folder.resolve()


def _runs(process: psutil.Process) -> bool:
    """False as well for one that has ended and only waits for its parent to notice."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
