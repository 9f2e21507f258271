"""`scopedesk intake`: whether everything that reached us was accounted for."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.balance import Balance

GAPS = ("missing", "counted twice")
WIDTH_IN_FILES = 200
"""Columns of a table that goes into a file or a pipe, where nothing has to be folded."""

app = typer.Typer(no_args_is_help=True, help="Check that nothing that reached us was lost.")


@app.callback()
def group() -> None:
    """Keep `balance` a command of a group: there will be others beside it."""


@app.command("balance")
def balance(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")] = False
) -> None:
    """Weigh what came from each mailbox and call log against what became of it; exit code 1 for a gap.

    received = ticketed + appended + suppressed + quarantined, and what is still under way or waits in dead letters.
    """
    from deploy import balance as books
    from shared.db import check_database
    from shared.errors import ScopedeskError
    from shared.settings import settings

    check_database(settings().require_database_url())
    found = books.take_balance()
    if as_json:
        typer.echo(json.dumps(books.as_json(found)))
    else:
        _show(found)
    if not found.holds:
        raise ScopedeskError(f"the balance does not hold: {found.complaint()}")


def _show(found: "Balance") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from deploy.balance import ENDINGS, ON_THE_WAY

    rows = [
        {**account.counted, "missing": account.missing, "counted twice": account.twice} for account in found.accounts
    ]
    always = ("received", *ENDINGS)
    columns = (*always, *(name for name in (*ON_THE_WAY, *GAPS) if any(row[name] for row in rows)))
    table = Table("", *(name.replace("_", " ") for name in columns), box=SIMPLE_HEAD)
    for account, row in zip(found.accounts, rows, strict=True):
        cells = (Text(str(row[name]), "bold red" if name in GAPS else "") for name in columns)
        table.add_row(" ".join(filter(None, (account.source, account.place))), *cells)
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_IN_FILES
    console.print(table)
    if found.holds:
        console.print("balanced", style="green")
