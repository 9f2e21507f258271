"""From a request to a decision: topics, facts and the policy's table, with everything that explains the answer.

Several topics vote, each with its probability: topics that lead to the same verdict need not be told apart. Verdicts
that the documents use side by side for the same thing (not done; the customer's own job) count together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.scope.rules import emergencies, parts, prices
from services.scope.rules.facts import DOWN, FactReader, Known, values
from services.scope.rules.language import detect
from services.scope.rules.likeness import Keep, anew
from services.scope.rules.parts import MOST_CLAUSES
from services.scope.rules.topics import Compared, Prior, Ranked, TopicIndex
from services.scope.rules.words import own_words
from shared.policies import Policies, Policy
from shared.policies.decisions import REFUSALS, Certainty, DecisionRow, Facts
from shared.policies.models import Text
from shared.vocabulary import Decision, Party, TicketFacts, Verdict

VOTERS = 12
LEAST_VOTE = 0.02
SILENT_TOPIC, OTHER_PRODUCT, OWN_PRODUCT = 0.12, 0.36, 1.7
"""How the belief in a topic changes when no row names it, only rows of other products, or one of this product."""

DOUBT, DOUBT_BEND = 0.42, 1.25
"""How often an answer without any share of the belief would be wrong, and how that falls as the share grows: measured
on labelled requests before any row or example was mended by them."""

MOST_CHARACTERS = 20_000
"""What is read of one message: a person says what he wants well before this."""


WHAT_IS_IT = Text(
    en="Please tell us which service it is about, what you did and what you saw.",
    nl="Laat ons weten om welke dienst het gaat, wat u deed en wat u zag.",
)
CONFIDENCE_OF_A_GUESS = 0.3


@dataclass(frozen=True)
class Request:
    """A request as the policy sees it. `notes` are free texts of the customer record and the monitoring."""

    provider: str
    product: str | None
    plan: str | None
    subject: str
    body: str
    received_at: datetime
    language: str | None = None
    notes: tuple[str, ...] = ()
    account_known: bool = False

    @classmethod
    def of_ticket(cls, ticket: TicketFacts, text: str, *further: str) -> Request:
        """What a ticket asks, with further notes beside those of its customer's record."""
        return cls(
            provider=ticket.provider,
            product=ticket.product,
            plan=ticket.plan,
            subject=ticket.subject,
            body=text,
            received_at=ticket.received_at,
            language=ticket.language,
            notes=(*ticket.customer_facts, *further),
            account_known=ticket.account is not None or ticket.requester.customer_id is not None,
        )


@dataclass(frozen=True)
class _Vote:
    ranked: Ranked
    row: DecisionRow | None

    @property
    def verdict(self) -> Verdict:
        return self.row.verdict if self.row else Verdict.NOT_COVERED


@dataclass(frozen=True)
class Decider:
    """The policies with their topics prepared for comparison. Made once per process."""

    policies: Policies
    index: TopicIndex
    facts: FactReader
    _priors: dict[tuple[str, str | None], Prior] = field(default_factory=dict)

    @classmethod
    def of(cls, policies: Policies, keep: Keep = anew) -> Decider:
        """Learn what these policies have examples of; `keep` may know it from an earlier time."""
        index = TopicIndex(policies.topics, keep)
        return cls(policies, index, FactReader.of(policies.wordings, policies.topics, keep))

    def decide(self, request: Request) -> Decision:
        """The decision on a request; Misconfigured for a provider that has no policy."""
        policy = self.policies.provider(request.provider)
        body = own_words(request.body)[:MOST_CHARACTERS]
        language = detect(f"{request.subject}\n{body}") or request.language
        prior = self._prior(policy, request.product)
        return parts.of_message(
            request.subject,
            body,
            self._judge(request, policy, f"{request.subject}\n{body}", language),
            believe=lambda piece: self.index.shares(self.index.compare(piece), prior),
            judge=lambda piece: self._judge(request, policy, piece, language),
        )

    def _judge(self, request: Request, policy: Policy, text: str, language: str | None) -> Decision:
        compared = self.index.compare(text)
        first, *others = self.index.rank(compared, self._prior(policy, request.product), VOTERS)
        voters = [first, *(one for one in others if one.probability >= LEAST_VOTE)]
        known = self.facts.known(
            text,
            request.notes,
            request.received_at,
            account_known=request.account_known,
            needed=emergencies.FACTS | policy.decisions.turn_on(one.topic for one in voters),
        )
        facts = values(known)
        votes = [_Vote(one, policy.decisions.row(one.topic, request.product, request.plan, facts)) for one in voters]
        told_enough = DOWN in facts or not self.index.says_little(compared)
        reading = _Reading(request, policy, language, known, facts, votes, compared)
        return self._answer(reading) if told_enough else self._ask_what_it_is(reading)

    def _prior(self, policy: Policy, product: str | None) -> Prior:
        """How the policy weighs topics for a product; one that it does not know counts as none."""
        product = product if product in policy.products else None
        if (known := self._priors.get((policy.id, product))) is None:
            known = self._priors[policy.id, product] = self.index.prior(_weights(policy, product, self.index.names))
        return known

    def _answer(self, reading: _Reading) -> Decision:
        policy, product = reading.policy, reading.request.product
        side, share = _elect(reading.votes)
        row, topic_id = side[0].row, side[0].ranked.topic
        confidence = round(1 - DOUBT * (1 - share) ** DOUBT_BEND, 3)
        topic = self.policies.topics[topic_id]
        asked = (row.ask.in_language(reading.reply),) if row and row.ask else ()
        return reading.decision(
            verdict=side[0].verdict,
            clauses=(*_clauses(side), *(rule.clause for rule in policy.decisions.standing(topic_id, product))),
            topic=(row.read_as if row else None) or topic_id,
            responsible_party=row.party if row else Party.PROVIDER,
            department=(row.department if row else None) or topic.department,
            price=prices.offer(policy.prices[row.price], reading.facts, reading.reply) if row and row.price else None,
            sla="suspended" if side[0].verdict is Verdict.SUPPLIER else "running",
            preconditions=policy.decisions.preconditions_of(row, topic_id, product, reading.reply),
            confidence=confidence,
            needs_person=policy.decisions.needs_person(row, confidence),
            explanation=self._explanation(reading, row, topic_id, asked),
        )

    def _ask_what_it_is(self, reading: _Reading) -> Decision:
        """Too little was said for any verdict: ask. A person sees it with the best guess beside it."""
        topic_id = reading.votes[0].ranked.topic
        topic = self.policies.topics[topic_id]
        return reading.decision(
            verdict=Verdict.NEEDS_INFO,
            topic=topic_id,
            responsible_party=Party.CUSTOMER,
            department=topic.department,
            confidence=CONFIDENCE_OF_A_GUESS,
            explanation=self._explanation(reading, None, topic_id, (WHAT_IS_IT.in_language(reading.reply),)),
        )

    def _explanation(
        self, reading: _Reading, row: DecisionRow | None, topic_id: str, questions_asked: tuple[str, ...]
    ) -> dict[str, Any]:
        return {
            "topic": self.policies.topics[topic_id].title,
            "words": list(self.index.telling(reading.text, topic_id)),
            "votes": [
                {
                    "topic": vote.ranked.topic,
                    "probability": round(vote.ranked.probability, 3),
                    "verdict": vote.verdict,
                    "phrases": list(vote.ranked.phrases),
                }
                for vote in reading.votes
            ],
            "facts": [{"fact": f.name, "value": f.value, "from": f.origin, "words": f.words} for f in reading.known],
            "row": row.told if row else None,
            "quotes": {clause: reading.policy.clauses[clause].quote for clause in (row.clauses if row else ())},
            "questions": list(questions_asked),
        }


@dataclass(frozen=True)
class _Reading:
    """What was understood of a message, before the answer."""

    request: Request
    policy: Policy
    language: str | None
    known: tuple[Known, ...]
    facts: Facts
    votes: list[_Vote]
    text: Compared

    @property
    def reply(self) -> str:
        return self.policy.provider.languages.reply_to(self.language)

    def decision(self, **answer: Any) -> Decision:
        """A decision with this answer, and with what follows from the message alone."""
        hours = self.policy.hours(self.request.plan)
        return Decision(
            emergency=emergencies.level(self.facts) if self.policy.decisions.emergency_levels else None,
            language=self.language,
            reply_language=self.reply,
            in_support_hours=hours.is_open(self.request.received_at) if hours else None,
            policy_version=self.policy.version,
            **answer,
        )


def _weights(policy: Policy, product: str | None, topics: Iterable[str]) -> Mapping[str, float]:
    weights = dict.fromkeys(topics, SILENT_TOPIC)
    for row in policy.decisions.rows:
        for topic in row.topics:
            if product in row.products:
                weights[topic] = OWN_PRODUCT
            elif not row.products and row.certainty is not Certainty.SILENT:
                weights[topic] = max(weights[topic], 1.0)
            else:
                weights[topic] = max(weights[topic], OTHER_PRODUCT)
    return weights


def _elect(votes: list[_Vote]) -> tuple[list[_Vote], float]:
    """The votes of the side that has most belief, likeliest first, and its share.

    The share lies between that of the votes and that of all belief: topics too unlikely to vote are doubt as well.
    """
    sides: dict[Verdict, list[_Vote]] = defaultdict(list)
    for vote in votes:
        sides[Verdict.UNSUPPORTED if vote.verdict in REFUSALS else vote.verdict].append(vote)
    weigh = {verdict: sum(vote.ranked.probability for vote in side) for verdict, side in sides.items()}
    winner = max(weigh, key=lambda verdict: weigh[verdict])
    return sides[winner], (weigh[winner] / sum(weigh.values()) + weigh[winner]) / 2


def _clauses(side: list[_Vote]) -> tuple[str, ...]:
    """The clauses of the side that won, best first: each row gives its belief to its first, less to its next ones."""
    points: dict[str, float] = defaultdict(float)
    for vote in side:
        for place, clause in enumerate(vote.row.clauses[:MOST_CLAUSES] if vote.row else (), start=1):
            points[clause] += vote.ranked.probability / place
    return tuple(sorted(points, key=lambda clause: -points[clause])[:MOST_CLAUSES])
