"""The tables of phone_intake, and every query on them: the records as they came, and the logs that are followed."""

from services.phone_intake.store.arrivals import (
    Arrival,
    Call,
    State,
    arrival_to_read,
    arrivals,
    call_of,
    counts,
    first_under,
    logged_of_caller,
    pass_on,
    store_call,
)
from services.phone_intake.store.logs import Leg, Log, followed

__all__ = [
    "Arrival",
    "Call",
    "Leg",
    "Log",
    "State",
    "arrival_to_read",
    "arrivals",
    "call_of",
    "counts",
    "first_under",
    "followed",
    "logged_of_caller",
    "pass_on",
    "store_call",
]
