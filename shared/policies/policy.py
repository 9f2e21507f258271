"""A policy as the services use it: one provider's pack, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shared.business_hours import Calendar
from shared.errors import Misconfigured
from shared.policies.decisions import DecisionFile
from shared.policies.models import Clause
from shared.policies.provider import Plan, PriceLine, Product, Provider, Targets, Team
from shared.policies.sentences import sentence_of
from shared.policies.topics import Topic
from shared.policies.wordings import Wordings
from shared.policies.yaml_source import did_you_mean
from shared.vocabulary import Channel, Decision, Emergency, TicketFacts

if TYPE_CHECKING:
    from shared.policies.overlay import Overlay


@dataclass(frozen=True)
class Policy:
    """What one provider has published, and what we add to it.

    `version` is a short hash of everything that shapes an answer: the same version means the same answers. `folder` is
    where its files stand.
    """

    provider: Provider
    clauses: Mapping[str, Clause]
    decisions: DecisionFile
    calendars: Mapping[str, Calendar]
    version: str
    document: str = ""
    folder: Path | None = None

    @property
    def id(self) -> str:
        """The provider's id, as tickets carry it."""
        return self.provider.id

    @property
    def name(self) -> str:
        """The provider's name, as customers know it."""
        return self.provider.name

    @cached_property
    def prices(self) -> Mapping[str, PriceLine]:
        """The price lines by id."""
        return {line.id: line for line in self.provider.prices}

    @cached_property
    def products(self) -> Mapping[str, Product]:
        """The products by id."""
        return {product.id: product for product in self.provider.products}

    @property
    def mailbox(self) -> str | None:
        """The address that letters come from: the provider's first email address."""
        addresses = (c.address for c in self.provider.contacts if c.channel is Channel.EMAIL and c.address)
        return next(addresses, None)

    def sentence(self, clause: Clause) -> str:
        """The sentence of the published document that a clause quotes, whole."""
        return sentence_of(clause, self.document)

    def plan(self, plan_id: str | None) -> Plan:
        """The support plan of this id; the provider's default plan for None and for a name that is no support plan."""
        plans = {plan.id: plan for plan in self.provider.plans}
        return plans.get(plan_id or "", plans[self.provider.default_plan])

    def team(self, ticket: TicketFacts, decision: Decision) -> Team:
        """Who has a ticket: the first route that it fits, else its department's team."""
        languages = self.provider.languages.reply_in
        has = {
            "departments": decision.department,
            "topics": decision.topic,
            "verdicts": decision.verdict,
            "products": ticket.product,
            "plans": self.plan(ticket.plan).id,
            "emergencies": decision.emergency,
            "languages": "other" if decision.language and decision.language not in languages else decision.language,
        }
        for route in self.provider.routing:
            if all(has[name] in wanted for name, wanted in route.when if wanted):
                return route
        return self.provider.departments[decision.department]

    def hours(self, plan_id: str | None) -> Calendar | None:
        """The hours that the policy states for a plan; None when it states none."""
        name = self.plan(plan_id).calendar
        return self.calendars[name] if name else None

    def counted_on(self, plan_id: str | None) -> Calendar:
        """The calendar that a plan's targets are counted on: its hours, or a house default where none are stated."""
        return self.calendars[self.plan(plan_id).counted_on]

    def targets(self, plan_id: str | None, emergency: Emergency | None = None) -> Targets:
        """The targets of a plan, those of the emergency level where it has its own."""
        rows = [row for row in self.provider.targets if row.plan == self.plan(plan_id).id]
        of_level = (row for row in rows if emergency in row.emergencies)
        return next(of_level, None) or next(row for row in rows if not row.emergencies)


@dataclass(frozen=True)
class Policies:
    """Every policy of this installation, with the topics and the wordings of facts that they share.

    `overlay` is what the operator changed about the calendars; the policies here have it in them.
    """

    by_provider: Mapping[str, Policy]
    topics: Mapping[str, Topic]
    wordings: Wordings
    overlay: Overlay | None = None

    def __iter__(self) -> Iterator[Policy]:
        return iter(self.by_provider.values())

    def provider(self, provider_id: str) -> Policy:
        """The policy of this provider; Misconfigured when there is none."""
        return _find(self.by_provider, provider_id, "provider")

    @cached_property
    def clauses(self) -> Mapping[str, Clause]:
        """Every clause by id."""
        return {clause.id: clause for policy in self for clause in policy.clauses.values()}

    @cached_property
    def calendars(self) -> Mapping[str, Calendar]:
        """Every calendar by name."""
        return {name: calendar for policy in self for name, calendar in policy.calendars.items()}

    def clause(self, clause_id: str) -> Clause:
        """The clause of this id; Misconfigured when there is none."""
        return _find(self.clauses, clause_id, "clause")

    def calendar(self, name: str) -> Calendar:
        """The calendar of this name; Misconfigured when there is none."""
        return _find(self.calendars, name, "calendar")


T = TypeVar("T")


def _find(known: Mapping[str, T], name: str, kind: str) -> T:
    try:
        return known[name]
    except KeyError:
        hint = did_you_mean(name, known) or f"known are {', '.join(list(known)[:20])}"
        raise Misconfigured(f"there is no {kind} {name!r}: {hint}") from None
