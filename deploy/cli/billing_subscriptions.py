"""`scopedesk billing subscriptions` and `billing licence`: plans that run period by period, and what they rest on."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.billing import rules
    from services.billing.store.tables import Subscribed

app = typer.Typer(no_args_is_help=True, help="Plans that run month by month or year by year: list, show, cancel.")
licence = typer.Typer(no_args_is_help=True, help="Licence fees that yearly support costs a share of.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]
Agent = Annotated[str, typer.Option(help="Who says so.")]
Plan = Annotated[str, typer.Argument(metavar="PLAN", help="The number of the quote that it began with: Q-HS-1001-1.")]


@app.command("list")
def list_plans(*, as_json: AsJson = False) -> None:
    """List every plan: what it is, since when, how many servers, until when. With --json one line each."""
    from services.billing.store import subscriptions as store
    from shared.bus import health

    with health.snapshot() as session:
        rows = [_told(row, store.as_subscription(session, row)) for row in store.all_plans(session)]
    for told in rows:
        typer.echo(json.dumps(told) if as_json else _line(told))
    if not rows and not as_json:
        typer.echo("no plans")


@app.command("show")
def show_plan(plan: Plan, *, as_json: AsJson = False) -> None:
    """Show a plan with what was agreed to from when on, and every period that was charged. Amounts without VAT."""
    from services.billing.store import subscriptions as store
    from shared.bus import health
    from shared.errors import Permanent

    with health.snapshot() as session:
        row = store.find(session, plan)
        if row is None:
            raise Permanent(f"there is no plan {plan}: `scopedesk billing subscriptions list` shows which there are")
        told = _told(row, store.as_subscription(session, row))
        charged = store.charged(session, [plan]).get(plan, {})
    told["charged"] = [{"from": str(first), "total": str(total)} for first, total in sorted(charged.items())]
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(_line(told))
    for terms in told["terms"]:
        typer.echo(f"  agreed on {terms['agreed_on']}: {terms['servers']} at {terms['fee']} a {row.unit}")
    for period in told["charged"]:
        typer.echo(f"  period from {period['from']}: {period['total']}")


@app.command("cancel")
def cancel_plan(
    plan: Plan, *, on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Its last day.")], agent: Agent
) -> None:
    """End a plan with a day. What is missing of its minimum term is charged when it is over."""
    from services.desk.web.plans import Cancelling, cancellation
    from shared.bus import Transaction
    from shared.errors import Permanent
    from shared.web import Problem

    try:
        with Transaction.begin("desk") as tx:
            tx.say(cancellation(tx, plan, Cancelling(agent=agent, ends_on=on.date())))
    except Problem as problem:
        raise Permanent(f"{problem.title}. {problem.detail}") from problem
    typer.echo(f"{plan} is to end on {on:%Y-%m-%d}; its ticket's history says whether it can")


@licence.command("add")
def add_licence(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="His id in the customer book.")],
    *,
    fee: Annotated[str, typer.Option(help="What he paid, as 4500.00, without VAT.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day on which it was paid.")],
    agent: Agent,
) -> None:
    """Record a licence fee. What it adds to years of support that began after that day is charged at once.

    One that was recorded in error is taken out of the years to come by the same fee with a minus; what was charged for
    it is given back as a credit.
    """
    from pydantic import ValidationError

    from services.desk.web.plans import LicencePaid, licence_paid
    from services.tickets import store as tickets
    from shared.bus import Transaction
    from shared.errors import Permanent
    from shared.web import Problem

    try:
        with Transaction.begin("desk") as tx:
            known = tickets.customer(tx.session, customer)
            if known is None:
                raise Permanent(f"there is no customer {customer} in the book: `scopedesk customers load` adds some")
            told: dict[str, Any] = {"agent": agent, "provider": known.provider, "customer_id": known.id}
            event = licence_paid(LicencePaid(**told, bought_on=on.date(), amount=fee))
            tx.say(event)
    except ValidationError as error:
        raise typer.BadParameter("write an amount such as 4500.00", param_hint="--fee") from error
    except Problem as problem:
        raise Permanent(f"{problem.title}. {problem.detail}") from problem
    typer.echo(f"recorded: {event.fee}, paid by {customer} on {event.bought_on}")


def _told(row: Subscribed, plan: rules.Subscription) -> dict[str, Any]:
    from shared import clock

    now = plan.terms_in(plan.period_of(clock.now().date()))[-1]
    return {
        "subscription_id": row.subscription_id,
        "ticket_id": row.ticket_id,
        "provider": row.provider,
        "customer": row.customer,
        "line": row.line,
        "unit": row.unit,
        "servers": now.consent.quote.offer.quantity,
        "starts_on": str(row.starts_on),
        "minimum": row.minimum,
        "ends_on": _day(row.ends_on),
        "paid_until": _day(plan.paid_until),
        "terms": [
            {
                "version": terms.version,
                "agreed_on": str(terms.agreed_on),
                "servers": terms.consent.quote.offer.quantity,
                "fee": str(terms.fee),
            }
            for terms in plan.terms
        ],
    }


def _day(day: date | None) -> str | None:
    return str(day) if day else None


def _line(told: dict[str, Any]) -> str:
    end = f"ends {told['ends_on']}, due until {told['paid_until']}" if told["ends_on"] else "goes on"
    servers = "1 server" if told["servers"] == 1 else f"{told['servers']} servers"
    return f"{told['subscription_id']}  {told['customer']}  {told['line']}, {servers}, since {told['starts_on']}, {end}"
