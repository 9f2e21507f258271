"""The shape of a file of topics: what requests are about, in the words of customers.

Topics are shared by all policies. A message is compared with these words, never with clauses; a policy's decision table
then says what a topic means there.
"""

from __future__ import annotations

from pydantic import Field

from shared.policies.models import Id, Row
from shared.policies.provider import Language
from shared.vocabulary import Department

STRONG, WEAK = 3.0, 1.0
"""What a phrase of each group weighs."""


Messages = dict[Language, tuple[str, ...]]


class Phrases(Row):
    """Word groups that point at a topic; a word that ends in `*` stands for every word that begins so."""

    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()

    def weighted(self) -> tuple[tuple[str, float], ...]:
        """Each phrase with its weight."""
        return (*((phrase, STRONG) for phrase in self.strong), *((phrase, WEAK) for phrase in self.weak))


class Topic(Row):
    """One thing that requests are about; `title` and `title_nl` are what letters call it.

    `counter_examples` use the topic's words but wish something else: sentence to the topic they are about.
    `facts` are the facts that a policy may have to know before it can answer; `department` answers unless the policy's
    row says otherwise.
    """

    title: str
    title_nl: str | None = None
    phrases: dict[Language, Phrases] = Field(default_factory=dict)
    examples: Messages = Field(default_factory=dict)
    counter_examples: dict[str, Id] = Field(default_factory=dict)
    facts: tuple[Id, ...] = ()
    department: Department = Department.TECHNICAL

    def with_examples(self, further: Messages) -> Topic:
        """The topic with further examples."""
        languages = {**self.examples, **further}
        together = {name: (*self.examples.get(name, ()), *further.get(name, ())) for name in languages}
        return self.model_copy(update={"examples": together})

    def titled(self, language: str) -> str:
        """The title in this language, in English when there is none."""
        return self.title_nl if language == "nl" and self.title_nl else self.title


class TopicFile(Row):
    """The whole of a file of topics."""

    topics: dict[Id, Topic]


class ExampleFile(Row):
    """A file of messages as they come in: by topic, and by the value of a fact that they show.

    `meanings` adds words that mean the same to those of facts.yaml.
    """

    meanings: dict[Id, tuple[str, ...]] = Field(default_factory=dict)
    examples: dict[Id, Messages] = Field(default_factory=dict)
    facts: dict[Id, dict[Id, Messages]] = Field(default_factory=dict)
