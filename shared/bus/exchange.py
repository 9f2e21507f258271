"""The topic exchange that tells the billing system, and the small consumer that it can listen with.

Over kombu: on Redis, as the rest of the house, or on RabbitMQ (`amqp://`). Nothing is promised by the broker alone:
what has to be booked is published again until it is acknowledged, and everything can be read again from the feed.

What kombu's Redis transport needs to be told, and what follows from it:

- bindings are a set in Redis, written once a connection: whoever publishes or listens states them anew, because a Redis
  that was emptied has forgotten them and drops what is published;
- a message that a consumer holds stands in a hash of its queue until it is acknowledged. One whose consumer died comes
  back after `HELD_SECONDS` (kombu's own default is an hour, looked at every tenth time, behind a lock of five minutes);
- between taking a message from the list and writing it into that hash a killed consumer loses it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from kombu import messaging
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.message import Message

from shared.bus.engine import IN_TURN, app, broker_url
from shared.errors import Transient
from shared.money import Money
from shared.settings import settings

log = structlog.get_logger()

EXCHANGE = "scopedesk.billing"
QUEUE = "scopedesk.billing"
EVERYTHING = "billing.#"
ACKNOWLEDGE = "billing.note_booking"
"""The task of the billing room that takes acknowledgements."""

MOST_WAITING = 10_000
"""So many messages wait in a queue that nobody empties, some 20 MB; further ones are left to the feed."""

HELD_SECONDS = 15
"""How long a handler may take before its message is given to another consumer (Redis)."""

IDLE_SECONDS = 1.0
BIND_AGAIN_AFTER = 5
"""So many idle seconds after which a consumer makes sure that its queue is still bound."""

PAUSE_SECONDS = 0.5
RECONNECT_SECONDS = 1.0
MOST_FAILURES = 5

FAILED, REASON = "x-failed", "x-reason"
"""Headers of a message that a handler failed on: how often, and in its dead letter why."""

CONNECT_TIMEOUT_SECONDS = 2
TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Booking:
    """What a consumer has booked for an event: how it calls the booking, and the amount without VAT."""

    reference: str | None
    total: Money


Handler = Callable[[dict[str, Any]], Booking | None]
"""Takes a CloudEvent; returns what was booked for it, now or when it came before, or None when nothing has to be.

It keeps the ids that it booked, in the transaction of the booking. Transient: try again later, however long it takes.
"""


def send_acknowledgement(booked_id: str, booking: Booking) -> None:
    """Tell the billing room over the house's own Redis that it was booked; raises when Redis cannot be reached."""
    told = {"booked_id": booked_id, "reference": booking.reference, "total": booking.total.model_dump()}
    app.send_task(
        ACKNOWLEDGE,
        args=(told,),
        argsrepr=f"({booked_id})",
        queue=ACKNOWLEDGE.partition(".")[0],
        priority=IN_TURN,
        retry=False,
    )


class Publisher:
    """Publishes on the exchange at `url`, by default the house's Redis, with a durable queue that hears everything.

    The queue is declared here, so that what is published before its consumer's first start waits for it.
    """

    def __init__(self, url: str | None = None, queue: str = QUEUE, most_waiting: int = MOST_WAITING) -> None:
        self._url = url
        self._queue = queue
        self._most_waiting = most_waiting

    def publish(self, event: Mapping[str, Any]) -> bool:
        """Publish a CloudEvent under its type; False when too many wait already. Transient when no broker answers."""
        try:
            # A connection of its own: one that was kept would take the bindings of an emptied Redis for granted.
            with _connection(self._url, self._queue) as connection, connection.channel() as channel:
                if _declare(channel, self._queue, EVERYTHING) >= self._most_waiting:
                    return False
                messaging.Producer(channel).publish(
                    json.dumps(event, ensure_ascii=False),
                    exchange=EXCHANGE,
                    routing_key=event["type"],
                    content_type="application/cloudevents+json",
                    content_encoding="utf-8",
                    message_id=event["id"],
                    retry=False,
                )
        except Exception as error:  # kombu passes on whatever its transports raise
            raise Transient(f"the billing exchange does not answer: {type(error).__name__}") from error
        return True


class Consumer:
    """Listens on a durable queue: `handler` gets each event, and the message is done only when it has returned.

    What was booked is then acknowledged. A message may come twice, and out of order. One that the handler fails on
    `MOST_FAILURES` times goes to `<queue>.dead` with the reason. Nothing is kept here.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        url: str | None = None,
        queue: str = QUEUE,
        routing_key: str = EVERYTHING,
        acknowledge: Callable[[str, Booking], None] = send_acknowledgement,
    ) -> None:
        """`url`: the broker, by default the house's Redis; `acknowledge`: gets the id of the event and the booking."""
        self._handler = handler
        self._url = url
        self._queue = queue
        self._routing_key = routing_key
        self._acknowledge = acknowledge

    def run(self, stop: threading.Event) -> None:
        """Listen until told to stop; outlives the broker and whoever takes the acknowledgements being away."""
        while not stop.is_set():
            try:
                self._listen(stop)
            except Exception as error:  # noqa: BLE001 -- kombu passes on whatever its transports raise
                log.warning("the billing exchange does not answer", error=type(error).__name__)
                stop.wait(RECONNECT_SECONDS)

    def _listen(self, stop: threading.Event) -> None:
        with _connection(self._url, self._queue) as connection, connection.channel() as channel:
            _declare(channel, self._queue, self._routing_key)

            def take(message: Message) -> None:
                self._take(message, channel, stop)

            idle = 0
            queues = [_queue(self._queue, self._routing_key)]
            with messaging.Consumer(channel, queues, on_message=take, prefetch_count=1):
                while not stop.is_set():
                    settings().beat()
                    try:
                        connection.drain_events(timeout=IDLE_SECONDS)
                    except TimeoutError:
                        idle += 1
                        if idle % BIND_AGAIN_AFTER == 0:
                            self._bind_again()

    def _bind_again(self) -> None:
        with _connection(self._url, self._queue) as connection, connection.channel() as channel:
            _declare(channel, self._queue, self._routing_key)

    def _take(self, message: Message, channel: Any, stop: threading.Event) -> None:
        failed = int(message.headers.get(FAILED, 0))
        try:
            event = json.loads(message.body)
            booking = self._handler(event)
        except Transient as error:
            log.warning("an event has to wait", reason=str(error))
            self._put_back(message, channel, failed)
            stop.wait(PAUSE_SECONDS)
        except Exception as error:  # whatever a handler raises must not stop the queue
            log.exception("an event was not handled", failed=failed + 1)
            self._put_back(message, channel, failed + 1, f"{type(error).__name__}: {error}")
            stop.wait(PAUSE_SECONDS)
        else:
            if booking:
                self._acknowledge(event["id"], booking)
        message.ack()

    def _put_back(self, message: Message, channel: Any, failed: int, reason: str = "") -> None:
        """Put a message at the end of its queue, where it blocks no other, or with those that were given up."""
        dead = failed >= MOST_FAILURES
        place = f"{self._queue}.dead" if dead else self._queue
        if dead:
            log.error("an event was given up", queue=place)
            channel.queue_declare(queue=place, durable=True, auto_delete=False)
        messaging.Producer(channel).publish(
            message.body,
            exchange="",
            routing_key=place,
            headers={FAILED: failed} | ({REASON: reason} if dead else {}),
            content_type=message.content_type,
            content_encoding=message.content_encoding,
            retry=False,
        )


def _queue(name: str, routing_key: str) -> Queue:
    return Queue(name, Exchange(EXCHANGE, type="topic", durable=True), routing_key=routing_key, durable=True)


def _declare(channel: Any, name: str, routing_key: str) -> int:
    """Declare exchange, queue and binding; returns how many messages wait."""
    _queue(name, routing_key)(channel).declare()
    return int(channel.queue_declare(queue=name, durable=True, auto_delete=False).message_count)


def _connection(url: str | None, queue: str) -> Connection:
    wanted = url or settings().require_redis_url()
    options: dict[str, Any] = {"read_timeout": TIMEOUT_SECONDS, "write_timeout": TIMEOUT_SECONDS}
    options |= {"confirm_publish": True}  # published is what the broker has, not what was sent
    if not wanted.startswith("amqp"):
        options = {
            "visibility_timeout": HELD_SECONDS,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 5,
            # Of each queue for itself: the copies of a message in several queues have one tag.
            "unacked_key": f"{queue}.unacked",
            "unacked_index_key": f"{queue}.unacked_index",
            "unacked_mutex_key": f"{queue}.unacked_mutex",
            "priority_steps": [0],
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_keepalive": True,
            "max_retries": 0,
        }
    return Connection(broker_url(wanted), connect_timeout=CONNECT_TIMEOUT_SECONDS, transport_options=options)
