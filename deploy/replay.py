"""What a changed pack would answer otherwise: requests answered twice, once under each reading of the packs.

`services/scope` decides and `services/sla` counts, as for a live ticket; nothing is written. A request is named by its
id or ticket number alone, and nothing of what was written in it leaves this module.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.scope.rules.decide import Decider, Request
from services.sla import store as sla
from services.sla.rules.clocks import Happening, Noted, reclassified
from services.sla.rules.routing import route
from services.sla.rules.standing import standing
from shared.bus import feed, health
from shared.events import TicketOpened
from shared.policies import Policies, Policy
from shared.vocabulary import Channel, Decision, PriceOffer, Requester, TicketFacts

NO_CLAUSE, HOUSE_DEFAULT = "no clause", "house default"
"""What a flip is grouped under when no clause says what changed."""

VERDICT, CLAUSES, PRICE, HOURS, DUE = "verdict", "clauses", "price", "hours", "due"
KINDS = (VERDICT, CLAUSES, PRICE, HOURS, DUE)

DECIDED = {Happening.SUSPENDED, Happening.RUNNING}
PAGE = 500


@dataclass(frozen=True)
class Case:
    """A request with what has happened to its ticket since."""

    id: str
    request: Request
    history: tuple[Noted, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What one reading of the packs makes of a request, as a person reads it; `due` by target, None: it stands still.

    `hours_rest_on` is the clause that states the hours.
    """

    verdict: str
    clauses: tuple[str, ...]
    price: str | None
    in_support_hours: bool | None
    due: Mapping[str, datetime | None]
    hours_rest_on: str


@dataclass(frozen=True)
class Flip:
    """One thing that would be otherwise, under the clause that says so; `target` of a due time."""

    kind: str
    clause: str
    before: str
    after: str
    target: str | None = None

    def __str__(self) -> str:
        return f"{self.target or ''} {self.kind}".strip() + f": {self.before} → {self.after}"


@dataclass(frozen=True)
class Flipped:
    """A request of which something would be otherwise."""

    id: str
    provider: str
    flips: tuple[Flip, ...]


def compare(before: Answer | None, after: Answer | None) -> tuple[Flip, ...]:
    """What differs between two answers; None: no policy of the provider is read."""
    if before is None or after is None:
        return () if before is after else (Flip(VERDICT, _decided_by(before, after), _told(before), _told(after)),)
    clause, hours = _decided_by(before, after), after.hours_rest_on
    pairs = [
        Flip(VERDICT, clause, before.verdict, after.verdict),
        Flip(CLAUSES, clause, ", ".join(before.clauses) or "none", ", ".join(after.clauses) or "none"),
        Flip(PRICE, clause, before.price or "none", after.price or "none"),
        Flip(HOURS, hours, _open(before.in_support_hours), _open(after.in_support_hours)),
    ]
    due = (
        Flip(DUE, hours, _moment(before.due, target), _moment(after.due, target), target)
        for target in dict.fromkeys((*before.due, *after.due))
    )
    return tuple(flip for flip in (*pairs, *due) if flip.before != flip.after)


def by_clause(flipped: Iterable[Flipped]) -> dict[str, Counter[str]]:
    """How many requests flip in what, by the clause that says so; the clause with the most of them first."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in flipped:
        for clause, kind in {(flip.clause, flip.kind) for flip in one.flips}:
            found[clause][kind] += 1
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].total(), pair[0])))


def replay(cases: Iterable[Case], before: Policies, after: Policies) -> Iterator[Flipped]:
    """The requests that another reading of the packs would answer otherwise, in their order."""
    versions = [{policy.id: policy.version for policy in policies} for policies in (before, after)]
    was, would_be = Decider.of(before), Decider.of(after)
    for case in cases:
        provider = case.request.provider
        if versions[0].get(provider) == versions[1].get(provider):
            continue  # the same version is the same answer
        flips = compare(answer(case, was), answer(case, would_be))
        if flips:
            yield Flipped(case.id, provider, flips)


def answer(case: Case, decider: Decider) -> Answer | None:
    """What the packs of a decider say of a request; None when they have no policy of its provider."""
    policy = decider.policies.by_provider.get(case.request.provider)
    if policy is None:
        return None
    decision = decider.decide(case.request)
    grounds = policy.provider.calendars[policy.counted_on(case.request.plan).name].clauses
    return Answer(
        verdict=_verdict(decision),
        clauses=decision.clauses,
        price=_price(decision.price) if decision.price else None,
        in_support_hours=decision.in_support_hours,
        due=_due(case, decision, policy),
        hours_rest_on=next(iter(grounds), HOUSE_DEFAULT),
    )


def stored() -> Iterator[Case]:
    """Every request that a ticket was opened for, oldest first, with what has happened to the ticket since."""
    cursor = feed.START
    while page := feed.read([TicketOpened.__name__], cursor, PAGE):
        opened = [event for _, event in page if isinstance(event, TicketOpened)]
        with health.snapshot() as session:
            known = sla.histories(session, [event.ticket.ticket_id for event in opened])
        for event in opened:
            request = Request.of_ticket(event.ticket, event.text)
            yield Case(event.ticket.ticket_id, request, tuple(known.get(event.ticket.ticket_id, ())))
        cursor = page[-1][0]


def _due(case: Case, decision: Decision, policy: Policy) -> dict[str, datetime | None]:
    """When its targets are due, with the plan and level that an agent gave it, and its pauses."""
    plan, emergency = reclassified(case.history)
    ticket = TicketFacts(
        ticket_id=case.id,
        provider=policy.id,
        product=case.request.product,
        plan=plan or case.request.plan,
        channel=Channel.EMAIL,
        subject="",
        requester=Requester(),
        received_at=case.request.received_at,
    )
    if emergency:
        decision = decision.model_copy(update={"emergency": emergency})
    now = standing(ticket, decision, policy, _history(case, decision, policy))
    return {target.name: target.due_at for target in route(ticket, decision, policy, now.cycle).targets}


def _history(case: Case, decision: Decision, policy: Policy) -> Iterator[Noted]:
    """What happened, with this decision in place of the one that was made when the ticket was opened."""
    suspension = policy.provider.suspension
    made = next((noted for noted in case.history if noted.what in DECIDED), None)
    anew = made or Noted(at=case.request.received_at, what=Happening.RUNNING)
    yield from (noted for noted in case.history if noted is not made)
    if suspension and decision.sla == "suspended":
        yield anew.model_copy(update={"what": Happening.SUSPENDED, "clause": suspension.clauses[0]})
    else:
        yield anew.model_copy(update={"what": Happening.RUNNING, "clause": None})


def _verdict(decision: Decision) -> str:
    parts = ", ".join(part.verdict for part in decision.parts)
    return f"{decision.verdict} ({parts})" if parts else decision.verdict


def _price(offer: PriceOffer) -> str:
    return f"{offer.line}, {offer.total or offer.amount or 'a person quotes'}"


def _told(answer: Answer | None) -> str:
    return answer.verdict if answer else "no policy"


def _decided_by(before: Answer | None, after: Answer | None) -> str:
    """The clause that the customer would be told, or was where there would be none."""
    return next((clause for one in (after, before) if one for clause in one.clauses[:1]), NO_CLAUSE)


def _open(in_support_hours: bool | None) -> str:
    return {True: "open", False: "closed", None: "not stated"}[in_support_hours]


def _moment(due: Mapping[str, datetime | None], target: str) -> str:
    if target not in due:
        return "none"
    moment = due[target]
    return moment.isoformat(timespec="minutes") if moment else "stands still"
