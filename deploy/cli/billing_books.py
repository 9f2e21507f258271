"""`scopedesk billing reconcile`: whether what was agreed, worked, charged, given back and booked agrees to the cent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.billing.rules.books import Finding, Sums


def reconcile(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")] = False,
) -> None:
    """Compare consents, work, charges, credits and bookings. Ends with 1 when anything does not agree.

    All amounts are without VAT. The worker of billing does the same every day.
    """
    from services.billing.tasks import books

    findings, sums = books.look()
    if as_json:
        typer.echo(json.dumps({"agrees": not findings, "sums": [*map(vars, sums)], "findings": [*map(_row, findings)]}))
    else:
        _print(findings, sums, waits=books.booked_within() is None)
    if findings:
        raise typer.Exit(1)


def _row(finding: Finding) -> dict[str, object]:
    amount = finding.amount
    money = {"minor": amount.minor, "currency": amount.currency} if amount else None
    return vars(finding) | {"amount": money}


def _print(findings: list[Finding], sums: list[Sums], *, waits: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from shared.money import Money

    columns = ("agreed", "charged", "credited", "booked")
    table = Table("without VAT", title="The books")
    for column in columns:
        table.add_column(column, justify="right")
    for row in sums:
        amounts = [str(Money(minor=getattr(row, column), currency=row.currency).amount) for column in columns]
        table.add_row(row.currency, *amounts)
    console = Console()
    console.print(table if sums else "nothing was agreed to yet", highlight=False)
    if waits and sums:
        typer.echo("No billing system is connected (SCOPEDESK_BILLING_SYSTEM): nobody waits for bookings.")
    for finding in findings:
        where = " ".join(filter(None, (finding.ticket_id, finding.about)))
        typer.echo(f"\n{finding.kind}: {where}\n  {finding.said}\n  {finding.todo}")
    typer.echo(f"\n{len(findings)} of these do not agree." if findings else "\nEverything agrees.")
