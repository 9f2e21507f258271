"""No charge without a consent that fits the quote, the amount and the person."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import Agreement, Charge, Consent, Quote, QuoteState, Refusal, Token, agreed_token
from shared.money import Money
from shared.vocabulary import PriceOffer

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
PRICE = Money.of(125, "EUR")
RESTORE = PriceOffer(
    line="restore", clause="hypernode.backups.restore-price", title="Restore", unit="job", amount=PRICE
)
QUOTE = Quote(
    quote_id="Q-HN-1042-1",
    version=1,
    ticket_id="HN-1042",
    offer=RESTORE,
    total=PRICE,
    decided_at=NOON - timedelta(days=1),
    valid_until=NOON + timedelta(days=13),
    approvers=frozenset({"anna@bloemen.example"}),
    state=QuoteState.OFFERED,
)
YES = Agreement(
    quote_id="Q-HN-1042-1",
    version=1,
    total=PRICE,
    given_by="Anna@bloemen.example",
    given_how="email",
    given_at=NOON,
    vouched_for=True,
)


def test_a_fitting_agreement_is_a_consent_and_gives_a_charge_of_exactly_that_amount():
    consent = Consent.to(QUOTE, YES)
    assert isinstance(consent, Consent)
    assert (consent.given_by, consent.total) == ("anna@bloemen.example", PRICE)
    assert Charge.of(consent).total == PRICE


@pytest.mark.parametrize(
    ("quote", "agreement", "reason"),
    [
        ({}, {"quote_id": "Q-HN-1042-2"}, "another quote"),
        ({"version": 2}, {}, "version 1"),
        ({"state": QuoteState.DRAFT, "total": None}, {"total": None}, "draft"),
        ({"state": QuoteState.SUPERSEDED}, {}, "superseded"),
        ({}, {"given_at": QUOTE.valid_until}, "no longer valid"),
        ({"state": QuoteState.EXPIRED}, {"given_at": QUOTE.valid_until}, "no longer valid"),
        ({}, {"total": Money.of("124.99", "EUR")}, "EUR 124.99"),
        ({}, {"total": Money.of(125, "USD")}, "USD 125.00"),
        ({}, {"given_by": "bob@bloemen.example"}, "may approve costs"),
        ({}, {"given_by": None}, "may approve costs"),
        ({"approvers": frozenset()}, {"given_by": None}, "may approve costs"),
        ({}, {"vouched_for": False}, "not authenticated"),
    ],
)
def test_an_agreement_that_does_not_fit_is_refused_with_the_reason(quote, agreement, reason):
    outcome = Consent.to(dataclasses.replace(QUOTE, **quote), dataclasses.replace(YES, **agreement))
    assert isinstance(outcome, Refusal)
    assert reason in outcome.reason


def test_an_agreement_given_in_time_counts_though_the_end_of_the_offer_was_heard_first():
    given = dataclasses.replace(YES, given_at=QUOTE.valid_until - timedelta(microseconds=1))
    assert isinstance(Consent.to(dataclasses.replace(QUOTE, state=QuoteState.EXPIRED), given), Consent)


def test_neither_a_consent_nor_a_charge_can_be_made_by_hand():
    consent = Consent.to(QUOTE, YES)
    with pytest.raises(TypeError):
        Consent(QUOTE, PRICE, "eve@elsewhere.example", "email", NOON, seal=object())
    with pytest.raises(TypeError):
        Charge(consent, seal=object())
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(consent, total=Money.of(1, "EUR"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        consent.total = Money.of(1, "EUR")


def test_the_id_of_a_charge_follows_from_quote_version_and_line():
    def charge_of(**fields):
        agreement = dataclasses.replace(YES, version=fields.get("version", 1))
        return Charge.of(Consent.to(dataclasses.replace(QUOTE, **fields), agreement)).charge_id

    assert charge_of() == charge_of(offer=RESTORE.model_copy(update={"clause": "another"}))
    assert len({charge_of(), charge_of(version=2), charge_of(offer=RESTORE.model_copy(update={"line": "other"}))}) == 3


# reading a yes


@pytest.mark.parametrize(
    "text",
    [
        "I agree to quote Q-HN-1042-1.",
        "I agree\n\nQ-HN-1042-1",
        "Yes, agreed: q-hn-1042-1",
        "Hi,\n\nWe accept Q-HN-1042-1, please start.\n\nKind regards,\nAnna",
        "Approved. Q-HN-1042-1",
        "Akkoord met Q-HN-1042-1.",
        "Beste,\n\nIk ga akkoord met Q-HN-1042-1.\n\nGroet, Anna",
        "Hierbij ga ik akkoord met de offerte Q-HN-1042-1",
        "Ja, akkoord. Q-HN-1042-1\n\n> Wilt u dit niet? Negeer dan Q-HN-1042-1.",
        "I agree to Q-HN-1042-1 (Q-HN-1042-1)",
    ],
)
def test_a_clear_yes_that_names_the_quote_is_read(text):
    assert agreed_token(text) == Token("Q-HN-1042-1", 1)


@pytest.mark.parametrize(
    "text",
    [
        "I agree",
        "Akkoord",
        "Q-HN-1042-1",
        "I do not agree to Q-HN-1042-1",
        "I don't agree with Q-HN-1042-1",
        "I disagree with Q-HN-1042-1",
        "Ik ga niet akkoord met Q-HN-1042-1",
        "Nog geen akkoord op Q-HN-1042-1",
        "I agree to Q-HN-1042-1 if you do it tonight",
        "I agree to Q-HN-1042-1, but EUR 100 at most",
        "Akkoord met Q-HN-1042-1, mits het vandaag lukt",
        "Do I agree to Q-HN-1042-1?",
        "Zijn jullie het eens over Q-HN-1042-1",
        "Kunt u uitleggen wat een akkoord op Q-HN-1042-1 inhoudt",
        "I agree to Q-HN-1042-1 and Q-HN-1042-2",
        "What happens once I agree to Q-HN-1042-1",
        "We will agree on Q-HN-1042-1 with our management",
        "Thanks for Q-HN-1042-1, my boss has to look at it",
        "> I agree to Q-HN-1042-1",
        "Thanks!\n> Reply with: I agree Q-HN-1042-1",
        "I agree to Q-HN-1042-1-draft",
        "I agree that Q-HN-1042-1 is a lot of money",
        "We agree with the others, Q-HN-1042-1 is too expensive",
        "I agree to think about Q-HN-1042-1",
        "I agree to Q-HN-1042-1 later",
        "Ik ga akkoord met uw antwoord. Q-HN-1042-1 vind ik te duur",
        "",
    ],
)
def test_anything_less_than_a_clear_yes_is_left_to_a_person(text):
    assert agreed_token(text) is None


@pytest.mark.parametrize(
    "text", ["I agree to Q-HN-1042-1 v2", "Akkoord: Q-HN-1042-1, versie 2", "Agreed, Q-HN-1042-1 V2."]
)
def test_a_later_version_has_to_be_named(text):
    assert agreed_token(text) == Token("Q-HN-1042-1", 2)


@given(st.text())
def test_any_text_can_be_read(text):
    assert agreed_token(text) is None or "Q-" in text.upper()


@given(st.text(alphabet=st.characters(exclude_characters="\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")))
def test_a_quoted_yes_is_never_a_yes(words):
    assert agreed_token(f"{'>'} I agree to Q-HN-1042-1 {words}") is None
