"""A real stack: `scopedesk up` as a process, with every worker, on its own data directory and ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import psutil

SCOPEDESK = str(Path(sys.executable).parent / "scopedesk")
PATIENCE_SECONDS = 240
PORTS = (
    "EMAIL_INTAKE_SMTP_PORT",
    "EMAIL_INTAKE_LMTP_PORT",
    "PHONE_INTAKE_PORT",
    "BILLING_PORT",
    "DESK_PORT",
    "FLOWER_PORT",
    "CATCHER_SMTP_PORT",
    "CATCHER_WEB_PORT",
)
OURS = ("DATABASE_URL", "REDIS_URL")


def free_ports(count):
    """Ports that were free a moment ago, all different."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def eventually(condition, what):
    """Wait for a condition of other processes; they tell nobody when it comes true."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < until, f"never came true: {what}"
        time.sleep(0.1)
    return found


class Stack:
    """A running `scopedesk up` and the commands that a user has."""

    def __init__(self, data_dir, **environment):
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        inherited = {
            name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("SCOPEDESK_")
        }
        self.ports = {name: int(port) for name, port in ports.items()}
        self.environment = inherited | {f"SCOPEDESK_{name}": port for name, port in ports.items()}
        self.environment |= {"SCOPEDESK_DATA_DIR": str(data_dir)} | environment
        self.data_dir = data_dir
        self.lines = []
        self.process = None

    def up(self, *arguments):
        """Start, and wait until every door is open."""
        self.process = subprocess.Popen(
            [SCOPEDESK, "up", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        eventually(lambda: self.said("scopedesk │ ready\n") or self.process.poll() is not None, "the stack is ready")
        assert self.process.poll() is None, "".join(self.lines)
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def said(self, words):
        """Whether a line of the stack's output holds these words."""
        return any(words in line for line in list(self.lines))

    def stop(self, how=signal.SIGINT):
        """Stop as a person does; returns the exit code."""
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE_SECONDS)
        self.reader.join(PATIENCE_SECONDS)
        self.process.stdout.close()
        return code

    def close(self):
        """Leave nothing running, whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.stop()
        self.run("down")

    def run(self, *arguments, check=True):
        """A command of the command line; its output."""
        done = subprocess.run(
            [SCOPEDESK, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def begin(self, *arguments):
        """A command that runs beside the test."""
        return subprocess.Popen([SCOPEDESK, *arguments], env=self.environment, stdout=subprocess.DEVNULL)

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def quiet(self, received):
        """Wait until everything received has been dealt with; gives the status then."""

        def settled():
            answer = self.run("status", "--json", check=False)
            if answer.returncode:
                assert "no PostgreSQL answers" in answer.stderr, answer.stderr  # it may be on its way back
                return None
            status = json.loads(answer.stdout)
            done = status["received"] >= received and not any(room["under_way"] for room in status["rooms"].values())
            return status if done else None

        return eventually(settled, f"all {received} arrivals are dealt with")

    def letters(self):
        """What the mail catcher has."""
        with urlopen(
            f"http://127.0.0.1:{self.ports['CATCHER_WEB_PORT']}/api/letters?limit=100000", timeout=30
        ) as answer:
            return json.load(answer)

    def pid_of(self, name):
        """The process of that name, as the stack last wrote it down."""
        known = json.loads((self.data_dir / "stack.json").read_text())["processes"][name]
        return known and int(known["pid"])

    def kill(self, name):
        """kill -9, with everything that belongs to it."""
        pid = eventually(lambda: self.pid_of(name), f"{name} runs")
        victims = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        for victim in victims:
            victim.kill()
        return pid
