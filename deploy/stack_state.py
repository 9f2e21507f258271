"""One stack per data directory: the lock, and the file that tells everybody else where the stack is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy import pids
from shared.errors import Misconfigured
from shared.settings import STACK_FILE

LOCK_FILE = "lock"
LEFTOVER_SECONDS = 20.0


@contextmanager
def only_stack(data_dir: Path) -> Iterator[None]:
    """Hold the data directory; Misconfigured names the process that holds it already.

    The lock is the operating system's: it ends with its process, however that ends.
    """
    with (data_dir / LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Misconfigured(
                f"a stack runs on {data_dir} already (process {holder}): stop it with `scopedesk down`, "
                "or give this one its own SCOPEDESK_DATA_DIR",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def holder(data_dir: Path) -> int | None:
    """The process that runs the stack of a data directory, None when none does."""
    try:
        with (data_dir / LOCK_FILE).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        with contextlib.suppress(ValueError):
            return int((data_dir / LOCK_FILE).read_text())
    return None


def write_state(data_dir: Path, state: Mapping[str, Any]) -> None:
    """Replace the stack file in one step; only its owner may read it, since a database URL can hold a password."""
    new = data_dir / f"{STACK_FILE}.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(state, file, indent=2)
    new.replace(data_dir / STACK_FILE)


def read_state(data_dir: Path) -> dict[str, Any]:
    """What an earlier stack left; empty when it left nothing, or a file that a power cut spoiled."""
    try:
        found: dict[str, Any] = json.loads((data_dir / STACK_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found


def remove_state(data_dir: Path) -> None:
    """The stack is gone."""
    (data_dir / STACK_FILE).unlink(missing_ok=True)


def stop_leftovers(data_dir: Path, state: Mapping[str, Any]) -> int:
    """Stop what a stack that was killed left running, or it would hold the ports of the next; returns how many."""
    stopped = pids.stop_all(state.get("processes", {}).values(), LEFTOVER_SECONDS)
    remove_state(data_dir)
    return stopped
