"""What a letter says: the words of the policy and the decision, put into the template of its kind and language.

A verdict is told as policy only when no person has to look first. House targets are called that, and nothing is
promised that the policy leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.notifications.rules.envelope import clean
from services.notifications.rules.sending import Kind
from services.notifications.rules.wording import opening_hours, wrapped
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    EmailTooLarge,
    OnCallPaged,
    QuoteIssued,
    ScopeDecided,
    TicketPaused,
    TicketResumed,
    TicketRouted,
)
from shared.policies import Policies, Policy
from shared.vocabulary import Channel, Decision, Requester, SupplierCase, TargetName, TicketFacts, Verdict
from shared.wording import civil_day, civil_time, language, money
from shared.wording import price as price_words

MEBIBYTE = 1 << 20
SUSPENDED = "suspended"
MOST_APPROVERS_ASKED = 3
"""So many people of an account are asked to agree when the requester may not."""

TOLD_WITHOUT_CLAUSE = {Verdict.NOT_COVERED, Verdict.NEEDS_INFO, Verdict.NO_ACTION}


@dataclass(frozen=True)
class Quoted:
    """A clause in its own words, and where they stand."""

    id: str
    text: str
    document: str
    section: str


@dataclass(frozen=True)
class Part:
    """The answer to one question of a message. With `needs_person` only `understood` is told and `questions` are asked.

    Preconditions and questions are in the language of the reply already.
    """

    understood: str | None
    needs_person: bool
    verdict: str
    party: str | None
    quoted: Quoted | None
    price: str | None
    free_alternative: str | None
    preconditions: tuple[str, ...]
    questions: tuple[str, ...]
    suspended: bool


def acknowledgement(event: TicketRouted, policies: Policies, lang: str, now: datetime) -> str:
    """The first letter on a ticket: what we understood, the verdict with its clause, and by when a person answers.

    A due time that has passed already, as after a late call log, is not promised.
    """
    ticket, decision, routing = event.ticket, event.decision, event.routing
    policy = policies.provider(ticket.provider)
    hours = policy.provider.calendars[routing.calendar] if routing.calendar else None
    zone = policy.provider.calendars[routing.counted_on].zone
    target = next((target for target in routing.targets if target.name is TargetName.FIRST_RESPONSE), None)
    due_at = target.due_at if target and decision.sla != SUSPENDED else None
    if due_at and due_at <= now:
        due_at = None
    return _render(
        Kind.ACKNOWLEDGEMENT,
        lang,
        **_frame(ticket, policy),
        by_phone=ticket.channel is Channel.PHONE,
        parts=[_part(part, policies, policy, lang) for part in decision.parts or (decision,)],
        due=civil_time(due_at, zone, lang) if due_at else None,
        due_is_ours=bool(target and target.house_default),
        hours=opening_hours(hours.week, lang) if hours else [],
        holidays=bool(hours and hours.holidays.dates),
        zone=zone,
    )


def verdict(event: ScopeDecided, told: Decision | None, policies: Policies, lang: str) -> str:
    """What was decided anew, in place of the verdict that the requester was told before, if any."""
    policy, parts = policies.provider(event.ticket.provider), event.decision.parts or (event.decision,)
    before, now = _answers(told) if told else [], _answers(event.decision)
    offers, offered = _offers(event.decision), _offers(told) if told else set()
    return _render(
        Kind.VERDICT,
        lang,
        **_frame(event.ticket, policy),
        parts=[_part(part, policies, policy, lang) for part in parts],
        changed=any(answer not in now for answer in before),
        offer_ended=not offered <= offers,
        resumed=_suspended(told) and not _suspended(event.decision),
    )


def is_news(decision: Decision, told: Decision | None) -> bool:
    """Whether a requester reads anything in this decision that he was not told before. A guess tells him nothing."""
    answers = _answers(decision)
    return bool(answers) and answers != (_answers(told) if told else [])


def _answers(decision: Decision) -> list[dict[str, Any]]:
    """What is told of each question that no person has to look at first; what is no question gets no answer."""
    parts = [part for part in decision.parts or (decision,) if part.verdict is not Verdict.NO_ACTION]
    read = {"verdict", "responsible_party", "price", "preconditions", "sla"}
    return [part.model_dump(include=read) | {"clause": part.clauses[:1]} for part in parts if not part.needs_person]


def _suspended(decision: Decision | None) -> bool:
    return bool(decision and not decision.needs_person and decision.sla == SUSPENDED)


def _offers(decision: Decision) -> set[tuple[str, int]]:
    """The prices that a requester was or is offered, as line and total in minor units."""
    parts = decision.parts or (decision,)
    offers = (part.price for part in parts if part.verdict is Verdict.PAID and not part.needs_person)
    return {(o.line, total.minor) for o in offers if o and (total := o.total or o.amount)}


def quote_readers(event: QuoteIssued) -> list[TicketFacts]:
    """The ticket as each reader of an offer gets it: the requester, and unless he may approve costs those who may."""
    ticket = event.ticket
    mine = (ticket.requester.email or "").lower()
    if mine in ticket.approvers:
        return [ticket]
    others = [Requester(email=address, may_approve_costs=True) for address in ticket.approvers[:MOST_APPROVERS_ASKED]]
    return [ticket, *(ticket.model_copy(update={"requester": other}) for other in others)]


def quote(event: QuoteIssued, ticket: TicketFacts, link: str | None, policies: Policies, lang: str) -> str:
    """An offer: what it costs, what it buys, how to agree, and what is free instead.

    `ticket`: as its reader has it. `link`: the page on which he, who may approve costs, can agree.
    """
    policy = policies.provider(ticket.provider)
    offer, line = event.offer, policy.prices.get(event.offer.line)
    alternative = line.free_alternative if line else None
    zone = str(policy.counted_on(ticket.plan).zone)
    return _render(
        Kind.QUOTE,
        lang,
        **_frame(ticket, policy),
        quote=event.quote_id,
        version=event.version,
        token=event.token,
        link=link,
        may_agree=(ticket.requester.email or "").lower() in ticket.approvers,
        others_asked=bool(ticket.approvers),
        basis=offer.basis,
        work=line.title.in_language(lang) if line else offer.title,
        price=price_words(offer.model_copy(update={"total": event.total}), lang),
        valid_until=civil_time(event.valid_until, zone, lang),
        buys=line.buys.in_language(lang) if line else None,
        does_not_buy=line.does_not_buy.in_language(lang) if line and line.does_not_buy else None,
        quoted=_quoted(policy, offer.clause) if offer.clause in policy.clauses else None,
        free_alternative=alternative.text.in_language(lang) if alternative else None,
    )


def consent_receipt(ticket: TicketFacts, event: ConsentRecorded, policies: Policies, lang: str) -> str:
    """What was agreed to, and how it will be charged."""
    assert event.offer
    policy = policies.provider(ticket.provider)
    line = policy.prices.get(event.offer.line)
    return _render(
        Kind.CONSENT_RECEIPT,
        lang,
        **_frame(ticket, policy),
        quote=event.quote_id,
        version=event.version,
        work=line.title.in_language(lang) if line else event.offer.title,
        price=price_words(event.offer.model_copy(update={"total": event.total}), lang),
        basis=event.offer.basis,
    )


def consent_refused(ticket: TicketFacts, event: ConsentRefused, link: str | None, policies: Policies, lang: str) -> str:
    """Why a mailed yes does not count, and how to agree nevertheless. `link`: the page to agree on."""
    return _render(
        Kind.CONSENT_REFUSED,
        lang,
        **_frame(ticket, policies.provider(ticket.provider)),
        quote=event.quote_id,
        because=event.because,
        newest=event.newest,
        link=link,
    )


def charge_notice(ticket: TicketFacts, event: ChargeRecorded, policies: Policies, lang: str) -> str:
    """A short confirmation of what will be on the invoice."""
    policy = policies.provider(ticket.provider)
    line = policy.prices.get(event.line)
    return _render(
        Kind.CHARGE_NOTICE,
        lang,
        **_frame(ticket, policy),
        quote=event.quote_id,
        version=event.version,
        work=line.title.in_language(lang) if line else event.line,
        total=money(event.total, lang),
        hours=event.quantity if event.unit == "started-hour" else None,
        period_from=civil_day(event.period_from, lang) if event.period_from else None,
        period_until=civil_day(event.period_until, lang) if event.period_until else None,
    )


def credit_notice(ticket: TicketFacts, event: ChargeCredited, policies: Policies, lang: str) -> str:
    """A short confirmation of what is given back; why stays between agents."""
    policy = policies.provider(ticket.provider)
    line = policy.prices.get(event.line)
    return _render(
        Kind.CREDIT_NOTICE,
        lang,
        **_frame(ticket, policy),
        quote=event.quote_id,
        work=line.title.in_language(lang) if line else event.line,
        total=money(event.total, lang),
        remaining=money(event.remaining, lang),
        whole=event.remaining.minor == 0,
    )


def suspension_start(ticket: TicketFacts, event: TicketPaused, policies: Policies, lang: str) -> str:
    """The supplier has the case: who, since when, what that suspends by which clause, and until when at most."""
    policy = policies.provider(ticket.provider)
    suspension, case = policy.provider.suspension, event.standstill
    assert suspension
    assert isinstance(case, SupplierCase)
    limit = event.happened_at + suspension.limit.length
    zone = str(policy.counted_on(ticket.plan).zone)
    return _render(
        Kind.SUSPENSION_START,
        lang,
        **_frame(ticket, policy),
        supplier=case.supplier,
        case_reference=case.case_reference,
        since=civil_time(event.happened_at, zone, lang),
        until=civil_time(min(event.until or limit, limit), zone, lang),
        quoted=_quoted(policy, suspension.clauses[0]) if suspension.clauses else None,
    )


def suspension_end(ticket: TicketFacts, event: TicketResumed, policies: Policies, lang: str) -> str:
    """The clocks run again, since when and why."""
    policy = policies.provider(ticket.provider)
    zone = str(policy.counted_on(ticket.plan).zone)
    since = civil_time(event.resumed_at, zone, lang)
    return _render(Kind.SUSPENSION_END, lang, **_frame(ticket, policy), why=event.why, since=since)


def answer(ticket: TicketFacts, agent: str, text: str, policies: Policies, lang: str) -> str:
    """An agent's own words with a signature under them."""
    policy = policies.provider(ticket.provider)
    return _render(Kind.ANSWER, lang, **_frame(ticket, policy), agent=agent, text=text.strip())


def size_notice(event: EmailTooLarge, policies: Policies) -> str:
    """An e-mail was too large to be read. Its language is not known, so it is told in all that the provider writes."""
    policy = policies.provider(event.provider)
    words = {
        "name": clean(event.sender.name or ""),
        "provider": policy.name,
        "size": f"{event.size / MEBIBYTE:.1f} MB",
        "limit": f"{event.limit / MEBIBYTE:.0f} MB",
    }
    languages = dict.fromkeys(map(language, (*policy.provider.languages.reply_in, policy.provider.languages.otherwise)))
    return "\n\n".join(_render(Kind.SIZE_NOTICE, lang, **words) for lang in languages)


def page(event: OnCallPaged, policies: Policies, lang: str) -> str:
    """What somebody on call must know: which ticket, why, and until when the next is not told. Nothing of its text."""
    policy = policies.provider(event.ticket.provider)
    zone = str(policy.counted_on(event.ticket.plan).zone)
    return _render(
        Kind.PAGE,
        lang,
        ticket=event.ticket.ticket_id,
        provider=policy.name,
        subject=clean(event.ticket.subject),
        reason=event.reason,
        team=event.team,
        level=event.level,
        best_effort=event.best_effort,
        last=event.last,
        answer_by=civil_time(event.answer_by, zone, lang),
        page_id=event.page_id,
    )


def page_message(event: OnCallPaged, policies: Policies) -> dict[str, Any]:
    """A page as a webhook gets it: the same as by e-mail, for a machine."""
    return {
        "page_id": str(event.page_id),
        "ticket": event.ticket.ticket_id,
        "provider": policies.provider(event.ticket.provider).name,
        "subject": event.ticket.subject,
        "reason": event.reason,
        "team": event.team,
        "level": event.level,
        "best_effort": event.best_effort,
        "last": event.last,
        "paged_at": event.happened_at.isoformat(),
        "answer_by": event.answer_by.isoformat(),
        "acknowledge": f"/api/pages/{event.page_id}/acknowledge",
    }


def _frame(ticket: TicketFacts, policy: Policy) -> dict[str, Any]:
    return {"name": ticket.requester.name, "ticket": ticket.ticket_id, "provider": policy.name}


def _part(decision: Decision, policies: Policies, policy: Policy, lang: str) -> Part:
    line = policy.prices.get(decision.price.line) if decision.price else None
    alternative = line.free_alternative if line else None
    clause = decision.clauses[0] if decision.clauses and decision.verdict not in TOLD_WITHOUT_CLAUSE else None
    return Part(
        understood=_topic(decision, policies, lang),
        needs_person=decision.needs_person,
        verdict=decision.verdict,
        party=decision.responsible_party,
        quoted=_quoted(policy, clause) if clause else None,
        price=price_words(decision.price, lang) if decision.price else None,
        free_alternative=alternative.text.in_language(lang) if alternative else None,
        preconditions=decision.preconditions,
        questions=tuple(map(str, decision.explanation.get("questions", ()))),
        suspended=decision.sla == SUSPENDED,
    )


def _quoted(policy: Policy, clause_id: str) -> Quoted:
    clause = policy.clauses[clause_id]
    return Quoted(
        id=clause.id,
        text=policy.sentence(clause),
        document=policy.provider.document.title,
        section=clause.section,
    )


def _topic(decision: Decision, policies: Policies, lang: str) -> str | None:
    topic = policies.topics.get(decision.topic or "")
    return topic.titled(lang) if topic else None


@lru_cache
def _templates() -> Environment:
    # Plain text: nothing is markup here, so nothing may be escaped.
    return Environment(
        loader=PackageLoader("services.notifications", "letters"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(kind: Kind, lang: str, **words: Any) -> str:
    return wrapped(_templates().get_template(f"{kind}.{lang}.txt.j2").render(words))
