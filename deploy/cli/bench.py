"""`scopedesk bench`: measure on this machine what docs/performance.md says of another."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.bench.decide import Figure as Measured
    from deploy.bench.hours import Figure

app = typer.Typer(no_args_is_help=True, help="Measure how fast Scopedesk is on this machine.")

WIDTH_IN_FILES = 120
"""Columns of a table that goes into a file or a pipe."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")]


@app.command()
def hours(*, as_json: AsJson = False) -> None:
    """Add open time on the calendars of the policies, from 12 business hours to ten years. Needs no server.

    Beside businesstimedelta and pandas' CustomBusinessHour where they are installed and can express the calendar.
    """
    import json

    from deploy.bench.hours import CALENDARS, first_use, measure
    from shared.policies import load_policies

    policies = load_policies()
    figures = measure(policies)
    if as_json:
        for figure in figures:
            typer.echo(json.dumps(figure.as_json()))
        return
    _print_hours(figures)
    slowest = max(first_use(policies.calendar(name)) for name in CALENDARS)
    typer.echo(f"The first answer of a calendar builds its years: {slowest:.0f} ms at most, once in a process.")


@app.command()
def decide(*, as_json: AsJson = False) -> None:
    """Decide the sample mails and the examples of the packs, then start `scopedesk decide` afresh. Needs no server.

    Beside a bare nearest-neighbour classifier, and beside a line that is read and written without a decision.
    """
    import json

    from deploy.bench.decide import measure

    figures = list(measure())
    if as_json:
        for figure in figures:
            typer.echo(json.dumps(figure.as_json()))
    else:
        _print_decide(figures)


@app.command()
def intake(
    mutated: Annotated[int, typer.Option(min=0, help="Broken mails to read, each once.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed breaks the same mails the same way.")] = 1,
    *,
    store: Annotated[bool, typer.Option(help="Also store mails, in servers of its own.")] = True,
    as_json: AsJson = False,
) -> None:
    """Read the sample mails, then mails that are broken by chance, then store some: how fast, and does any fail."""
    import json
    from dataclasses import asdict

    from deploy.bench.intake import measure

    found = measure(mutated, seed, with_store=store)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        stored = "" if found.stored_per_second is None else f", {found.stored_per_second:,} stored per second"
        typer.echo(
            f"{found.parsed_per_second_per_core:,} e-mails parsed per second per core{stored}.\n"
            f"{found.mutated:,} broken mails (seed {found.seed}): {found.failed} failed, the slowest took "
            f"{found.slowest_ms:,} ms."
        )
    if found.failed:
        raise typer.Exit(1)


@app.command()
def timers(
    tickets: Annotated[int, typer.Option(min=1000, help="Open tickets with clocks that run.")] = 100_000,
    ringing: Annotated[int, typer.Option(min=100, help="Timers that ring during the measurement.")] = 600,
    seconds: Annotated[float, typer.Option(min=5, help="How long the measurement takes.")] = 120,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell how late warnings and breaches are, with many open tickets, while mails come in at half of what is possible.

    Starts a stack of its own on free ports and a directory that is thrown away.
    """
    import json
    from dataclasses import asdict

    from deploy.bench.timers import measure

    found = measure(tickets, ringing, seconds)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        typer.echo(
            f"{found.tickets:,} open tickets; {found.timers:,} timers rang in {found.seconds:.0f} s while"
            f" {found.mails_per_second} mails came in per second, of {found.capacity_per_second} that are possible.\n"
            f"Seconds late: median {found.p50}, 95% {found.p95}, 99% {found.p99}, at most {found.most}."
            f" Lost {found.lost}, doubled {found.doubled}."
        )
    if found.lost or found.doubled:
        raise typer.Exit(1)


def _print_decide(figures: "Iterable[Measured]") -> None:
    from rich.table import Table

    table = Table(title="Decisions, on one core", title_justify="left", box=None)
    for column in ("", "Median", "95%", "Processor", "", "Times"):
        table.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for figure in figures:
        numbers = ("-" if value is None else f"{value:,.2f}" for value in (figure.median, figure.p95, figure.processor))
        table.add_row(figure.what, *numbers, figure.unit, str(figure.times))
    _print(table)


def _print_hours(figures: "Iterable[Figure]") -> None:
    from itertools import groupby

    from rich.table import Table

    from deploy.bench.hours import OTHERS, OURS

    table = Table(title="Median time of one addition, in µs (times ours, same answers)", title_justify="left", box=None)
    for column in ("Calendar", "Span", OURS, *OTHERS):
        table.add_column(column, justify="left" if column in {"Calendar", "Span"} else "right", no_wrap=True)
    for (calendar, span), row in groupby(figures, key=lambda figure: (figure.calendar, figure.span)):
        by_library = {figure.library: figure for figure in row}
        told = (
            f"{other.median_us:,.0f} ({other.slower_than_ours:,.0f}, {other.agrees:.0%})" if other else "-"
            for other in map(by_library.get, OTHERS)
        )
        table.add_row(calendar, span, f"{by_library[OURS].median_us:.2f}", *told)
    _print(table)


def _print(table: "Table") -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_IN_FILES
    console.print(table)
