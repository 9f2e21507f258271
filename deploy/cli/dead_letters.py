"""`scopedesk dead-letters`: deliveries that failed for good, and what a person does about them."""

from __future__ import annotations

import getpass
import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Deliveries that failed for good: list, replay, discard.")

Number = Annotated[int, typer.Argument(help="The number that `list` shows.")]
As = Annotated[str, typer.Option("--by", help="Who decides; stands in the record.", default_factory=getpass.getuser)]


@app.command("list")
def list_letters(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Show where each failed.")] = False,
) -> None:
    """Show every dead letter that nobody has dealt with, oldest first. Errors may hold what customers wrote."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from shared.bus import dead_letters

    letters = dead_letters.waiting()
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(vars(letter) | {"died_at": letter.died_at.isoformat()}))
        return
    if not letters:
        typer.echo("no dead letters")
        return
    table = Table("number", "hearer", "event", "ticket", "tries", "died", "error")
    for letter in letters:
        died = letter.died_at.isoformat(sep=" ", timespec="seconds")
        error = letter.traceback if trace else letter.error
        tries = str(letter.attempts)
        cells = (str(letter.id), letter.hearer, letter.event_name, letter.ticket_id or "-", tries, died, error)
        table.add_row(*map(Text, cells))  # Text: what customers wrote is no markup
    Console().print(table)


@app.command()
def replay(number: Number, by: As) -> None:
    """Let a dead letter be heard again, after its cause was mended."""
    from shared.bus import dead_letters

    dead_letters.replay(number, by)
    typer.echo(f"dead letter {number} is delivered again")


@app.command()
def discard(number: Number, by: As) -> None:
    """Give a dead letter up. What it would have done is not done; the record stays."""
    from shared.bus import dead_letters

    dead_letters.discard(number, by)
    typer.echo(f"dead letter {number} is discarded")
