"""Who asks, and which ticket it belongs to. Pure: everything looked up is an argument."""

from services.tickets.rules.cases import CASE_SPAN, about, one_case
from services.tickets.rules.customers import (
    MAX_CANDIDATES,
    MAX_NAMES,
    Customer,
    Match,
    Person,
    address,
    known_as,
    match,
    names_in,
    only,
    shared_addresses,
    with_customer,
)
from services.tickets.rules.filing import (
    CALLED_ABOUT,
    Arrival,
    call_trail,
    email_trail,
    facts_of,
    may_append,
    message_ids,
    note_trail,
)

__all__ = [
    "CALLED_ABOUT",
    "CASE_SPAN",
    "MAX_CANDIDATES",
    "MAX_NAMES",
    "Arrival",
    "Customer",
    "Match",
    "Person",
    "about",
    "address",
    "call_trail",
    "email_trail",
    "facts_of",
    "known_as",
    "match",
    "may_append",
    "message_ids",
    "names_in",
    "note_trail",
    "one_case",
    "only",
    "shared_addresses",
    "with_customer",
]
