"""What our letters suggest to answer is what billing reads as consent; the letter around it is not."""

import pytest

from services.billing.rules import Token, agreed_token
from services.notifications.rules import letters
from shared import clock
from shared.events import QuoteIssued
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import Channel, Decision, PriceOffer, Requester, TicketFacts, Verdict

PRICE = Money.of(125, "EUR")


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("approvers", [(), ("anna@bloemen.example",), ("owner@bloemen.example",)])
def test_the_line_that_a_quote_suggests_is_a_clear_yes_and_the_letter_is_none(language, version, approvers):
    issued = QuoteIssued(
        ticket_id="HN-1042",
        quote_id="Q-HN-1042-1",
        version=version,
        ticket=TicketFacts(
            ticket_id="HN-1042",
            provider="hypernode",
            channel=Channel.EMAIL,
            subject="Restore",
            requester=Requester(name="Anna", email="anna@bloemen.example"),
            approvers=approvers,
            received_at=clock.now(),
        ),
        decision=Decision(verdict=Verdict.PAID),
        offer=PriceOffer(
            line="restore", clause="hypernode.backups.restore-price", title="Restore", unit="job", amount=PRICE
        ),
        total=PRICE,
        valid_until=clock.now(),
    )
    letter = letters.quote(issued, issued.ticket, "https://quotes.example/quotes/mark", load_policies(), language)
    [suggested] = [line for line in letter.splitlines() if issued.token in line and "versi" not in line]
    assert agreed_token(suggested) == Token("Q-HN-1042-1", version)
    assert agreed_token(letter) is None
