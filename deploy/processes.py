"""The processes of a stack: what `scopedesk up` starts, on which ports, and in which order it stops them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from deploy.embedded import STOP_SECONDS, Addresses
from deploy.flower_login import Login
from deploy.settings import ENV_PREFIX, StackSettings
from shared.topology import ROOMS

FLOWER_MAX_TASKS = 10_000
"""Flower keeps its history in memory; the record of anything is the event log."""


EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 -- compared, not bound
"""Addresses to listen on that are no addresses to connect to, and what to connect to instead."""


class StopOrder(IntEnum):
    """Lower stops first: nothing new comes in, then what is held is finished, then those it was handed to."""

    DOORS = 0
    WORKERS = 1
    OUTSIDE = 2


GRACE_SECONDS = {StopOrder.DOORS: 10.0, StopOrder.WORKERS: 20.0, StopOrder.OUTSIDE: 10.0}
"""How long each rank may take to stop before it is killed."""

DOWN_SECONDS = sum(GRACE_SECONDS.values()) + 2 * STOP_SECONDS + 10.0
"""How long a whole stack may take: every rank, then Redis and PostgreSQL, and a little for itself."""


@dataclass(frozen=True)
class Process:
    """One process to keep running. `grace_seconds`: how long it may take to stop before it is killed."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stops: StopOrder = StopOrder.WORKERS
    grace_seconds: float = GRACE_SECONDS[StopOrder.WORKERS]


@dataclass(frozen=True)
class Door:
    """A port that the stack listens on. `setting` is the variable that moves it."""

    name: str
    scheme: str
    host: str
    port: int
    setting: str

    @property
    def url(self) -> str:
        """Where a person on this machine finds it."""
        return f"{self.scheme}://{self.reached_at}:{self.port}"

    @property
    def reached_at(self) -> str:
        """The host to connect to, for a door that listens on every address."""
        return EVERYWHERE.get(self.host, self.host)


def doors(wanted: StackSettings) -> tuple[Door, ...]:
    """Every port of a stack with these settings."""

    def door(name: str, field_name: str, scheme: str, host: str) -> Door:
        port: int = getattr(wanted, field_name)
        return Door(name, scheme, host, port, f"{ENV_PREFIX}{field_name.upper()}")

    return (
        door("desk", "desk_port", "http", wanted.desk_host),
        door("flower", "flower_port", "http", wanted.flower_host),
        door("mail catcher", "catcher_web_port", "http", wanted.catcher_host),
        door("mail catcher smtp", "catcher_smtp_port", "smtp", wanted.catcher_host),
        door("email intake", "email_intake_smtp_port", "smtp", wanted.email_intake_smtp_host),
        door("email intake lmtp", "email_intake_lmtp_port", "lmtp", wanted.email_intake_smtp_host),
        door("phone intake", "phone_intake_port", "http", wanted.phone_intake_host),
        door("quotes", "billing_port", "http", wanted.billing_host),
    )


def processes(
    wanted: StackSettings, servers: Addresses, data_dir: Path, log_level: str, login: Login
) -> tuple[Process, ...]:
    """Everything that runs beside the servers; the readers of mailboxes and call logs only when some are named."""
    environment = {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        f"{ENV_PREFIX}DATA_DIR": str(data_dir),
        "PYTHONUNBUFFERED": "1",
        # Celery says it in six lines for each worker; the supervisor says it once.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    if wanted.notifications_smtp_host is None:
        environment |= {
            f"{ENV_PREFIX}NOTIFICATIONS_SMTP_HOST": wanted.catcher_host,
            f"{ENV_PREFIX}NOTIFICATIONS_SMTP_PORT": str(wanted.catcher_smtp_port),
        }
    if wanted.quotes_url is None:
        environment[f"{ENV_PREFIX}QUOTES_URL"] = next(door.url for door in doors(wanted) if door.name == "quotes")
    flower = {
        # In the environment, because every user of the machine may read a command line.
        "FLOWER_BASIC_AUTH": f"{login.user}:{login.password}",
        "FLOWER_ADDRESS": wanted.flower_host,
        "FLOWER_PORT": str(wanted.flower_port),
        "FLOWER_PERSISTENT": "true",
        "FLOWER_DB": str(data_dir / "flower"),
        "FLOWER_STATE_SAVE_INTERVAL": "60000",
        "FLOWER_MAX_TASKS": str(FLOWER_MAX_TASKS),
    }

    def python(*arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", *arguments)

    def worker(room: str) -> Process:
        options = ("-Q", room, "-n", f"{room}@%h", "--loglevel", log_level, "--without-gossip", "--without-mingle")
        return Process(room, python("celery", "-q", "-A", f"services.{room}.tasks", "worker", *options), environment)

    def other(
        name: str, *arguments: str, stops: StopOrder = StopOrder.DOORS, more: Mapping[str, str] | None = None
    ) -> Process:
        return Process(name, python(*arguments), environment | dict(more or {}), stops, GRACE_SECONDS[stops])

    imap = (other("imap", "services.email_intake.gateway.imap"),) if wanted.email_intake_imap else ()
    calls = (other("calls", "services.phone_intake.gateway.follow"),) if wanted.phone_intake_logs else ()
    return (
        other("mail-catcher", "deploy.mail_catcher", stops=StopOrder.OUTSIDE),
        *map(worker, ROOMS),
        other("relay", "shared.bus.relay", stops=StopOrder.WORKERS),
        other("smtp", "services.email_intake.gateway.smtp"),
        *imap,
        other("phone", "services.phone_intake.gateway"),
        *calls,
        other("billing-web", "services.billing.web"),
        other("desk-web", "services.desk.web"),
        other("flower", "celery", "-q", "-A", "shared.bus.engine", "flower", more=flower),
    )
