from datetime import date, timedelta
from uuid import uuid4

import pytest

from samples import RECEIVED, RESTORE, ticket
from services.notifications.rules import letters
from shared.events import ChargeCredited, ChargeRecorded, ConsentRecorded, ConsentRefused, QuoteIssued, TicketRouted
from shared.money import Money
from shared.policies import load_policies
from shared.vocabulary import (
    Basis,
    Channel,
    Decision,
    NoConsent,
    Party,
    Requester,
    Routing,
    Target,
    TargetName,
    Verdict,
)
from shared.wording import LANGUAGES

QUOTED = "We can also restore the Hypernode from a backup"


def decision(verdict=Verdict.PAID, **changes):
    known = {
        "verdict": verdict,
        "clauses": ("hypernode.backups.restore-by-support",),
        "topic": "backup-restore",
        "needs_person": False,
    }
    return Decision(**known | changes)


def routing(calendar="hypernode", counted_on=None, due_at=RECEIVED + timedelta(hours=4)):
    return Routing(
        team="Technical support",
        calendar=calendar,
        counted_on=counted_on or calendar,
        priority=1,
        starts_at=RECEIVED,
        targets=(Target(name=TargetName.FIRST_RESPONSE, minutes=240, due_at=due_at, house_default=True),),
        policy_version="v1",
    )


def acknowledged(found, facts=None, *, lang="en", **route):
    """The letter on one line, so that it does not matter where lines end."""
    facts = facts or ticket()
    event = TicketRouted(ticket_id=facts.ticket_id, ticket=facts, decision=found, routing=routing(**route))
    text = letters.acknowledgement(event, load_policies(), lang, RECEIVED)
    return " ".join(text.replace("\n> ", " ").split())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_can_be_told_in_every_language(verdict, lang):
    text = acknowledged(decision(verdict), lang=lang)
    assert "HN-1042" in text
    assert "None" not in text
    assert "{" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verdict", Verdict)
def test_no_verdict_is_told_before_a_person_has_looked(verdict, lang):
    text = acknowledged(decision(verdict, needs_person=True, price=RESTORE), lang=lang)
    assert {"en": "A colleague will look at this", "nl": "Een collega gaat hiernaar kijken"}[lang] in text
    for told in (QUOTED, "125", "policy says", "beleid staat", "does not cover", "valt buiten"):
        assert told not in text


def test_a_verdict_is_told_with_its_clause_in_its_own_words():
    text = acknowledged(decision())
    assert f'"{QUOTED}' in text
    assert "clause hypernode.backups.restore-by-support" in text


def test_a_clause_is_quoted_with_the_condition_that_its_sentence_begins_with():
    text = acknowledged(decision(Verdict.UNSUPPORTED, clauses=("hypernode.ssl.implementation",)))
    assert '"For SSL certificates purchased via Hypernode, we take care of the technical implementation' in text


def test_a_due_time_that_has_passed_is_not_promised():
    assert "first response by" not in acknowledged(decision(), due_at=RECEIVED)


def test_a_guess_is_not_called_understanding():
    assert "What we understood" not in acknowledged(decision(needs_person=True))


def test_the_topic_is_named_in_the_readers_language():
    assert "What we understood: Restoring from a backup" in acknowledged(decision())
    assert "Zo hebben we uw vraag begrepen: Terugzetten uit een back-up" in acknowledged(decision(), lang="nl")


def test_a_courtesy_stays_an_attempt():
    text = acknowledged(decision(Verdict.COURTESY))
    assert "may make a best-effort attempt; we cannot promise a result" in text


def test_paid_work_has_its_price_the_free_way_and_no_obligation():
    text = acknowledged(decision(price=RESTORE))
    assert "EUR 125.00 per job, without VAT" in text
    assert "Nothing is done or charged before you have agreed" in text
    assert "Without costs: You can restore files and databases" in text


def test_paid_work_without_a_stated_price_gets_no_figure():
    text = acknowledged(decision(price=RESTORE.model_copy(update={"amount": None, "total": None})))
    assert "No price is stated for this" in text
    assert "EUR" not in text


def test_a_due_time_has_the_providers_zone_and_is_called_ours():
    text = acknowledged(decision())
    assert "Friday 5 June 2026, 15:00 (CEST, Europe/Amsterdam). This is a house target, not policy." in text
    assert "Support hours (Europe/Amsterdam): Monday to Friday 08:00-18:00" in text


def test_a_provider_that_states_no_hours_gets_none_from_us():
    facts = ticket("LC-1043", provider="luxcloud")
    text = acknowledged(decision(clauses=()), facts, calendar=None, counted_on="luxcloud/house-default")
    assert "Our published policy states no support hours." in text
    assert "Monday" not in text
    assert "(CEST, Europe/Luxembourg)" in text


def test_other_hours_on_holidays_are_mentioned():
    facts = ticket("HS-1044", provider="h-sphere")
    assert "On public holidays other hours apply." in acknowledged(
        decision(clauses=()), facts, calendar="h-sphere/regular"
    )


def test_a_suspended_service_level_has_no_due_time():
    text = acknowledged(decision(Verdict.SUPPLIER, sla="suspended"))
    assert "our service level is suspended" in text
    assert "first response by" not in text


def test_a_refusal_shows_where_to_turn():
    text = acknowledged(decision(Verdict.UNSUPPORTED, responsible_party=Party.REGISTRAR))
    assert "Please turn to the registrar" in text


def test_what_is_missing_is_asked():
    found = decision(Verdict.NEEDS_INFO, explanation={"questions": ["Which plan do you have?"]})
    assert "Which plan do you have?" in acknowledged(found)
    unsure = found.model_copy(update={"needs_person": True})
    assert "It helps us to know: Which plan do you have?" in acknowledged(unsure)


def test_a_condition_of_the_policy_is_told():
    found = decision(Verdict.SUPPORTED, preconditions=("send the administrator login through the secure form.",))
    assert "Before we can start: send the administrator login" in acknowledged(found)


def test_several_questions_are_answered_one_by_one():
    parts = (decision(price=RESTORE), decision(Verdict.UNSUPPORTED, topic="seo", needs_person=True))
    text = acknowledged(decision(Verdict.MIXED, parts=parts, needs_person=True))
    assert "We found 2 questions" in text
    assert "Question 1: Restoring from a backup This is work we can do" in text
    assert "Question 2: Search engines and ranking A colleague will look at this" in text


def test_a_caller_is_thanked_for_the_call():
    facts = ticket(channel=Channel.PHONE)
    assert "Thank you for your call" in acknowledged(decision(), facts)
    assert "Bedankt voor uw telefoontje" in acknowledged(decision(), facts, lang="nl")


def test_what_a_customer_is_called_is_no_template():
    facts = ticket(requester=Requester(name="{{ 7 * 7 }} <b>", email="a@b.example"))
    assert "Hello {{ 7 * 7 }} <b>," in acknowledged(decision(), facts)


def offered(*approvers):
    return QuoteIssued(
        ticket_id="HN-1042",
        quote_id="Q-HN-1042-1",
        version=1,
        ticket=ticket(approvers=approvers),
        decision=decision(),
        offer=RESTORE,
        total=RESTORE.total,
        valid_until=RECEIVED + timedelta(days=14),
    )


def offer_told(event, lang, link=None, reader=None):
    return " ".join(letters.quote(event, reader or event.ticket, link, load_policies(), lang).split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_offer_says_what_it_costs_buys_and_how_to_agree(lang):
    link = "https://quotes.example/quotes/q-hn-1042-1.1.mark"
    text = offer_told(offered("anna@winkel.example"), lang, link)
    words = {
        "en": ("EUR 125.00 per job, without VAT", "I agree to quote", "What it does not include", "Without costs"),
        "nl": ("EUR 125,00 per opdracht, exclusief btw", "Ik ga akkoord met offerte", "Wat er niet bij hoort"),
    }
    for told in (*words[lang], link, "Q-HN-1042-1", "hypernode.backups.restore-price", "19", "2026, 11:00 (CEST"):
        assert told in text


def test_without_a_page_an_offer_asks_for_an_answer_by_mail():
    text = offer_told(offered("anna@winkel.example"), "en")
    assert "Do you agree? Then answer this letter with this line: I agree to quote Q-HN-1042-1" in text
    assert "page" not in text


def test_whoever_may_not_approve_costs_is_told_who_is_asked_and_gets_no_link():
    event = offered("owner@winkel.example")
    mine, owner = letters.quote_readers(event)
    assert "You may not approve costs for your account. We have sent this offer to those who may" in offer_told(
        event, "en", None, mine
    )
    assert owner.requester.email == "owner@winkel.example"
    assert "Do you agree?" in offer_told(event, "en", None, owner)


def test_an_account_without_anybody_who_may_approve_is_asked_for_one():
    assert "We know nobody who may approve costs for your account" in offer_told(offered(), "en")
    assert letters.quote_readers(offered()) == [offered().ticket]


def refused(because, newest=1):
    return ConsentRefused(
        ticket_id="HN-1042",
        quote_id="Q-HN-1042-1",
        version=1,
        given_how="email",
        reason="for an agent",
        because=because,
        newest=newest,
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("because", NoConsent)
@pytest.mark.parametrize("newest", [None, 2])
def test_a_yes_that_does_not_count_is_told_with_the_next_step_and_nothing_of_the_offer(because, newest, lang):
    link = "https://quotes.example/quotes/mark"
    text = letters.consent_refused(ticket(), refused(because, newest), link, load_policies(), lang)
    assert "Q-HN-1042-1" in text
    assert (link in text) == (newest is not None)
    assert "for an agent" not in text
    assert "EUR" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("basis", [Basis.HOURS, Basis.PLAN])
def test_a_receipt_says_what_was_agreed_to_and_when_it_is_charged(basis, lang):
    offer = RESTORE.model_copy(update={"basis": basis, "line": "further-work", "title": "Recompilation"})
    event = ConsentRecorded(
        ticket_id="HN-1042",
        quote_id="Q-HN-1042-2",
        version=1,
        consent_id=uuid4(),
        given_by="anna@winkel.example",
        given_how="link",
        total=RESTORE.total,
        offer=offer,
    )
    text = " ".join(letters.consent_receipt(ticket(), event, load_policies(), lang).split())
    words = {
        ("en", Basis.HOURS): "never more than this without your consent",
        ("en", Basis.PLAN): "period by period",
        ("nl", Basis.HOURS): "nooit meer dan dit zonder uw akkoord",
        ("nl", Basis.PLAN): "per periode",
    }
    for told in (words[lang, basis], "Recompilation", "Q-HN-1042-2"):
        assert told in text


def test_a_charge_notice_names_quote_and_amount():
    event = ChargeRecorded(
        ticket_id="HN-1042",
        charge_id=uuid4(),
        quote_id="Q-HN-1042-1",
        version=1,
        line="restore",
        clause="hypernode.backups.restore-price",
        customer_id=None,
        account=None,
        provider="hypernode",
        total=Money.of("1250", "EUR"),
    )
    text = letters.charge_notice(ticket(), event, load_policies(), "nl")
    assert "EUR 1.250,00, exclusief btw" in text
    assert "Q-HN-1042-1 (versie 1)" in " ".join(text.split())
    assert "Periode" not in text


@pytest.mark.parametrize(("lang", "words"), [("en", "  Hours:  2 (started hours)\n"), ("nl", "  Uren:   2 (begonnen")])
def test_a_charge_notice_of_work_by_the_hour_tells_the_started_hours(lang, words):
    event = ChargeRecorded(
        ticket_id="HN-1042",
        charge_id=uuid4(),
        quote_id="Q-HN-1042-2",
        version=1,
        line="further-work",
        clause="",
        customer_id=None,
        account=None,
        provider="hypernode",
        total=Money.of(120, "EUR"),
        unit="started-hour",
        quantity=2,
    )
    assert words in letters.charge_notice(ticket(), event, load_policies(), lang)


@pytest.mark.parametrize(
    ("lang", "left", "told"),
    [
        ("en", 0, ("We give back what was charged for quote Q-HN-1042-1", "Credit:    EUR 25.00, without VAT")),
        ("en", 100, ("We give back a part of what was charged", "Remaining: EUR 100.00, without VAT")),
        ("nl", 0, ("Wij crediteren wat voor offerte Q-HN-1042-1", "Credit:    EUR 25,00, exclusief btw")),
        ("nl", 100, ("Wij crediteren een deel van wat", "Resteert:  EUR 100,00, exclusief btw")),
    ],
)
def test_a_credit_notice_names_what_is_given_back_and_what_remains_and_not_why(lang, left, told):
    event = ChargeCredited(
        ticket_id="HN-1042",
        credit_id=uuid4(),
        charge_id=uuid4(),
        quote_id="Q-HN-1042-1",
        line="restore",
        customer_id=None,
        account=None,
        provider="hypernode",
        total=Money.of(25, "EUR"),
        remaining=Money.of(left, "EUR"),
        agent="Kim",
        reason="to keep him quiet",
    )
    letter = letters.credit_notice(ticket(), event, load_policies(), lang)
    assert all(words in " ".join(letter.split()) or words in letter for words in told)
    assert ("Remaining" in letter or "Resteert" in letter) == bool(left)
    assert "quiet" not in letter


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "  Period: Saturday 31 January 2026 to Friday 27 February 2026\n"),
        ("nl", "  Periode: zaterdag 31 januari 2026 tot en met vrijdag 27 februari 2026\n"),
    ],
)
def test_a_charge_notice_of_a_plan_names_the_period(lang, words):
    event = ChargeRecorded(
        ticket_id="HS-1042",
        charge_id=uuid4(),
        quote_id="Q-HS-1042-1",
        version=1,
        line="priority-plan",
        clause="h-sphere.plans.priority-price",
        customer_id=None,
        account=None,
        provider="h-sphere",
        total=Money.of(300, "USD"),
        unit="month",
        period_from=date(2026, 1, 31),
        period_until=date(2026, 2, 27),
    )
    assert words in letters.charge_notice(ticket(), event, load_policies(), lang)


def test_an_answer_is_the_agents_text_with_a_signature():
    text = letters.answer(ticket(), "Pieter", "  Hello,\n\n  it is done.\n", load_policies(), "en")
    assert text.startswith("Hello,\n\n  it is done.\n\nKind regards,\nPieter\nHypernode support\n")
    assert "[HN-1042]" in text
