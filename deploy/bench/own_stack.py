"""A stack of a measurement's own: on a directory that is thrown away, on free ports, with all that `up` starts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.settings import ENV_PREFIX, StackSettings, stack_settings
from shared import db, logs
from shared.errors import Permanent
from shared.settings import settings

PATIENCE_SECONDS = 120
FREELY = {f"SCOPEDESK_NOTIFICATIONS_{limit}_LIMIT": "10000000" for limit in ("BURST", "DAILY", "DOMAIN", "BREAKER")}
"""Limits that protect people's mailboxes; the letters of a measurement go to the mail catcher."""


@contextmanager
def own_stack() -> Iterator[StackSettings]:
    """Start a stack, point this process at it, and leave nothing behind. Permanent when it does not start."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="scopedesk-bench-") as folder:
        for name in [
            name for name in os.environ if name.startswith(ENV_PREFIX) or name in {"DATABASE_URL", "REDIS_URL"}
        ]:
            del os.environ[name]
        ports = [name for name in StackSettings.model_fields if name.endswith("_port")]
        os.environ |= FREELY | {"SCOPEDESK_DATA_DIR": str(Path(folder) / "data"), "SCOPEDESK_LOG_LEVEL": "WARNING"}
        os.environ |= {
            f"{ENV_PREFIX}{name.upper()}": str(port) for name, port in zip(ports, _free(len(ports)), strict=True)
        }
        _read_settings_anew()
        try:
            with _running():
                yield stack_settings()
        finally:
            if db.engine.cache_info().currsize:
                db.engine().dispose()
            os.environ.clear()
            os.environ |= before
            _read_settings_anew()


@contextmanager
def _running() -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if "ready" in line:
                break
        else:
            raise Permanent(f"the stack to measure did not start:\n{''.join(lines[-20:])}")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)


def _free(count: int) -> list[int]:
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(listener.getsockname()[1]) for listener in listeners]


def _read_settings_anew() -> None:
    for cached in (settings, stack_settings, db.engine):
        cached.cache_clear()
    logs.configure()
