"""What a ticket costs: by which quotes, who agreed, what was worked, what was charged and whether it is booked.

Every amount is without VAT. Told from the event log alone, whatever order its events came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pydantic import AwareDatetime

from services.desk.rules import prices
from services.desk.rules.charges import ChargeView, booked_in_words, charges
from services.desk.rules.summary import QuoteRow, QuoteState, View
from services.desk.rules.work import WorkStory, work_story
from shared import events as e
from shared.money import Money
from shared.vocabulary import Basis, PriceOffer


class QuoteVersion(QuoteRow):
    """A version of a quote: what it offers, in words, who priced it, who agreed to it, or why it was taken back."""

    offer: PriceOffer | None = None
    clause: str | None = None
    price: str = ""
    priced_by: str | None = None
    offered_at: AwareDatetime | None = None
    agreed_by: str | None = None
    agreed_how: str | None = None
    agreed_at: AwareDatetime | None = None
    withdrawn_by: str | None = None
    withdrawn_because: str | None = None


class PlanView(View):
    """A plan that runs, from its first day on, or that ended. `questions`: what a person has to look at."""

    starts_on: date
    quantity: int
    unit: str
    ends_on: date | None = None
    ended: bool = False
    paid_until: date | None = None
    questions: tuple[str, ...] = ()


class QuoteStory(QuoteVersion):
    """The newest version of a quote, and everything that became of it. `sentence`: the whole of it in one."""

    earlier: tuple[QuoteVersion, ...] = ()
    work: WorkStory = WorkStory()
    charges: tuple[ChargeView, ...] = ()
    plan: PlanView | None = None
    sentence: str = ""

    @property
    def takes_work(self) -> bool:
        """Whether work may be told of it: somebody has agreed, and it is not settled."""
        agreed = self.state in {QuoteState.AGREED, QuoteState.CHARGED}
        return agreed and not self.work.settled_at and not (self.offer and self.offer.basis is Basis.PLAN)

    @property
    def takes_price(self) -> bool:
        """Whether its price can be set or changed; of a plan also after it was agreed to, for the time to come."""
        plan = self.offer is not None and self.offer.basis is Basis.PLAN
        return plan or self.state not in {QuoteState.AGREED, QuoteState.CHARGED}

    @property
    def can_be_voided(self) -> bool:
        """Whether there is an offer or a draft to take back."""
        return self.state in {QuoteState.DRAFT, QuoteState.OFFERED}


class RefusedConsent(View):
    """An agreement that does not count, and what is missing."""

    quote_id: str
    version: int
    given_how: str
    reason: str
    at: AwareDatetime


class Refusal(View):
    """Something that a person wanted and that cannot be done. `agent` None: the requester, by agreeing."""

    agent: str | None
    reason: str
    at: AwareDatetime


class Clock(View):
    """An agent works on the ticket now."""

    agent: str
    since: AwareDatetime


class Trail(View):
    """The money of a ticket, from the first offer to what is booked. `costs`: what was charged and not given back.

    `headline` and each quote's `sentence` say it in a few words. `on_their_way` is what people said that billing has
    not answered yet.
    """

    headline: str
    costs: tuple[Money, ...] = ()
    quotes: tuple[QuoteStory, ...] = ()
    courtesy: WorkStory = WorkStory()
    clocks: tuple[Clock, ...] = ()
    refused_consents: tuple[RefusedConsent, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    on_their_way: tuple[str, ...] = ()


def trail(events: Sequence[e.Event]) -> Trail:
    """Tell the money of a ticket from everything that was said of it."""
    told = quotes(events)
    charged = [charge for quote in told for charge in quote.charges]
    return Trail(
        headline=prices.headline([charge.total for charge in charged], [charge.remaining for charge in charged]),
        costs=prices.sums([charge.remaining for charge in charged]),
        quotes=told,
        courtesy=work_story(events, None),
        clocks=tuple(_clocks(events)),
        refused_consents=tuple(_refused_consents(events)),
        refusals=tuple(_refusals(events)),
        on_their_way=tuple(_on_their_way(events)),
    )


def quotes(events: Sequence[e.Event]) -> tuple[QuoteStory, ...]:
    """Every quote by its newest version, with what became of it, whatever order its events came in."""
    versions: dict[tuple[str, int], dict[str, Any]] = {}
    said_by = {event.event_id: event for event in events}
    for event in events:
        if told := _of_quote(event):
            known = versions.setdefault((told["quote_id"], told["version"]), told)
            state = max(known["state"], told["state"], key=lambda state: state.rank)
            known.update(told, state=state)
            priced = said_by.get(event.caused_by) if event.caused_by else None
            if isinstance(priced, e.QuotePriced):
                known["priced_by"] = priced.agent
    by_quote: dict[str, list[QuoteVersion]] = {}
    for quote_id, number in sorted(versions):
        told = versions[quote_id, number]
        version = QuoteVersion.model_validate({**told, "price": prices.in_words(told.get("offer"), told.get("total"))})
        by_quote.setdefault(quote_id, []).append(version)
    return tuple(_story(events, found) for found in by_quote.values())


def _story(events: Sequence[e.Event], versions: Sequence[QuoteVersion]) -> QuoteStory:
    *earlier, newest = versions
    charged = tuple(
        charges(event for event in events if getattr(event, "quote_id", newest.quote_id) == newest.quote_id)
    )
    work = work_story(events, newest.quote_id)
    plan = _plan(events, newest.quote_id)
    story = QuoteStory(
        **dict(newest),
        earlier=tuple(earlier),
        work=work,
        charges=charged,
        plan=plan,
    )
    return story.model_copy(update={"sentence": _sentence(story)})


def _sentence(quote: QuoteStory) -> str:
    """The quote in a sentence: what it cost, for what, by which clause, who agreed, whether it is booked."""
    what = f"{quote.title or quote.quote_id}{f' ({quote.clause})' if quote.clause else ''}"
    price = prices.at_most(quote.offer, quote.total)
    if quote.state is QuoteState.DRAFT:
        return f"{what}: a person has to name a price; nothing is owed."
    if quote.state is QuoteState.OFFERED and not quote.charges:
        return f"{what}: {price}, offered; nobody has agreed yet."
    if quote.state in {QuoteState.EXPIRED, QuoteState.WITHDRAWN} and not quote.charges:
        return f"{what}: {price}, {quote.state}; nothing is owed."
    who = f"{quote.agreed_by} agreed ({quote.agreed_how})" if quote.agreed_by else "agreed"
    if quote.charges:
        total = prices.listed(prices.sums(charge.total for charge in quote.charges))
        given = prices.sums(credit.total for charge in quote.charges for credit in charge.credits)
        back = f", {prices.listed(given)} of it given back" if given else ""
        hours = sum(charge.quantity for charge in quote.charges if charge.unit == "started-hour")
        took = f" for {hours} started hour{'s' if hours > 1 else ''}" if hours else ""
        return f"{what}: {total} charged{took}{back}; {who}; {booked_in_words(quote.charges)}."
    if quote.work.settled_at:
        return f"{what}: nothing was worked, nothing is charged; {who}."
    return f"{what}: {price}; {who}; nothing is charged yet."


def _of_quote(event: e.Event) -> dict[str, Any] | None:
    match event:
        case e.QuoteDrafted(offer=offer):
            told: dict[str, Any] = {"state": QuoteState.DRAFT, **_offered(offer)}
        case e.QuoteIssued(offer=offer):
            told = {"state": QuoteState.OFFERED, "total": event.total, "valid_until": event.valid_until}
            told |= {"offered_at": event.happened_at, **_offered(offer)}
        case e.QuoteExpired():
            told = {"state": QuoteState.EXPIRED}
        case e.QuoteWithdrawn():
            told = {"state": QuoteState.WITHDRAWN, "withdrawn_by": event.agent, "withdrawn_because": event.reason}
        case e.ConsentRecorded():
            told = {"state": QuoteState.AGREED, "total": event.total, "agreed_at": event.happened_at}
            told |= {"agreed_by": event.given_by, "agreed_how": event.given_how}
        case e.ChargeRecorded():
            told = {"state": QuoteState.CHARGED}
        case _:
            return None
    return {"quote_id": event.quote_id, "version": event.version, **told}


def _offered(offer: PriceOffer) -> dict[str, Any]:
    return {"title": offer.title, "clause": offer.clause, "offer": offer}


def _plan(events: Iterable[e.Event], subscription_id: str) -> PlanView | None:
    own = [event for event in events if getattr(event, "subscription_id", None) == subscription_id]
    started = next((event for event in own if isinstance(event, e.SubscriptionStarted)), None)
    if started is None:
        return None
    told = started.model_dump(include=set(PlanView.model_fields))
    changed = [event for event in own if isinstance(event, e.SubscriptionChanged)]
    if changed:
        told["quantity"] = max(changed, key=lambda event: event.version).quantity
    for event in sorted(own, key=lambda event: event.happened_at):
        if isinstance(event, e.SubscriptionEnding | e.SubscriptionEnded):
            told |= {"ends_on": event.ends_on, "ended": isinstance(event, e.SubscriptionEnded)}
        if isinstance(event, e.SubscriptionEnded):
            told["paid_until"] = event.paid_until
    told["questions"] = tuple(event.reason for event in own if isinstance(event, e.SubscriptionQuestioned))
    return PlanView.model_validate(told)


def _refused_consents(events: Iterable[e.Event]) -> Iterable[RefusedConsent]:
    for event in events:
        if isinstance(event, e.ConsentRefused):
            yield RefusedConsent(
                at=event.happened_at, **event.model_dump(include={"quote_id", "version", "given_how", "reason"})
            )


def _refusals(events: Iterable[e.Event]) -> Iterable[Refusal]:
    for event in events:
        if isinstance(event, e.QuoteRefused | e.WorkRefused | e.CreditRefused | e.SubscriptionRefused):
            yield Refusal(at=event.happened_at, agent=event.agent, reason=event.reason)


def _on_their_way(events: Sequence[e.Event]) -> Iterable[str]:
    """What people said of money that billing has not answered: each wish causes an answer, a yes or a no."""
    answered = {event.caused_by for event in events}
    words = {
        e.QuotePriced: "a price",
        e.QuoteVoided: "an offer taken back",
        e.WorkReported: "work",
        e.WorkSettled: "a settlement",
        e.CreditGiven: "a credit",
    }
    for event in events:
        if (what := words.get(type(event))) and event.event_id not in answered:
            yield f"{what}, told by {event.agent}"  # type: ignore[attr-defined]


def _clocks(events: Sequence[e.Event]) -> Iterable[Clock]:
    """The agents whose clock runs: from its start until they report work that is not refused."""
    refused = {event.caused_by for event in events if isinstance(event, e.WorkRefused)}
    running: dict[str, Clock] = {}
    for event in sorted(events, key=lambda event: event.happened_at):
        if isinstance(event, e.WorkStarted) and event.event_id not in refused:
            running.setdefault(event.agent, Clock(agent=event.agent, since=event.happened_at))
        elif isinstance(event, e.WorkReported) and event.reverses is None and event.event_id not in refused:
            running.pop(event.agent, None)
    yield from running.values()
