"""Stacks of real processes, for tests of the whole pipeline."""

import pytest

from running_stack import Stack

LIMITS = ("BURST_LIMIT", "DAILY_LIMIT", "DOMAIN_LIMIT", "BREAKER_LIMIT")
"""On the letters of a provider's customers; those of these tests come from everywhere at once."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """One stack for all tests that do not need one of their own."""
    freely = {f"SCOPEDESK_NOTIFICATIONS_{limit}": "1000000" for limit in LIMITS}
    running = Stack(tmp_path_factory.mktemp("stack"), **freely).up()
    yield running
    assert running.stop() == 0


@pytest.fixture
def own_stack(tmp_path):
    """A stack of a test's own, not started yet; stopped afterwards, whatever became of it."""
    made = Stack(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def own_module_stack(tmp_path_factory):
    """A stack for the tests of one file, not started yet; stopped afterwards, whatever became of it."""
    made = Stack(tmp_path_factory.mktemp("stack"))
    yield made
    made.close()
