"""What the billing system is told: CloudEvents 1.0, and no personal data."""

import json
from datetime import datetime
from uuid import uuid4

import pytest

from services.billing.rules import FEED, cloud_event
from shared import clock
from shared.events import ChargeRecorded, ConsentRecorded, LetterWritten, QuoteExpired, QuoteIssued, QuoteWithdrawn
from shared.money import Money
from shared.vocabulary import Channel, Decision, PriceOffer, Requester, TicketFacts, Verdict

PRICE = Money.of(125, "EUR")
OFFER = PriceOffer(line="restore", clause="hypernode.backups.restore-price", title="Restore", unit="job", amount=PRICE)
TICKET = TicketFacts(
    ticket_id="HN-1042",
    provider="hypernode",
    channel=Channel.EMAIL,
    subject="Please restore anna's shop",
    requester=Requester(name="Anna de Wit", email="anna@bloemen.example", phone="+31200000000", customer_id="c-1"),
    account="bloemen",
    customer_facts=("anna is often away",),
    approvers=("anna@bloemen.example",),
    received_at=clock.now(),
)
QUOTE = {"ticket_id": "HN-1042", "quote_id": "Q-HN-1042-1", "version": 1}
EVENTS = [
    QuoteIssued(
        **QUOTE,
        ticket=TICKET,
        decision=Decision(verdict=Verdict.PAID),
        offer=OFFER,
        total=PRICE,
        valid_until=clock.now(),
    ),
    QuoteExpired(**QUOTE),
    ConsentRecorded(
        **QUOTE, consent_id=uuid4(), given_by="anna@bloemen.example", given_how="told to anna", total=PRICE
    ),
    ChargeRecorded(
        **QUOTE,
        charge_id=uuid4(),
        line="restore",
        clause=OFFER.clause,
        customer_id="c-1",
        account="bloemen",
        provider="hypernode",
        total=PRICE,
    ),
    QuoteWithdrawn(**QUOTE),
]


def test_every_event_of_the_feed_is_shown_here():
    assert {type(event) for event in EVENTS} == set(FEED)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_has_the_attributes_of_cloudevents_and_json_can_carry_it(event):
    told = json.loads(json.dumps(cloud_event(event, "12-34")))
    assert told["specversion"] == "1.0"
    assert told["id"] == str(event.event_id)
    assert (told["source"], told["subject"], told["cursor"]) == ("/scopedesk/billing", "HN-1042", "12-34")
    assert datetime.fromisoformat(told["time"]) == event.happened_at
    assert told["data"]["quote_id"] == "Q-HN-1042-1"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_no_person_can_be_recognised_in_the_feed(event):
    told = json.dumps(cloud_event(event, "12-34")).lower()
    assert "anna" not in told
    assert "+3120" not in told


def test_a_charge_tells_the_amount_in_minor_units_its_line_and_its_clause():
    told = cloud_event(EVENTS[3], "12-34")
    assert told["type"] == "scopedesk.charge.recorded"
    assert told["data"]["total"] == {"minor": 12500, "currency": "EUR"}
    assert (told["data"]["line"], told["data"]["clause"]) == ("restore", "hypernode.backups.restore-price")


def test_an_event_outside_the_feed_is_refused():
    with pytest.raises(KeyError):
        cloud_event(LetterWritten(letter_id=uuid4(), kind="quote"), "12-34")
