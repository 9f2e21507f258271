"""What an agent may decide himself: another verdict, or the one that the policy was read to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PositiveInt, StringConstraints

from services.desk.rules.summary import QuoteRow, QuoteState
from shared.policies import Clause, Policies, Policy
from shared.vocabulary import Decision, Verdict

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]

DECIDABLE = tuple(verdict for verdict in Verdict if verdict not in {Verdict.MIXED, Verdict.NEEDS_INFO})
"""A mixed message is decided question by question, and who needs to know more asks in an answer."""

UNCITED = {Verdict.NOT_COVERED, Verdict.NO_ACTION}
FREE = {Verdict.SUPPORTED, Verdict.COURTESY}
NOT_FREE = {Verdict.PAID, Verdict.UNSUPPORTED, Verdict.CUSTOMER_RESPONSIBILITY}
SETTLED = {QuoteState.AGREED, QuoteState.CHARGED}


class Overriding(BaseModel):
    """What an agent decides, and why. `clauses` stand best first.

    `question`, from 1, is the part that he decides; without it the whole message is one question. `topic` is given
    where the topic was wrong. `version` is the decision that he saw; without it, the one that stands. `approver`: the
    second person who answers for giving work away, or for taking it back.
    """

    model_config = ConfigDict(extra="forbid")

    agent: Name
    verdict: Verdict
    clauses: tuple[str, ...] = ()
    topic: str | None = None
    price_line: str | None = None
    question: PositiveInt | None = None
    reason: Reason
    approver: Name | None = None
    version: PositiveInt | None = None


@dataclass(frozen=True)
class Objection:
    """Why something cannot be decided so, and what to do. `conflicts`: not as things stand; else, never like this."""

    title: str
    remedy: str
    conflicts: bool = False


def objection(
    wish: Overriding, decision: Decision | None, quotes: Iterable[QuoteRow], policies: Policies, policy: Policy
) -> Objection | None:
    """Why an agent may not decide this on that decision; None when he may."""
    if decision is None:
        return Objection("Nothing has been decided yet", "Look again in a moment.", conflicts=True)
    if wish.version not in {None, decision.version}:
        return Objection(
            f"It was decided anew since: version {decision.version} stands", "Look at it again.", conflicts=True
        )
    if wish.question and wish.question > len(decision.parts):
        return Objection(f"The decision has no question {wish.question}", f"It has {len(decision.parts)} of them.")
    before = [decision.parts[wish.question - 1]] if wish.question else [*(decision.parts or (decision,))]
    return _of_words(wish, before, policies, policy) or _of_approval(wish, before) or _of_money(wish, before, quotes)


def _of_words(wish: Overriding, before: list[Decision], policies: Policies, policy: Policy) -> Objection | None:
    unknown = [clause for clause in wish.clauses if clause not in policy.clauses]
    silent = any(was.verdict is Verdict.NOT_COVERED for was in before)
    confirmed = any(
        (was.verdict, wish.topic or was.topic) == (wish.verdict, was.topic) and was.clauses for was in before
    )
    objections = (
        (
            wish.verdict not in DECIDABLE,
            Objection(
                f"A person does not decide {wish.verdict!r}", "Decide each question, or ask the customer in an answer."
            ),
        ),
        (
            bool(unknown),
            Objection(
                f"The policy of {policy.name} has no clause {', '.join(unknown)}", "Take one from the ticket's page."
            ),
        ),
        (
            not (wish.clauses or confirmed or silent or wish.verdict in UNCITED),
            Objection(
                f"What does {wish.verdict} rest on?", "Name the clause; only where the policy is silent is there none."
            ),
        ),
        (
            wish.topic is not None and wish.topic not in policies.topics,
            Objection(f"There is no topic {wish.topic!r}", "Take one from the ticket's page."),
        ),
        (
            wish.price_line is not None and wish.verdict is not Verdict.PAID,
            Objection("Only paid work has a price line", "Leave `price_line` out."),
        ),
        (
            wish.price_line is not None and wish.price_line not in policy.prices,
            Objection(
                f"The policy of {policy.name} has no price line {wish.price_line!r}",
                f"Its price lines are {', '.join(policy.prices) or 'none'}.",
            ),
        ),
    )
    return next((told for applies, told in objections if applies), None)


def needs_approval(was: Decision, verdict: Verdict) -> bool:
    """Whether a second person answers for a change: from a refusal or paid work to free work, or the other way.

    A guess that waited for a person is no verdict yet: deciding it changes nothing that anybody was told.
    """
    if was.needs_person:
        return False
    return (was.verdict in NOT_FREE and verdict in FREE) or (was.verdict in FREE and verdict in NOT_FREE)


def _of_approval(wish: Overriding, before: list[Decision]) -> Objection | None:
    if wish.approver and wish.approver.casefold() == wish.agent.casefold():
        return Objection("Nobody approves his own decision", "Name another person as approver.")
    if wish.approver is None and (changed := next((was for was in before if needs_approval(was, wish.verdict)), None)):
        return Objection(
            f"From {changed.verdict} to {wish.verdict} needs an approver",
            "Free work is given, or taken back, by two people: name the second one.",
        )
    return None


def _of_money(wish: Overriding, before: list[Decision], quotes: Iterable[QuoteRow]) -> Objection | None:
    """What was agreed to stays: a changed verdict takes no charge back."""
    settled = next((quote for quote in quotes if quote.state in SETTLED), None)
    paid = [was for was in before if was.verdict is Verdict.PAID]
    same_line = all(wish.price_line in {None, was.price.line if was.price else None} for was in paid)
    if settled is None or not paid or (wish.verdict is Verdict.PAID and same_line):
        return None
    return Objection(
        f"{settled.total} for this is {settled.state} already ({settled.quote_id})",
        "A changed verdict takes no charge back. Settle it with the billing system, and write an answer.",
        conflicts=True,
    )


def clauses_of(decision: Decision, policy: Policy) -> list[Clause]:
    """The clauses that an agent looks for first: those cited, then those of the topic's rows, then of its subject."""
    parts = decision.parts or (decision,)
    topics = {part.topic for part in parts if part.topic}
    cited = [clause for part in parts for clause in part.clauses]
    of_rows = [clause for row in policy.decisions.rows if topics & set(row.topics) for clause in row.clauses]
    alike = [clause.id for clause in policy.clauses.values() if clause.topic in topics]
    names = dict.fromkeys([*cited, *of_rows, *alike])
    return [policy.clauses[name] for name in names if name in policy.clauses]
