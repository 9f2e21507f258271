"""How a ticket stands: what its due times, its team and its alarms follow from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.sla.rules.clocks import Cycle, House, Noted, current_cycle
from shared.business_hours import Calendar
from shared.policies import Policy
from shared.vocabulary import Decision, Routing, TicketFacts


@dataclass(frozen=True)
class Standing:
    """What is known of a ticket, and the policy of its provider as it is today."""

    ticket: TicketFacts
    decision: Decision
    policy: Policy
    cycle: Cycle

    def calendar(self, routing: Routing) -> Calendar:
        """The calendar that a routing was counted on, or the one of today where the policy has dropped that."""
        return self.policy.calendars.get(routing.counted_on) or self.policy.counted_on(self.ticket.plan)

    @property
    def lead(self) -> str:
        """Who hears of a breach in support hours."""
        team = self.policy.team(self.ticket, self.decision)
        return f"{team.lead} of {team.name}"


def standing(ticket: TicketFacts, decision: Decision, policy: Policy, history: Iterable[Noted]) -> Standing:
    """How a ticket stands by its newest decision and everything that happened to it."""
    return Standing(ticket, decision, policy, current_cycle(ticket.received_at, history, house_of(policy)))


def house_of(policy: Policy) -> House:
    """What a policy says of clocks."""
    suspension = policy.provider.suspension
    return House(policy.provider.clocks.reopening, suspension.limit.length if suspension else None)
