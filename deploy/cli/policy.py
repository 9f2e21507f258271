"""`scopedesk policy`: print what a pack says, explain what it made of a ticket, derive due times anew.

`lint` and `replay` stand in modules of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli import policy_lint, policy_replay
from shared.errors import Misconfigured

if TYPE_CHECKING:
    from shared.policies import Clause, Policies, Policy, PriceLine
    from shared.policies.models import Grounded
    from shared.policies.provider import Targets

app = typer.Typer(no_args_is_help=True, help="Check policy packs, print what they say, explain a ticket.")
app.add_typer(policy_lint.app)
app.add_typer(policy_replay.app)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="A clause id, a provider, or one of the words `calendar` and `price`.")],
    name: Annotated[str | None, typer.Argument(help="The calendar or price line, such as h-sphere/priority.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print a clause, a provider, a calendar or a price line."""
    from shared.policies import load_policies

    facts = _facts(load_policies(), what, name)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))
    else:
        _print_table(name or what, facts)


@app.command("explain")
def explain_ticket(
    number: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number, such as HN-1001.")],
    language: Annotated[str | None, typer.Option(help="en or nl: tell the customer in this language.")] = None,
    zone: Annotated[str, typer.Option(help="The customer's time zone, such as Europe/Amsterdam.")] = "UTC",
    *,
    as_json: AsJson = False,
) -> None:
    """Explain a ticket of the running stack: why it was decided as it was, and why it is due when it is."""
    from deploy.cli.explain_tables import print_explanation
    from deploy.explanation import explain
    from shared.civil_time import zone_named
    from shared.wording import LANGUAGES

    if language and language not in LANGUAGES:
        raise typer.BadParameter(f"letters are written in {' and '.join(LANGUAGES)}", param_hint="--language")
    try:
        zone_named(zone)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--zone") from error
    told = explain(number, language, zone)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print_explanation(told)


@app.command()
def suggestions(
    provider: Annotated[str | None, typer.Option(help="Only what was decided on tickets of this provider.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print what people's decisions suggest: examples for their topics, and rows whose verdicts were changed.

    The examples are YAML, ready to paste once a person has read them; what is told of rows stands in comments.
    """
    from deploy.suggestions import example_file, suggestions
    from shared.policies import load_policies

    if provider:
        load_policies().provider(provider)
    found = suggestions(provider)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    typer.echo(example_file(found["examples"]) or "# No topic was corrected.")
    for group in found["verdicts"]:
        row = f"{group['provider']}, {group['topic']}, {group['clause'] or 'no clause'}"
        typer.echo(f"# {group['count']} times {row}: {group['verdict']} became {group['decided']}")
        for case in group["cases"]:
            typer.echo(f"#   {case['ticket']}: {' '.join(case['reason'].split())}")
    if not found["verdicts"]:
        typer.echo("# No verdict was changed.")


@app.command()
def rederive(
    why: Annotated[str, typer.Option(help="Why, as the history of every ticket will say: 'closed on 5 May'.")],
    by: Annotated[str, typer.Option(help="Who says so.")] = "an operator",
) -> None:
    """Derive the due times of all open tickets anew, on the calendars and targets of today.

    What was due before and after stands in the history of each ticket.
    """
    from services.desk import store as desk
    from services.sla import store as sla
    from shared.bus import Transaction
    from shared.events import TicketReclassified

    with desk.reading() as session:
        numbers = sla.open_tickets(session)
    for number in numbers:  # a transaction for each, so that a thousand tickets do not wait for the last one
        with Transaction.begin("desk") as tx:
            tx.say(TicketReclassified(ticket_id=number, by=by, why=why))
    typer.echo(f"open tickets that are derived anew: {len(numbers)}")


def _facts(policies: Policies, what: str, name: str | None) -> dict[str, Any]:
    if what == "calendar" and name:
        return _calendar(policies, name)
    if what == "price" and name:
        return _price(*_find_price(policies, name))
    if what in {"calendar", "price"}:
        raise typer.BadParameter(f"say which one: scopedesk policy show {what} NAME")
    if what in policies.by_provider:
        return _provider(policies.provider(what))
    return _clause(policies, policies.clause(what))


def _clause(policies: Policies, clause: Clause) -> dict[str, Any]:
    policy = next(policy for policy in policies if clause.id in policy.clauses)
    return clause.model_dump(mode="json", exclude_defaults=True) | {
        "document": policy.provider.document.title,
        "policy_version": policy.version,
    }


def _provider(policy: Policy) -> dict[str, Any]:
    provider = policy.provider
    return {
        "name": provider.name,
        "document": f"{provider.document.title} ({provider.document.dated})",
        "policy_version": policy.version,
        "ticket_prefix": provider.ticket_prefix,
        "contacts": [f"{c.channel}: {c.address or 'stated without an address'}{_ours(c)}" for c in provider.contacts],
        "reply_languages": f"{', '.join(provider.languages.reply_in)}, otherwise {provider.languages.otherwise}",
        "plans": [f"{plan.id}: {plan.calendar or 'hours not stated'}" for plan in provider.plans],
        "calendars": list(policy.calendars),
        "targets": [_targets(row) for row in provider.targets],
        "prices": [f"{line.id}: {_amount(line)}" for line in provider.prices],
        "products": list(policy.products),
        "clauses": len(policy.clauses),
    }


def _calendar(policies: Policies, name: str) -> dict[str, Any]:
    from shared.policies.overlay import WeekChange

    calendar = policies.calendar(name)
    policy = next(policy for policy in policies if name in policy.calendars)
    source = policy.provider.calendars[name]
    changes = policies.overlay.calendars.get(name) if policies.overlay else None
    reasons = changes.reasons if changes else {}

    def told(day: date, what: str) -> str:
        return f"{what} (overlay: {reasons[day]})" if day in reasons else what

    return {
        "zone": calendar.zone.key,
        "clock": source.clock + (f" (overlay: {changes.clock.reason})" if changes and changes.clock else ""),
        "week": _week(source.week),
        "other_weeks": [
            f"{other.first} to {other.until or 'further notice'}, {other.name}"
            + (f" (overlay: {other.reason})" if isinstance(other, WeekChange) else "")
            + "".join(f"; {day} {windows}" for day, windows in _week(other.week).items())
            for other in source.other_weeks
        ],
        "holiday_windows": ", ".join(source.holidays.windows) or "closed",
        "holiday_zone": calendar.holiday_zone.key,
        "holidays": {day.isoformat(): told(day, title) for day, title in sorted(source.holidays.dates.items())},
        "exceptions": {
            day.isoformat(): told(day, f"{change.name}: {', '.join(change.windows) or 'closed'}")
            for day, change in sorted(source.exceptions.items())
        },
        "ordinary_days": {
            day.isoformat(): told(day, "taken back") for change in changes.ordinary_days for day in change.days
        }
        if changes
        else {},
        "house_default": source.house_default,
        "clauses": list(source.clauses),
        "days_come_from": f"the pack of {policy.id}"
        + (f", and {policies.overlay.path} where it says overlay" if changes and policies.overlay else ""),
        "policy_version": policy.version,
    }


def _week(week: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {day: ", ".join(windows) for day, windows in week.items()}


def _find_price(policies: Policies, name: str) -> tuple[Policy, PriceLine]:
    """A price line by `provider/line`, or by `line` alone where only one provider has it."""
    lines = [(policy, line) for policy in policies for line in policy.provider.prices]
    found = [(p, line) for p, line in lines if name in {line.id, f"{p.id}/{line.id}"}]
    if len(found) != 1:
        known = ", ".join(f"{policy.id}/{line.id}" for policy, line in found or lines)
        raise Misconfigured(
            f"{'several price lines are' if found else 'no price line is'} called {name!r}: name one of {known}"
        )
    return found[0]


def _price(policy: Policy, line: PriceLine) -> dict[str, Any]:
    stated = {"amount": str(line.money.amount), "currency": line.money.currency} if line.money else {}
    return line.model_dump(mode="json", exclude_defaults=True, exclude={"amount", "currency"}) | {
        **stated,
        "price": _amount(line),
        "provider": policy.id,
        "policy_version": policy.version,
    }


def _amount(line: PriceLine) -> str:
    if line.money:
        return f"{line.money} per {line.unit}"
    if line.licences:
        free = ", the first one free" if line.licences.first_year_free else ""
        return f"{line.licences.percent}% of all licence fees per {line.unit}{free}"
    return "not stated: a person quotes"


def _targets(row: Targets) -> str:
    of = f"{row.plan} ({', '.join(row.emergencies)})" if row.emergencies else row.plan
    return f"{of}: first response {row.first_response} minutes, resolution {row.resolution} minutes{_ours(row)}"


def _ours(row: Grounded) -> str:
    return " (house default)" if row.house_default else ""


def _print_table(title: str, facts: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, show_header=False, title_justify="left")
    for field, value in facts.items():
        table.add_row(field.replace("_", " "), Text(_words(value)))  # Text: brackets in a quote are no markup
    Console().print(table)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_words(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "\n".join(map(_words, value))
    return {True: "yes", False: "no", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)
