"""The exchange and its consumer on a real Redis: nothing is lost that waits, poison steps aside, the dead give back."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Event, Thread
from uuid import uuid4

import pytest
from kombu.connection import Connection

from shared.bus import exchange
from shared.bus.engine import broker_url
from shared.bus.exchange import EXCHANGE, QUEUE, Booking, Consumer, Publisher
from shared.errors import Transient
from shared.money import Money

PRICE = Money.of(125, "EUR")
PATIENCE_SECONDS = 60


def event(kind="billing.charge.recorded", **data):
    return {"id": str(uuid4()), "type": kind, "data": data}


@pytest.fixture
def redis(database, servers):
    """Redis itself, emptied, for what only a look inside tells."""
    with Connection(broker_url(servers.redis_url)) as connection:
        yield connection.default_channel.client


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(exchange, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(exchange, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(exchange, "RECONNECT_SECONDS", 0.05)


def eventually(condition, what):
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"never came true: {what}"
        time.sleep(0.01)


@contextmanager
def listening(handler, **options):
    stop = Event()
    thread = Thread(target=Consumer(handler, **options).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


class Books:
    """A handler that books everything, and remembers what it was told and what it acknowledged."""

    def __init__(self):
        self.told = []
        self.acknowledged = []

    def __call__(self, event):
        self.told.append(event)
        return Booking(f"INV-{len(self.told)}", PRICE)

    def acknowledge(self, booked_id, booking):
        self.acknowledged.append((booked_id, booking.reference))


def nothing_waits(redis, queue=QUEUE):
    return redis.llen(queue) == 0 and redis.hlen(f"{queue}.unacked") == 0


def test_what_is_published_before_a_consumer_ever_came_waits_for_it_and_is_acknowledged(redis):
    published = [event(number=number) for number in range(3)]
    assert [Publisher().publish(one) for one in published] == [True] * 3
    books = Books()
    with listening(books, acknowledge=books.acknowledge):
        eventually(lambda: nothing_waits(redis) and len(books.acknowledged) == 3, "all are acknowledged")
    assert books.told == published
    assert books.acknowledged == [(one["id"], f"INV-{n + 1}") for n, one in enumerate(published)]


def test_a_message_is_a_cloud_event_in_structured_json(redis):
    told = event(account="bloemen")
    Publisher().publish(told)
    with Connection(broker_url(os.environ["REDIS_URL"])) as connection:
        message = connection.default_channel.basic_get(QUEUE)
        message.ack()
    assert message.content_type == "application/cloudevents+json"
    assert json.loads(message.body) == told
    assert message.delivery_info["routing_key"] == "billing.charge.recorded"
    assert message.delivery_info["exchange"] == EXCHANGE


def test_what_needs_no_booking_is_not_acknowledged(redis):
    Publisher().publish(event("billing.quote.issued"))
    books = Books()
    with listening(books.told.append, acknowledge=books.acknowledge):
        eventually(lambda: nothing_waits(redis) and books.told, "it was heard")
    assert books.acknowledged == []


def test_publishing_outlives_a_redis_that_was_emptied(redis):
    publisher = Publisher()
    publisher.publish(event())
    redis.flushall()
    publisher.publish(event())
    assert redis.llen(QUEUE) == 1


def test_the_queue_of_a_listening_consumer_is_bound_again_after_redis_was_emptied(redis):
    books = Books()
    with listening(books, queue="accounting", acknowledge=books.acknowledge):
        bound = "_kombu.binding.scopedesk.billing"
        eventually(lambda: redis.scard(bound) == 1, "the queue is bound")
        redis.flushall()
        eventually(lambda: redis.scard(bound) == 1, "the queue is bound again")
        Publisher().publish(event())
        eventually(lambda: books.acknowledged, "the event arrived")


def test_a_consumer_with_a_queue_and_a_pattern_of_its_own_hears_only_that_and_takes_from_nobody(redis):
    books = Books()
    with listening(books, queue="plans", routing_key="billing.subscription.*", acknowledge=books.acknowledge):
        eventually(lambda: redis.scard("_kombu.binding.scopedesk.billing") == 1, "the queue is bound")
        Publisher().publish(event("billing.charge.recorded"))
        Publisher().publish(event("billing.subscription.ended"))
        eventually(lambda: nothing_waits(redis, "plans") and books.told, "it was heard")
    assert [told["type"] for told in books.told] == ["billing.subscription.ended"]
    assert redis.llen(QUEUE) == 2


def test_a_handler_that_fails_for_good_blocks_no_other_event_and_its_event_is_kept_with_the_reason(redis):
    poison, good = event(poison=True), event()
    books = Books()

    def handle(told):
        if told["data"].get("poison"):
            raise LookupError("no such account")
        return books(told)

    Publisher().publish(poison)
    Publisher().publish(good)
    with listening(handle, acknowledge=books.acknowledge):
        eventually(lambda: redis.llen(f"{QUEUE}.dead") == 1, "it was given up")
    assert [told["id"] for told in books.told] == [good["id"]]
    with Connection(broker_url(os.environ["REDIS_URL"])) as connection:
        dead = connection.default_channel.basic_get(f"{QUEUE}.dead")
        dead.ack()
    assert json.loads(dead.body) == poison
    assert dead.headers["x-reason"] == "LookupError: no such account"
    assert dead.headers["x-failed"] == exchange.MOST_FAILURES
    assert nothing_waits(redis)


def test_what_is_no_json_is_given_up_as_well(redis):
    Publisher().publish(event())
    with Connection(broker_url(os.environ["REDIS_URL"])) as connection, connection.Producer() as producer:
        producer.publish(b"\xff\x00", routing_key=QUEUE, content_type="application/data", content_encoding="binary")
    books = Books()
    with listening(books, acknowledge=books.acknowledge):
        eventually(lambda: redis.llen(f"{QUEUE}.dead") == 1 and books.told, "it was given up")


def test_an_event_that_has_to_wait_is_never_given_up(redis):
    tries = []

    def handle(_told):
        tries.append(1)
        if len(tries) <= 3 * exchange.MOST_FAILURES:
            raise Transient("the ledger is away")
        return Booking(None, PRICE)

    books = Books()
    Publisher().publish(event())
    with listening(handle, acknowledge=books.acknowledge):
        eventually(lambda: books.acknowledged, "it was booked at last")
    assert redis.llen(f"{QUEUE}.dead") == 0


def test_an_acknowledgement_that_cannot_be_sent_brings_the_event_again(redis):
    books = Books()

    def acknowledge(booked_id, booking):
        if len(books.told) < 3:
            raise OSError("nobody takes it")
        books.acknowledge(booked_id, booking)

    Publisher().publish(event())
    with listening(books, acknowledge=acknowledge):
        eventually(lambda: books.acknowledged and nothing_waits(redis), "it was acknowledged at last")
    assert len(books.told) == 3


def test_a_consumer_connects_again_for_ever(redis):
    books = Books()
    with listening(books, acknowledge=books.acknowledge):
        for number in range(3):
            Publisher().publish(event(number=number))
            eventually(lambda: len({told["id"] for told in books.told}) > number, "it was heard")  # noqa: B023
            redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert {told["data"]["number"] for told in books.told} == {0, 1, 2}


HOLDS_ON = """
import sys, threading
from shared.bus.exchange import Consumer

def hold(event):
    print(event["id"], flush=True)
    threading.Event().wait()

Consumer(hold).run(threading.Event())
"""


def test_what_a_killed_consumer_held_comes_back_when_its_time_is_over(redis, monkeypatch):
    monkeypatch.setattr(exchange, "HELD_SECONDS", 1)
    told = event()
    Publisher().publish(told)
    with subprocess.Popen([sys.executable, "-c", HOLDS_ON], stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout.readline().strip() == told["id"]
        victim.kill()
    assert (redis.llen(QUEUE), redis.hlen(f"{QUEUE}.unacked")) == (0, 1)
    books = Books()
    with listening(books, acknowledge=books.acknowledge):
        eventually(lambda: books.acknowledged and nothing_waits(redis), "it came back")
    assert books.told == [told]


def test_a_queue_that_nobody_empties_does_not_grow_for_ever(redis):
    publisher = Publisher(most_waiting=2)
    assert [publisher.publish(event()) for _ in range(4)] == [True, True, False, False]
    assert redis.llen(QUEUE) == 2


def test_a_broker_that_is_away_is_worth_another_try(tmp_path):
    with pytest.raises(Transient, match="does not answer"):
        Publisher(f"unix://{tmp_path}/nothing.sock").publish(event())
