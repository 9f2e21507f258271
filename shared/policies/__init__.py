"""The policies: what each provider has published, as data that policy authors edit."""

from shared.policies.loader import load_policies, read_policies
from shared.policies.models import Clause
from shared.policies.policy import Policies, Policy
from shared.policies.provider import PriceLine

__all__ = ["Clause", "Policies", "Policy", "PriceLine", "load_policies", "read_policies"]
