"""A person's verdict, and what follows from it by the policy's own rows."""

import pytest

from samples import PAID, RESTORE, ticket
from services.scope.rules import overrides
from shared.events import TicketFactCorrected, VerdictOverridden
from shared.policies import load_policies
from shared.vocabulary import Decision, Department, Party, Verdict

POLICIES = load_policies()
SPLIT = Decision(
    verdict=Verdict.MIXED,
    confidence=0.4,
    parts=(
        PAID.model_copy(update={"confidence": 0.9}),
        Decision(verdict=Verdict.SUPPORTED, topic="ssl-renewal", confidence=0.4),
    ),
)


def override(verdict=Verdict.COURTESY, **changes):
    told = {"ticket_id": "HN-1042", "ticket": ticket(), "version": 1, "reason": "our own backup failed", "agent": "Kim"}
    return VerdictOverridden(**{**told, "verdict": verdict, **changes})


def decided(standing=PAID, **changes):
    return overrides.overridden(override(**changes), standing, POLICIES)


def test_a_persons_verdict_is_sure_and_says_who_and_why():
    decision = decided(approver="Noor", clauses=("hypernode.backups.restore-by-support",))
    assert (decision.version, decision.decided_by, decision.confidence) == (2, "Kim", 1.0)
    assert (decision.verdict, decision.needs_person, decision.price) == (Verdict.COURTESY, False, None)
    person = decision.explanation["person"]
    assert (person["agent"], person["approver"], person["reason"]) == ("Kim", "Noor", "our own backup failed")
    assert (person["overrode"]["version"], person["overrode"]["verdict"]) == (1, Verdict.PAID)
    assert list(decision.explanation["quotes"]) == ["hypernode.backups.restore-by-support"]


def test_confirming_a_guess_keeps_everything_but_the_doubt():
    guess = PAID.model_copy(update={"needs_person": True, "confidence": 0.4, "preconditions": ("Send the key.",)})
    decision = decided(guess, verdict=Verdict.PAID)
    doubtless = {"needs_person": False, "confidence": 1.0, "version": 2, "decided_by": "Kim"}
    kept = set(Decision.model_fields) - {"explanation", "policy_version"}
    assert decision.model_dump(include=kept) == guess.model_copy(update=doubtless).model_dump(include=kept)


def test_paid_work_has_the_price_line_of_its_row():
    was = PAID.model_copy(update={"verdict": Verdict.COURTESY, "price": None})
    decision = decided(was, verdict=Verdict.PAID, clauses=("hypernode.backups.restore-by-support",))
    assert decision.price
    assert (decision.price.clause, decision.price.total) == (RESTORE.clause, RESTORE.total)


def test_the_price_line_that_a_person_names_goes_before_that_of_the_row():
    line = next(iter(POLICIES.provider("hypernode").prices))
    unrelated = Decision(verdict=Verdict.UNSUPPORTED, topic="custom-code", needs_person=False)
    decision = decided(unrelated, verdict=Verdict.PAID, price_line=line, clauses=(RESTORE.clause,))
    assert decision.price
    assert decision.price.line == line


def test_a_corrected_topic_brings_its_department_and_its_row():
    decision = decided(
        ticket=ticket(product="shared-hosting", provider="kenotronix", ticket_id="KX-1"),
        verdict=Verdict.SUPPORTED,
        topic="billing-question",
        clauses=("kenotronix.general.billing-question",),
    )
    assert (decision.topic, decision.department) == ("billing-question", Department.FINANCIAL)
    assert decision.explanation["row"]["topics"] == ["billing-question"]


def test_without_a_row_the_clause_says_who_acts():
    decision = decided(
        verdict=Verdict.UNSUPPORTED, clauses=("hypernode.exclusions.third-party-software-issues",), topic=None
    )
    clause = POLICIES.clause("hypernode.exclusions.third-party-software-issues")
    assert decision.responsible_party is clause.responsible_party


@pytest.mark.parametrize(
    ("verdict", "party", "sla"),
    [
        (Verdict.SUPPLIER, Party.SUPPLIER, "suspended"),
        (Verdict.CUSTOMER_RESPONSIBILITY, Party.CUSTOMER, "running"),
        (Verdict.NO_ACTION, Party.PROVIDER, "running"),
    ],
)
def test_without_row_and_clause_the_verdict_says_who_acts(verdict, party, sla):
    decision = decided(verdict=verdict)
    assert (decision.responsible_party, decision.sla) == (party, sla)


def test_one_question_of_a_message_is_decided_and_the_other_keeps_its_answer():
    decision = decided(SPLIT, question=2, verdict=Verdict.UNSUPPORTED, clauses=("hypernode.ssl.implementation",))
    assert (decision.verdict, decision.needs_person, decision.version) == (Verdict.MIXED, False, 2)
    first, second = decision.parts
    assert first == SPLIT.parts[0]
    assert (second.verdict, second.needs_person, second.decided_by) == (Verdict.UNSUPPORTED, False, "Kim")


def test_a_message_that_is_one_question_after_all_has_no_parts_any_more():
    decision = decided(SPLIT, clauses=("hypernode.backups.restore-by-support",))
    assert (decision.verdict, decision.parts, decision.needs_person) == (Verdict.COURTESY, (), False)


def test_who_changes_his_mind_still_says_how_the_policy_was_read():
    once = decided()
    again = overrides.overridden(override(Verdict.UNSUPPORTED, version=2), once, POLICIES)
    person = again.explanation["person"]
    assert (again.version, person["overrode"]["verdict"], person["read"]["verdict"]) == (
        3,
        Verdict.COURTESY,
        Verdict.PAID,
    )


@pytest.mark.parametrize(
    ("event", "standing", "why"),
    [
        (override(), None, "nothing has been decided"),
        (override(version=2), PAID, "version 1 stands"),
        (override(question=1), PAID, "no question 1"),
        (override(question=3), SPLIT, "no question 3"),
    ],
)
def test_an_override_of_something_else_does_not_count(event, standing, why):
    assert why in str(overrides.objection(event, standing))


def test_an_override_of_what_stands_counts():
    assert overrides.objection(override(question=2), SPLIT) is None


def test_a_decision_with_a_corrected_fact_says_whose_fact_it_was():
    told = {"ticket_id": "HN-1042", "ticket": ticket(), "version": 1, "fact": "bought elsewhere", "agent": "Kim"}
    decision = overrides.corrected(TicketFactCorrected(**told), PAID, PAID)
    assert (decision.version, decision.decided_by) == (2, None)
    assert decision.explanation["corrected"]["fact"] == "bought elsewhere"
