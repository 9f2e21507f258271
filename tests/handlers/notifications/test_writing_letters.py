"""Letters on real tables, handed to a real mail server that can be told to refuse."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from uuid import uuid4

import pytest
from sqlmodel import select

from samples import PAID, RECEIVED, RESTORE, TOKENS, ticket
from services.notifications import store
from services.notifications.settings import notification_settings
from services.notifications.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    ChargeRecorded,
    LetterBounced,
    LetterRefused,
    LetterSent,
    LetterSuppressed,
    LetterUndelivered,
    LetterWritten,
    MergeUndone,
    QuoteIssued,
    ScopeDecided,
    TicketAnswered,
    TicketPaused,
    TicketResumed,
    TicketRouted,
    TicketsMerged,
)
from shared.vocabulary import (
    Channel,
    Decision,
    Requester,
    ResumeReason,
    Routing,
    SupplierCase,
    Target,
    TargetName,
    Verdict,
    WaitingForCustomer,
)

DUE = datetime(2099, 6, 5, 13, 0, tzinfo=UTC)


class MailServer:
    """Takes mail, or answers what it was told to answer; `hang up` takes it and says nothing."""

    def __init__(self):
        self.answer = "250 OK"
        self.taken = []

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        if self.answer.startswith(("250", "hang up")):
            self.taken.append(envelope)
        if self.answer == "hang up":
            server.transport.abort()
        return self.answer


@pytest.fixture
def post(serve_mail):
    return serve_mail(MailServer())


def routed(facts=None, decision=PAID, **changes):
    facts = facts or ticket()
    due = Target(name=TargetName.FIRST_RESPONSE, minutes=240, due_at=DUE, house_default=True)
    routing = Routing(
        team="Technical support",
        calendar="hypernode",
        counted_on="hypernode",
        priority=1,
        starts_at=RECEIVED,
        targets=(due,),
        policy_version="v1",
    )
    return TicketRouted(ticket_id=facts.ticket_id, ticket=facts, decision=decision, routing=routing, **changes)


def quoted(facts=None, version=1):
    facts = facts or ticket()
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


def charged():
    return ChargeRecorded(
        ticket_id="HN-1042",
        charge_id=uuid4(),
        quote_id="Q-HN-1042-1",
        version=1,
        line="restore",
        clause="hypernode.backups.restore-price",
        customer_id="c-1",
        account="winkel",
        provider="hypernode",
        total=RESTORE.total,
    )


def read(envelope):
    return message_from_bytes(envelope.content, policy=default)


def test_a_routed_ticket_is_acknowledged_in_the_language_of_its_requester(say, hear, said, post):
    say("sla", routed())
    assert hear(worker, "write_acknowledgement") == [Outcome.DONE]
    assert hear(worker, "post_letter") == [Outcome.DONE]
    [envelope] = post.taken
    letter = read(envelope)
    assert envelope.mail_from == "<>"
    assert envelope.rcpt_tos == ["anna@winkel.example"]
    assert letter["Subject"] == "Re: Back-up terugzetten [HN-1042]"
    assert letter["In-Reply-To"] == "<a1@winkel.example>"
    text = " ".join(letter.get_content().split())
    assert "Beste Anna de Vries" in text
    assert "We can also restore the Hypernode from a backup" in text
    assert "vrijdag 5 juni 2099, 15:00 (CEST, Europe/Amsterdam)" in text
    assert "EUR 125,00 per opdracht, exclusief btw" in text
    [sent] = said(LetterSent)
    assert sent.message_id == letter["Message-ID"]
    assert " ".join(sent.text.split()) == text


def test_a_ticket_routed_again_is_not_acknowledged_again(say, hear, said, database):
    say("sla", routed(), routed())
    assert hear(worker, "write_acknowledgement") == [Outcome.DONE] * 2
    assert len(said(LetterWritten)) == 1


def test_a_verdict_that_a_person_must_confirm_is_not_told(say, hear, session):
    say("sla", routed(decision=PAID.model_copy(update={"needs_person": True, "reply_language": "en"})))
    hear(worker, "write_acknowledgement")
    [letter] = session.exec(store.select(store.Letter)).all()
    assert "A colleague will look at this" in letter.body
    assert "policy says" not in letter.body
    assert "125" not in letter.body


def test_a_letter_that_stays_unwritten_is_said_once(say, hear, said, database):
    facts = ticket(requester=Requester(phone="+31205550199"))
    say("sla", routed(facts), routed(facts))
    hear(worker, "write_acknowledgement")
    assert [(event.kind, event.reason) for event in said(LetterSuppressed)] == [("acknowledgement", "no-address")]


def test_a_caller_with_a_known_address_is_written_to(say, hear, said, post):
    facts = ticket(channel=Channel.PHONE, mailbox=None, message_id=None)
    say("sla", routed(facts))
    hear(worker, "write_acknowledgement")
    hear(worker, "post_letter")
    letter = read(post.taken[0])
    assert letter["From"].addresses[0].addr_spec == "support@hypernode.example"
    assert "telefoontje" in letter.get_content()


@pytest.mark.parametrize(("permanent", "state"), [(True, "undelivered"), (False, "sent")])
def test_a_letter_that_comes_back_for_good_is_undelivered(  # noqa: PLR0917 -- fixtures
    say, hear, said, post, session, permanent, state
):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    hear(worker, "post_letter")
    [sent] = said(LetterSent)
    back = {"letter_id": sent.letter_id, "permanent": permanent, "status": "5.1.1"}
    for _ in range(2):
        say("email_intake", LetterBounced(ticket_id="HN-1042", arrival_id=uuid4(), **back))
    say("email_intake", LetterBounced(ticket_id="HN-9", arrival_id=uuid4(), **back | {"permanent": True}))
    assert hear(worker, "mark_undelivered") == [Outcome.DONE] * 3
    session.rollback()
    assert store.letter(session, sent.letter_id).state == state
    assert len(said(LetterUndelivered)) == permanent
    assert store.counts(session)["sent"] == 1


def test_each_version_of_a_quote_is_one_letter(say, hear, said, database):
    say("billing", quoted(), quoted(version=2))
    hear(worker, "write_quote")
    assert [letter.kind for letter in said(LetterWritten)] == ["quote", "quote"]


def test_letters_of_a_ticket_stand_in_one_thread(say, hear, post):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    say("billing", quoted())
    hear(worker, "write_quote")
    hear(worker, "post_letter")
    first, second = map(read, post.taken)
    assert second["References"].split() == ["<a1@winkel.example>", first["Message-ID"]]


@pytest.mark.parametrize("handler", ["write_charge_notice", "write_answer"])
def test_a_letter_waits_until_its_ticket_is_known(say, hear, said, handler):
    say("billing", charged())
    say("desk", TicketAnswered(ticket_id="HN-1042", agent="Pieter", text="Klaar."))
    assert hear(worker, handler) == [Outcome.RETRY_LATER]
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    assert hear(worker, handler) == [Outcome.DONE]
    assert len(said(LetterWritten)) == 2


def test_an_agents_answer_is_sent_in_the_agents_words_and_can_be_answered(say, hear, post):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    say("desk", TicketAnswered(ticket_id="HN-1042", agent="Pieter", text="De back-up staat klaar."))
    hear(worker, "write_answer")
    hear(worker, "post_letter")
    letter = read(post.taken[-1])
    assert letter.get_content().startswith("De back-up staat klaar.")
    assert letter["Auto-Submitted"] is None
    assert letter["Reply-To"] == TOKENS.reply_address("support@hypernode.example", "HN-1042")


def test_a_merged_ticket_gets_no_letter_until_it_stands_alone_but_what_an_agent_had_written(say, hear, said):
    merge = {"ticket_id": "HN-1042", "merge_id": uuid4(), "merged": "HN-1042", "into": "HN-1041", "by": "Kim"}
    say("tickets", TicketsMerged(**merge, merged_at=RECEIVED))
    hear(worker, "fall_silent")
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    assert [letter.reason for letter in said(LetterSuppressed)] == ["merged"]
    say("desk", TicketAnswered(ticket_id="HN-1042", agent="Pieter", text="De back-up staat klaar."))
    hear(worker, "write_answer")
    say("tickets", MergeUndone(**merge))
    hear(worker, "fall_silent")
    say("billing", quoted())
    hear(worker, "write_quote")
    assert [letter.kind for letter in said(LetterWritten)] == ["answer", "quote"]


def test_a_newer_fact_about_a_ticket_is_not_overwritten_by_an_older_one(say, hear, session):
    older, newer = RECEIVED, RECEIVED + timedelta(minutes=1)
    say("sla", routed(ticket(requester=Requester(email="new@winkel.example")), happened_at=newer))
    hear(worker, "write_acknowledgement")
    say("sla", routed(ticket(requester=Requester(email="old@winkel.example")), happened_at=older))
    hear(worker, "write_acknowledgement")
    facts, _ = store.known(session, "HN-1042")
    assert facts.requester.email == "new@winkel.example"


def test_a_mail_server_that_wants_it_later_gets_the_same_letter_later(say, hear, session, post):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    post.answer = "451 come back later"
    assert hear(worker, "post_letter") == [Outcome.RETRY_LATER]
    post.answer = "250 OK"
    assert hear(worker, "post_letter") == [Outcome.DONE]
    [letter] = session.exec(store.select(store.Letter)).all()
    assert (letter.state, letter.attempts) == ("sent", 2)
    assert read(post.taken[0])["Message-ID"] == letter.message_id


def test_a_mail_server_that_is_away_is_tried_again(say, hear, monkeypatch, session, free_port):
    monkeypatch.setenv("SCOPEDESK_NOTIFICATIONS_SMTP_PORT", str(free_port()))
    notification_settings.cache_clear()
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    assert hear(worker, "post_letter") == [Outcome.RETRY_LATER]
    assert session.exec(store.select(store.Letter)).one().state == "written"


def test_a_refusal_for_good_is_recorded_and_said(say, hear, said, session, post):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    post.answer = "550 no such person here"
    assert hear(worker, "post_letter") == [Outcome.DONE]
    [refused] = said(LetterRefused)
    assert refused.reason == "550 no such person here"
    assert store.counts(session)["refused"] == 1


def test_a_letter_that_is_never_confirmed_is_handed_over_three_times_and_then_sent_unconfirmed(
    say, hear, said, session, post
):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    post.answer = "hang up"
    outcomes = [outcome for _ in range(4) for outcome in hear(worker, "post_letter")]
    assert outcomes == [Outcome.RETRY_LATER, Outcome.RETRY_LATER, Outcome.DONE]
    assert len(post.taken) == 3
    assert {read(envelope)["Message-ID"] for envelope in post.taken} == {said(LetterSent)[0].message_id}
    [letter] = session.exec(store.select(store.Letter)).all()
    assert (letter.state, letter.reason, said(LetterSent)[0].confirmed) == ("sent", "unconfirmed", False)


def test_a_lost_answer_counts_only_when_the_server_had_the_letter(say, hear, session, post):
    say("sla", routed())
    hear(worker, "write_acknowledgement")
    post.answer = "451 come back later"
    for _ in range(5):
        assert hear(worker, "post_letter") == [Outcome.RETRY_LATER]
    post.answer = "hang up"
    assert hear(worker, "post_letter") == [Outcome.RETRY_LATER]
    post.answer = "250 OK"
    assert hear(worker, "post_letter") == [Outcome.DONE]
    [letter] = session.exec(store.select(store.Letter)).all()
    assert (letter.state, letter.reason, letter.attempts) == ("sent", None, 7)


CASE = SupplierCase(supplier="Microsoft", case_reference="MS-77", message_sent="<m1@luxcloud.example>")


def suspended(standstill=CASE):
    return TicketPaused(ticket_id="LC-1042", standstill=standstill, by="Kim", happened_at=RECEIVED)


def taken_back(pause, why=ResumeReason.SUPPLIER_ANSWERED):
    told = {"pause_id": pause.event_id, "paused_for": pause.standstill.reason, "why": why}
    return TicketResumed(ticket_id="LC-1042", by="Kim", resumed_at=RECEIVED + timedelta(days=2), **told)


def of_luxcloud():
    facts = ticket("LC-1042", provider="luxcloud", mailbox="support@luxcloud.example")
    event = routed(facts, Decision(verdict=Verdict.SUPPORTED, reply_language="nl"))
    hours = {"calendar": None, "counted_on": "luxcloud/house-default"}
    return event.model_copy(update={"routing": event.routing.model_copy(update=hours)})


def bodies(session):
    session.rollback()
    return {letter.kind: " ".join(letter.body.split()) for letter in session.exec(select(store.Letter))}


def test_a_suspension_is_told_at_its_start_with_its_clause_and_at_its_end_once(say, hear, session):
    start = suspended()
    say("sla", of_luxcloud())
    say("desk", start, taken_back(start))
    say("sla", taken_back(start, ResumeReason.LIMIT_REACHED))
    hear(worker, "write_acknowledgement")
    assert hear(worker, "write_suspension_start") == [Outcome.DONE]
    assert hear(worker, "write_suspension_end") == [Outcome.DONE] * 2
    told = bodies(session)
    assert set(told) == {"acknowledgement", "suspension_start", "suspension_end"}
    assert "luxcloud.general.sla-suspension" in told["suspension_start"]
    assert "bij Microsoft, onder nummer MS-77" in told["suspension_start"]
    assert "woensdag 10 juni 2026" in told["suspension_start"]  # five days at most
    assert "teruggegeven" in told["suspension_end"]
    assert "zondag 7 juni 2026" in told["suspension_end"]


def test_nobody_is_written_to_when_clocks_wait_for_him_or_where_no_supplier_suspends(say, hear, session):
    waits = suspended(WaitingForCustomer())
    elsewhere = suspended().model_copy(update={"ticket_id": "HN-1042"})
    say("sla", of_luxcloud(), routed())
    say("desk", waits, elsewhere, taken_back(waits))
    hear(worker, "write_acknowledgement")
    hear(worker, "write_suspension_start")
    hear(worker, "write_suspension_end")
    assert set(bodies(session)) == {"acknowledgement"}


# --- decided anew -----------------------------------------------------------------------------------------------------

COURTESY = PAID.model_copy(update={"verdict": Verdict.COURTESY, "price": None, "version": 2, "decided_by": "Kim"})
GUESS = PAID.model_copy(update={"needs_person": True})


def decided(decision, **changes):
    return ScopeDecided(ticket_id="HN-1042", ticket=ticket(), text="Restore, please", decision=decision, **changes)


@pytest.fixture
def write(say, hear, session):
    """Let the room hear of routings and decisions, in this order; gives the letters to the requester."""

    def write(*events):
        for event in events:
            say("scope", event)
            handler = "write_verdict" if isinstance(event, ScopeDecided) else "write_acknowledgement"
            assert hear(worker, handler) == [Outcome.DONE]
        session.rollback()
        return [(letter.kind, letter.state) for letter in session.exec(select(store.Letter).order_by("written_at"))]

    return write


def text_of(session, kind):
    session.rollback()
    letters = select(store.Letter).where(store.Letter.kind == kind)
    return " ".join(session.exec(letters).one().body.replace("\n> ", " ").split())


def test_a_changed_verdict_is_told_once_in_the_language_of_the_requester(write, session):
    again = decided(COURTESY)
    told = write(routed(), decided(PAID), again, again.model_copy(update={"event_id": uuid4()}))
    assert told == [("acknowledgement", "written"), ("verdict", "written")]
    words = text_of(session, "verdict")
    assert words.startswith("Beste Anna de Vries, We hebben opnieuw naar ticket HN-1042 gekeken, en ons antwoord is")
    assert "Uit coulance" in words
    assert '"We can also restore the Hypernode from a backup' in words
    assert "Het aanbod dat we u hiervoor deden, geldt niet meer." in words


def test_the_first_verdict_of_a_person_changes_nothing_that_was_told(write, session):
    write(routed(decision=GUESS), decided(COURTESY))
    words = text_of(session, "verdict")
    assert "Een collega heeft naar ticket HN-1042 gekeken. Dit is ons antwoord." in words
    assert "geldt niet meer" not in words


def test_a_new_version_that_says_nothing_new_is_not_told(write):
    same = PAID.model_copy(update={"version": 2, "topic": "backup-restore-paid", "confidence": 1.0})
    guess = GUESS.model_copy(update={"version": 3})
    assert write(routed(), decided(same), decided(guess)) == [("acknowledgement", "written")]


def test_an_older_verdict_is_never_told_after_a_newer_one(write):
    third = PAID.model_copy(update={"version": 3})
    told = write(decided(third), decided(COURTESY), routed())
    assert told == [("verdict", "written"), ("acknowledgement", "suppressed")]


def test_what_the_acknowledgement_told_is_not_told_again(write):
    assert write(routed(decision=COURTESY), decided(COURTESY)) == [("acknowledgement", "written")]


def test_the_end_of_a_suspension_is_told_with_the_verdict_that_ended_it(write, say, hear, session):
    handed_over = PAID.model_copy(update={"verdict": Verdict.SUPPLIER, "price": None, "sla": "suspended"})
    write(routed(decision=handed_over), decided(COURTESY))
    say(
        "sla",
        TicketResumed(
            ticket_id="HN-1042", paused_for="supplier", why=ResumeReason.DECIDED_ANEW, resumed_at=clock.now()
        ),
    )
    assert hear(worker, "write_suspension_end") == [Outcome.DONE]
    assert "onze serviceniveaus gelden weer" in text_of(session, "verdict")
    session.rollback()
    kinds = {letter.kind for letter in session.exec(select(store.Letter))}
    assert kinds == {"acknowledgement", "verdict"}


def test_spam_after_all_gets_no_letter(write):
    spam = COURTESY.model_copy(update={"verdict": Verdict.NO_ACTION, "clauses": ()})
    assert write(routed(), decided(spam)) == [("acknowledgement", "written")]
