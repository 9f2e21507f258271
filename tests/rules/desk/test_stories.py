import itertools
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.desk.rules import money, story, summary
from services.desk.rules.sentences import describe
from services.desk.rules.summary import QuoteState, Sort, State, TicketQuery
from shared.errors import Permanent
from shared.events import (
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    LetterRefused,
    LetterSent,
    LetterSuppressed,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
)
from shared.money import Money
from shared.policies import load_policies
from shared.topology import HEARERS
from shared.vocabulary import (
    Channel,
    Decision,
    PriceOffer,
    Requester,
    ResumeReason,
    Routing,
    Target,
    TargetName,
    TicketFacts,
    Verdict,
    WaitingForCustomer,
)

START = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)
OFFER = PriceOffer(line="restore", clause="hypernode.backups.restore-price", title="Restoring", unit="job")
FACTS = TicketFacts(
    ticket_id="HN-1042",
    provider="hypernode",
    channel=Channel.EMAIL,
    subject="Restore",
    requester=Requester(email="anna@winkel.example"),
    received_at=START,
)
DECISION = Decision(verdict=Verdict.PAID, clauses=("a.b.c",), needs_person=False)
ROUTING = Routing(
    team="Technical support",
    calendar="hypernode",
    counted_on="hypernode",
    priority=1,
    starts_at=START,
    targets=tuple(
        Target(name=name, minutes=60, due_at=START, house_default=True, started_at=START)
        for name in (TargetName.FIRST_RESPONSE, TargetName.RESOLUTION)
    ),
    policy_version="v1",
)


def issued(version, euros):
    return QuoteIssued(
        ticket_id="HN-1042",
        quote_id="Q-HN-1042-1",
        version=version,
        ticket=FACTS,
        decision=DECISION,
        offer=OFFER,
        total=Money.of(euros, "EUR"),
        valid_until=START + timedelta(days=14),
    )


QUOTE = {"ticket_id": "HN-1042", "quote_id": "Q-HN-1042-1"}
AGREED = ConsentRecorded(
    **QUOTE,
    version=1,
    consent_id=uuid4(),
    given_by="anna@winkel.example",
    given_how="email",
    total=Money.of(125, "EUR"),
)
CHARGED = ChargeRecorded(
    **QUOTE, version=1, charge_id=uuid4(), line="restore", clause="c", customer_id=None, account=None,
    provider="hypernode", total=Money.of(125, "EUR"),
)  # fmt: skip


@pytest.mark.parametrize("events", list(itertools.permutations([issued(1, 125), AGREED, CHARGED])))
def test_a_quote_is_told_alike_whatever_came_first(events):
    [quote] = money.quotes(events)
    assert quote.state is QuoteState.CHARGED
    assert (quote.title, quote.agreed_by, quote.total) == ("Restoring", "anna@winkel.example", Money.of(125, "EUR"))


def test_a_new_version_of_a_quote_needs_a_new_consent():
    [quote] = money.quotes([issued(1, 125), AGREED, issued(2, 250)])
    assert (quote.version, quote.state, quote.agreed_by) == (2, QuoteState.OFFERED, None)


def test_a_draft_has_no_price_until_a_person_names_one():
    draft = QuoteDrafted(**QUOTE, ticket=FACTS, offer=OFFER)
    assert money.quotes([draft])[0].total is None
    assert money.quotes([draft, issued(1, 99)])[0].total == Money.of(99, "EUR")


def test_an_offer_that_nobody_took_is_expired():
    [quote] = money.quotes([QuoteExpired(**QUOTE, version=1), issued(1, 125)])
    assert (quote.state, quote.total) == (QuoteState.EXPIRED, Money.of(125, "EUR"))


def test_a_yes_that_does_not_count_is_told_with_what_is_missing():
    refused = ConsentRefused(**QUOTE, version=1, given_how="email", reason="the sender is not authenticated")
    told = story.tell(
        line(consent_waits=True),
        facts=FACTS,
        decision=None,
        routing=None,
        events=[issued(1, 125), refused],
        policy=load_policies().provider("hypernode"),
    )
    assert [(yes.quote_id, yes.reason) for yes in told.billing.refused_consents] == [("Q-HN-1042-1", refused.reason)]
    assert told.billing.quotes[0].state is QuoteState.OFFERED


LETTER = {"ticket_id": "HN-1042", "letter_id": uuid4(), "kind": "quote"}


@pytest.mark.parametrize(
    ("event", "state", "reason"),
    [
        (LetterSuppressed(**LETTER, reason="no-address"), "suppressed", "no-address"),
        (LetterSent(**LETTER, message_id="<a@b>"), "sent", None),
        (LetterSent(**LETTER, message_id="<a@b>", confirmed=False), "sent", "the mail server did not confirm it"),
        (LetterRefused(**LETTER, reason="550 no"), "refused", "550 no"),
    ],
)
def test_a_letter_is_told_with_what_became_of_it(event, state, reason):
    told = story.tell(
        line(), facts=FACTS, decision=None, routing=None, events=[event], policy=load_policies().provider("hypernode")
    )
    assert [(letter.state, letter.reason) for letter in told.letters] == [(state, reason)]


def line(**changes):
    known = {
        "state": State.OPEN,
        "due_at": START,
        "answered_at": None,
        "breached": False,
        "letter_refused": False,
        "letter_suppressed": False,
        "consent_waits": False,
        "quotes": (),
    }
    return summary.summarise(FACTS, DECISION, ROUTING, **known | changes)


def test_the_next_due_time_says_what_it_is_for_and_whose_it_is():
    row = line()
    assert (row.due_for, row.due_is_house_default) == (TargetName.FIRST_RESPONSE, True)
    assert line(answered_at=START).due_for is TargetName.RESOLUTION
    assert line(due_at=None).due_for is None


def test_a_ticket_is_on_its_line_before_anything_is_decided():
    row = summary.summarise(
        FACTS,
        None,
        None,
        state=State.OPEN,
        due_at=None,
        answered_at=None,
        breached=False,
        letter_refused=False,
        letter_suppressed=False,
        consent_waits=False,
        quotes=(),
    )
    assert (row.number, row.verdict, row.team, row.price) == ("HN-1042", None, None, None)


@given(moment=st.datetimes(timezones=st.just(UTC)))
def test_a_cursor_leads_back_to_its_line(moment):
    row = line(due_at=moment)
    assert summary.read_cursor(summary.cursor(row, Sort.DUE)) == (moment, "HN-1042", 0)
    assert summary.read_cursor(summary.cursor(row, Sort.NEWEST)) == (START, "HN-1042", 0)


def test_a_line_without_due_time_has_a_cursor_too():
    assert summary.read_cursor(summary.cursor(line(due_at=None), Sort.DUE)) == (None, "HN-1042", 0)


@pytest.mark.parametrize("words", ["", "nonsense", "~", "2026-06-05T09:00:00~HN-1~0", "yesterday~HN-1~0", "~HN-1"])
def test_what_is_no_cursor_is_refused(words):
    with pytest.raises(Permanent, match="is no cursor"):
        summary.read_cursor(words)


def test_an_empty_filter_is_none():
    assert TicketQuery.model_validate({"provider": "", "verdict": "", "sort": "latest-start"}) == TicketQuery()


OF_NO_TICKET = ("Email", "Call", "AutomaticLetters", "Books", "Licence")
OF_TICKETS = [event for event in HEARERS if not event.__name__.startswith(OF_NO_TICKET)]


@pytest.mark.parametrize("event", OF_TICKETS, ids=lambda event: event.__name__)
def test_every_event_of_a_ticket_has_a_sentence(event):
    told = event.model_construct(
        ticket=FACTS,
        author=FACTS.requester,
        decision=DECISION,
        routing=ROUTING,
        channel="email",
        target="resolution",
        quote_id="Q-1",
        version=1,
        total=Money.of(1, "EUR"),
        given_by="a",
        given_how="email",
        taken_by="b",
        agent="c",
        kind="charge_notice",
        reason="d",
        confirmed=True,
        percent=50,
        to="team lead",
        level=1,
        changes=(),
        why=ResumeReason.AGENT,
        standstill=WaitingForCustomer(),
        by="e",
        until=START,
        resumed_at=START,
        minutes_given_back=0,
        plan=None,
        emergency=None,
        person="f",
        best_effort=True,
        way="webhook",
        precedents=(),
        question=None,
        verdict="courtesy",
        approver=None,
        fact="g",
        permanent=True,
        status="5.1.1",
        mailbox="support@hypernode.example",
        is_courtesy=False,
        is_repeat=False,
        reopenings=2,
        name="offer.pdf",
        other_ticket_id="HN-1043",
        into="HN-1041",
        merged="HN-1042",
        new_ticket_id="HN-1044",
        customer_id="c-1",
        evidence=("both say redis",),
        answered_at=START,
        talk_seconds=90,
        one_of=("HN-1042", "HN-1043"),
        reached_at=START,
        offer=OFFER,
        note="h",
        minutes=90,
        over_minutes=30,
        worked_minutes=90,
        allowed_minutes=60,
        whose="the ticket's",
        reverses=None,
        remaining=Money.of(0, "EUR"),
        amount=None,
        reference="INV-7",
        clause="c",
        period_from=None,
        tries=1,
        subscription_id="Q-1",
        starts_on=START.date(),
        ends_on=START.date(),
        paid_until=START.date(),
        from_day=START.date(),
        unit="month",
        quantity=2,
        number=1,
    )
    assert describe(told).endswith(".")
