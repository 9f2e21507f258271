"""The keeper: what dies starts again, what is told to stop stops, what does not is killed."""

import asyncio
import sys

from deploy.keeper import Keeper, stop_in_order
from deploy.processes import Process, StopOrder


def process(code: str, name: str = "short", **more) -> Process:
    return Process(name, (sys.executable, "-u", "-c", code), **more)


class Ear:
    """Hears what keepers say, and lets a test wait until a line was said so many times."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._heard = asyncio.Event()

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        self._heard.set()

    async def until(self, words: str, times: int = 1) -> None:
        while sum(words in line for _, line in self.lines) < times:
            self._heard.clear()
            await self._heard.wait()


def test_a_process_that_dies_is_started_again_with_longer_pauses_and_both_are_said(tmp_path):
    async def scenario():
        ear = Ear()
        keeper = Keeper(process("print('here'); raise SystemExit(3)"), ear, tmp_path, first_pause=0.01)
        keeper.start()
        await ear.until("here", times=3)
        await stop_in_order([keeper], asyncio.Event())
        return [line for _, line in ear.lines if "status" in line]

    said = asyncio.run(asyncio.wait_for(scenario(), 60))
    assert said[:2] == ["ended with status 3, starts again in 0.01 s", "ended with status 3, starts again in 0.02 s"]
    assert "here\n" in (tmp_path / "short.log").read_text()


def test_a_killed_process_is_named_with_its_signal(tmp_path):
    async def scenario():
        ear = Ear()
        keeper = Keeper(
            process("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), ear, tmp_path, first_pause=0.01
        )
        keeper.start()
        await ear.until("killed by SIGKILL, starts again")
        await stop_in_order([keeper], asyncio.Event())

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_process_finishes_what_it_holds_when_it_is_told_to_stop_and_doors_close_before_workers(tmp_path):
    polite = """
import signal, sys
def finish(*_):
    print("finished"); sys.exit(0)
signal.signal(signal.SIGTERM, finish)
print("ready")
signal.pause()
"""

    async def scenario():
        ear = Ear()
        keepers = [
            Keeper(process(polite, "worker"), ear, tmp_path),
            Keeper(process(polite, "door", stops=StopOrder.DOORS), ear, tmp_path),
        ]
        for keeper in keepers:
            keeper.start()
        await ear.until("ready", times=2)
        await stop_in_order(keepers, asyncio.Event())
        return [name for name, line in ear.lines if line == "finished"], [keeper.pid for keeper in keepers]

    order, pids = asyncio.run(asyncio.wait_for(scenario(), 60))
    assert order == ["door", "worker"]
    assert pids == [None, None]


def test_a_process_that_ignores_the_request_is_killed_with_its_children_when_somebody_is_in_a_hurry(tmp_path):
    deaf = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("ready")
signal.pause()
"""

    async def scenario():
        ear, hurry = Ear(), asyncio.Event()
        keeper = Keeper(process(deaf, grace_seconds=3600.0), ear, tmp_path)
        keeper.start()
        await ear.until("ready")
        hurry.set()
        await stop_in_order([keeper], hurry)
        return keeper.pid, ear.lines

    pid, lines = asyncio.run(asyncio.wait_for(scenario(), 60))
    assert pid is None
    assert ("short", "does not stop, killed") in lines


def test_a_program_that_does_not_exist_is_said_and_tried_again(tmp_path):
    async def scenario():
        ear = Ear()
        keeper = Keeper(Process("missing", ("/nowhere/at-all",)), ear, tmp_path, first_pause=0.01)
        keeper.start()
        await ear.until("cannot start", times=2)
        await stop_in_order([keeper], asyncio.Event())

    asyncio.run(asyncio.wait_for(scenario(), 60))
