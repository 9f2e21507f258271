"""A billing system in a hundred lines: it books what it is told into a ledger of its own, each thing once.

    BILLING_LEDGER_URL=postgresql://… python -m deploy.examples.billing_consumer
    scopedesk billing events | python -m deploy.examples.billing_consumer --replay

The ledger's key is the event's `id`, so that an event that comes again (it will) is refused by the database, in the
same transaction that would have booked it; the acknowledgement is sent after that transaction, and again each time.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import Connection

from shared import logs
from shared.bus.exchange import QUEUE, Booking, Consumer, send_acknowledgement
from shared.errors import Misconfigured, ScopedeskError, Transient
from shared.money import Money
from shared.settings import settings

SIGNS = {"billing.charge.recorded": 1, "billing.charge.credited": -1}
"""What is booked, and which way the money goes. Everything else only tells."""

LEDGER = """
create schema if not exists billing_example;
create table if not exists billing_example.ledger (
    event_id uuid primary key,
    number integer generated always as identity,
    quote_id text not null,
    minor bigint not null,
    currency text not null,
    booked_at timestamptz not null default now(),
    times_told integer not null default 1
)
"""

BOOK = """
insert into billing_example.ledger as ledger (event_id, quote_id, minor, currency) values (%s, %s, %s, %s)
on conflict (event_id) do update set times_told = ledger.times_told + 1
returning number
"""


class Ledger:
    """The books, in a PostgreSQL schema of their own; the connection is made anew when it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None

    def book(self, event: dict[str, Any]) -> Booking | None:
        """Book a charge or a credit, or find that it is booked; Transient while the database is away."""
        sign = SIGNS.get(event["type"])
        if sign is None:
            return None
        total = Money.model_validate(event["data"]["total"])
        entry = (event["id"], event["data"]["quote_id"], sign * total.minor, total.currency)
        try:
            connection = self._open()
            with connection.transaction():
                row = connection.execute(BOOK, entry).fetchone()
        except psycopg.OperationalError as error:
            self._connection = None
            raise Transient("the ledger's database does not answer") from error
        assert row, "the statement returns a row"
        return Booking(f"INV-{row[0]}", total)

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            self._connection.execute(LEDGER)
        return self._connection


def replay(lines: Iterable[str], ledger: Ledger) -> None:
    """Book and acknowledge what an earlier read of the feed printed; what is booked already stays as it is."""
    for line in lines:
        event = json.loads(line)
        booking = ledger.book(event)
        if booking:
            send_acknowledgement(event["id"], booking)


def main() -> int:
    """Listen until SIGTERM or Ctrl-C, or replay what stands on standard input."""
    parser = argparse.ArgumentParser(description="Books what Scopedesk charges into a ledger of its own.")
    parser.add_argument("--queue", default=QUEUE, help="the durable queue to listen on")
    parser.add_argument("--replay", action="store_true", help="book the events on standard input, a JSON line each")
    wanted = parser.parse_args()
    logs.configure()
    try:
        url = os.environ.get("BILLING_LEDGER_URL")
        if not url:
            raise Misconfigured("BILLING_LEDGER_URL is not set: the PostgreSQL database of the ledger")
        settings().require_redis_url()
        ledger = Ledger(url)
        if wanted.replay:
            replay(sys.stdin, ledger)
            return 0
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        broker = os.environ.get("SCOPEDESK_BILLING_EXCHANGE_URL")
        Consumer(ledger.book, url=broker, queue=wanted.queue).run(stop)
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- a command's answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
