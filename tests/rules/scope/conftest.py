"""The decider on the built-in policies, prepared once."""

from datetime import UTC, datetime

import pytest

from services.scope.rules.decide import Decider, Request
from shared.policies import read_policies

TUESDAY_MORNING = datetime(2026, 3, 10, 10, tzinfo=UTC)


@pytest.fixture(scope="session")
def decider():
    return Decider.of(read_policies())


@pytest.fixture(scope="session")
def decide(decider):
    """Decide on a short request: provider/product/plan, text, notes of the customer record."""

    def decide(where, text, *notes, subject="", received_at=TUESDAY_MORNING, account_known=False):
        provider, product, plan, *_ = [*where.split("/"), None, None]
        return decider.decide(
            Request(
                provider=provider,
                product=product,
                plan=plan,
                subject=subject,
                body=text,
                received_at=received_at,
                notes=notes,
                account_known=account_known,
            )
        )

    return decide
