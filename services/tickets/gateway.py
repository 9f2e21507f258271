"""The customer book as a file: YAML that a person keeps or another system writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, StringConstraints, model_validator

from services.tickets import rules
from shared.policies import Policies, load_policies
from shared.policies.yaml_source import Loc, WrongYaml, did_you_mean, locate, read_yaml


def _lower(address: str) -> str:
    return address.lower()


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=254),
    AfterValidator(_lower),
]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""E.164, quoted in YAML: "+31201234567"."""


Domain = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=253),
    AfterValidator(_lower),
]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ContactEntry(_Entry):
    """A further person of a customer."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None
    may_approve_costs: bool = False

    @model_validator(mode="after")
    def _can_be_recognised(self) -> Self:
        if not (self.email or self.phone):
            raise ValueError("a contact needs an `email` or a `phone`, else nobody can recognise them")
        if self.may_approve_costs and not self.email:
            raise ValueError("a contact who may approve costs needs an `email`: consent is recorded to an address")
        return self


class CustomerEntry(_Entry):
    """One customer of one provider. Who is named in `emails` is the account holder and may approve costs."""

    id: Name
    provider: Name
    name: Name
    account: Name | None = None
    product: Name | None = None
    plan: Name | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    contacts: tuple[ContactEntry, ...] = ()
    facts: tuple[Name, ...] = ()
    domains: tuple[Domain, ...] = ()
    """Domains that are this customer's alone, of mail or of sites: not those of free mail."""
    servers: tuple[Annotated[Name, AfterValidator(_lower)], ...] = ()
    """Names of servers, as people write them; with a dot or a figure, or nobody finds them in a text."""

    @model_validator(mode="after")
    def _can_be_recognised(self) -> Self:
        if not (self.emails or self.phones or self.contacts):
            raise ValueError(f"customer {self.id!r} has no `emails`, `phones` or `contacts`: nobody can be recognised")
        return self

    def as_customer(self) -> rules.Customer:
        """The entry as the rules know customers: the account holder, then the contacts, then bare numbers."""
        holder = (rules.Person(self.name, email, None, may_approve_costs=True) for email in self.emails)
        contacts = (rules.Person(c.name, c.email, c.phone, c.may_approve_costs) for c in self.contacts)
        phones = (rules.Person(self.name, None, phone, may_approve_costs=False) for phone in self.phones)
        return rules.Customer(
            id=self.id,
            provider=self.provider,
            name=self.name,
            account=self.account,
            product=self.product,
            plan=self.plan,
            language=self.language,
            facts=self.facts,
            people=(*holder, *contacts, *phones),
            domains=self.domains,
            servers=self.servers,
        )


class CustomerFile(RootModel[tuple[CustomerEntry, ...]]):
    """The whole file: a list of customers."""

    root: tuple[CustomerEntry, ...] = Field(default=())

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for entry in self.root:
            if entry.id in seen:
                raise ValueError(f"the id {entry.id!r} stands here twice: every customer has an id of its own")
            seen.add(entry.id)
        return self


def read_customers(path: Path) -> list[rules.Customer]:
    """Read the customers of a file; Misconfigured names file and line of every mistake.

    A provider or product that no policy pack knows is a mistake too: its requests would be decided by other rules.
    """
    entries, policies = read_yaml(path, CustomerFile).root, load_policies()
    strangers = [found for place, entry in enumerate(entries) for found in _unknown_names(place, entry, policies)]
    if strangers:
        raise WrongYaml(locate(path, strangers))
    return [entry.as_customer() for entry in entries]


def _unknown_names(place: int, entry: CustomerEntry, policies: Policies) -> Iterator[tuple[Loc, str]]:
    policy = policies.by_provider.get(entry.provider)
    if policy is None:
        yield (place, "provider"), _unknown("policy pack for", entry.provider, policies.by_provider)
    elif entry.product and entry.product not in policy.products:
        yield (place, "product"), _unknown(f"product of {policy.name} called", entry.product, policy.products)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    return f"there is no {kind} {name!r}: {did_you_mean(name, known) or 'known are ' + ', '.join(known)}"
