"""Limits on automatic letters, the breaker, and letters that are held, on real tables."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import select

from samples import PAID, RESTORE, ticket
from services.notifications import store
from services.notifications.settings import notification_settings
from services.notifications.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    AutomaticLettersResumed,
    AutomaticLettersStopped,
    LetterHeld,
    LetterReleased,
    LetterSuppressed,
    LetterWritten,
    QuoteExpired,
    QuoteIssued,
    QuoteWithdrawn,
    ScopeDecided,
    TicketAnswered,
    TicketRouted,
)
from shared.vocabulary import Decision, Requester, Routing, Verdict

NUMBERS = range(1001, 1100)


def routed(number, email="anna@winkel.example", provider="hypernode"):
    facts = ticket(f"HN-{number}", provider=provider, requester=Requester(email=email))
    routing = Routing(
        team="Technical support",
        calendar=None,
        counted_on=provider,
        priority=1,
        starts_at=clock.now(),
        targets=(),
        policy_version="v1",
    )
    decision = PAID if provider == "hypernode" else Decision(verdict=Verdict.SUPPORTED, needs_person=False)
    return TicketRouted(ticket_id=facts.ticket_id, ticket=facts, decision=decision, routing=routing)


def quoted(number=1042, version=1, email="anna@winkel.example"):
    facts = ticket(f"HN-{number}", requester=Requester(email=email))
    return QuoteIssued(
        ticket_id=facts.ticket_id,
        quote_id=f"Q-{facts.ticket_id}-1",
        version=version,
        ticket=facts,
        decision=PAID,
        offer=RESTORE,
        total=RESTORE.total,
        valid_until=clock.now() + timedelta(days=14),
    )


def elsewhere(count):
    """Addresses of so many domains."""
    return [f"someone@{n}.example" for n in range(count)]


@pytest.fixture
def write(say, hear, session):
    """Let the room hear of events in this order; gives every letter so far, as kind, state and reason."""

    handlers = {TicketRouted: "write_acknowledgement", QuoteIssued: "write_quote", ScopeDecided: "write_verdict"}

    def write(*events):
        for event in events:
            say("sla", event)
            assert hear(worker, handlers[type(event)]) == [Outcome.DONE]
        session.rollback()
        letters = session.exec(select(store.Letter).order_by("written_at"))
        return [(letter.kind, letter.state, letter.reason) for letter in letters]

    return write


@pytest.fixture
def passes(session):
    """Make everything that was written so far older by a span."""

    def passes(**span):
        for column, table in (("written_at", "letter"), ("stopped_at", "breaker"), ("resumed_at", "breaker")):
            session.execute(
                text(f"update notifications.{table} set {column} = {column} - :span"), {"span": timedelta(**span)}
            )
        session.commit()

    return passes


def states(letters):
    return [state if reason is None else f"{state}: {reason}" for _, state, reason in letters]


def test_the_fourth_automatic_letter_to_an_address_in_ten_minutes_does_not_go(write, passes):
    address = "anna@winkel.example"
    told = write(routed(1001, address), quoted(1001), routed(1002, address), routed(1003, address))
    assert states(told) == ["written", "written", "written", "suppressed: burst-limit"]
    passes(minutes=10)
    assert states(write(routed(1004, address)))[-1] == "written"


def test_the_sixth_automatic_letter_to_an_address_in_a_day_does_not_go(write, passes):
    for number in NUMBERS[:5]:
        write(routed(number))
        passes(minutes=20)
    assert states(write(routed(1050)))[-1] == "suppressed: daily-limit"
    passes(hours=24)
    assert states(write(routed(1051)))[-1] == "written"


def test_the_eleventh_automatic_letter_to_a_domain_in_an_hour_does_not_go(write, passes):
    write(*(routed(number, f"u{number}@winkel.example") for number in NUMBERS[:10]))
    assert states(write(routed(1050, "another@winkel.example")))[-1] == "suppressed: domain-limit"
    assert states(write(routed(1051, "somebody@else.example")))[-1] == "written"
    passes(minutes=60)
    assert states(write(routed(1052, "another@winkel.example")))[-1] == "written"


def test_people_with_an_address_at_a_public_provider_do_not_stop_each_other(write):
    told = write(*(routed(number, f"u{number}@gmail.com") for number in NUMBERS[:12]))
    assert states(told) == ["written"] * 12


def test_letters_to_an_address_count_whatever_provider_writes_them(write):
    providers = ("hypernode", "kenotronix") * 2
    told = write(*(routed(number, provider=name) for number, name in zip(NUMBERS, providers, strict=False)))
    assert states(told) == ["written"] * 3 + ["suppressed: burst-limit"]


def test_a_persons_answer_goes_whatever_was_sent_before(write, say, hear, said, database):
    write(*(routed(number, address) for number, address in zip(NUMBERS, elsewhere(31), strict=False)))
    before = len(said(LetterWritten))
    assert len(said(AutomaticLettersStopped)) == 1
    say("desk", *(TicketAnswered(ticket_id="HN-1001", agent="Kim", text=f"{n}") for n in range(8)))
    assert hear(worker, "write_answer") == [Outcome.DONE] * 8
    assert len(said(LetterWritten)) - before == 8


# --- held -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def held_offer(write, said):
    """The event of a quote's letter that is held, because its requester got three letters before it."""
    write(routed(1001), routed(1002), routed(1003), quoted())
    return said(LetterHeld)[-1]


def test_a_quote_beyond_a_limit_is_held_and_goes_out_when_a_person_releases_it(held_offer, say, hear, said, session):
    assert (held_offer.kind, held_offer.reason) == ("quote", "burst-limit")
    assert store.counts(session) == {"written": 3, "sent": 0, "refused": 0, "suppressed": 0, "held": 1}
    release = {"letter_id": held_offer.letter_id, "by": "Kim"}
    say("desk", *(LetterReleased(ticket_id=held_offer.ticket_id, **release) for _ in range(2)))
    assert hear(worker, "release_letter") == [Outcome.DONE] * 2
    assert [event.letter_id for event in said(LetterWritten)].count(held_offer.letter_id) == 1
    session.rollback()
    letter = store.letter(session, held_offer.letter_id)
    assert (letter.state, letter.reason) == ("written", "released by Kim")
    assert "EUR 125,00" in letter.body


@pytest.mark.parametrize("end", [QuoteExpired, QuoteWithdrawn])
def test_an_offer_that_is_over_is_never_released(held_offer, say, hear, said, session, end):  # noqa: PLR0917 -- fixtures
    say("billing", end(ticket_id="HN-1042", quote_id="Q-HN-1042-1", version=1))
    assert hear(worker, "drop_offer") == [Outcome.DONE]
    assert [event.reason for event in said(LetterSuppressed)] == ["offer-over"]
    say("desk", LetterReleased(ticket_id="HN-1042", letter_id=held_offer.letter_id, by="Kim"))
    assert hear(worker, "release_letter") == [Outcome.DONE]
    session.rollback()
    assert store.letter(session, held_offer.letter_id).state == "suppressed"


def test_the_end_of_an_offer_waits_for_its_letter(say, hear):
    say("billing", QuoteWithdrawn(ticket_id="HN-1042", quote_id="Q-HN-1042-1", version=1))
    assert hear(worker, "drop_offer") == [Outcome.RETRY_LATER]
    say("billing", QuoteWithdrawn(ticket_id="HN-1042", quote_id="Q-HN-1042-2", version=0))
    assert Outcome.DONE in hear(worker, "drop_offer")


@pytest.mark.usefixtures("held_offer")
def test_a_newer_offer_replaces_one_that_is_held(write):
    assert states(write(quoted(version=2)))[-2:] == ["suppressed: superseded", "held: burst-limit"]


# --- the breaker ------------------------------------------------------------------------------------------------------


@pytest.fixture
def tripped(write, said):
    """The event of a breaker that stops Hypernode's automatic letters, after thirty of them."""
    write(*(routed(number, address) for number, address in zip(NUMBERS, elsewhere(31), strict=False)))
    [stopped] = said(AutomaticLettersStopped)
    return stopped


def test_the_breaker_stops_a_providers_automatic_letters_and_tells_it_once(tripped, write, said, session):
    assert (tripped.provider, tripped.letters, tripped.minutes) == ("hypernode", 31, 15)
    told = write(routed(1060, "new@somewhere.example"), quoted(1061, email="new@elsewhere.example"))
    assert states(told)[-3:] == ["suppressed: breaker", "suppressed: breaker", "held: breaker"]
    assert states(write(routed(1062, "new@there.example", "kenotronix")))[-1] == "written"
    assert len(said(AutomaticLettersStopped)) == 1
    session.rollback()
    assert list(store.stopped_providers(session)) == ["hypernode"]


@pytest.mark.usefixtures("tripped")
def test_the_breaker_closes_by_itself_when_it_has_become_quiet(write, hear, said, passes, session):
    assert hear(worker, "resume_when_quiet") == [Outcome.DONE]  # thirty went out within the quarter
    assert said(AutomaticLettersResumed) == []
    assert len(said(AutomaticLettersStopped)) == 2
    session.execute(text("update notifications.letter set written_at = written_at - interval '15 minutes'"))
    session.commit()
    assert hear(worker, "resume_when_quiet") == [Outcome.DONE]
    assert [event.by for event in said(AutomaticLettersResumed)] == [None]
    assert hear(worker, "resume_letters") == [Outcome.DONE]
    assert states(write(routed(1060, "new@somewhere.example")))[-1] == "written"


@pytest.mark.usefixtures("tripped")
def test_letters_that_the_breaker_stops_keep_it_from_closing(write, hear, said, session):
    session.execute(text("update notifications.letter set written_at = written_at - interval '15 minutes'"))
    session.commit()
    write(*(routed(number, f"x@{number}.example") for number in NUMBERS[40:70]))
    assert hear(worker, "resume_when_quiet") == [Outcome.DONE]
    assert said(AutomaticLettersResumed) == []


@pytest.mark.usefixtures("tripped")
def test_an_operator_closes_the_breaker_and_letters_are_counted_anew(write, say, hear, said):
    say("desk", AutomaticLettersResumed(provider="hypernode", by="Kim"))
    assert hear(worker, "resume_letters") == [Outcome.DONE]
    assert states(write(routed(1060, "new@somewhere.example")))[-1] == "written"
    assert hear(worker, "resume_when_quiet") == [Outcome.DONE]  # the timer of what was closed by hand
    assert len(said(AutomaticLettersResumed)) == 1


@pytest.mark.usefixtures("tripped")
def test_a_verdict_that_the_breaker_holds_is_replaced_by_a_newer_one(write):
    facts = ticket("HN-1001", requester=Requester(email="someone@0.example"))
    for version, verdict in ((2, Verdict.COURTESY), (3, Verdict.UNSUPPORTED)):
        decision = PAID.model_copy(update={"version": version, "verdict": verdict, "price": None})
        told = write(ScopeDecided(ticket_id="HN-1001", ticket=facts, text="Restore", decision=decision))
    assert states(told)[-2:] == ["suppressed: superseded", "held: breaker"]


def test_a_letter_that_does_not_exist_cannot_be_released(say, hear, database):
    say("desk", LetterReleased(ticket_id="HN-1", letter_id=uuid4(), by="Kim"))
    assert hear(worker, "release_letter") == [Outcome.DONE]


def test_a_limit_of_none_sends_none(write, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_NOTIFICATIONS_DAILY_LIMIT", "0")
    notification_settings.cache_clear()
    try:
        assert states(write(routed(1001))) == ["suppressed: daily-limit"]
    finally:
        notification_settings.cache_clear()
