"""The command line `scopedesk`: one module per group; this one puts them together.

A command raises ScopedeskError for whatever its user can mend; `main` prints it to stderr and exits with 1.
A wrong use of a command exits with 2.
"""

import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from deploy.cli import (
    bench,
    billing,
    cases,
    customers,
    dead_letters,
    decide,
    forecast,
    hours,
    ingest,
    intake,
    letters,
    on_call,
    parse_mail,
    policy,
    quarantine,
    stack,
    tickets,
)
from shared.errors import ScopedeskError

app = typer.Typer(
    name="scopedesk",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they may hold what customers wrote
    help="Decides for each support request whether it is ours, by when, whose and at what price, and proves it.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scopedesk {version('scopedesk')}")
        raise typer.Exit


@app.callback()
def set_up(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Logs go to stderr, so that stdout is the command's answer."""
    from shared import logs

    logs.configure()


tickets.app.add_typer(cases.app)
for flat in (decide, forecast, hours, on_call, parse_mail, stack):
    app.add_typer(flat.app)
for name, group in {
    "bench": bench,
    "billing": billing,
    "customers": customers,
    "dead-letters": dead_letters,
    "ingest": ingest,
    "intake": intake,
    "letters": letters,
    "policy": policy,
    "quarantine": quarantine,
    "tickets": tickets,
}.items():
    app.add_typer(group.app, name=name)


def main() -> None:
    """Run the command line; exit code 0, 1 for a failure that is explained on stderr, 2 for a wrong use.

    A mail server that pipes an e-mail in is told to keep it instead, whatever is wrong: it returns one to its sender
    for most other codes.
    """
    pipes = sys.argv[1:3] == ["ingest", "mail"] and "-" in sys.argv
    try:
        _run()
    except SystemExit as ended:
        if pipes and ended.code in {1, 2}:
            sys.exit(os.EX_TEMPFAIL)
        raise
    except Exception:
        if not pipes:
            raise
        traceback.print_exc()
        sys.exit(os.EX_TEMPFAIL)


def _run() -> None:
    try:
        app()
    except ScopedeskError as error:
        _fail(str(error))
    except Exception as error:
        from shared.db import UNREACHABLE

        if not isinstance(error, UNREACHABLE):
            raise
        _fail("PostgreSQL does not answer; `scopedesk doctor` says more")


def _fail(why: str) -> NoReturn:
    typer.secho(f"scopedesk: {why}", err=True, fg="red")
    sys.exit(1)
