"""Paid work is quoted, agreed to and charged, each once, on real tables."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.billing.tasks import worker
from shared import clock
from shared.bus import feed
from shared.bus.worker import Outcome
from shared.events import (
    ChargeQuestioned,
    ChargeRecorded,
    ConsentGiven,
    ConsentRecorded,
    ConsentRefused,
    QuoteDrafted,
    QuoteExpired,
    QuoteIssued,
    QuotePriced,
    QuoteRefused,
    QuoteVoided,
    QuoteWithdrawn,
    ScopeDecided,
    TicketReplied,
    derived_id,
)
from shared.money import Money
from shared.vocabulary import Basis, Channel, Decision, PriceOffer, Requester, TicketFacts, Verdict

PRICE = Money.of(125, "EUR")
RESTORE = PriceOffer(
    line="restore", clause="hypernode.backups.restore-price", title="Restore", unit="job", amount=PRICE
)
PAID = Decision(verdict=Verdict.PAID, price=RESTORE, needs_person=False)
ANNA = Requester(name="Anna", email="anna@bloemen.example", customer_id="c-1", may_approve_costs=True)
BOB = Requester(name="Bob", email="bob@bloemen.example", customer_id="c-1")
TICKET = TicketFacts(
    ticket_id="HN-1042",
    provider="hypernode",
    channel=Channel.EMAIL,
    subject="Restore",
    requester=ANNA,
    account="bloemen",
    approvers=("anna@bloemen.example",),
    received_at=clock.now(),
)
QUOTE_ID = "Q-HN-1042-1"


def decided(decision=PAID, **fields):
    return ScopeDecided(ticket_id=TICKET.ticket_id, ticket=TICKET, text="Restore, please", decision=decision, **fields)


def replied(words, author=ANNA, *, verified=True, **fields):
    return TicketReplied(
        **{
            "ticket_id": TICKET.ticket_id,
            "arrival_id": uuid4(),
            "ticket": TICKET,
            "author": author,
            "author_verified": verified,
            "text": words,
            "channel": Channel.EMAIL,
            **fields,
        }
    )


@pytest.fixture
def decide(say, hear):
    def decide(*events):
        say("scope", *events)
        return hear(worker, "quote_paid_work")

    return decide


@pytest.fixture
def reply(say, hear):
    def reply(*args, **fields):
        say("tickets", replied(*args, **fields))
        assert hear(worker, "read_consent") == [Outcome.DONE]

    return reply


@pytest.fixture
def consented(decide, reply):
    decide(decided())
    reply(f"I agree to {QUOTE_ID}")


@pytest.fixture
def charged(hear, session):
    """Let every consent be charged; gives what is booked."""

    def charged():
        outcomes = hear(worker, "charge")
        session.rollback()
        booked = session.execute(text("select quote_id, version, line, total_minor, currency from billing.charge"))
        return outcomes, [tuple(row) for row in booked]

    return charged


def test_a_stated_price_is_offered_with_its_clause_and_an_end(decide, said, session):
    event = decided()
    decide(event)
    [issued] = said(QuoteIssued)
    assert (issued.quote_id, issued.version, issued.total, issued.offer.clause) == (QUOTE_ID, 1, PRICE, RESTORE.clause)
    assert issued.valid_until == event.happened_at + timedelta(days=14)
    statement = text("select due_at from bus.delivery where hearer = 'billing.expire_quote'")
    assert session.scalars(statement).all() == [issued.valid_until]


def test_work_without_a_stated_price_is_a_draft_for_a_person(decide, said):
    decide(decided(PAID.model_copy(update={"price": None})))
    assert [draft.quote_id for draft in said(QuoteDrafted)] == [QUOTE_ID]
    assert said(QuoteIssued) == []


def test_two_paid_questions_are_two_quotes(decide, said):
    other = PAID.model_copy(update={"price": RESTORE.model_copy(update={"line": "other"})})
    decide(decided(Decision(verdict=Verdict.MIXED, needs_person=False, parts=(PAID, other))))
    assert [quote.quote_id for quote in said(QuoteIssued)] == [QUOTE_ID, "Q-HN-1042-2"]


def test_the_same_decision_heard_again_offers_nothing_new(decide, said):
    event = decided()
    decide(event, event.model_copy(update={"event_id": uuid4()}), decided())
    assert len(said(QuoteIssued)) == 1


def test_a_newer_decision_at_another_price_is_a_new_version_and_the_old_yes_is_void(decide, reply, said):
    decide(decided())
    decide(decided(PAID.model_copy(update={"price": RESTORE.model_copy(update={"total": PRICE.times(2)})})))
    assert [(q.quote_id, q.version, q.token) for q in said(QuoteIssued)] == [
        (QUOTE_ID, 1, QUOTE_ID),
        (QUOTE_ID, 2, f"{QUOTE_ID} v2"),
    ]
    reply(f"I agree to {QUOTE_ID}")
    assert said(ConsentRecorded) == []
    assert len(said(ConsentRefused)) == 1
    reply(f"I agree to {QUOTE_ID} v2")
    assert [(c.version, c.total) for c in said(ConsentRecorded)] == [(2, PRICE.times(2))]


def test_nothing_is_quoted_for_work_that_is_not_paid(decide, said):
    decide(decided(PAID.model_copy(update={"verdict": Verdict.COURTESY})))
    assert said(QuoteIssued) + said(QuoteDrafted) == []


def test_a_verified_yes_of_an_authorised_person_is_charged_exactly_once(consented, charged, say, said):
    [recorded] = said(ConsentRecorded)
    assert (recorded.given_by, recorded.given_how, recorded.total) == ("anna@bloemen.example", "email", PRICE)
    say("billing", recorded.model_copy(update={"event_id": uuid4()}))
    assert charged() == ([Outcome.DONE, Outcome.DONE], [(QUOTE_ID, 1, "restore", 12500, "EUR")])
    [charge] = said(ChargeRecorded)
    assert charge.event_id == charge.charge_id == derived_id("charge", QUOTE_ID, 1, "restore")
    assert (charge.account, charge.customer_id, charge.total) == ("bloemen", "c-1", PRICE)


def test_a_second_yes_changes_nothing(consented, reply, charged, said):
    reply(f"Akkoord met {QUOTE_ID}")
    assert (len(said(ConsentRecorded)), said(ConsentRefused)) == (1, [])
    assert charged() == ([Outcome.DONE], [(QUOTE_ID, 1, "restore", 12500, "EUR")])


@pytest.mark.parametrize(
    ("author", "reason"),
    [
        ({"author": ANNA, "verified": False}, "not authenticated"),
        ({"author": BOB}, "may approve costs"),
        ({"author": Requester()}, "may approve costs"),
    ],
)
def test_a_yes_that_does_not_count_is_said_to_agents(decide, reply, said, author, reason):
    decide(decided())
    reply(f"I agree to {QUOTE_ID}", **author)
    [refused] = said(ConsentRefused)
    assert reason in refused.reason
    assert said(ConsentRecorded) == []


@pytest.mark.parametrize("words", ["I agree", f"Maybe {QUOTE_ID}", f"I agree to {QUOTE_ID} if it is free"])
def test_an_unclear_reply_records_nothing(decide, reply, said, words):
    decide(decided())
    reply(words)
    assert said(ConsentRecorded) + said(ConsentRefused) == []


def test_a_yes_in_another_ticket_or_by_telephone_records_nothing(decide, reply, said):
    decide(decided())
    reply(f"I agree to {QUOTE_ID}", ticket=TICKET.model_copy(update={"ticket_id": "HN-1043"}), ticket_id="HN-1043")
    reply(f"I agree to {QUOTE_ID}", channel=Channel.PHONE)
    assert said(ConsentRecorded) + said(ConsentRefused) == []


def test_an_agent_can_record_what_an_authorised_person_said(decide, say, hear, said):
    decide(decided())
    given = ConsentGiven(quote_id=QUOTE_ID, version=1, given_by_email="Anna@bloemen.example", taken_by="kees")
    say("desk", given)
    assert hear(worker, "record_consent") == [Outcome.DONE]
    [recorded] = said(ConsentRecorded)
    assert (recorded.ticket_id, recorded.given_by, recorded.given_how) == (
        "HN-1042",
        "anna@bloemen.example",
        "told to kees",
    )


def test_an_agent_cannot_record_it_for_somebody_without_the_right(decide, say, hear, said):
    decide(decided())
    say("desk", ConsentGiven(quote_id=QUOTE_ID, version=1, given_by_email="bob@bloemen.example", taken_by="kees"))
    assert hear(worker, "record_consent") == [Outcome.DONE]
    assert (len(said(ConsentRefused)), said(ConsentRecorded)) == (1, [])


def test_consent_to_a_quote_that_is_not_there_is_a_dead_letter(say, hear):
    say("desk", ConsentGiven(quote_id="Q-HN-1-1", version=1, given_by_email="anna@bloemen.example", taken_by="kees"))
    assert hear(worker, "record_consent") == [Outcome.DEAD]


def test_consent_that_is_not_on_record_is_never_charged(decide, say, charged):
    decide(decided())
    forged = ConsentRecorded(
        ticket_id="HN-1042",
        quote_id=QUOTE_ID,
        version=1,
        consent_id=uuid4(),
        given_by="anna@bloemen.example",
        given_how="email",
        total=PRICE,
    )
    say("billing", forged)
    assert charged() == ([Outcome.DEAD], [])


def test_an_offer_ends_once_and_a_later_yes_is_refused(decide, hear, reply, said):
    decide(decided())
    assert hear(worker, "expire_quote") == [Outcome.DONE]
    assert [(quote.quote_id, quote.version) for quote in said(QuoteExpired)] == [(QUOTE_ID, 1)]
    reply(f"I agree to {QUOTE_ID}", received_at=said(QuoteIssued)[0].valid_until)
    assert "no longer valid" in said(ConsentRefused)[0].reason
    assert said(ConsentRecorded) == []


def test_a_yes_received_in_time_and_read_after_the_end_of_the_offer_is_charged(decide, hear, reply, said, charged):
    decide(decided())
    valid_until = said(QuoteIssued)[0].valid_until
    assert hear(worker, "expire_quote") == [Outcome.DONE]
    in_time = valid_until - timedelta(minutes=1)
    reply(f"I agree to {QUOTE_ID}", received_at=in_time, happened_at=valid_until + timedelta(hours=1))
    assert charged() == ([Outcome.DONE], [(QUOTE_ID, 1, "restore", 12500, "EUR")])


def test_an_offer_that_was_agreed_to_does_not_end(consented, hear, said):
    assert hear(worker, "expire_quote") == [Outcome.DONE]
    assert said(QuoteExpired) == []


def test_the_feed_tells_quote_consent_and_charge_in_this_order(consented, charged):
    charged()
    told = feed.read(["QuoteIssued", "ConsentRecorded", "ChargeRecorded"])
    assert [type(event).__name__ for _, event in told] == ["QuoteIssued", "ConsentRecorded", "ChargeRecorded"]


def test_two_people_who_agree_at_the_same_moment_are_one_consent_and_one_charge(decide, say, session, said, charged):
    decide(decided())
    say("tickets", replied(f"I agree to {QUOTE_ID}"), replied(f"Akkoord met {QUOTE_ID}"))
    say("desk", ConsentGiven(quote_id=QUOTE_ID, version=1, given_by_email="anna@bloemen.example", taken_by="kees"))
    statement = "select hearer, id from bus.delivery where hearer in ('billing.read_consent', 'billing.record_consent')"
    waiting = session.execute(text(statement)).all()
    session.rollback()
    with ThreadPoolExecutor(len(waiting)) as pool:
        outcomes = list(pool.map(lambda delivery: worker.deliver(*delivery), waiting))
    assert outcomes == [Outcome.DONE] * 3
    assert len(said(ConsentRecorded)) == 1
    assert charged() == ([Outcome.DONE], [(QUOTE_ID, 1, "restore", 12500, "EUR")])


# --- a decision is changed --------------------------------------------------------------------------------------------

FREE = Decision(verdict=Verdict.COURTESY, needs_person=False, version=2, decided_by="Kim")
DEARER = RESTORE.model_copy(update={"total": PRICE.times(2)})


@pytest.fixture
def states(session):
    def states():
        session.rollback()
        found = session.execute(text("select quote_id, version, state from billing.quote order by 1, 2"))
        return [tuple(row) for row in found]

    return states


def test_an_offer_is_withdrawn_when_its_work_is_free_after_all(decide, reply, said, states):
    decide(decided())
    again = decided(FREE)
    decide(again, again.model_copy(update={"event_id": uuid4()}))
    assert [(end.quote_id, end.version) for end in said(QuoteWithdrawn)] == [(QUOTE_ID, 1)]
    assert states() == [(QUOTE_ID, 1, "withdrawn")]
    reply(f"I agree to {QUOTE_ID}")
    assert (said(ConsentRecorded), said(ConsentRefused)[0].reason) == ([], "the quote is withdrawn")


def test_a_draft_is_withdrawn_too(decide, said):
    decide(decided(PAID.model_copy(update={"needs_person": True})), decided(FREE))
    assert [end.version for end in said(QuoteWithdrawn)] == [0]


def test_a_person_who_confirms_paid_work_has_it_offered(decide, said):
    decide(decided(PAID.model_copy(update={"needs_person": True})))
    decide(decided(PAID.model_copy(update={"version": 2, "decided_by": "Kim"})))
    assert [(quote.version, quote.total) for quote in said(QuoteIssued)] == [(1, PRICE)]


def test_a_decision_heard_before_the_one_it_changed_wins(decide, said):
    decide(decided(FREE), decided())
    assert said(QuoteIssued) == []


def test_another_price_line_takes_the_place_of_the_first(decide, said, states):
    decide(decided())
    other = RESTORE.model_copy(update={"line": "other"})
    decide(decided(PAID.model_copy(update={"price": other, "version": 2})))
    assert states() == [(QUOTE_ID, 1, "withdrawn"), ("Q-HN-1042-2", 1, "offered")]


def test_work_that_is_paid_again_is_offered_as_a_new_version(decide, states):
    decide(decided(), decided(FREE), decided(PAID.model_copy(update={"version": 3})))
    assert states() == [(QUOTE_ID, 1, "superseded"), (QUOTE_ID, 2, "offered")]


@pytest.mark.parametrize("decision", [FREE, PAID.model_copy(update={"version": 2, "price": DEARER})])
def test_what_was_agreed_to_is_not_altered_and_a_person_has_to_look(
    consented, charged, decide, said, *, states, decision
):
    again = decided(decision)
    decide(again, again.model_copy(update={"event_id": uuid4()}))
    [questioned] = said(ChargeQuestioned)
    assert (questioned.quote_id, questioned.total, questioned.decision_version) == (QUOTE_ID, PRICE, 2)
    assert states() == [(QUOTE_ID, 1, "agreed")]
    assert charged() == ([Outcome.DONE], [(QUOTE_ID, 1, "restore", 12500, "EUR")])


def test_while_a_person_has_to_look_no_offer_to_another_customer_stands(consented, decide, price, said, states):
    price(None, BY_THE_HOUR.model_copy(update={"line": "further-work"}))
    carl = Requester(name="Carl", email="carl@kazen.example", customer_id="c-2", may_approve_costs=True)
    theirs = TICKET.model_copy(update={"requester": carl, "account": "kazen", "approvers": ("carl@kazen.example",)})
    decide(decided(FREE).model_copy(update={"ticket": theirs}))
    assert len(said(ChargeQuestioned)) == 1
    assert states() == [(QUOTE_ID, 1, "agreed"), ("Q-HN-1042-2", 1, "withdrawn")]


# a person's price

BY_THE_HOUR = RESTORE.model_copy(
    update={
        "line": "kenotronix.advanced",
        "clause": "kenotronix.advanced",
        "unit": "started-hour",
        "basis": Basis.HOURS,
        "quantity": 2,
        "amount": Money.of(60, "EUR"),
    }
)
UNPRICED = PAID.model_copy(update={"price": BY_THE_HOUR.model_copy(update={"amount": None, "basis": Basis.FIXED})})


@pytest.fixture
def price(say, hear):
    def price(quote_id=QUOTE_ID, offer=BY_THE_HOUR, **fields):
        say("desk", QuotePriced(ticket_id=TICKET.ticket_id, quote_id=quote_id, offer=offer, agent="Vera", **fields))
        return hear(worker, "price_quote")

    return price


def test_a_draft_that_a_person_prices_is_offered_and_can_be_agreed_to(decide, price, reply, said):
    decide(decided(UNPRICED))
    assert price() == [Outcome.DONE]
    [issued] = said(QuoteIssued)
    assert (issued.quote_id, issued.version, issued.total) == (QUOTE_ID, 1, Money.of(120, "EUR"))
    assert not issued.decision.needs_person
    reply(f"I agree to {QUOTE_ID}")
    assert [consent.total for consent in said(ConsentRecorded)] == [Money.of(120, "EUR")]


def test_another_price_is_another_version_and_a_yes_to_the_old_one_does_not_count(decide, price, reply, said):
    decide(decided(UNPRICED))
    price()
    price(offer=BY_THE_HOUR.model_copy(update={"quantity": 3}))
    reply(f"I agree to {QUOTE_ID} v1")
    assert said(ConsentRecorded) == []
    reply(f"I agree to {QUOTE_ID} v2")
    assert [consent.total for consent in said(ConsentRecorded)] == [Money.of(180, "EUR")]


def test_further_work_is_a_quote_of_its_own(consented, price, said):
    price(None, BY_THE_HOUR.model_copy(update={"line": "further-work"}))
    assert [issued.quote_id for issued in said(QuoteIssued)] == [QUOTE_ID, "Q-HN-1042-2"]


def test_what_was_agreed_to_is_never_priced_anew(consented, price, said):
    price(offer=RESTORE)
    assert [refused.reason for refused in said(QuoteRefused)] == ["it was agreed to: offer further work instead"]


def test_a_price_heard_after_a_later_one_does_not_take_its_place(decide, price, states, said):
    decide(decided(UNPRICED))
    earlier = clock.now()
    price(offer=BY_THE_HOUR.model_copy(update={"quantity": 3}))
    price(happened_at=earlier)
    assert states() == [(QUOTE_ID, 0, "superseded"), (QUOTE_ID, 1, "offered")]
    assert [refused.reason for refused in said(QuoteRefused)] == [
        f"{QUOTE_ID} was changed since: look again what it offers"
    ]


def test_whoever_has_a_ticket_now_is_offered_its_further_work_and_the_other_can_no_longer_agree(
    decide, price, reply, states, said
):
    decide(decided())
    price(None, BY_THE_HOUR.model_copy(update={"line": "further-work"}))
    carl = Requester(name="Carl", email="carl@kazen.example", customer_id="c-2", may_approve_costs=True)
    theirs = TICKET.model_copy(update={"requester": carl, "account": "kazen", "approvers": ("carl@kazen.example",)})
    decide(decided(PAID.model_copy(update={"version": 2})).model_copy(update={"ticket": theirs}))
    assert states() == [
        (QUOTE_ID, 1, "superseded"),
        (QUOTE_ID, 2, "offered"),
        ("Q-HN-1042-2", 1, "superseded"),
        ("Q-HN-1042-2", 2, "offered"),
    ]
    latest = said(QuoteIssued)[-1]
    assert (latest.total, latest.ticket.approvers) == (Money.of(120, "EUR"), ("carl@kazen.example",))
    reply("I agree to Q-HN-1042-2")
    reply("I agree to Q-HN-1042-2 v2")
    assert said(ConsentRecorded) == []


def test_a_price_waits_for_the_decision_that_it_rests_on(price, said):
    assert price(None) == [Outcome.RETRY_LATER]
    assert said(QuoteIssued) == []


def test_an_offer_that_is_taken_back_can_no_longer_be_agreed_to(decide, say, hear, reply, said):
    decide(decided())
    taken_back = QuoteVoided(
        ticket_id=TICKET.ticket_id, quote_id=QUOTE_ID, version=1, agent="Vera", reason="sent in error"
    )
    say("desk", taken_back)
    hear(worker, "void_quote")
    [withdrawn] = said(QuoteWithdrawn)
    assert (withdrawn.reason, withdrawn.agent) == ("sent in error", "Vera")
    reply(f"I agree to {QUOTE_ID}")
    assert [refused.reason for refused in said(ConsentRefused)] == ["the quote is withdrawn"]


def test_nothing_is_taken_back_twice_or_after_it_was_agreed_to(consented, say, hear, said):
    say("desk", QuoteVoided(ticket_id=TICKET.ticket_id, quote_id=QUOTE_ID, version=1, agent="Vera", reason="no"))
    hear(worker, "void_quote")
    assert said(QuoteWithdrawn) == []
    assert "is agreed" in said(QuoteRefused)[0].reason
