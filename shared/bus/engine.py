"""Celery, the engine: every setting in one place, each with its reason.

Rows in PostgreSQL carry the guarantee, so what concerns acknowledgement, prefetch and durability is chosen for speed.
"""

from __future__ import annotations

from typing import Any

from celery import Celery, signals
from kombu.entity import Queue

from shared import logs
from shared.settings import settings
from shared.topology import ROOMS

FIRST, IN_TURN = 0, 9
"""The two priorities of a ring. With Redis the lower number goes first."""


def broker_url(redis_url: str) -> str:
    """Rewrite redis-py's `unix://` as Celery's `redis+socket://`; other URLs mean the same to both."""
    return f"redis+socket://{redis_url.removeprefix('unix://')}" if redis_url.startswith("unix://") else redis_url


def _configuration() -> dict[str, Any]:
    return {
        "broker_url": broker_url(settings().require_redis_url()),
        # A worker that starts before Redis waits for it, for ever, and says so.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            # A timer whose moment has come overtakes the backlog of its room.
            "priority_steps": [FIRST, IN_TURN],
            # A hash and a sorted set per message, the largest avoidable cost; the delivery row does their work.
            "ack_emulation": False,
            # A ring that cannot be sent at once is not worth waiting for: the relay sends it later.
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            # A Redis that takes connections and does not answer must hold nobody up: handlers, listeners, the relay.
            "socket_connect_timeout": 2,
            "socket_timeout": 5,
            "socket_keepalive": True,
        },
        # One queue a room. A mistyped queue is an error, not a message sent into the void.
        "task_queues": [Queue(room) for room in ROOMS],
        "task_create_missing_queues": False,
        "task_default_queue": ROOMS[0],
        # JSON only: a message can never run code.
        "accept_content": ["json"],
        "task_serializer": "json",
        # Outcomes are rows; a result backend would leak keys.
        "task_ignore_result": True,
        "result_backend": None,
        # Early: a task lost with its worker is rung again by the relay in seconds, not after a visibility timeout.
        "task_acks_late": False,
        # Cancels tasks with late acknowledgement, so none here; unset, Celery warns at every connection that it loses.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        # Handlers are short and wait for PostgreSQL, where threads beat processes in speed and memory.
        "worker_pool": "threads",
        "worker_concurrency": settings().worker_concurrency,
        # A few messages in hand hide the round trip to Redis; more would only be rung again after a crash.
        "worker_prefetch_multiplier": 4,
        # Flower's view. "Sent" events would double the traffic for what the row already says.
        "worker_send_task_events": True,
        "task_send_sent_event": False,
        # Moments are rows in UTC; Celery gets neither ETA nor schedule.
        "enable_utc": True,
        "timezone": "UTC",
        # Our own structured logs, without task arguments.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


app = Celery("scopedesk", set_as_current=True)
app.add_defaults(_configuration)


def _log_as_the_house_does(**_: Any) -> None:
    logs.configure()


def _beat(**_: Any) -> None:
    """Touch the heartbeat file; Celery beats every two seconds while it is connected to the broker."""
    settings().beat()


# Strong references: Celery keeps its receivers weakly otherwise.
signals.heartbeat_sent.connect(_beat, weak=False)
signals.setup_logging.connect(_log_as_the_house_does, weak=False)
