"""Facts that decide where words do not: who sold it, what is down and for whom, which version, what is wished.

A fact of the customer record or the monitoring beats one that was read in the message; what is asked for is told by
the message. Every fact says where it came from and by which words, so that a person can check it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import chain

from services.scope.rules import figures
from services.scope.rules.clauses import Meanings
from services.scope.rules.likeness import Arrays, Keep, anew
from services.scope.rules.signals import NO, Signal
from services.scope.rules.words import plain
from shared.policies.topics import Messages, Topic
from shared.policies.wordings import FactWords, Wordings

WISH, DOWN = "wish", "server-down"
OF_THE_QUESTION = frozenset({WISH, "mail-question", "plan-question", "queue-question", "service"})
"""Facts of what is asked: a note says what is so, not what this message wants, and counts only where that is silent."""


class Origin(StrEnum):
    """Where a fact was read."""

    RECORD = "customer record"
    MESSAGE = "message"


SHOWS = {Origin.MESSAGE: -0.13, Origin.RECORD: 0.05}
"""From which level on a text shows a learnt fact, as measured on labelled requests: of servers that are down all were
found, and one message in fifty was heard wrongly. A message has the benefit of the doubt; a note says what it says."""


@dataclass(frozen=True)
class Known:
    """One fact with its value, where it was read, and the words that showed it."""

    name: str
    value: str
    origin: Origin
    words: str


@dataclass(frozen=True)
class FactReader:
    """Reads facts by the wordings of the packs, and those that have examples by what was learnt from them.

    A wording comes before what was learnt: it may raise an emergency that was not heard, or deny one that was.
    """

    wordings: Wordings
    learnt: Mapping[str, Signal]

    @classmethod
    def of(cls, wordings: Wordings, topics: Mapping[str, Topic], keep: Keep = anew) -> FactReader:
        """Learn the facts that have examples.

        Messages on topics that do not turn on a fact (`facts` of the topic) are taken not to show it.
        """
        meanings = Meanings(wordings.meanings)

        def learn(name: str, fact: FactWords) -> Arrays:
            shown = {value: list(_texts(messages)) for value, messages in fact.examples.items()}
            others = [text for topic in topics.values() if name not in topic.facts for text in _texts(topic.examples)]
            return Signal.learn(shown, others, meanings)

        return cls(
            wordings,
            {
                name: Signal(keep(f"fact-{name}", partial(learn, name, fact)), meanings)
                for name, fact in wordings.facts.items()
                if fact.examples
            },
        )

    def known(
        self,
        text: str,
        notes: Sequence[str],
        received_at: datetime,
        *,
        account_known: bool,
        needed: AbstractSet[str] | None = None,
    ) -> tuple[Known, ...]:
        """Every fact that a message and the notes of the record show; of those that are worded only the `needed`.

        The record's value replaces the message's, but for what is asked, and for a learnt fact that both show: a note
        is too short to tell its kind, and then only confirms.
        """
        names = self.wordings.facts.keys() if needed is None else self.wordings.facts.keys() & needed
        recorded = self._as_of_now(
            [fact for note in notes for fact in self._read(note, Origin.RECORD, received_at, names)]
        )
        if account_known:
            recorded.append(Known("account-known", "yes", Origin.RECORD, "the sender's account"))
        told = list(self._read(text, Origin.MESSAGE, received_at, names))
        confirmed = {fact.name for fact in told if fact.name in self.learnt and fact.value != NO}
        recorded = [fact for fact in recorded if fact.name not in confirmed or fact.value == NO]
        asked = {fact.name for fact in told} & OF_THE_QUESTION
        settled = {fact.name for fact in recorded} - OF_THE_QUESTION
        return (
            *(fact for fact in recorded if fact.name not in asked),
            *(fact for fact in told if fact.name not in settled),
        )

    def _as_of_now(self, recorded: Sequence[Known]) -> list[Known]:
        """Of a fact that has one value, the later note counts: a case that was handed over and came back is back."""
        latest = {fact.name: fact for fact in recorded}
        several = {name for name, words in self.wordings.facts.items() if words.several}
        return [fact for fact in recorded if fact.name in several or fact is latest[fact.name]]

    def _read(self, text: str, origin: Origin, received_at: datetime, names: AbstractSet[str]) -> Iterator[Known]:
        said = plain(text)
        counted = [Known(*figure[:2], origin, figure[2]) for figure in figures.read(said, received_at)]
        yield from counted
        worded = list(self._worded(said, origin, sorted(names - {fact.name for fact in counted})))
        yield from worded
        yield from self._heard(text, origin, names - {fact.name for fact in worded})
        yield from _service(said, origin)

    def _worded(self, said: str, origin: Origin, names: Iterable[str]) -> Iterator[Known]:
        for name in names:
            yield from (Known(name, value, origin, words) for value, words in self.wordings.found_in(said, name))

    def _heard(self, text: str, origin: Origin, names: AbstractSet[str]) -> Iterator[Known]:
        for name, signal in self.learnt.items():
            if name in names and (heard := signal.heard(text, SHOWS[origin])):
                yield Known(name, heard.value, origin, " \u2026 ".join(heard.words))


def _texts(messages: Messages) -> Iterator[str]:
    return chain.from_iterable(messages.values())


def values(facts: Iterable[Known]) -> Mapping[str, frozenset[str]]:
    """The facts as the decision table asks for them."""
    found: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        found[fact.name].add(fact.value)
    return {name: frozenset(value) for name, value in found.items()}


_MAIL = re.compile(r"\b(?:e-?mails?|mails?|mailbox(?:es|en)?|smtp|imap|pop3|mailserver)\b")
_WEB = re.compile(r"\b(?:web ?sites?|sites?|shop|webshop|pages?|pagina)\b")


def _service(said: str, origin: Origin) -> Iterator[Known]:
    mail, web = _MAIL.search(said), _WEB.search(said)
    if mail and not web:
        yield Known("service", "mail", origin, mail[0])
    if web and not mail:
        yield Known("service", "web", origin, web[0])
