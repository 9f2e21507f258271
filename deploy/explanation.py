"""Why a ticket was decided as it was and is due when it is, gathered from what the rooms recorded.

Plain values for a program to read; `scopedesk policy explain` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from deploy.due_sentence import due_sentence
from services.desk import store as desk
from services.sla import store as sla
from services.sla.rules.check import check
from shared.errors import Permanent
from shared.policies import load_policies
from shared.wording import language as written_language

if TYPE_CHECKING:
    from services.desk.rules.story import TicketStory
    from services.sla.store import TargetRow
    from shared.policies import Policies, Policy
    from shared.vocabulary import Decision, Target, TargetName


def explain(number: str, language: str | None = None, zone: str = "UTC") -> dict[str, Any]:
    """Everything that explains a ticket; Permanent when there is none of this number.

    Its due times are also told in a sentence for the customer, in `language` (the one letters are written in, when
    None) and in the provider's zone and this one.
    """
    with desk.reading() as session:
        story = desk.show_ticket(session, number)
        if story is None:
            raise Permanent(f"there is no ticket {number}: `scopedesk tickets list` shows which there are")
        clocks = sla.targets(session, story.ticket.number)
        policies = load_policies()
        policy = policies.provider(story.ticket.provider)
        return {
            "ticket": story.ticket.number,
            "provider": policy.id,
            "product": story.facts.product,
            "plan": story.facts.plan,
            "subject": story.ticket.subject,
            "received_at": _utc(story.ticket.received_at),
            "decided_at": _decided_at(story),
            "decision": _decision(story.decision, policy, policies) if story.decision else None,
            "due_times": _due_times(story, policy, clocks, language, zone),
        }


def _decided_at(story: TicketStory) -> str | None:
    return next((_utc(line.at) for line in reversed(story.history) if line.event == "ScopeDecided"), None)


def _decision(decision: Decision, policy: Policy, policies: Policies) -> dict[str, Any]:
    told = decision.explanation
    row = told.get("row") or {}
    votes = [
        vote | {"title": policies.topics[vote["topic"]].title if vote["topic"] in policies.topics else vote["topic"]}
        for vote in told.get("votes", ())
    ]
    winner = next((vote for vote in votes if vote["title"] == told.get("topic")), None)
    return {
        "verdict": decision.verdict,
        "topic": decision.topic,
        "certainty": row.get("certainty"),
        "confidence": decision.confidence,
        "needs_person": decision.needs_person,
        "responsible_party": decision.responsible_party,
        "department": decision.department,
        "emergency": decision.emergency,
        "sla": decision.sla,
        "price": decision.price.model_dump(mode="json") if decision.price else None,
        "preconditions": list(decision.preconditions),
        "questions": list(told.get("questions", ())),
        "person": told.get("person"),
        "corrected": told.get("corrected"),
        "policy_version": decision.policy_version,
        "policy_is_current": decision.policy_version == policy.version,
        "clauses": list(_clauses(decision, policy)),
        "read_as": winner,
        "words": list(told.get("words", ())),
        "facts": [fact | {"decided": _decided(fact, row.get("when", {}))} for fact in told.get("facts", ())],
        "runners_up": [vote for vote in votes if vote is not winner],
        "parts": [_decision(part, policy, policies) for part in decision.parts],
    }


def _decided(fact: Mapping[str, str], conditions: Mapping[str, str]) -> bool:
    return fact["value"] in conditions.get(fact["fact"], "").split("|")


def _clauses(decision: Decision, policy: Policy) -> Iterator[dict[str, Any]]:
    """The clauses best first; one that the policy has dropped since keeps the words it was decided by."""
    for name in decision.clauses:
        if clause := policy.clauses.get(name):
            yield {"id": name, "line": clause.source.line, "sentence": policy.sentence(clause)}
        else:
            yield {"id": name, "line": None, "sentence": decision.explanation.get("quotes", {}).get(name)}


def _due_times(
    story: TicketStory, policy: Policy, clocks: Mapping[TargetName, TargetRow], language: str | None, customer_zone: str
) -> dict[str, Any] | None:
    routing = story.routing
    if routing is None:
        return None
    lang = written_language(language or (story.decision.reply_language if story.decision else ""))
    calendar = policy.calendars.get(routing.counted_on)
    zone: tzinfo = calendar.zone if calendar else UTC
    return {
        "team": routing.team,
        "calendar": routing.calendar,
        "counted_on": routing.counted_on,
        "zone": str(zone),
        "counts_from": _utc(routing.starts_at),
        "counts_from_local": _local(routing.starts_at, zone),
        "note": routing.note,
        "paused": routing.paused.model_dump(mode="json") if routing.paused else None,
        "targets": [
            _target(target, zone, clock)
            | {
                "does_not_add_up": check(clock.proof) if clock else [],
                "sentence": due_sentence(story.ticket.number, clock.proof, lang, customer_zone) if clock else None,
            }
            for target in routing.targets
            for clock in [clocks.get(target.name)]
        ],
    }


def _target(target: Target, zone: tzinfo, clock: TargetRow | None) -> dict[str, Any]:
    return {
        "name": target.name,
        "minutes": target.minutes,
        "due_at": _utc(target.due_at),
        "due_local": _local(target.due_at, zone),
        "latest_start_at": _utc(target.latest_start_at),
        "house_default": target.house_default,
        "clauses": list(target.clauses),
        "policy_version": clock.proof["policy_version"] if clock else None,
        "state": clock.state if clock else None,
        "holidays": list(target.holidays),
        "pauses": clock.proof.get("pauses", []) if clock else [],
        "windows": [
            {
                "opens_at": _utc(window.opens_at),
                "closes_at": _utc(window.closes_at),
                "opens_local": _local(window.opens_at, zone),
                "closes_local": _local(window.closes_at, zone),
                "counted_seconds": window.counted_seconds,
                "holiday": window.holiday,
            }
            for window in target.windows
        ],
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _local(moment: datetime | None, zone: tzinfo) -> str | None:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else None
