"""A decision as a person makes it: his verdict and his clauses, and what follows from them by the policy's own rows."""

from __future__ import annotations

from typing import Any

from services.scope.rules import prices
from services.scope.rules.parts import together
from shared.events import CustomerRecorded, TicketFactCorrected, VerdictOverridden
from shared.policies import Policies, Policy
from shared.policies.decisions import DecisionRow
from shared.vocabulary import Decision, Party, PriceOffer, Verdict

PARTIES = {
    Verdict.UNSUPPORTED: Party.CUSTOMER,
    Verdict.CUSTOMER_RESPONSIBILITY: Party.CUSTOMER,
    Verdict.SUPPLIER: Party.SUPPLIER,
}
"""Who acts, where neither a row nor the clause says so; everything else is the provider's."""


def objection(event: VerdictOverridden, standing: Decision | None) -> str | None:
    """Why an override does not count, for an agent to read; None when it does."""
    if standing is None:
        return "nothing has been decided yet"
    if event.version != standing.version:
        return f"it was made on version {event.version} of the decision, and version {standing.version} stands now"
    if event.question and event.question > len(standing.parts):
        return f"the decision has no question {event.question}"
    return None


def overridden(event: VerdictOverridden, standing: Decision, policies: Policies) -> Decision:
    """The decision that an override makes of the one that stands; the other questions of a message keep theirs."""
    policy = policies.provider(event.ticket.provider)
    if event.question:
        parts = list(standing.parts)
        parts[event.question - 1] = _by_person(event, parts[event.question - 1], policies, policy)
        decision = together(standing, parts)
    else:
        decision = _by_person(event, standing, policies, policy)
    told = {
        "version": standing.version + 1,
        "decided_by": event.agent,
        "policy_version": policy.version,
        "explanation": {**decision.explanation, "person": _who_and_why(event, standing)},
    }
    return decision.model_copy(update=told)


def _by_person(event: VerdictOverridden, was: Decision, policies: Policies, policy: Policy) -> Decision:
    topic, clauses = event.topic or was.topic, event.clauses
    known = policies.topics.get(topic or "")
    confirmed = (event.verdict, topic) == (was.verdict, was.topic)
    if confirmed and not clauses:
        clauses = was.clauses
    row = _row(policy, topic, event.ticket.product, event.verdict, clauses)
    answer: dict[str, Any] = {
        "verdict": event.verdict,
        "clauses": clauses,
        "topic": topic,
        "sla": "suspended" if event.verdict is Verdict.SUPPLIER else "running",
        "price": _price(event, was, row, policy),
        "confidence": 1.0,
        "needs_person": False,
        "decided_by": event.agent,
        "parts": (),
        "explanation": {
            "topic": known.title if known else topic,
            "facts": was.explanation.get("facts", []),
            "row": row.told if row else None,
            "quotes": {clause: policy.clauses[clause].quote for clause in clauses},
            "questions": [],
            "person": _who_and_why(event, was),
        },
    }
    if not confirmed or clauses != was.clauses:
        answer["responsible_party"] = row.party if row else _party(event.verdict, clauses, policy)
        answer["preconditions"] = policy.decisions.preconditions_of(
            row, topic, event.ticket.product, was.reply_language
        )
        answer["department"] = (row and row.department) or (known.department if known else was.department)
    return was.model_copy(update=answer)


def _row(
    policy: Policy, topic: str | None, product: str | None, verdict: Verdict, clauses: tuple[str, ...]
) -> DecisionRow | None:
    """The row that comes to this verdict on this topic, best by this clause; None: the policy has no such row."""
    rows = [
        row
        for row in policy.decisions.rows
        if topic in row.topics and row.verdict is verdict and (not row.products or product in row.products)
    ]
    citing = (row for row in rows if clauses and clauses[0] in row.clauses)
    return next(citing, None) or next(iter(rows), None)


def _party(verdict: Verdict, clauses: tuple[str, ...], policy: Policy) -> Party:
    clause = policy.clauses[clauses[0]] if clauses else None
    if clause and clause.verdict is verdict:
        return clause.responsible_party
    return PARTIES.get(verdict, Party.PROVIDER)


def _price(event: VerdictOverridden, was: Decision, row: DecisionRow | None, policy: Policy) -> PriceOffer | None:
    """The price line that the person named, else that of the row; the same line as before keeps its figures."""
    if event.verdict is not Verdict.PAID:
        return None
    line = event.price_line or (row.price if row else None)
    if was.price and line in {None, was.price.line}:
        return was.price
    if line is None:
        return None
    facts = {fact["fact"]: frozenset({str(fact["value"])}) for fact in was.explanation.get("facts", ())}
    return prices.offer(policy.prices[line], facts, was.reply_language)


def _who_and_why(event: VerdictOverridden, was: Decision) -> dict[str, Any]:
    before = _before(was, event.version)
    return {
        "agent": event.agent,
        "approver": event.approver,
        "reason": event.reason,
        "question": event.question,
        "overrode": before,
        "read": was.explanation["person"]["read"] if was.decided_by else before,
    }


def corrected(event: TicketFactCorrected, standing: Decision, decision: Decision) -> Decision:
    """What the policy says with a corrected fact, as the next version; it tells whose fact that was."""
    correction = {"agent": event.agent, "fact": event.fact, "overrode": _before(standing, event.version)}
    return decision.model_copy(
        update={
            "version": standing.version + 1,
            "explanation": {**decision.explanation, "corrected": correction},
        },
    )


def for_customer(event: CustomerRecorded, standing: Decision, decision: Decision) -> Decision:
    """A decision for the customer that a person chose, as the next version; it tells who chose him."""
    chosen = {"agent": event.by, "customer": event.ticket.requester.customer_id}
    return decision.model_copy(
        update={
            "version": standing.version + 1,
            "explanation": {**decision.explanation, "customer_chosen": chosen},
        },
    )


def _before(was: Decision, version: int) -> dict[str, Any]:
    return {
        "version": version,
        "verdict": was.verdict,
        "topic": was.topic,
        "clauses": list(was.clauses),
        "confidence": was.confidence,
        "needs_person": was.needs_person,
        "decided_by": was.decided_by,
        "row": was.explanation.get("row"),
    }
