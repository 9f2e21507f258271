"""What people decide and correct, on real tables: the next version, once, and shown on tickets like it."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from services.scope.tasks import worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    OverrideDismissed,
    PrecedentsFound,
    ScopeDecided,
    TicketFactCorrected,
    TicketOpened,
    VerdictOverridden,
)
from shared.vocabulary import Channel, Requester, TicketFacts, Verdict

WORDS = "Our SSL certificate has expired, please renew it."
CLAUSE = "hypernode.ssl.implementation"


def facts(number="HN-1042", **changes):
    known = {
        "ticket_id": number,
        "provider": "hypernode",
        "product": "general",
        "channel": Channel.EMAIL,
        "subject": "Certificate",
        "requester": Requester(name="Anna", email="anna@bloemen.example"),
        "received_at": clock.now(),
    }
    return TicketFacts(**known | changes)


@pytest.fixture
def opened(say, hear):
    """Open a ticket and decide it."""

    def opened(number="HN-1042", words=WORDS, **changes):
        ticket = facts(number, **changes)
        say("tickets", TicketOpened(ticket_id=number, arrival_id=uuid4(), ticket=ticket, text=words))
        assert hear(worker, "decide_scope") == [Outcome.DONE]
        return ticket

    return opened


@pytest.fixture
def override(say, hear):
    """Say what an agent decides, and let the room hear it."""

    def override(ticket, version=1, **changes):
        told = {"verdict": Verdict.COURTESY, "clauses": (CLAUSE,), "reason": "we sold it by mistake", "agent": "Kim"}
        event = VerdictOverridden(ticket_id=ticket.ticket_id, ticket=ticket, version=version, **told | changes)
        say("desk", event)
        assert hear(worker, "override_verdict") == [Outcome.DONE]
        return event

    return override


@pytest.fixture
def versions(session):
    def versions(number="HN-1042"):
        session.rollback()
        statement = text("select version, decision->>'verdict' from scope.decision where ticket_id = :t order by 1")
        return [tuple(row) for row in session.execute(statement, {"t": number})]

    return versions


def test_what_a_person_decides_is_the_next_version_and_the_old_one_stays_readable(opened, override, said, versions):
    ticket = opened()
    [first] = said(ScopeDecided)
    override(ticket)
    second = said(ScopeDecided)[-1]
    assert (second.decision.version, second.decision.verdict) == (2, Verdict.COURTESY)
    assert (second.ticket, second.text) == (ticket, WORDS)
    assert versions() == [(1, first.decision.verdict), (2, "courtesy")]


def test_an_override_said_again_is_the_same_version(opened, override, say, hear, *, said, versions):
    event = override(opened())
    say("desk", event)
    assert hear(worker, "override_verdict") == []
    assert len(versions()) == 2
    assert said(OverrideDismissed) == []


def test_the_second_of_two_who_decide_at_once_is_told_that_his_does_not_count(opened, override, said, versions):
    ticket = opened()
    override(ticket)
    override(ticket, verdict=Verdict.UNSUPPORTED, agent="Noor")
    assert versions()[-1] == (2, "courtesy")
    [dismissed] = said(OverrideDismissed)
    assert (dismissed.agent, "version 2 stands" in dismissed.reason) == ("Noor", True)


def test_an_override_of_a_ticket_that_nobody_opened_changes_nothing(override, said, versions):
    override(facts())
    assert (versions(), len(said(OverrideDismissed))) == ([], 1)


def test_a_precedent_is_shown_on_the_next_request_like_it_and_changes_no_verdict(opened, override, said):
    override(opened())
    opened("HN-1043", "Please renew our SSL certificate, it has expired.")
    [found] = said(PrecedentsFound)
    [precedent] = found.precedents
    assert (found.ticket_id, precedent.ticket_id) == ("HN-1043", "HN-1042")
    assert (precedent.verdict, precedent.clauses, precedent.reason) == (
        Verdict.COURTESY,
        (CLAUSE,),
        "we sold it by mistake",
    )
    first, overridden, alike = said(ScopeDecided)
    assert alike.decision.verdict is first.decision.verdict is not overridden.decision.verdict


def test_a_precedent_is_shown_on_tickets_that_wait_for_a_person(opened, override, said):
    waits = "Please renew our SSL certificate, it has expired."  # bought where? nobody said
    ticket = opened(words=waits, subject="Expired")
    opened("HN-1043", f"Hello! {waits}", subject="Certificate")
    opened("HN-1044", "The thing with the frobnicator of our carousel is odd since the weekend.", subject="Odd")
    decided = {event.ticket_id: event.decision for event in said(ScopeDecided)}
    assert decided["HN-1043"].needs_person
    override(ticket)
    assert [event.ticket_id for event in said(PrecedentsFound)] == ["HN-1043"]


def test_another_providers_precedents_are_not_shown(opened, override, said):
    override(opened())
    opened("KX-1043", provider="kenotronix", product="shared-hosting")
    assert said(PrecedentsFound) == []


def test_the_last_word_on_a_ticket_is_its_precedent(opened, override, said):
    ticket = opened()
    override(ticket)
    override(ticket, version=2, verdict=Verdict.UNSUPPORTED)
    opened("HN-1043")
    assert [known.verdict for known in said(PrecedentsFound)[-1].precedents] == [Verdict.UNSUPPORTED]


def corrected(ticket, version=1, fact="SSL certificate bought elsewhere"):
    return TicketFactCorrected(ticket_id=ticket.ticket_id, ticket=ticket, version=version, fact=fact, agent="Kim")


def test_a_corrected_fact_decides_again_as_if_it_stood_in_the_record(opened, say, hear, said, versions):
    ticket = opened(customer_facts=("SSL certificate was purchased via Hypernode",))
    with_record = opened("HN-1043", customer_facts=("SSL certificate bought elsewhere",))
    assert with_record
    bare = opened("HN-1044")
    say("desk", corrected(bare))
    assert hear(worker, "decide_again") == [Outcome.DONE]
    decided = {(event.ticket_id, event.decision.version): event.decision for event in said(ScopeDecided)}
    again = decided["HN-1044", 2]
    assert (again.verdict, again.clauses) == (decided["HN-1043", 1].verdict, decided["HN-1043", 1].clauses)
    assert again.explanation["corrected"]["fact"] == "SSL certificate bought elsewhere"
    assert again.decided_by is None
    assert [version for version, _ in versions("HN-1044")] == [1, 2]
    assert [version for version, _ in versions(ticket.ticket_id)] == [1]


@pytest.mark.parametrize("version", [1, 2])
def test_a_fact_does_not_change_what_a_person_decided(opened, override, say, hear, *, said, versions, version):
    ticket = opened()
    override(ticket)
    say("desk", corrected(ticket, version))
    assert hear(worker, "decide_again") == [Outcome.DONE]
    assert versions()[-1] == (2, "courtesy")
    assert len(said(OverrideDismissed)) == 1


def test_an_override_by_a_clause_that_is_none_leaves_nothing_behind(opened, say, hear, said, versions):
    ticket = opened()
    told = {"verdict": Verdict.COURTESY, "clauses": ("hypernode.no.such",), "reason": "r", "agent": "Kim"}
    say("desk", VerdictOverridden(ticket_id=ticket.ticket_id, ticket=ticket, version=1, **told))
    assert hear(worker, "override_verdict") == [Outcome.DEAD]
    assert len(versions()) == len(said(ScopeDecided)) == 1
