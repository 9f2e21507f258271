"""What is wrong with a decision table: names that do not exist, prices left out, rows that can never answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import product

from shared.policies.checks import Finding, unknown_name
from shared.policies.decisions import DecisionFile, DecisionRow
from shared.policies.provider import Provider
from shared.policies.wordings import Wordings
from shared.policies.yaml_source import Loc
from shared.vocabulary import Verdict

Case = tuple[str | None, str | None, Mapping[str, str]]
"""Product, plan and facts that a row is for; None: also a request without one."""

NAME_A_LINE = "name a price line of provider.yaml, one without an `amount` where a person quotes"


def check_decisions(
    file: DecisionFile, provider: Provider, clauses: Collection[str], topics: Collection[str], wordings: Wordings
) -> Iterator[Finding]:
    """Every name of the table exists, paid work has a price line, and every row can answer something."""
    products = [row.id for row in provider.products]
    plans = [plan.id for plan in provider.plans]
    prices = [line.id for line in provider.prices]
    for at, rule in enumerate(file.always):
        yield from unknown_name(rule.clause, clauses, ("always", at, "clause"), "clause")
    for at, row in enumerate(file.rows):
        here: Loc = ("rows", at)
        named = (
            ("topics", row.topics, topics, "topic"),
            ("products", row.products, products, "product of provider.yaml"),
            ("plans", row.plans, plans, "plan of provider.yaml"),
            ("clauses", row.clauses, clauses, "clause"),
            ("price", (row.price,) if row.price else (), prices, "price line of provider.yaml"),
            ("read_as", (row.read_as,) if row.read_as else (), topics, "topic"),
        )
        for field, names, known, kind in named:
            for n, name in enumerate(names):
                yield from unknown_name(name, known, (*here, field, n), kind)
        yield from _facts(row, wordings, here)
        if row.verdict is Verdict.PAID and row.price is None:
            yield (*here, "verdict"), f"paid work has a `price`: {NAME_A_LINE}"
    for at, silence in enumerate(file.silent):
        for n, name in enumerate(silence.topics):
            yield from unknown_name(name, topics, ("silent", at, "topics", n), "topic")
        for n, name in enumerate(silence.products):
            yield from unknown_name(name, products, ("silent", at, "products", n), "product of provider.yaml")
    yield from _never_reached(file.rows)


def _facts(row: DecisionRow, wordings: Wordings, here: Loc) -> Iterator[Finding]:
    for name, values in row.when.items():
        yield from unknown_name(name, wordings.facts, (*here, "when", name), "fact of facts.yaml")
        if known := wordings.facts.get(name):
            for value in values.split("|"):
                yield from unknown_name(value, known.values, (*here, "when", name), f"value of the fact {name}")


def _never_reached(rows: tuple[DecisionRow, ...]) -> Iterator[Finding]:
    above: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        for n, topic in enumerate(row.topics):
            here: Loc = ("rows", at, "topics", n)
            twin = next((other for other in above[topic] if _conditions(rows[other]) == _conditions(row)), None)
            if twin is not None and _answer(rows[twin]) != _answer(row):
                yield here, f"contradicts rows.{twin}, which answers {topic!r} on the same conditions: keep one of them"
            elif hiding := _hiding(row, [(other, rows[other]) for other in above[topic]]):
                names = " and ".join(f"rows.{other}" for other in sorted(hiding))
                answer = "answers" if len(hiding) == 1 else "answer"
                yield here, f"never reached: {names} {answer} all of {topic!r}"
            above[topic].append(at)


def _hiding(row: DecisionRow, above: list[tuple[int, DecisionRow]]) -> set[int]:
    """The rows above that answer every case of this one; none when a case is left for it."""
    hiding: set[int] = set()
    for case in _cases(row):
        covered = next((at for at, other in above if _covers(other, case)), None)
        if covered is None:
            return set()
        hiding.add(covered)
    return hiding


def _cases(row: DecisionRow) -> Iterator[Case]:
    facts = product(*([(name, value) for value in values.split("|")] for name, values in row.when.items()))
    yield from product(row.products or (None,), row.plans or (None,), map(dict, facts))


def _covers(other: DecisionRow, case: Case) -> bool:
    which, plan, facts = case
    return (
        (not other.products or which in other.products)
        and (not other.plans or plan in other.plans)
        and all(facts.get(name) in values.split("|") for name, values in other.when.items())
    )


def _conditions(row: DecisionRow) -> tuple[object, ...]:
    when = {(name, frozenset(values.split("|"))) for name, values in row.when.items()}
    return frozenset(row.products), frozenset(row.plans), frozenset(when)


def _answer(row: DecisionRow) -> dict[str, object]:
    return row.model_dump(exclude={"topics", "products", "plans", "when"})
