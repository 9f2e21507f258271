"""What the billing system is told: CloudEvents 1.0 as its published schema says, and no personal data."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import TypeAdapter

from samples import PAID, RESTORE, ticket
from services.billing.rules.bookings import LONGEST_PAUSE, Acknowledgement, pause
from services.billing.rules.cloud_events import FEED, TO_BOOK, cloud_event
from services.billing.rules.event_schema import asyncapi, json_schema
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    LetterWritten,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    SubscriptionChanged,
    SubscriptionEnded,
    SubscriptionStarted,
)
from shared.money import Money
from shared.vocabulary import Requester

DOCS = Path(__file__).parents[3] / "docs" / "billing"
PRICE = Money.of(125, "EUR")
ANNA = Requester(name="Anna de Wit", email="anna@bloemen.example", phone="+31200000000", customer_id="c-1")
TICKET = ticket(
    subject="Please restore anna's shop",
    requester=ANNA,
    account="bloemen",
    customer_facts=("anna is often away",),
    approvers=("anna@bloemen.example",),
)
QUOTE = {"ticket_id": "HN-1042", "quote_id": "Q-HN-1042-1", "version": 1}
WHOSE = {"customer_id": "c-1", "account": "bloemen", "provider": "hypernode"}
PLAN = {"ticket_id": "HN-1042", "subscription_id": "Q-HN-1042-1"}
DAY = date(2026, 7, 1)
EVENTS = [
    QuoteIssued(
        **QUOTE, ticket=TICKET, decision=PAID, offer=RESTORE, total=PRICE, valid_until=datetime(2026, 7, 1, tzinfo=UTC)
    ),
    QuoteExpired(**QUOTE),
    QuoteWithdrawn(**QUOTE, reason="anna did not want it", agent="Anna of the desk"),
    ConsentRecorded(
        **QUOTE, consent_id=uuid4(), given_by="anna@bloemen.example", given_how="told to anna", total=PRICE
    ),
    ChargeRecorded(**QUOTE, **WHOSE, charge_id=uuid4(), line="restore", clause=RESTORE.clause, total=PRICE),
    ChargeCredited(
        **WHOSE,
        ticket_id="HN-1042",
        credit_id=uuid4(),
        charge_id=uuid4(),
        quote_id="Q-HN-1042-1",
        line="restore",
        total=PRICE,
        remaining=Money.of(0, "EUR"),
        agent="Anna of the desk",
        reason="anna was angry",
    ),
    SubscriptionStarted(**PLAN, **WHOSE, version=1, line="plan", starts_on=DAY, quantity=2),
    SubscriptionChanged(**PLAN, version=2, quantity=3, from_day=DAY),
    SubscriptionEnded(**PLAN, ends_on=DAY, paid_until=DAY, agent="Anna of the desk"),
]


def name_of(value):
    return type(value).__name__


@pytest.fixture(scope="module")
def published():
    """The published schema, as a consumer uses it."""
    schema = json.loads((DOCS / "events.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def test_every_event_of_the_feed_is_shown_here():
    assert {type(event) for event in EVENTS} == set(FEED)


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_an_event_has_the_attributes_of_cloudevents_and_is_as_the_published_schema_says(event, published):
    told = json.loads(json.dumps(cloud_event(event, "0-12-34")))
    published.validate(told)
    assert (told["specversion"], told["source"], told["subject"]) == ("1.0", "/scopedesk/billing", "HN-1042")
    assert (told["id"], told["cursor"]) == (str(event.event_id), "0-12-34")
    assert datetime.fromisoformat(told["time"]) == event.happened_at


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
@pytest.mark.parametrize("wrong", [{"type": "billing.no.such"}, {"data": {}}, {"id": "anything"}])
def test_the_published_schema_refuses_what_is_no_event_of_the_feed(event, wrong, published):
    with pytest.raises(ValidationError):
        published.validate(cloud_event(event, "0-12-34") | wrong)


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_no_person_can_be_recognised_in_the_feed(event):
    told = json.dumps(cloud_event(event, "0-12-34")).lower()
    assert "anna" not in told
    assert "+3120" not in told


def test_an_event_of_no_ticket_has_no_subject(published):
    told = cloud_event(QuoteExpired(quote_id="Q-HN-1042-1", version=1), "0-1-2")
    published.validate(told)
    assert "subject" not in told


@given(minor=st.integers(min_value=1, max_value=10**15), currency=st.from_regex(r"\A[A-Z]{3}\Z"))
def test_an_amount_goes_through_the_feed_to_the_cent(minor, currency):
    total = Money(minor=minor, currency=currency)
    charge = EVENTS[4].model_copy(update={"total": total})
    assert json.loads(json.dumps(cloud_event(charge, "0-1-2")))["data"]["total"] == {
        "minor": minor,
        "currency": currency,
    }


def test_a_charge_tells_its_line_its_clause_and_how_much_of_what_unit():
    told = cloud_event(EVENTS[4], "0-1-2")
    assert told["type"] == "billing.charge.recorded"
    assert (told["data"]["line"], told["data"]["clause"]) == ("restore", "hypernode.backups.restore-price")
    assert (told["data"]["quantity"], told["data"]["unit"]) == (1, "job")


def test_only_charges_and_credits_are_to_be_booked():
    assert [FEED[kind].name for kind in TO_BOOK] == ["billing.charge.recorded", "billing.charge.credited"]


def test_an_event_outside_the_feed_is_refused():
    with pytest.raises(KeyError):
        cloud_event(LetterWritten(letter_id=uuid4(), kind="quote"), "0-1-2")


def test_an_acknowledgement_names_the_event_and_the_amount_that_was_booked():
    told = Acknowledgement.model_validate_json(
        '{"booked_id": "6f1c4a1e-8a52-4a53-9a7e-0d8a3b1f1a11", "total": {"minor": 12500, "currency": "EUR"}, "more": 1}'
    )
    assert told.total.money == PRICE
    assert (told.booked_id, told.reference) == (UUID("6f1c4a1e-8a52-4a53-9a7e-0d8a3b1f1a11"), None)


def test_it_is_asked_again_after_a_minute_two_four_and_at_last_every_hour():
    minute = timedelta(minutes=1)
    assert [pause(minute, tries) / minute for tries in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


@given(first=st.integers(1, 86_400), tries=st.integers(1, 10_000))
def test_no_pause_is_longer_than_an_hour(first, tries):
    assert timedelta(0) < pause(timedelta(seconds=first), tries) <= LONGEST_PAUSE


# the published documents


def test_the_published_schema_is_the_one_of_this_version():
    assert json.loads((DOCS / "events.schema.json").read_text()) == json_schema(), "scopedesk billing schema"


def test_the_event_that_the_page_shows_is_as_the_schema_says(published):
    page = (DOCS.parent / "billing.md").read_text()
    published.validate(json.loads(page.partition("```json\n")[2].partition("```")[0]))


def test_the_page_shows_every_type_of_event():
    page = (DOCS.parent / "billing.md").read_text()
    for kind in FEED.values():
        stem, _, end = kind.name.rpartition(".")
        assert f"`{kind.name}`" in page or (f"`{stem}." in page and f"`.{end}`" in page)


def test_the_published_asyncapi_document_is_the_one_of_this_version():
    assert yaml.safe_load((DOCS / "asyncapi.yaml").read_text()) == asyncapi(), "scopedesk billing schema --asyncapi"


def test_the_asyncapi_document_has_a_channel_for_every_routing_key():
    document = asyncapi()
    addresses = [channel["address"] for channel in document["channels"].values()]
    assert addresses == [*(kind.name for kind in FEED.values()), "/acknowledgements"]
    assert all(operation["channel"]["$ref"].startswith("#/channels/") for operation in document["operations"].values())


def test_every_reference_in_the_asyncapi_document_leads_somewhere():
    document = asyncapi()

    def references(part):
        if isinstance(part, dict):
            yield from ([part["$ref"]] if "$ref" in part else [])
            part = part.values()
        if isinstance(part, list | type({}.values())):
            for inner in part:
                yield from references(inner)

    for reference in references(document):
        found = document
        for step in TypeAdapter(str).validate_python(reference).removeprefix("#/").split("/"):
            found = found[step]
