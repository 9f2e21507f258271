"""Which tickets can be one case. Pure; asked when an agent wishes it, and again when it is done."""

from __future__ import annotations

from dataclasses import dataclass

from shared.vocabulary import TicketFacts


@dataclass(frozen=True)
class Filed:
    """A ticket, and where it goes on if it is merged."""

    facts: TicketFacts
    merged_into: str | None = None

    @property
    def number(self) -> str:
        """Its number."""
        return self.facts.ticket_id


def of_two_customers(one: TicketFacts, other: TicketFacts) -> bool:
    """Whether two tickets are known to be of different customers. Of an unknown customer anything may be."""
    known = (
        (one.requester.customer_id, other.requester.customer_id),
        (one.account, other.account),
    )
    return any(mine and theirs and mine != theirs for mine, theirs in known)


def objection(ticket: Filed, into: Filed) -> str | None:
    """Why a ticket cannot go on in another, for an agent to read; None when it can.

    Both stand alone before, so that no circle of tickets can ever come of it.
    """
    if ticket.number == into.number:
        return f"{ticket.number} cannot be merged into itself"
    if ticket.facts.provider != into.facts.provider:
        return f"{ticket.number} and {into.number} are of two providers"
    if ticket.merged_into:
        return f"{ticket.number} is merged into {ticket.merged_into} already"
    if into.merged_into:
        return f"{into.number} is merged into {into.merged_into} itself: merge {ticket.number} into that one"
    if of_two_customers(ticket.facts, into.facts):
        return f"{ticket.number} and {into.number} are of two customers"
    return None
