"""Requests in small tables: under a product, what a customer writes, its verdict and the clause that it must reach.

One request is a line `clause | verdict | text | note of the customer record`, the note only where there is one; what
stands indented below it goes on. Clauses are named without their provider.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from shared.vocabulary import Verdict

REFUSALS = {Verdict.UNSUPPORTED, Verdict.CUSTOMER_RESPONSIBILITY}


class Asked(NamedTuple):
    """One request of a table. `where` is provider/product/plan, as the fixture `decide` takes it."""

    where: str
    clause: str
    verdict: Verdict
    text: str
    notes: tuple[str, ...]


def asked(where: str, table: str) -> list[Asked]:
    """The requests of a table, all about one product."""
    provider = where.partition("/")[0]
    requests = []
    for line in table.strip().replace("\n    ", " ").splitlines():
        clause, verdict, text, *notes = (cell.strip() for cell in line.split("|"))
        requests.append(Asked(where, f"{provider}.{clause}", Verdict(verdict), text, tuple(notes)))
    return requests


def every(requests: list[Asked]) -> pytest.MarkDecorator:
    """Run a test for every request; its name is the product and the clause."""
    ids = [f"{one.where.partition('/')[2]}: {one.clause.partition('.')[2]}" for one in requests]
    return pytest.mark.parametrize("request_", requests, ids=ids)


def same_side(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts come to the same: the documents use refusal and the customer's own job side by side."""
    return one == other or {one, other} <= REFUSALS
