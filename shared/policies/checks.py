"""What no single field can show: that the files of a pack agree with each other and with the published document.

Each check yields the place in its file and what to do; the loader turns places into lines.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from shared.policies.models import ClauseFile
from shared.policies.provider import Provider
from shared.policies.topics import ExampleFile, TopicFile
from shared.policies.wordings import Wordings
from shared.policies.yaml_source import Loc, did_you_mean
from shared.vocabulary import Basis, Channel, Department

Finding = tuple[Loc, str]

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def check_clauses(file: ClauseFile, provider: Provider, topics: Collection[str], document: str) -> Iterator[Finding]:
    """Ids, topics, products and overlaps of the clauses; every quote stands in the document at its lines."""
    ids = [clause.id for clause in file.clauses]
    overlaps = {clause.id: clause.conflicts_with for clause in file.clauses}
    products = [product.id for product in provider.products]
    lines = document.split("\n")
    yield from _repeated(ids, ("clauses",))
    for at, clause in enumerate(file.clauses):
        here: Loc = ("clauses", at)
        if not clause.id.startswith(f"{provider.id}."):
            yield (*here, "id"), f"the ids of this pack begin with '{provider.id}.'"
        yield from unknown_name(clause.topic, topics, (*here, "topic"), "topic")
        yield from unknown_name(clause.product, products, (*here, "product"), "product of provider.yaml")
        for n, other in enumerate(clause.conflicts_with):
            yield from unknown_name(other, overlaps, (*here, "conflicts_with", n), "clause")
            if clause.id not in overlaps.get(other, (clause.id,)):
                yield (*here, "conflicts_with", n), f"goes both ways: add {clause.id} to conflicts_with of {other}"
        there = " ".join(lines[n - 1] for n in clause.source.lines if n <= len(lines))
        if _collapsed(clause.quote) not in _collapsed(there):
            yield (*here, "quote"), f"these words do not stand in document.txt, {_where(clause.source.lines)}"
    yield from _unaccounted_lines(file, lines)


def _unaccounted_lines(file: ClauseFile, lines: list[str]) -> Iterator[Finding]:
    if not file.not_normative:
        return
    known = {line for clause in file.clauses for line in clause.source.lines}
    known.update(line for row in file.not_normative for line in row.lines)
    for number, line in enumerate(lines, start=1):
        if line.strip() and number not in known:
            yield (
                ("not_normative",),
                f"no clause cites line {number} of document.txt ({line.strip()[:60]!r}): list it here",
            )


def check_topics(file: TopicFile, topics: Collection[str]) -> Iterator[Finding]:
    """A counter-example names a topic that exists."""
    for name, topic in file.topics.items():
        for text, meant in topic.counter_examples.items():
            yield from unknown_name(meant, topics, ("topics", name, "counter_examples", text), "topic")


def check_examples(file: ExampleFile, topics: Collection[str], wordings: Wordings) -> Iterator[Finding]:
    """The topics, facts and values that messages stand under exist."""
    for name in file.examples:
        yield from unknown_name(name, topics, ("examples", name), "topic")
    for fact, values in file.facts.items():
        yield from unknown_name(fact, wordings.facts, ("facts", fact), "fact of facts.yaml")
        for value in values if fact in wordings.facts else ():
            known = wordings.facts[fact].values
            yield from unknown_name(value, known, ("facts", fact, value), f"value of the fact {fact}")


def check_provider(
    provider: Provider, clauses: Collection[str], topics: Collection[str], document: bytes
) -> Iterator[Finding]:
    """Every clause, plan, calendar and topic that provider.yaml names exists, and its calendars open."""
    found = hashlib.sha256(document).hexdigest()
    if found != provider.document.sha256:
        yield ("document", "sha256"), f"document.txt has changed: go through its clauses, then write {found} here"
    for here, clause in cited(provider.model_dump(exclude_unset=True)):
        yield from unknown_name(clause, clauses, here, "clause of clauses.yaml")
    for name in ("products", "plans", "prices"):
        yield from _repeated([row.id for row in getattr(provider, name)], (name,))
    yield from _contacts(provider)
    yield from _calendars(provider)
    yield from _plans(provider)
    yield from _routes(provider, topics)
    yield from _prices(provider)
    if missing := set(Department) - set(provider.departments):
        yield ("departments",), f"name a team for {', '.join(sorted(missing))}"


def cited(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Clause ids wherever they stand under the keys `clause` and `clauses`, each with its place."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "clause":
                yield (*loc, key), part
            elif key == "clauses":
                yield from (((*loc, key, n), clause) for n, clause in enumerate(part))
            else:
                yield from cited(part, (*loc, str(key)))
    elif isinstance(value, (list, tuple)):
        for n, part in enumerate(value):
            yield from cited(part, (*loc, n))


def _contacts(provider: Provider) -> Iterator[Finding]:
    for at, contact in enumerate(provider.contacts):
        address, here = contact.address, ("contacts", at, "address")
        if address and contact.channel is Channel.PHONE and not E164.fullmatch(address):
            yield here, f'{address!r} is not a full number: write it as "+31205216226"'
        if address and contact.channel is Channel.EMAIL and (address.count("@") != 1 or address != address.lower()):
            yield here, f"{address!r} is not an email address in lower case"


def _calendars(provider: Provider) -> Iterator[Finding]:
    for name, source in provider.calendars.items():
        if name != provider.id and not name.startswith(f"{provider.id}/"):
            yield ("calendars", name), f"call it {provider.id!r} or '{provider.id}/…'"
        try:
            source.calendar(name)
        except ValueError as error:
            yield ("calendars", name), str(error)


def _plans(provider: Provider) -> Iterator[Finding]:
    plans = [plan.id for plan in provider.plans]
    yield from unknown_name(provider.default_plan, plans, ("default_plan",), "plan")
    for at, plan in enumerate(provider.plans):
        field = "targets_calendar" if plan.calendar is None else "calendar"
        yield from unknown_name(plan.counted_on, provider.calendars, ("plans", at, field), "calendar")
        if plan.calendar in provider.calendars and provider.calendars[plan.calendar].house_default:
            yield ("plans", at, field), "a house default is not the policy's hours: name it as targets_calendar"
        if not any(row.plan == plan.id and not row.emergencies for row in provider.targets):
            yield ("targets",), f"give plan {plan.id!r} a row without emergencies"
    for at, row in enumerate(provider.targets):
        yield from unknown_name(row.plan, plans, ("targets", at, "plan"), "plan")


def _routes(provider: Provider, topics: Collection[str]) -> Iterator[Finding]:
    for at, route in enumerate(provider.routing):
        known: dict[str, tuple[Collection[str], Collection[str], str]] = {
            "topics": (route.when.topics, topics, "topic"),
            "products": (route.when.products, [product.id for product in provider.products], "product"),
            "plans": (route.when.plans, [plan.id for plan in provider.plans], "plan"),
            "languages": (route.when.languages, {"other", *provider.languages.reply_in}, "language of `reply_in`"),
        }
        for field, (names, possible, kind) in known.items():
            for n, name in enumerate(names):
                yield from unknown_name(name, possible, ("routing", at, "when", field, n), kind)


def _prices(provider: Provider) -> Iterator[Finding]:
    plans = [line.id for line in provider.prices if line.basis is Basis.PLAN]
    for at, line in enumerate(provider.prices):
        for n, other in enumerate(line.instead_of):
            yield from unknown_name(other, plans, ("prices", at, "instead_of", n), "plan that is paid by month or year")
        if line.instead_of and line.id not in plans:
            yield ("prices", at, "instead_of"), "only a plan that is paid by month or year runs instead of another"


def _repeated(ids: list[str], loc: Loc) -> Iterator[Finding]:
    counts = Counter(ids)
    for at, name in enumerate(ids):
        if counts[name] > 1 and name in ids[:at]:
            yield (*loc, at, "id"), f"{name!r} is already taken above: every id stands once"


def unknown_name(name: str, known: Collection[str], loc: Loc, kind: str) -> Iterator[Finding]:
    """A finding when nothing of this kind has the name, with the nearest one that exists."""
    if name not in known:
        mend = did_you_mean(name, known) or "add it first"
        yield loc, f"there is no {kind} {name!r}: {mend}"


def _collapsed(text: str) -> str:
    return " ".join(text.split())


def _where(lines: range) -> str:
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {lines.start} to {lines.stop - 1}"
