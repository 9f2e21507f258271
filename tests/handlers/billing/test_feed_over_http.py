"""The billing feed over HTTP: each event once, from a cursor, for whoever has the key."""

from uuid import uuid4

import pytest

from services.billing.settings import billing_settings
from services.billing.web.app import create_app
from shared.events import ChargeBooked, ChargeRecorded, QuoteExpired
from shared.money import Money
from web_client import Web

KEY = "a-key-of-the-billing-system"
BEARER = {"Authorization": f"Bearer {KEY}"}
PRICE = Money.of(125, "EUR")


def expired(number):
    return QuoteExpired(ticket_id="HN-1042", quote_id=f"Q-HN-1042-{number}", version=1)


@pytest.fixture
def open_feed(monkeypatch):
    monkeypatch.setenv("SCOPEDESK_BILLING_API_KEY", KEY)
    billing_settings.cache_clear()
    yield
    monkeypatch.undo()
    billing_settings.cache_clear()


@pytest.fixture
def web(database):
    return Web(create_app())


@pytest.fixture
def charge(say):
    charge_id = uuid4()
    event = ChargeRecorded(
        event_id=charge_id,
        ticket_id="HN-1042",
        charge_id=charge_id,
        quote_id="Q-HN-1042-1",
        version=1,
        line="restore",
        clause="hypernode.backups.restore-price",
        customer_id="c-1",
        account="bloemen",
        provider="hypernode",
        total=PRICE,
    )
    say("billing", event)
    return event


def test_a_reader_that_follows_the_links_sees_each_event_once(open_feed, web, say):
    say("billing", *map(expired, range(5)))
    path, seen, sizes = "/events?limit=2", [], []
    while path:
        answer = web.get(path, headers=BEARER)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/cloudevents-batch+json"
        seen += answer.json()
        sizes.append(len(answer.json()))
        path = answer.links.get("next", {}).get("url")
    assert [event["data"]["quote_id"] for event in seen] == [f"Q-HN-1042-{number}" for number in range(5)]
    assert sizes == [2, 2, 1]


def test_a_reader_goes_on_after_the_cursor_that_it_kept(open_feed, web, say):
    say("billing", expired(1))
    [kept] = web.get("/events", headers=BEARER).json()
    assert web.get("/events", headers=BEARER, params={"after": kept["cursor"]}).json() == []
    say("billing", expired(2))
    [new] = web.get("/events", headers=BEARER, params={"after": kept["cursor"]}).json()
    assert new["data"]["quote_id"] == "Q-HN-1042-2"


def test_what_is_acknowledged_over_http_is_booked_once(open_feed, web, charge, said):
    told = {"booked_id": str(charge.event_id), "reference": "INV-9", "total": {"minor": 12500, "currency": "EUR"}}
    answers = [web.post("/acknowledgements", headers=BEARER, json=told) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == {"booked_id": told["booked_id"], "status": "booked"}
    [booked] = said(ChargeBooked)
    assert (booked.reference, booked.total) == ("INV-9", PRICE)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"booked_id": str(uuid4()), "total": {"minor": 1, "currency": "EUR"}}, 404),
        ({"booked_id": str(uuid4()), "total": {"minor": 1.5, "currency": "EUR"}}, 422),
        ({"booked_id": str(uuid4()), "total": {"minor": 1, "currency": "euro"}}, 422),
        ({}, 422),
    ],
)
def test_an_acknowledgement_that_fits_nothing_is_a_problem_document(open_feed, web, said, told, status):
    answer = web.post("/acknowledgements", headers=BEARER, json=told)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said(ChargeBooked) == []


@pytest.mark.parametrize("query", ["after=yesterday", "limit=0", "limit=1001"])
def test_a_wrong_question_is_a_problem_document(open_feed, web, query):
    answer = web.get(f"/events?{query}", headers=BEARER)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), [("GET", "/events"), ("POST", "/acknowledgements")])
def test_nobody_without_the_key_reads_or_acknowledges(open_feed, web, method, path):
    assert web.request(method, path).status_code == 401
    assert web.request(method, path, headers={"Authorization": "Bearer another-key-altogether"}).status_code == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "/events"), ("POST", "/acknowledgements")])
def test_while_no_key_is_set_everybody_is_refused_and_told_what_opens_it(web, method, path):
    billing_settings.cache_clear()
    answer = web.request(method, path, headers=BEARER)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "SCOPEDESK_BILLING_API_KEY" in answer.json()["detail"]
