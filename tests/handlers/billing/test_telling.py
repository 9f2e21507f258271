"""What the billing system is told, asked again, and says itself, on real tables and a real Redis."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from kombu.connection import Connection
from pydantic import SecretStr
from sqlalchemy import text

from deploy.doctor import billing_acknowledges
from services.billing import gateway
from services.billing.settings import billing_settings
from services.billing.tasks import worker
from shared.bus.engine import app, broker_url
from shared.bus.exchange import QUEUE, Booking, send_acknowledgement
from shared.bus.worker import Outcome
from shared.errors import Misconfigured
from shared.events import BookingAwaited, ChargeBooked, ChargeRecorded, LetterWritten, QuoteExpired
from shared.money import Money
from webhooks import webhook

PRICE = Money.of(125, "EUR")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def charge(quote="Q-HN-1042-1"):
    charge_id = uuid4()
    return ChargeRecorded(
        event_id=charge_id,
        ticket_id="HN-1042",
        charge_id=charge_id,
        quote_id=quote,
        version=1,
        line="restore",
        clause="hypernode.backups.restore-price",
        customer_id="c-1",
        account="bloemen",
        provider="hypernode",
        total=PRICE,
    )


@pytest.fixture
def billing(monkeypatch):
    """Set environment variables of the room."""

    def billing(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"SCOPEDESK_BILLING_{name.upper()}", value)
        billing_settings.cache_clear()

    billing_settings.cache_clear()
    yield billing
    billing_settings.cache_clear()


@pytest.fixture
def published(servers):
    """The events that wait in the queue, oldest first; they are taken out."""

    def published():
        found = []
        with Connection(broker_url(servers.redis_url), transport_options={"priority_steps": [0]}) as connection:
            while message := connection.default_channel.basic_get(QUEUE, no_ack=True):
                found.append(json.loads(message.body))
        return found

    return published


@pytest.fixture
def rows(session):
    def rows(statement):
        session.rollback()
        return [tuple(row) for row in session.execute(text(statement))]

    return rows


@pytest.fixture
def acknowledge():
    """Acknowledge as a consumer does, and let the billing room take it."""

    def acknowledge(booked_id, reference="INV-1", total=PRICE):
        told = {"booked_id": str(booked_id), "reference": reference, "total": total.model_dump()}
        return app.tasks["billing.note_booking"](told)

    return acknowledge


def test_every_event_of_the_feed_goes_to_the_exchange_with_its_place_in_the_log(billing, say, hear, published):
    say("billing", charge(), QuoteExpired(ticket_id="HN-1042", quote_id="Q-HN-1042-2", version=1))
    assert hear(worker, "publish") == [Outcome.DONE] * 2
    first, second = published()
    assert (first["type"], second["type"]) == ("billing.charge.recorded", "billing.quote.expired")
    assert first["cursor"].startswith("0-")


def test_where_there_is_no_billing_system_nothing_is_awaited(billing, say, hear, said, rows):
    say("billing", charge())
    hear(worker, "publish")
    assert said(BookingAwaited) == []
    assert rows("select count(*) from billing.awaited") == [(0,)]


def test_a_charge_is_published_again_until_it_is_acknowledged(
    billing, say, hear, said, *, published, acknowledge, rows
):
    billing(system="exchange")
    booked = charge()
    say("billing", booked)
    hear(worker, "publish")
    for _ in range(3):
        assert hear(worker, "ask_again") == [Outcome.DONE]
    assert [told["id"] for told in published()] == [str(booked.event_id)] * 4
    assert [awaited.tries for awaited in said(BookingAwaited)] == [1, 2, 3, 4]
    assert acknowledge(booked.event_id) == Outcome.DONE
    assert hear(worker, "ask_again") == [Outcome.DONE]
    assert published() == []
    assert rows("select tries, acknowledged_at is not null from billing.awaited") == [(4, True)]
    assert len(said(BookingAwaited)) == 4


def test_the_first_question_comes_after_a_minute_and_the_next_after_two(billing, say, hear, rows):
    billing(system="exchange")
    say("billing", charge())
    hear(worker, "publish")
    waits = "select extract(epoch from due_at - now()) from bus.delivery where hearer = 'billing.ask_again'"
    assert 50 < rows(waits)[0][0] <= 60
    hear(worker, "ask_again")
    assert 110 < rows(waits)[0][0] <= 120


def test_what_only_tells_is_told_once(billing, say, hear, said):
    billing(system="exchange")
    say("billing", QuoteExpired(ticket_id="HN-1042", quote_id="Q-HN-1042-2", version=1))
    hear(worker, "publish")
    assert said(BookingAwaited) == []


def test_a_failed_publication_is_tried_again_and_asks_once(billing, say, hear, said, tmp_path):
    billing(system="exchange", exchange_url=f"unix://{tmp_path}/away.sock")
    say("billing", charge())
    assert hear(worker, "publish") == [Outcome.RETRY_LATER]
    assert hear(worker, "publish") == [Outcome.RETRY_LATER]
    assert hear(worker, "ask_again") == [Outcome.RETRY_LATER]
    assert hear(worker, "ask_again") == [Outcome.RETRY_LATER, Outcome.RETRY_LATER]
    assert [awaited.tries for awaited in said(BookingAwaited)] == [1, 2, 3]


def test_what_nobody_acknowledges_for_a_day_is_said_aloud(billing, say, hear, session, *, capsys):
    billing(system="feed")
    say("billing", charge())
    hear(worker, "publish")
    hear(worker, "ask_again")
    assert "does not acknowledge" not in capsys.readouterr().out
    session.execute(text("update billing.awaited set asked_at = asked_at - interval '24 hours'"))
    session.commit()
    hear(worker, "ask_again")
    told = capsys.readouterr()
    assert "does not acknowledge" in told.out + told.err


def test_the_doctor_tells_of_a_billing_system_that_does_not_acknowledge(billing, say, hear, session):
    assert "none is connected" in billing_acknowledges()
    billing(system="exchange")
    say("billing", charge())
    hear(worker, "publish")
    assert billing_acknowledges() == "hears by exchange; 1 acknowledgements are awaited"
    session.execute(text("update billing.awaited set asked_at = asked_at - interval '24 hours'"))
    session.commit()
    with pytest.raises(Misconfigured, match="1 charges or credits are not acknowledged"):
        billing_acknowledges()


def test_an_acknowledgement_is_written_down_once_and_the_first_word_stands(billing, say, said, acknowledge, rows):
    booked = charge()
    say("billing", booked)
    assert acknowledge(booked.event_id) == Outcome.DONE
    assert acknowledge(booked.event_id) == Outcome.DONE
    assert acknowledge(booked.event_id, "INV-2", PRICE.times(2)) == Outcome.DONE
    [noted] = said(ChargeBooked)
    assert (noted.booked_id, noted.reference, noted.total, noted.ticket_id) == (
        booked.event_id,
        "INV-1",
        PRICE,
        "HN-1042",
    )
    assert rows("select reference, total_minor, currency from billing.booking") == [("INV-1", 12500, "EUR")]


@pytest.mark.parametrize(
    "told",
    [
        {"booked_id": str(uuid4()), "total": {"minor": 1, "currency": "EUR"}},
        {"booked_id": "INV-1", "total": {"minor": 1, "currency": "EUR"}},
        {"booked_id": str(uuid4())},
        {},
    ],
)
def test_an_acknowledgement_of_something_unknown_or_unreadable_is_refused(billing, session, said, told):
    assert app.tasks["billing.note_booking"](told) == Outcome.REFUSED
    assert said(ChargeBooked) == []


def test_only_a_charge_or_a_credit_can_be_booked(billing, say, acknowledge, said):
    letter = LetterWritten(letter_id=uuid4(), kind="quote", ticket_id="HN-1042")
    ended = QuoteExpired(ticket_id="HN-1042", quote_id="Q-HN-1042-2", version=1)
    say("billing", letter, ended)
    assert [acknowledge(event.event_id) for event in (letter, ended)] == [Outcome.REFUSED] * 2
    assert said(ChargeBooked) == []


def test_a_consumers_acknowledgement_is_a_task_of_the_billing_room(billing, database, servers):
    booked_id = str(uuid4())
    send_acknowledgement(booked_id, Booking("INV-7", PRICE))
    with app.connection_for_write() as connection, connection.channel() as channel:
        message = channel.basic_get("billing", no_ack=True)
    [[told], _options, _chain] = message.decode()
    assert message.headers["task"] == "billing.note_booking"
    assert told == {"booked_id": booked_id, "reference": "INV-7", "total": PRICE.model_dump()}


# webhooks


def test_a_webhook_is_signed_so_that_its_receiver_can_tell_it_is_ours(billing, say, hear):
    booked = charge()
    with webhook() as hook:
        billing(webhook_url=hook.address, webhook_secret=SECRET)
        say("billing", booked)
        assert hear(worker, "send_webhook") == [Outcome.DONE]
    [(path, headers, told)] = hook.calls
    assert (path, told["id"], headers["webhook-id"]) == ("/hook?key=a-secret", str(booked.event_id), told["id"])
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert headers["webhook-signature"].startswith("v1,")


def test_a_signature_is_the_one_that_the_specification_shows():
    # The worked example of the Standard Webhooks specification.
    made = gateway.signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
        SecretStr(SECRET),
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("system", ["none", "webhook"])
def test_a_webhook_that_takes_a_charge_has_booked_it_where_it_is_the_billing_system(
    billing, say, hear, said, *, system
):
    booked = charge()
    with webhook() as hook:
        billing(webhook_url=hook.address, webhook_secret=SECRET, system=system)
        say("billing", booked)
        hear(worker, "send_webhook")
    assert [(noted.booked_id, noted.total) for noted in said(ChargeBooked)] == (
        [(booked.event_id, PRICE)] if system == "webhook" else []
    )


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(500, Outcome.RETRY_LATER), (301, Outcome.RETRY_LATER), (400, Outcome.RETRY_LATER), (410, Outcome.DEAD)],
)
def test_a_webhook_that_says_no_is_asked_again_unless_it_is_gone(billing, say, hear, said, *, answer, outcome):
    with webhook() as hook:
        hook.answer = answer
        billing(webhook_url=hook.address, webhook_secret=SECRET, system="webhook")
        say("billing", charge())
        assert hear(worker, "send_webhook") == [outcome]
    assert len(hook.calls) == 1, "a redirection is not followed"
    assert said(ChargeBooked) == []


def test_without_a_webhook_nothing_is_posted(billing, say, hear):
    say("billing", charge())
    assert hear(worker, "send_webhook") == [Outcome.DONE]


# settings


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"webhook_url": "http://billing.example/hook", "webhook_secret": SECRET}, "https"),
        ({"webhook_url": "https://billing.example/hook"}, "WEBHOOK_SECRET"),
        ({"webhook_url": "https://billing.example/hook", "webhook_secret": "whsec_too-few"}, "Base64"),
        ({"system": "webhook"}, "WEBHOOK_URL"),
        ({"system": "fax"}, "system"),
        ({"api_key": "short"}, "api_key"),
    ],
)
def test_settings_that_would_not_work_are_told(billing, settings, told):
    billing(**settings)
    with pytest.raises(Misconfigured, match=told):
        billing_settings()
