"""Examples that mislead: a sentence that stands under one topic and reads like another with a different answer.

Each example is left out once, with one of every other topic, and read by all the rest. Topics that mean the same
answer under every policy need not be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.scope.rules.topics import TopicIndex
from shared.policies import Policies, Policy
from shared.policies.decisions import REFUSALS
from shared.policies.topics import Topic
from shared.vocabulary import Verdict

CERTAIN = 0.95
"""How sure the reading as the other topic is; below this the votes of several topics settle it."""

Place = tuple[str, str, int]
"""An example: its topic, language and position, from 0."""


@dataclass(frozen=True)
class Misleading:
    """An example that is read as another topic, and that topic's sentence which is most like it."""

    place: Place
    text: str
    reads_as: str
    like: str


def misleading(policies: Policies, written: Mapping[str, Topic]) -> Iterator[Misleading]:
    """The misleading examples of these topics, as their files have them; what reads them has learned all others."""
    longest = max((len(texts) for topic in written.values() for texts in topic.examples.values()), default=0)
    for turn in range(longest):
        index = TopicIndex({name: _without(topic, turn) for name, topic in policies.topics.items()})
        for name, topic in written.items():
            for language, texts in topic.examples.items():
                if turn >= len(texts):
                    continue
                best = index.rank(index.compare(texts[turn]))[0]
                if best.topic != name and best.probability >= CERTAIN and _told_apart(policies, name, best.topic):
                    like = _most_like(texts[turn], policies.topics[best.topic], language)
                    yield Misleading((name, language, turn), texts[turn], best.topic, like)


def _without(topic: Topic, turn: int) -> Topic:
    kept = {language: (*texts[:turn], *texts[turn + 1 :]) for language, texts in topic.examples.items()}
    return topic.model_copy(update={"examples": kept})


def _told_apart(policies: Policies, one: str, other: str) -> bool:
    """Whether some policy answers these topics differently, as far as nothing else is known."""
    return any(
        _side(policy, one, product) != _side(policy, other, product)
        for policy in policies
        for product in (*policy.products, None)
    )


def _side(policy: Policy, topic: str, product: str | None) -> Verdict:
    row = policy.decisions.row(topic, product, None, {})
    verdict = row.verdict if row else Verdict.NOT_COVERED
    return Verdict.UNSUPPORTED if verdict in REFUSALS else verdict


def _most_like(text: str, topic: Topic, language: str) -> str:
    """The example of a topic that is most like a text; its title when it has none."""
    sentences = [sentence for texts in topic.examples.values() for sentence in texts] or [topic.title]
    index = TopicIndex({str(n): Topic(title=one, examples={language: (one,)}) for n, one in enumerate(sentences)})
    return sentences[int(index.rank(index.compare(text))[0].topic)]
