"""`scopedesk forecast`: which open tickets will be late at the next opening, given the backlog."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.sla.rules.forecast import Expected

app = typer.Typer()

SECONDS_PER_MINUTE = 60


@app.command()
def forecast(
    agents: Annotated[int, typer.Option(min=1, max=1000, help="People at work in each team.")] = 2,
    handling_minutes: Annotated[
        int | None, typer.Option(min=1, help="How long one ticket takes; default: what each pack says.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also the tickets that will be in time.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")] = False,
) -> None:
    """Foretell which open tickets will be late if people take the queue in its order, in the hours of its calendars.

    Each ticket takes as long as is typical. A ticket that is late already is not foretold, but counts as work.
    """
    import json
    from datetime import timedelta

    from deploy.forecast import already_late, expected
    from shared import clock

    handling = timedelta(minutes=handling_minutes) if handling_minutes else None
    found = expected(agents, clock.now(), handling)
    told = [one for one in found if one.late or everything]
    if as_json:
        for one in told:
            typer.echo(json.dumps(_line(one)))
        return
    if told:
        _print(told)
    late = sum(one.late is not None for one in found)
    typer.echo(f"{late} of {len(found)} tickets that are in time will be late with {agents} at work in each team")
    if already := already_late(clock.now()):
        typer.echo(f"{already} open tickets are late already: `scopedesk tickets list` marks them")


def _line(one: "Expected") -> dict[str, Any]:
    zone, due_at = one.ticket.calendar.zone, one.ticket.due_at
    return {
        "ticket": one.ticket.ticket_id,
        "provider": one.ticket.provider,
        "team": one.ticket.team,
        "calendar": one.ticket.calendar.name,
        "target": one.ticket.target,
        "due_at": due_at.astimezone(zone).isoformat() if due_at else None,
        "begins_at": one.begins_at.astimezone(zone).isoformat(),
        "done_at": one.done_at.astimezone(zone).isoformat(),
        "late_minutes": round(one.late.total_seconds() / SECONDS_PER_MINUTE) if one.late else None,
    }


def _print(told: "list[Expected]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Ticket", "Provider", "Team", "Target", "Due", "Begins", "Done", "Minutes late"):
        table.add_column(name, overflow="fold")
    for line in map(_line, told):
        moments = ((line[name] or "passed")[:16].replace("T", " ") for name in ("due_at", "begins_at", "done_at"))
        late = str(line["late_minutes"] or "")
        table.add_row(line["ticket"], line["provider"], line["team"], line["target"] or "", *moments, late)
    Console().print(table)
    Console().print("times are those of the ticket's calendar", style="dim")
