"""Redis as a doorbell: tell a room's queue that a delivery waits in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from kombu.exceptions import ChannelError

from shared.bus.engine import FIRST, IN_TURN, app
from shared.bus.event_log import Ring
from shared.errors import Transient
from shared.topology import queue_of

log = structlog.get_logger()


def ring(rings: Iterable[Ring], *, first: bool = False) -> bool:
    """Send a task per ring; False when Redis cannot be reached, in which case the relay rings later.

    `first`: ahead of everything that waits in the queue, for what has waited for its moment already.

    The task carries the delivery's id, the event's name and the ticket number: what Flower shows, and nothing else.
    Never raises: what was committed stays done, whatever becomes of its rings.
    """
    waiting = list(rings)
    if not waiting:
        return True
    try:
        with app.producer_or_acquire() as producer:
            for one in waiting:
                app.send_task(
                    one.hearer,
                    args=(one.delivery_id, one.event_name, one.ticket_id),
                    argsrepr=f"({one.ticket_id or '-'} {one.event_name})",
                    queue=queue_of(one.hearer),
                    priority=FIRST if first else IN_TURN,
                    producer=producer,
                    retry=False,
                )
    except Exception as error:  # noqa: BLE001 -- redis-py's errors reach us wrapped by kombu, and not wrapped
        log.warning("doorbell unreachable, the relay will ring", rings=len(waiting), error=type(error).__name__)
        return False
    return True


def queue_length(room: str) -> int:
    """How many rings wait in a room's queue; Transient when Redis is away, or still loading."""
    try:
        with app.connection_for_write() as connection, connection.channel() as channel:
            return int(channel.queue_declare(room, passive=True).message_count)
    except ChannelError:  # Redis forgets an empty list, and so a queue that nothing waits in
        return 0
    except Exception as error:
        raise Transient("Redis does not answer") from error
