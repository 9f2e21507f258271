"""What the desk's API would answer as a problem is an error of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told() -> Iterator[None]:
    """Turn a Problem into Permanent, which the command line prints."""
    from shared.errors import Permanent
    from shared.web import Problem

    try:
        yield
    except Problem as problem:
        raise Permanent(f"{problem.title}. {problem.detail}") from problem
