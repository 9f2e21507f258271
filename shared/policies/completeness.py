"""What a pack leaves out. None of it makes an answer wrong, so a pack with gaps loads; `scopedesk policy lint` tells.

Each check yields the place in its file and what to do, as those of checks.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from shared.policies.checks import Finding, cited
from shared.policies.decisions import DecisionRow
from shared.policies.policy import Policy
from shared.policies.table_checks import NAME_A_LINE
from shared.policies.topics import Topic
from shared.policies.wordings import Wordings
from shared.vocabulary import Verdict

FEWEST_EXAMPLES = 6
"""With fewer examples in a language, a topic is hard to tell from others."""

EXAMPLES_IN = {"en": "English", "nl": "Dutch"}
"""The languages that topics have examples in: English for everybody, Dutch where a provider replies in it."""

GENERAL, ANY = "general", "*"


def unreachable_clauses(policy: Policy, most_clauses: int) -> Iterator[Finding]:
    """Clauses that nothing rests on: no answer, price, calendar, plan, contact, target or team cites them.

    `most_clauses` is how many a decision names; what stands behind these in a row is never told.
    """
    known = {clause for row in policy.decisions.rows for clause in row.clauses[:most_clauses]}
    known.update(rule.clause for rule in policy.decisions.always)
    known.update(clause for _, clause in cited(policy.provider.model_dump(exclude_unset=True)))
    for at, clause in enumerate(policy.clauses):
        if clause not in known:
            told = f"cite it in a row of decisions.yaml (among the first {most_clauses}) or beside a figure it states"
            yield ("clauses", at, "id"), f"unreachable clause {clause}: {told}"


def unpriced_clauses(policy: Policy) -> Iterator[Finding]:
    """Clauses of paid work that lead to no price line."""
    priced = {clause for line in policy.provider.prices for clause in line.clauses}
    priced.update(clause for row in policy.decisions.rows if row.price for clause in row.clauses)
    for at, clause in enumerate(policy.clauses.values()):
        if clause.verdict is Verdict.PAID and clause.id not in priced:
            told = f"cite it in a row with a `price`, and {NAME_A_LINE}"
            yield ("clauses", at, "id"), f"unpriced paid clause {clause.id}: {told}"


def empty_cells(policy: Policy, topics: Iterable[str]) -> Iterator[Finding]:
    """Topics and products without an answer that holds whatever else is known, where nobody has said `silent`."""
    products = _products(policy)
    filled = _filled((row.topics, row.products) for row in _unconditional(policy))
    silent = _filled((silence.topics, silence.products) for silence in policy.decisions.silent)
    empty: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for topic in topics:
        known = filled[topic] | silent[topic]
        if ANY not in known and (missing := tuple(product for product in products if product not in known)):
            empty[missing].append(topic)
    for missing, names in empty.items():
        of = "" if len(missing) == len(products) else f" of {', '.join(missing)}"
        told = f"no row without conditions answers these topics{of}: [{', '.join(names)}]"
        yield ("silent",), f"{told}; write rows, or list them under `silent` where the document says nothing"


def needless_silence(policy: Policy) -> Iterator[Finding]:
    """Topics that are called silent although a row answers all of them."""
    filled = _filled((row.topics, row.products) for row in _unconditional(policy))
    for at, silence in enumerate(policy.decisions.silent):
        for n, topic in enumerate(silence.topics):
            if ANY in filled[topic] or filled[topic] >= {*(silence.products or _products(policy))}:
                yield ("silent", at, "topics", n), f"rows answer {topic!r}: take it off this list"


def few_examples(topics: Mapping[str, Topic], languages: Collection[str]) -> Iterator[Finding]:
    """Topics that have too few examples in one of these languages."""
    for name, topic in topics.items():
        for language in languages:
            count = len(topic.examples.get(language, ()))
            if count < FEWEST_EXAMPLES:
                told = f"{count} examples in {EXAMPLES_IN[language]}"
                yield (
                    ("topics", name, "examples", language),
                    f"{told}: write {FEWEST_EXAMPLES} to ten, each a wish in the words of a customer",
                )


def unshown_values(wordings: Wordings, known: Wordings) -> Iterator[Finding]:
    """Values without wordings that the program does not tell either, so that no condition on them can ever hold.

    `known`: the built-in facts, whose values without wordings are those that the program tells.
    """
    told = {(name, value) for name, fact in known.facts.items() for value, words in fact.values.items() if not words}
    for name, fact in wordings.facts.items():
        for value, words in fact.values.items():
            if not words and (name, value) not in told:
                yield ("facts", name, "values", value), f"nothing shows {value!r}: give it wordings, or take it out"


def _products(policy: Policy) -> tuple[str, ...]:
    """The products, and first the provider as a whole, as a request is read that names none."""
    return tuple(dict.fromkeys((GENERAL, *policy.products)))


def _unconditional(policy: Policy) -> Iterator[DecisionRow]:
    return (row for row in policy.decisions.rows if not (row.when or row.plans))


def _filled(lines: Iterable[tuple[tuple[str, ...], tuple[str, ...]]]) -> Mapping[str, set[str]]:
    """The products that lines of topics and products speak of, by topic."""
    filled: dict[str, set[str]] = defaultdict(set)
    for topics, products in lines:
        for topic in topics:
            filled[topic].update(products or (ANY,))
    return filled
