"""`scopedesk letters`: what is held back so that no loop goes on, and how an operator lets it go."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.bus import Transaction
    from shared.events import Event

app = typer.Typer(
    no_args_is_help=True, help="Letters that are held, and providers whose automatic letters are stopped."
)

By = Annotated[str, typer.Option("--by", help="Who decides; stands in the record.", default_factory=getpass.getuser)]


@app.command()
def held(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")] = False) -> None:
    """Show what waits for a person: stopped providers, letters, and tickets with a reply that reopened nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from services.desk.web.holding import held_back

    found = held_back()
    if as_json:
        typer.echo(found.model_dump_json())
        return
    console = Console()
    for row in found.stopped:
        since = f"{row.stopped_at:%Y-%m-%d %H:%M} UTC"
        much = f"{row.letters} automatic letters wanted to go out within {row.minutes} minutes"
        console.print(Text(f"{row.provider}: stopped since {since}, {much}", "red"))
    if found.letters:
        table = Table("letter", "ticket", "kind", "held because of", "since (UTC)")
        for letter in found.letters:
            cells = (str(letter.letter_id), letter.ticket_id, letter.kind, letter.reason)
            table.add_row(*map(Text, cells), f"{letter.held_at:%Y-%m-%d %H:%M}")
        console.print(table)
    if found.left_closed:
        console.print(Text(f"a reply reopened nothing: {', '.join(found.left_closed)}"))
    if not (found.stopped or found.letters or found.left_closed):
        typer.echo("nothing is held back")


@app.command()
def release(
    letters: Annotated[list[UUID] | None, typer.Argument(metavar="LETTER…", help="Ids that `held` shows.")] = None,
    *,
    by: By,
    everything: Annotated[bool, typer.Option("--all", help="Every letter that is held.")] = False,
) -> None:
    """Send letters that are held."""
    from services.desk.web.holding import LettingGo, held_back, released

    if bool(letters) == everything:
        raise typer.BadParameter("name letters, or say --all")
    wanted = [letter.letter_id for letter in held_back().letters] if everything else letters or []
    for letter_id in wanted:
        _say(lambda tx, letter_id=letter_id: released(tx, letter_id, LettingGo(agent=by)))  # type: ignore[misc]
    typer.echo(f"{len(wanted)} letters are released")


@app.command()
def resume(
    provider: Annotated[str, typer.Argument(help="The provider, such as hypernode.")],
    by: By,
) -> None:
    """Let a provider's automatic letters go out again; those that are held stay held."""
    from services.desk.web.holding import LettingGo, resumed

    _say(lambda tx: resumed(tx, provider, LettingGo(agent=by)))
    typer.echo(f"automatic letters of {provider} go out again")


def _say(event_of: Callable[[Transaction], Event]) -> None:
    from shared.bus import Transaction
    from shared.errors import Permanent
    from shared.web import Problem

    try:
        with Transaction.begin("desk") as tx:
            tx.say(event_of(tx))
    except Problem as problem:
        raise Permanent(f"{problem.title}. {problem.detail}") from problem
