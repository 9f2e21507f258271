"""Facts that decide where words do not: who sold it, what is down and for whom, which version, what is wished.

A fact of the customer record or the monitoring beats one that was read in the message; what is asked for is told by
the message. Every fact says where it came from and by which words, so that a person can check it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.scope.rules import figures
from services.scope.rules.words import plain
from shared.policies.wordings import Wordings

WISH, DOWN, ONE_ACCOUNT = "wish", "server-down", "individual-account"
OF_THE_QUESTION = frozenset({WISH, "mail-question", "plan-question", "queue-question", "service"})
"""Facts of what is asked: a note says what is so, not what this message wants, and counts only where that is silent."""


class Origin(StrEnum):
    """Where a fact was read."""

    RECORD = "customer record"
    MESSAGE = "message"


@dataclass(frozen=True)
class Known:
    """One fact with its value, where it was read, and the words that showed it."""

    name: str
    value: str
    origin: Origin
    words: str


@dataclass(frozen=True)
class FactReader:
    """Reads facts by the wordings of the packs."""

    wordings: Wordings

    def known(
        self, subject: str, body: str, notes: Sequence[str], received_at: datetime, *, account_known: bool
    ) -> tuple[Known, ...]:
        """Every fact that a message and the notes of the record show.

        The record's value replaces the message's, but for what is asked.
        """
        recorded = self._as_of_now([fact for note in notes for fact in self._read(note, Origin.RECORD, received_at)])
        recorded += [fact for note in notes for fact in self._worded(plain(note), Origin.RECORD, (DOWN,))]
        if account_known:
            recorded.append(Known("account-known", "yes", Origin.RECORD, "the sender's account"))
        told = [
            *self._read(f"{subject}\n{body}", Origin.MESSAGE, received_at),
            *self._down(plain(subject), plain(body)),
        ]
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

    def _read(self, text: str, origin: Origin, received_at: datetime) -> Iterator[Known]:
        said = plain(text)
        counted = [Known(*figure[:2], origin, figure[2]) for figure in figures.read(said, received_at)]
        yield from counted
        told_by_figures = {fact.name for fact in counted}
        names = (name for name in self.wordings.facts if name != DOWN and name not in told_by_figures)
        yield from self._worded(said, origin, names)
        yield from _service(said, origin)

    def _worded(self, said: str, origin: Origin, names: Iterable[str]) -> Iterator[Known]:
        for name in names:
            yield from (Known(name, value, origin, words) for value, words in self.wordings.found_in(said, name))

    def _down(self, subject: str, body: str) -> Iterator[Known]:
        """Whether a server is down: a subject is no proof when the message is about one account or site."""
        found = list(self._worded(body, Origin.MESSAGE, (DOWN,)))
        if not found and not any(self.wordings.found_in(f"{subject} {body}", ONE_ACCOUNT)):
            found = list(self._worded(subject, Origin.MESSAGE, (DOWN,)))
        yield from found


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
