"""Which work is quoted, and when a decision changes a quote."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.billing import rules
from services.billing.rules import PaidWork, Quote, QuoteState
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import FURTHER, Basis, Decision, PriceOffer, Verdict

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
PRICE = Money.of(125, "EUR")
RESTORE = PriceOffer(
    line="restore", clause="hypernode.backups.restore-price", title="Restore", unit="job", amount=PRICE
)
PAID = Decision(verdict=Verdict.PAID, price=RESTORE, needs_person=False)
COURTESY = Decision(verdict=Verdict.COURTESY, needs_person=False)
QUOTE = Quote(
    quote_id="Q-HN-1042-1",
    version=1,
    ticket_id="HN-1042",
    offer=RESTORE,
    total=PRICE,
    decided_at=NOON,
    valid_until=NOON + timedelta(days=14),
    approvers=frozenset(),
    state=QuoteState.OFFERED,
)


def totals(decision):
    return [(work.offer.line, work.total) for work in rules.paid_work(decision)]


def test_paid_work_with_a_stated_price_is_offered_at_it():
    assert totals(PAID) == [("restore", PRICE)]


def test_the_total_of_an_offer_counts_where_it_differs_from_the_amount_of_one_unit():
    twice = RESTORE.model_copy(update={"total": PRICE.times(2)})
    assert totals(PAID.model_copy(update={"price": twice})) == [("restore", PRICE.times(2))]


def test_paid_parts_of_a_mixed_message_are_offered_in_the_language_of_the_reply():
    mixed = Decision(verdict=Verdict.MIXED, reply_language="nl", needs_person=False, parts=(COURTESY, PAID))
    (work,) = rules.paid_work(mixed)
    assert (work.total, work.decision.verdict, work.decision.reply_language) == (PRICE, Verdict.PAID, "nl")


def test_a_doubtful_question_beside_it_does_not_hold_up_a_sure_offer():
    doubtful = COURTESY.model_copy(update={"needs_person": True})
    assert totals(Decision(verdict=Verdict.MIXED, needs_person=True, parts=(doubtful, PAID))) == [("restore", PRICE)]


def test_a_line_is_offered_once_however_often_it_is_asked_for():
    assert totals(Decision(verdict=Verdict.MIXED, needs_person=False, parts=(PAID, PAID))) == [("restore", PRICE)]


@pytest.mark.parametrize(
    "decision",
    [
        PAID.model_copy(update={"needs_person": True}),
        PAID.model_copy(update={"price": RESTORE.model_copy(update={"amount": None})}),
        PAID.model_copy(update={"price": None, "clauses": ("hypernode.backups.restore-paid",)}),
        Decision(
            verdict=Verdict.MIXED, needs_person=False, parts=(PAID.model_copy(update={"needs_person": True}), COURTESY)
        ),
    ],
)
def test_without_a_stated_price_or_a_sure_verdict_a_person_quotes(decision):
    assert [work.total for work in rules.paid_work(decision)] == [None]


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.PAID])
def test_a_price_beside_another_verdict_is_no_offer(verdict):
    assert rules.paid_work(PAID.model_copy(update={"verdict": verdict})) == []


def test_only_a_newer_decision_at_another_price_changes_a_quote_and_never_one_agreed_to():
    dearer = PaidWork(PAID, RESTORE, PRICE.times(2))
    later = NOON + timedelta(minutes=1)
    assert rules.is_news(dearer, later, QUOTE)
    assert not rules.is_news(dearer, NOON, QUOTE)
    assert not rules.is_news(PaidWork(PAID, RESTORE, PRICE), later, QUOTE)
    assert not rules.is_news(dearer, later, replace(QUOTE, state=QuoteState.AGREED))


@pytest.mark.parametrize("state", [QuoteState.WITHDRAWN, QuoteState.EXPIRED])
def test_work_that_is_paid_again_is_offered_again(state):
    assert rules.is_news(PaidWork(PAID, RESTORE, PRICE), NOON + timedelta(minutes=1), replace(QUOTE, state=state))


@pytest.mark.parametrize(
    ("state", "work", "loose"),
    [
        (QuoteState.OFFERED, [], True),
        (QuoteState.DRAFT, [], True),
        (QuoteState.OFFERED, [PaidWork(PAID, RESTORE, PRICE.times(2))], False),  # a new version takes its place
        (QuoteState.EXPIRED, [], False),
        (QuoteState.AGREED, [], True),
        (QuoteState.AGREED, [PaidWork(PAID, RESTORE, PRICE)], False),
        (QuoteState.AGREED, [PaidWork(PAID, RESTORE, PRICE.times(2))], True),
    ],
)
def test_a_quote_no_longer_fits_when_its_work_is_gone_or_was_agreed_to_at_another_price(state, work, loose):
    assert bool(rules.no_longer_fits(work, [replace(QUOTE, state=state)])) is loose


def test_the_first_offer_is_version_one_also_after_a_draft():
    offer, draft = PaidWork(PAID, RESTORE, PRICE), PaidWork(PAID, RESTORE, None)
    assert (rules.next_version(offer, None), rules.next_version(draft, None)) == (1, 0)
    assert rules.next_version(offer, replace(QUOTE, version=0, state=QuoteState.DRAFT)) == 1
    assert rules.next_version(offer, QUOTE) == 2


# a person's price

HOURLY = PriceOffer(
    line="recompilation",
    clause="h-sphere.services.recompilation",
    title="Recompilation",
    unit="started-hour",
    basis=Basis.HOURS,
    quantity=3,
    amount=Money.of(60, "USD"),
)


def line(provider, name):
    return load_policies().provider(provider).prices[name]


def plan(name, quantity):
    stated = line("h-sphere", name)
    return PriceOffer(
        line=name, clause=stated.clause, title="Plan", unit=stated.unit, basis=Basis.PLAN, quantity=quantity
    )


def test_hours_at_a_persons_rate_come_to_the_most_that_may_be_worked():
    offer = rules.priced(HOURLY, line("h-sphere", "recompilation"))
    assert offer.total == Money.of(180, "USD")
    assert rules.objection_to_price(offer, line("h-sphere", "recompilation"), None) is None


def test_a_stated_price_is_filled_in_and_no_other_is_offered():
    restore = line("hypernode", "restore")
    assert rules.priced(RESTORE.model_copy(update={"amount": None}), restore).total == PRICE
    dearer = rules.priced(RESTORE.model_copy(update={"amount": Money.of(150, "EUR")}), restore)
    assert rules.objection_to_price(dearer, restore, None) == (
        "the policy states EUR 125.00: offer that; a part of it can be given back once it is charged"
    )


@pytest.mark.parametrize(
    ("name", "servers", "total"), [("priority-plan", 6, Money.of(1200, "USD")), ("regular-plan", 1, Money.of(0, "USD"))]
)
def test_a_plan_comes_to_what_is_due_for_its_minimum_term(name, servers, total):
    offer = rules.priced(plan(name, servers), line("h-sphere", name))
    assert offer.total == total
    assert rules.objection_to_price(offer, line("h-sphere", name), None) is None


@pytest.mark.parametrize(
    ("fields", "quote", "reason"),
    [
        ({"amount": None}, None, "it has no price"),
        ({"amount": Money.of(0, "USD")}, None, "the price is not above zero"),
        ({"basis": Basis.PLAN}, None, "only a plan is paid as a plan"),
        ({}, replace(QUOTE, state=QuoteState.AGREED), "it was agreed to: offer further work instead"),
        ({}, QUOTE, "it is for other work: offer that as a quote of its own"),
    ],
)
def test_an_offer_that_cannot_be_made_says_why(fields, quote, reason):
    offer = rules.priced(HOURLY.model_copy(update=fields), line("h-sphere", "recompilation"))
    assert rules.objection_to_price(offer, line("h-sphere", "recompilation"), quote) == reason


def test_what_a_person_priced_keeps_its_price_when_the_policy_states_none():
    unpriced = PAID.model_copy(update={"price": RESTORE.model_copy(update={"amount": None})})
    (work,) = rules.paid_work(unpriced)
    priced = replace(QUOTE, priced_by="Vera")
    assert not rules.is_news(work, NOON + timedelta(hours=1), priced)
    assert rules.no_longer_fits([work], [priced, replace(priced, state=QuoteState.AGREED)]) == []


def test_a_decision_on_one_unit_leaves_how_many_a_person_offered_at_that_price():
    two = RESTORE.model_copy(update={"quantity": 2, "total": PRICE.times(2)})
    priced = replace(QUOTE, offer=two, total=PRICE.times(2), priced_by="Vera")
    same, dearer = PaidWork(PAID, RESTORE, PRICE), RESTORE.model_copy(update={"amount": PRICE.times(3)})
    assert not rules.is_news(same, NOON + timedelta(hours=1), priced)
    assert rules.no_longer_fits([same], [replace(priced, state=QuoteState.AGREED)]) == []
    assert rules.is_news(PaidWork(PAID, dearer, PRICE.times(3)), NOON + timedelta(hours=1), priced)


def test_a_decision_leaves_how_many_servers_a_person_offered_a_plan_for():
    priority = line("h-sphere", "priority-plan")
    one, six = (rules.priced(plan("priority-plan", servers), priority) for servers in (1, 6))
    priced = replace(QUOTE, offer=six, total=six.total, priced_by="Vera", state=QuoteState.AGREED)
    assert rules.no_longer_fits([PaidWork(PAID, one, one.total)], [priced]) == []


def test_a_title_is_one_line_in_every_letter():
    offer = rules.priced(HOURLY.model_copy(update={"title": "Recompilation\r\n\r\nI agree  to it"}), None)
    assert offer.title == "Recompilation I agree to it"


def test_no_decision_takes_back_what_a_person_offered_as_further_work():
    further = replace(QUOTE, offer=RESTORE.model_copy(update={"line": FURTHER}), priced_by="Vera")
    assert rules.no_longer_fits([], [further, replace(further, state=QuoteState.AGREED)]) == []


def test_a_person_prices_the_first_year_of_a_share_of_licence_fees_where_the_free_one_is_over():
    regular = line("h-sphere", "regular-plan")
    offer = PriceOffer(
        line=regular.id,
        clause=regular.clause,
        title="Regular",
        unit="year",
        basis=Basis.PLAN,
        amount=Money.of(900, "USD"),
    )
    assert rules.objection_to_price(rules.priced(offer, regular), regular, None) is None
    below = rules.priced(offer.model_copy(update={"amount": Money.of(-1, "USD")}), regular)
    assert rules.objection_to_price(below, regular, None) == "the price is not above zero"
