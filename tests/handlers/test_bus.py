"""The bus's promises, on a real PostgreSQL and a real Redis."""

import socket
import threading
from contextlib import nullcontext
from datetime import timedelta
from uuid import uuid4

import pytest
from kombu import Producer
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import clock, db
from shared.bus import Transaction, Worker, dead_letters, doorbell, event_log, feed, leases, relay
from shared.bus.engine import app
from shared.bus.event_log import Ring
from shared.bus.worker import Outcome
from shared.errors import Permanent, Transient
from shared.events import ChargeRecorded, EmailStored, EmailSuppressed, LetterSent, LetterWritten, derived_id
from shared.money import Money

SHOW = "desk.show_arrival"


def stored(**fields):
    return EmailStored(arrival_id=uuid4(), mailbox="support@hypernode.example", **fields)


def say(*events, room="email_intake", **options):
    with Transaction.begin(room) as tx:
        for event in events:
            tx.say(event, **options)


def rows(session, statement, **parameters):
    session.rollback()
    return session.execute(text(statement), parameters).all()


def deliveries(session, hearer):
    return [row[0] for row in rows(session, "select id from bus.delivery where hearer = :h order by id", h=hearer)]


def make_due(session):
    session.execute(text("update bus.delivery set due_at = now(), ring_at = now()"))
    session.commit()


@pytest.fixture
def heard():
    return []


@pytest.fixture(autouse=True)
def names_of_our_own():
    """These handlers have the names of real ones, which another test may have registered with Celery before."""
    names = ("desk.show_arrival", "notifications.post_letter")
    real = {name: task for name in names if (task := app.tasks.pop(name, None))}
    yield
    for name in names:
        app.tasks.pop(name, None)
    app.tasks.update(real)


@pytest.fixture
def desk(heard):
    """A desk whose handler does what the test put into `heard.does`."""
    worker = Worker("desk")
    worker.does = lambda _event, _tx: None

    def show_arrival(event, tx):
        heard.append(event)
        worker.does(event, tx)

    worker.hears(EmailStored)(show_arrival)
    return worker


def test_an_event_reaches_each_of_its_hearers_once(session, desk, heard):
    event = stored()
    say(event)
    [delivery] = deliveries(session, SHOW)

    assert desk.deliver(SHOW, delivery) is Outcome.DONE
    assert desk.deliver(SHOW, delivery) is Outcome.NOTHING_TO_DO

    assert heard == [event]
    assert deliveries(session, SHOW) == []
    assert len(deliveries(session, "email_intake.read_email")) == 1


def test_a_ring_for_another_handler_does_nothing(session, desk, heard):
    say(stored())
    [other] = deliveries(session, "email_intake.read_email")
    assert desk.deliver(SHOW, other) is Outcome.NOTHING_TO_DO
    assert heard == []


def test_two_workers_that_hear_the_same_ring_do_the_work_once(session, desk, heard):
    say(stored())
    [delivery] = deliveries(session, SHOW)
    both_are_in = threading.Barrier(2, timeout=20)
    in_hand = threading.Event()

    def hold(_event, _tx):
        in_hand.set()
        both_are_in.wait()

    desk.does = hold
    outcomes = []
    first = threading.Thread(target=lambda: outcomes.append(desk.deliver(SHOW, delivery)))
    first.start()
    assert in_hand.wait(20)
    outcomes.append(desk.deliver(SHOW, delivery))  # while the first still holds the row
    both_are_in.wait()
    first.join(20)

    assert sorted(outcomes) == sorted([Outcome.DONE, Outcome.NOTHING_TO_DO])
    assert len(heard) == 1


def test_nothing_is_said_by_a_transaction_that_fails(session):
    with pytest.raises(RuntimeError), Transaction.begin("email_intake") as tx:
        tx.say(stored())
        raise RuntimeError
    assert rows(session, "select 1 from bus.event") == []
    assert rows(session, "select 1 from bus.delivery") == []


def test_what_a_handler_says_names_its_cause(session, desk):
    event = stored()
    desk.does = lambda e, tx: tx.say(EmailSuppressed(arrival_id=e.arrival_id, reason="spam"))
    say(event)
    desk.deliver(SHOW, deliveries(session, SHOW)[0])
    [(cause,)] = rows(session, "select caused_by from bus.event where name = 'EmailSuppressed'")
    assert cause == event.event_id


def test_a_bug_leaves_nothing_behind_but_a_dead_letter_that_can_be_replayed(session, desk, heard):
    def say_and_fail(event, tx):
        tx.session.execute(text("insert into bus.relay_beat (relay) values ('half done')"))
        tx.say(EmailSuppressed(arrival_id=event.arrival_id, reason="spam"))
        raise ZeroDivisionError("a bug")

    desk.does = say_and_fail
    say(stored(ticket_id="HN-1001"))
    [delivery] = deliveries(session, SHOW)
    assert desk.deliver(SHOW, delivery) is Outcome.DEAD

    assert rows(session, "select 1 from bus.relay_beat") == []
    assert rows(session, "select 1 from bus.event where name = 'EmailSuppressed'") == []
    assert deliveries(session, SHOW) == []
    [letter] = dead_letters.waiting()
    assert (letter.hearer, letter.event_name, letter.ticket_id, letter.attempts) == (SHOW, "EmailStored", "HN-1001", 1)
    assert letter.error == "ZeroDivisionError: a bug"
    assert "say_and_fail" in letter.traceback

    desk.does = lambda _event, _tx: None
    dead_letters.replay(letter.id, by="an operator")
    [again] = deliveries(session, SHOW)
    assert desk.deliver(SHOW, again) is Outcome.DONE
    assert dead_letters.waiting() == []
    with pytest.raises(Permanent, match="no dead letter"):
        dead_letters.replay(letter.id, by="an operator")


def test_a_discarded_dead_letter_is_heard_by_nobody_and_stays_as_evidence(session, desk):
    def refuse(_event, _tx):
        raise Permanent("no")

    desk.does = refuse
    say(stored())
    desk.deliver(SHOW, deliveries(session, SHOW)[0])
    [letter] = dead_letters.waiting()
    dead_letters.discard(letter.id, by="an operator")
    assert dead_letters.waiting() == []
    assert deliveries(session, SHOW) == []
    assert rows(session, "select resolution, resolved_by from bus.dead_letter") == [("discarded", "an operator")]


def test_one_dead_letter_does_not_block_its_neighbours(session, desk, heard):
    first, second = stored(), stored()

    def fail_for_the_first(event, _tx):
        if event == first:
            raise ValueError

    desk.does = fail_for_the_first
    say(first, second)
    outcomes = [desk.deliver(SHOW, delivery) for delivery in deliveries(session, SHOW)]
    assert sorted(outcomes) == sorted([Outcome.DEAD, Outcome.DONE])


def test_a_passing_failure_is_tried_again_later_and_not_before(session, desk, heard):
    def away(_event, _tx):
        raise Transient("the server is away")

    desk.does = away
    say(stored())
    [delivery] = deliveries(session, SHOW)
    assert desk.deliver(SHOW, delivery) is Outcome.RETRY_LATER
    assert desk.deliver(SHOW, delivery) is Outcome.NOTHING_TO_DO  # not due yet
    [(attempts, later, why)] = rows(
        session, "select attempts, due_at > now(), last_error from bus.delivery where id = :i", i=delivery
    )
    assert (attempts, later, why) == (1, True, "Transient: the server is away")

    make_due(session)
    tries = []
    desk.does = lambda _event, tx: tries.append(tx.attempt)
    assert desk.deliver(SHOW, delivery) is Outcome.DONE
    assert tries == [2]


def test_trying_again_ends_in_a_dead_letter(session, desk, monkeypatch):
    def away(_event, _tx):
        raise Transient("the server is away")

    monkeypatch.setattr("shared.bus.worker.MAX_ATTEMPTS", 2)
    desk.does = away
    say(stored())
    [delivery] = deliveries(session, SHOW)
    assert desk.deliver(SHOW, delivery) is Outcome.RETRY_LATER
    make_due(session)
    assert desk.deliver(SHOW, delivery) is Outcome.DEAD
    assert dead_letters.waiting()[0].attempts == 2


def test_a_delivery_waits_for_its_moment_and_can_be_taken_back(session, desk, heard):
    later = clock.now() + timedelta(days=400)
    say(stored(ticket_id="HN-1001"), stored(ticket_id="HN-1002"), wait={SHOW: later})
    waiting = deliveries(session, SHOW)
    assert [desk.deliver(SHOW, delivery) for delivery in waiting] == [Outcome.NOTHING_TO_DO] * 2
    assert rows(session, "select distinct due_at from bus.delivery where hearer = :h", h=SHOW) == [(later,)]

    with Transaction.begin("email_intake") as tx:
        tx.cancel(SHOW, "HN-1001")
    assert deliveries(session, SHOW) == waiting[1:]

    make_due(session)
    assert desk.deliver(SHOW, waiting[1]) is Outcome.DONE
    assert [event.ticket_id for event in heard] == ["HN-1002"]


def test_a_wait_needs_a_hearer_and_a_time_zone(database):
    with Transaction.begin("email_intake") as tx:
        with pytest.raises(ValueError, match=r"billing\.charge does not hear"):
            tx.say(stored(), wait={"billing.charge": clock.now()})
        with pytest.raises(ValueError, match="no time zone"):
            tx.say(stored(), wait={SHOW: clock.now().replace(tzinfo=None)})


def test_a_fact_that_costs_money_is_heard_once_however_often_it_is_said(session):
    def charge():
        return ChargeRecorded(
            event_id=derived_id("charge", "Q-HN-1001-1", 1, "restore"),
            charge_id=uuid4(),
            quote_id="Q-HN-1001-1",
            version=1,
            line="restore",
            clause="hypernode.backups.restore-price",
            customer_id=None,
            account=None,
            provider="hypernode",
            total=Money.of("125.00", "EUR"),
        )

    say(charge(), charge(), room="billing")
    say(charge(), room="billing")
    assert len(rows(session, "select 1 from bus.event")) == 1
    assert len(deliveries(session, "desk.show_charge")) == 1


@pytest.fixture
def post(heard):
    """A notifications room whose act does what the test put into `post.does`."""
    worker = Worker("notifications")
    worker.does = lambda: "250 ok"

    def post_letter(event, tx):
        def record(tx, result):
            tx.say(LetterSent(letter_id=event.letter_id, kind=event.kind, message_id=result))

        heard.append(tx.attempt)
        tx.act(do=worker.does, then=record)

    worker.acts_on(LetterWritten)(post_letter)
    return worker


POST = "notifications.post_letter"


def a_letter():
    say(LetterWritten(letter_id=uuid4(), kind="acknowledgement"), room="notifications")


def test_an_act_outside_is_recorded_after_it_happened(session, post):
    a_letter()
    [delivery] = deliveries(session, POST)
    seen = []

    def look_from_outside():
        seen.extend(rows(session, "select attempts, due_at > now() from bus.delivery where id = :i", i=delivery))
        return "250 ok"

    post.does = look_from_outside
    assert post.deliver(POST, delivery) is Outcome.DONE
    assert seen == [(1, True)]  # claimed, committed, and not yet gone while the act is under way
    assert deliveries(session, POST) == []
    assert rows(session, "select body->>'message_id' from bus.event where name = 'LetterSent'") == [("250 ok",)]


def test_an_act_cut_off_by_a_crash_is_tried_again_when_its_lease_runs_out(session, post, heard):
    a_letter()
    [delivery] = deliveries(session, POST)

    def killed():
        raise KeyboardInterrupt

    post.does = killed
    with pytest.raises(KeyboardInterrupt):
        post.deliver(POST, delivery)
    assert post.deliver(POST, delivery) is Outcome.NOTHING_TO_DO  # the lease still runs
    make_due(session)
    post.does = lambda: "250 ok"
    assert post.deliver(POST, delivery) is Outcome.DONE
    assert heard == [1, 2]


def test_a_lease_is_renewed_while_its_worker_lives(session, post):
    a_letter()
    [delivery] = deliveries(session, POST)
    seen = []

    def slow():
        make_due(session)
        leases.renew()
        seen.append(post.deliver(POST, delivery))  # somebody else is rung meanwhile
        return "250 ok"

    post.does = slow
    assert post.deliver(POST, delivery) is Outcome.DONE
    assert seen == [Outcome.NOTHING_TO_DO]


def test_an_act_that_outlived_its_lease_records_nothing(session, post):
    a_letter()
    [delivery] = deliveries(session, POST)

    def overtaken():
        make_due(session)
        post.does = lambda: "250 second"
        assert post.deliver(POST, delivery) is Outcome.DONE
        return "250 first"

    post.does = overtaken
    post.deliver(POST, delivery)
    assert rows(session, "select body->>'message_id' from bus.event where name = 'LetterSent'") == [("250 second",)]


def test_an_act_that_never_settles_is_given_up(session, post, monkeypatch):
    monkeypatch.setattr("shared.bus.worker.MAX_ATTEMPTS", 1)
    a_letter()
    [delivery] = deliveries(session, POST)

    def killed():
        raise KeyboardInterrupt

    post.does = killed
    with pytest.raises(KeyboardInterrupt):
        post.deliver(POST, delivery)
    make_due(session)
    assert post.deliver(POST, delivery) is Outcome.DEAD
    assert "given up" in dead_letters.waiting()[0].error


def test_an_act_that_fails_for_a_while_is_tried_again(session, post):
    a_letter()
    [delivery] = deliveries(session, POST)

    def away():
        raise Transient("connection refused")

    post.does = away
    assert post.deliver(POST, delivery) is Outcome.RETRY_LATER
    assert len(deliveries(session, POST)) == 1


def queue_of_desk():
    return doorbell.queue_length("desk")


def test_a_ring_follows_the_commit(session):
    assert queue_of_desk() == 0
    say(stored())
    assert queue_of_desk() == 1


def test_the_relay_rings_what_redis_lost(session):
    say(stored())
    with doorbell.app.connection_for_write() as connection, connection.channel() as channel:
        channel.client.flushdb()
    make_due(session)
    relay.go_round(session)
    assert queue_of_desk() == 1


def test_the_relay_leaves_a_queue_alone_that_is_merely_long(session):
    say(*(stored() for _ in range(20)))
    assert queue_of_desk() == 20
    session.execute(text("update bus.delivery set ring_at = now()"))  # they wait in the queue for longer than usual
    session.commit()
    for _ in range(3):
        relay.go_round(session)
    assert queue_of_desk() == 20


def test_the_relay_backs_off_from_a_row_that_nobody_answers(session):
    say(stored())
    with doorbell.app.connection_for_write() as connection, connection.channel() as channel:
        channel.client.flushdb()
    make_due(session)
    relay.go_round(session)
    relay.go_round(session)
    [(rings, later)] = rows(session, "select rings, ring_at > now() from bus.delivery where hearer = :h", h=SHOW)
    assert (rings, later) == (1, True)


def test_the_relay_is_the_clock_of_waiting_deliveries(session):
    say(stored(), wait={SHOW: clock.now() + timedelta(hours=1)})
    relay.go_round(session)
    assert queue_of_desk() == 0
    make_due(session)
    relay.go_round(session)
    assert queue_of_desk() == 1


def test_a_timer_whose_moment_has_come_overtakes_the_backlog_of_its_room(session):
    timer = stored()
    say(*(stored() for _ in range(20)))
    say(timer, wait={SHOW: clock.now() + timedelta(hours=1)})
    session.execute(text("update bus.delivery set due_at = now(), ring_at = now() where due_at > now()"))
    session.commit()
    assert relay.go_round(session) == 1
    with doorbell.app.connection_for_write() as connection:
        (delivery, *_), *_ = connection.SimpleQueue("desk").get_nowait().payload
    assert rows(session, "select event_id from bus.delivery where id = :id", id=delivery) == [(timer.event_id,)]


def test_one_rooms_backlog_does_not_hide_another_rooms_timers(session, monkeypatch):
    monkeypatch.setattr("shared.bus.relay.MOST_PER_ROUND", 5)
    say(*(stored() for _ in range(20)))  # for two rooms, and their queues know it
    session.execute(text("update bus.delivery set ring_at = now() - interval '1 hour'"))
    session.commit()
    a_letter()  # its ring is lost
    with doorbell.app.connection_for_write() as connection, connection.channel() as channel:
        channel.queue_purge("notifications")
    session.execute(text("update bus.delivery set ring_at = now() where room = 'notifications'"))
    session.commit()
    assert relay.go_round(session) == 1
    assert doorbell.queue_length("notifications") == 1


def test_a_redis_that_takes_connections_and_never_answers_holds_nobody_up(session, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        broker = doorbell.app.connection_for_write().clone(hostname=f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        broker.transport_options = broker.transport_options | {"socket_timeout": 0.2}
        with broker, Producer(broker, auto_declare=False) as producer:
            monkeypatch.setattr(doorbell.app, "producer_or_acquire", lambda: nullcontext(producer))
            assert doorbell.ring([Ring(1, SHOW, "EmailStored", None)]) is False
        monkeypatch.setattr(doorbell.app, "connection_for_write", lambda: broker)
        with pytest.raises(Transient, match="Redis does not answer"):
            doorbell.queue_length("desk")


def test_deliveries_that_nobody_hears_any_more_become_dead_letters_after_a_day(session):
    say(stored(), stored())
    session.execute(text("update bus.delivery set hearer = 'desk.gone' where hearer = :h"), {"h": SHOW})
    oldest = "(select min(id) from bus.delivery where hearer = 'desk.gone')"
    session.execute(text(f"update bus.delivery set due_at = now() - interval '2 days' where id = {oldest}"))
    assert event_log.bury_unheard(session, relay.KNOWN_HEARERS) == 1
    session.commit()
    assert [letter.hearer for letter in dead_letters.waiting()] == ["desk.gone"]
    assert len(deliveries(session, "desk.gone")) == 1  # one that may belong to a newer version
    assert len(deliveries(session, "email_intake.read_email")) == 2


@pytest.mark.parametrize(
    "spoil",
    ["set body = body - 'arrival_id'", "set name = 'EmailStolen'"],
    ids=["a field is missing", "no such event"],
)
def test_an_event_that_cannot_be_read_becomes_a_dead_letter(session, desk, heard, spoil):
    say(stored())
    session.execute(text("alter table bus.event disable trigger append_only"))
    session.execute(text(f"update bus.event {spoil}"))
    session.execute(text("alter table bus.event enable trigger append_only"))
    session.commit()
    [delivery] = deliveries(session, SHOW)
    assert desk.deliver(SHOW, delivery) is Outcome.DEAD
    assert heard == []
    assert len(dead_letters.waiting()) == 1


def test_an_error_with_words_that_the_database_cannot_hold_is_recorded_all_the_same(session, desk):
    def quote_a_stranger(_event, _tx):
        raise ValueError("what they wrote: \0 \ud800")

    desk.does = quote_a_stranger
    say(stored())
    assert desk.deliver(SHOW, deliveries(session, SHOW)[0]) is Outcome.DEAD
    assert dead_letters.waiting()[0].error == "ValueError: what they wrote: \ufffd ?"


def test_the_log_cannot_be_rewritten(session):
    say(stored())
    for statement in ("update bus.event set name = 'X'", "delete from bus.event"):
        with pytest.raises(DBAPIError, match="append-only"):
            session.execute(text(statement))
        session.rollback()


def test_the_feed_never_passes_over_an_event_that_commits_late(session):
    early, late = stored(), stored()
    with Transaction.begin("email_intake") as slow:
        slow.session.execute(text("select pg_current_xact_id()"))  # the slow one takes its place first …
        say(early)  # … and commits after this one
        assert feed.read(["EmailStored"]) == []
        slow.say(late)
    found = feed.read(["EmailStored"])
    assert [event for _, event in found] == [late, early]
    cursor = feed.Cursor.parse(str(found[0][0]))
    assert [event for _, event in feed.read(["EmailStored"], cursor)] == [early]
    with pytest.raises(Permanent, match="no cursor"):
        feed.Cursor.parse("yesterday")


def test_the_feed_goes_on_after_a_restore_into_a_cluster_with_lower_transaction_numbers(session):
    before = stored()
    say(before)
    session.execute(text("alter table bus.event disable trigger append_only"))
    session.execute(text("update bus.event set written_in = written_in + 1000000000"))  # as a dump brings them
    session.execute(text("alter table bus.event enable trigger append_only"))
    session.commit()
    assert feed.read(["EmailStored"]) == []
    try:
        with db.engine().begin() as connection:
            assert feed.notice_restore(connection)
        [(cursor, event)] = feed.read(["EmailStored"])
        assert event == before
        after = stored()
        say(after)
        assert [event for _, event in feed.read(["EmailStored"], cursor)] == [after]
        with db.engine().begin() as connection:
            assert not feed.notice_restore(connection)
    finally:
        with db.engine().begin() as connection:
            connection.execute(text(feed.EPOCH.format(epoch=0)))


def test_a_tickets_history_is_in_the_order_it_was_said(session):
    first, second = stored(ticket_id="HN-1001"), stored(ticket_id="HN-1001")
    say(first)
    say(stored(ticket_id="HN-1002"))
    say(second)
    assert feed.history(session, "HN-1001") == [first, second]


def test_a_handler_that_the_topology_does_not_know_is_refused():
    with pytest.raises(ValueError, match=r"does not say that desk\.make_coffee hears EmailStored"):
        Worker("desk").hears(EmailStored)(make_coffee)
    with pytest.raises(ValueError, match="is no room"):
        Worker("kitchen")


def make_coffee(_event, _tx):
    """Nobody hears this."""
