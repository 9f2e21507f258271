"""What tests of one handler share: say an event, let the handler hear it, look at what it said."""

import socket

import pytest
from sqlalchemy import text

from shared.bus import Transaction
from shared.bus.event_log import EVENT_TYPES


@pytest.fixture(scope="session")
def free_port():
    """Find a port that nobody listens on; aiosmtpd's controller connects to itself, so port 0 is not for it."""

    def free_port():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    return free_port


@pytest.fixture
def say(database):
    """Say events as the room that says them."""

    def say(room, *events, **options):
        with Transaction.begin(room) as tx:
            for event in events:
                tx.say(event, **options)

    return say


@pytest.fixture
def hear(session):
    """Let a worker's handler hear whatever waits for it, timers included; gives the outcomes."""

    def hear(worker, handler):
        hearer = f"{worker.room}.{handler}"
        session.rollback()
        session.execute(text("update bus.delivery set due_at = now() where hearer = :hearer"), {"hearer": hearer})
        session.commit()
        statement = text("select id from bus.delivery where hearer = :hearer order by id")
        found = session.scalars(statement, {"hearer": hearer}).all()
        session.rollback()
        return [worker.deliver(hearer, delivery) for delivery in found]

    return hear


@pytest.fixture
def said(session):
    """The events of a type that were said so far, oldest first."""

    def said(event):
        session.rollback()
        statement = text("select body from bus.event where name = :name order by seq")
        found = session.scalars(statement, {"name": event.__name__}).all()
        return [EVENT_TYPES[event.__name__].model_validate(body) for body in found]

    return said
