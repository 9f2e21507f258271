"""What every piece of a policy pack is made of, and the shape of clauses.yaml.

Whatever a figure or a rule rests on is said beside it: the clauses of the published document, or `house_default: true`
when the document is silent and the choice is ours. A house default is never quoted to a customer as policy.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, model_validator

from shared.vocabulary import Party, Verdict

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+$")]


class Row(BaseModel):
    """A piece of a pack: frozen, and a field that nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grounded(Row):
    """A row that says what it rests on: clauses, or our own choice."""

    clauses: tuple[ClauseId, ...] = ()
    house_default: bool = False

    @model_validator(mode="after")
    def _is_policy_or_ours(self) -> Self:
        if self.house_default == bool(self.clauses):
            raise ValueError("say what this rests on: either `clauses: [...]` or `house_default: true`")
        return self


class Text(Row):
    """Words that customers read, in the languages that letters are written in."""

    en: str
    nl: str

    def in_language(self, language: str) -> str:
        """The text in this language, in English when there is none."""
        return self.nl if language == "nl" else self.en


class Kind(StrEnum):
    """What a clause is about."""

    SCOPE = "scope"
    HOURS = "hours"
    PLAN = "plan"
    PRICE = "price"
    LANGUAGE = "language"
    CHANNEL = "channel"
    PROCEDURE = "procedure"
    PRIORITY = "priority"
    MONITORING = "monitoring"
    SUSPENSION = "suspension"
    RESERVATION = "reservation"
    VERSION = "version"


class Source(Row):
    """Where a quote stands in document.txt: line numbers from 1, both ends included."""

    line: PositiveInt
    line_end: PositiveInt | None = None

    @property
    def lines(self) -> range:
        """The line numbers."""
        return range(self.line, (self.line_end or self.line) + 1)


class Clause(Row):
    """One rule of the published document.

    `verdict` is set when the clause by itself decides a request. `product` is "general" when the clause covers the
    provider as a whole. A null in `values` means: not stated in the document. `conflicts_with` names the clauses that
    differ from or overlap this one, and goes both ways.
    """

    id: ClauseId
    product: Id
    section: str
    kind: Kind
    verdict: Verdict | None
    responsible_party: Party
    responsible_alternatives: tuple[Party, ...] = ()
    topic: Id
    summary: str
    quote: str
    source: Source
    values: dict[str, Any] = Field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    conflicts_with: tuple[ClauseId, ...] = ()


class WithoutRule(Row):
    """Lines of the document that carry no rule: headings, page furniture."""

    reason: str
    lines: tuple[PositiveInt, ...]


class ClauseFile(Row):
    """The whole of clauses.yaml. With `not_normative`, every line must be cited or listed there."""

    clauses: tuple[Clause, ...]
    not_normative: tuple[WithoutRule, ...] = ()
