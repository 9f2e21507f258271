"""The shape of decisions.yaml: what each topic means under one policy.

The table is read from the top; the first row whose topic, product, plan and facts fit is the answer. A topic without a
row is one that the policy says nothing of: `not-covered`, and `silent` says that this is meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from pydantic import Field, model_validator

from shared.policies.models import ClauseId, Id, Row, Text
from shared.vocabulary import Department, Party, Verdict

Facts = Mapping[str, AbstractSet[str]]
"""The values that are known of each fact; a wish may have several."""


class Certainty(StrEnum):
    """How plainly the document says what a row says."""

    FIRM = "firm"
    JUDGEMENT = "judgement"
    SILENT = "silent"


REFUSALS = frozenset({Verdict.UNSUPPORTED, Verdict.CUSTOMER_RESPONSIBILITY})
"""Two ways in which the documents say that a thing is not done (KX-A5): together when beliefs are counted."""


class DecisionRow(Row):
    """One row: to which requests it applies, and the answer.

    `products` and `plans` empty: any. `when` holds facts that must be known to have this value (several values: one of
    them, separated by a bar). `clauses` stand best first. `price` names a price line of provider.yaml, `preconditions`
    the texts at the head of the file. `ask` is the question to the customer when a row had to do without the fact that
    decides. `read_as` is the topic that the facts show it to be.
    """

    topics: tuple[Id, ...] = Field(min_length=1)
    products: tuple[Id, ...] = ()
    plans: tuple[Id, ...] = ()
    when: dict[Id, str] = Field(default_factory=dict)
    verdict: Verdict
    clauses: tuple[ClauseId, ...] = ()
    party: Party = Party.PROVIDER
    department: Department | None = None
    price: Id | None = None
    preconditions: tuple[Id, ...] = ()
    certainty: Certainty = Certainty.FIRM
    ask: Text | None = None
    read_as: Id | None = None

    @model_validator(mode="after")
    def _cites_a_clause(self) -> Self:
        uncited = {Verdict.NOT_COVERED, Verdict.NEEDS_INFO, Verdict.NO_ACTION}
        if self.verdict not in uncited and not self.clauses and self.certainty is not Certainty.SILENT:
            raise ValueError(f"a row that says {self.verdict!r} cites the `clauses` that it rests on")
        return self

    @property
    def told(self) -> dict[str, Any]:
        """The row as the explanation of a decision shows it."""
        return {"topics": list(self.topics), "when": self.when, "certainty": self.certainty}

    def fits(self, topic: str, product: str | None, plan: str | None, facts: Facts) -> bool:
        """Whether this row answers a request; a fact that is not known fits no condition."""
        return (
            topic in self.topics
            and (not self.products or product in self.products)
            and (not self.plans or plan in self.plans)
            and all(facts.get(name, frozenset()) & set(values.split("|")) for name, values in self.when.items())
        )


class StandingPrecondition(Row):
    """Something that every request on these products waits for, but for the topics that need no work on them."""

    products: tuple[Id, ...]
    precondition: Id
    clause: ClauseId
    except_topics: tuple[Id, ...] = ()


class Silence(Row):
    """Topics that the document says nothing of, of these products, or of every product that no row answers for."""

    topics: tuple[Id, ...] = Field(min_length=1)
    products: tuple[Id, ...] = ()


class PersonBelow(Row):
    """Below which confidence a person decides, by how plainly the document speaks. Where it is silent, always.

    `refusal`: what a refusal or paid work needs at least, whatever the document says.
    """

    firm: float = Field(default=0.84, ge=0, le=1)
    judgement: float = Field(default=0.88, ge=0, le=1)
    refusal: float = Field(default=0.86, ge=0, le=1)


class DecisionFile(Row):
    """The whole of decisions.yaml.

    `preconditions` are told to the customer; `rows` are read from the top; `silent` changes no answer, it says that
    somebody looked. `emergency_levels`: the policy ranks emergencies.
    """

    emergency_levels: bool = False
    person_below: PersonBelow = PersonBelow()
    preconditions: dict[Id, Text] = Field(default_factory=dict)
    always: tuple[StandingPrecondition, ...] = ()
    rows: tuple[DecisionRow, ...]
    silent: tuple[Silence, ...] = ()

    @model_validator(mode="after")
    def _preconditions_are_written(self) -> Self:
        named = {name for row in self.rows for name in row.preconditions} | {rule.precondition for rule in self.always}
        if missing := sorted(named - self.preconditions.keys()):
            raise ValueError(f"add a text under `preconditions` for {', '.join(missing)}")
        return self

    def standing(self, topic: str | None, product: str | None) -> list[StandingPrecondition]:
        """What requests on this topic and product wait for, whatever a row says."""
        return [rule for rule in self.always if product in rule.products and topic not in rule.except_topics]

    def preconditions_of(
        self, row: DecisionRow | None, topic: str | None, product: str | None, language: str
    ) -> tuple[str, ...]:
        """What is told of everything that an answer of this row waits for."""
        standing = (rule.precondition for rule in self.standing(topic, product))
        names = dict.fromkeys([*standing, *(row.preconditions if row else ())])
        return tuple(self.preconditions[name].in_language(language) for name in names)

    def needs_person(self, row: DecisionRow | None, confidence: float) -> bool:
        """Whether a person decides on an answer of this row: it is doubtful, or a guess for want of a fact."""
        if row is None or row.certainty is Certainty.SILENT or (row.ask and row.verdict is not Verdict.NEEDS_INFO):
            return True
        needed = self.person_below.firm if row.certainty is Certainty.FIRM else self.person_below.judgement
        if row.verdict in REFUSALS or row.verdict is Verdict.PAID:
            needed = max(needed, self.person_below.refusal)
        return confidence < needed

    def turn_on(self, topics: Iterable[str]) -> set[str]:
        """The facts that the rows of these topics turn on."""
        return set().union(*(self._facts_of.get(topic, ()) for topic in topics))

    @cached_property
    def _facts_of(self) -> dict[str, set[str]]:
        return {topic: {fact for row in rows for fact in row.when} for topic, rows in self._rows_of.items()}

    @cached_property
    def _rows_of(self) -> dict[str, list[DecisionRow]]:
        rows: dict[str, list[DecisionRow]] = defaultdict(list)
        for row in self.rows:
            for topic in row.topics:
                rows[topic].append(row)
        return rows

    def row(self, topic: str, product: str | None, plan: str | None, facts: Facts) -> DecisionRow | None:
        """The first row that fits; None when the policy is silent."""
        return next((row for row in self._rows_of.get(topic, ()) if row.fits(topic, product, plan, facts)), None)
