"""`scopedesk up`, `down`, `status`, `doctor` and `migrate`: the stack as a whole."""

import json
import sys
from typing import Annotated, Any

import typer

app = typer.Typer()


@app.command()
def up(
    *,
    sample: Annotated[
        bool, typer.Option("--sample", help="Feed the sample customers, inbox and call log once, and show the result.")
    ] = False,
) -> None:
    """Start everything on the data directory (SCOPEDESK_DATA_DIR) and keep it running until Ctrl-C.

    Without DATABASE_URL and REDIS_URL it starts a PostgreSQL and a Redis of its own there.
    """
    from deploy.supervisor import Terminal, run_stack

    run_stack(Terminal(), (sys.executable, "-m", "deploy.first_run") if sample else ())


@app.command()
def down() -> None:
    """Stop the stack of the data directory; what was accepted is kept for the next `up`."""
    import signal

    from deploy import pids, stack_state
    from deploy.embedded import Postgres, Redis
    from deploy.processes import DOWN_SECONDS
    from shared.settings import settings

    data_dir = settings().data_dir
    if holder := stack_state.holder(data_dir):
        pids.stop(holder, signal.SIGTERM, DOWN_SECONDS, "the stack")
        typer.echo("stopped")
        return
    # Nobody holds the directory, but a stack that was killed may have left its processes there.
    stopped = 0
    if data_dir.is_dir():
        with stack_state.only_stack(data_dir):
            stopped = stack_state.stop_leftovers(data_dir, stack_state.read_state(data_dir))
            for server in (Redis(data_dir.resolve()), Postgres(data_dir.resolve())):
                stopped += server.alive()
                server.stop()
    typer.echo(f"stopped {stopped} processes that were left behind" if stopped else "no stack runs here")


@app.command()
def status(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")] = False
) -> None:
    """What was received and what became of it, what is open and due, and how the workers are."""
    from deploy.schema import check
    from deploy.status import stack_status
    from shared.db import check_database
    from shared.settings import settings

    database_url = settings().require_database_url()
    check_database(database_url)
    check(database_url)
    found = stack_status()
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _show(found)


@app.command()
def migrate() -> None:
    """Bring the database schema up to date; `up` does so by itself. Safe to repeat."""
    from deploy.schema import upgrade
    from shared.db import check_database
    from shared.settings import settings

    database_url = settings().require_database_url()
    check_database(database_url)
    upgrade(database_url)
    typer.echo("the schema is up to date")


@app.command()
def doctor() -> None:
    """Check settings, servers, schema, ports and policies; say what is wrong and what to do. Exit code 1 if any is."""
    from deploy.doctor import examine

    wrong = 0
    for finding in examine():
        wrong += not finding.well
        typer.secho("ok    " if finding.well else "WRONG ", fg="green" if finding.well else "red", nl=False)
        typer.echo(f"{finding.about}: {finding.said}")
    if wrong:
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    def red(said: str) -> Text:
        return Text(said, "red")

    arrivals = Table("arrivals", "number")
    for name in ("received", "ticketed", "appended", "suppressed", "quarantined", "under_way"):
        arrivals.add_row(name.replace("_", " "), str(found[name]))
    dead = str(found["dead_arrivals"])
    arrivals.add_row("in dead letters", red(dead) if found["dead_arrivals"] else dead)
    arrivals.add_row("discarded", str(found["discarded_arrivals"]))
    arrivals.add_row("balanced", "yes" if found["balanced"] else red("NO"))
    rest = Table("tickets and letters", "")
    for name, words in (("open", "tickets open"), ("late", "tickets late"), ("due", "next due")):
        rest.add_row(words, "-" if found[name] is None else str(found[name]))
    for name, words in (("sent", "sent"), ("refused", "refused"), ("letters_suppressed", "suppressed")):
        rest.add_row(f"letters {words}", str(found[name]))
    rest.add_row("letters held", str(found["letters_held"]))
    stopped = ", ".join(f"{name} since {since[:16]}" for name, since in found["letters_stopped"].items())
    rest.add_row("automatic letters stopped", red(stopped) if stopped else "no")
    rest.add_row("dead letters", red(str(found["dead"])) if found["dead"] else "0")
    rest.add_row("relay", "alive" if found["relay_alive"] else red("not seen"))
    if down := [name for name, runs in found["processes"].items() if not runs]:
        rest.add_row("not running", red(", ".join(down)))
    rooms = Table("worker", "under way", "timers", "queue", "process")
    for name, room in found["rooms"].items():
        process = {True: Text("running"), False: red("down"), None: Text("-")}[room["running"]]
        queue = "Redis is away" if room["queue"] is None else str(room["queue"])
        rooms.add_row(name, str(room["under_way"]), str(room["timers"]), queue, process)
    mailboxes = Table("mailbox", "folder", "read last", "hears by", "")
    for box in found["mailboxes"]:
        told = [box["problem"], f"{box['stuck']} e-mails cannot be taken: see its log" if box["stuck"] else None]
        wrong = "; ".join(filter(None, told)) or ("" if box["well"] else "not looked at for long: does imap run?")
        last = box["looked_at"][:19] if box["looked_at"] else "never"
        mailboxes.add_row(box["account"], box["folder"], last, box["waits_by"] or red("not connected"), red(wrong))
    call_logs = Table(
        Column("call log", overflow="fold"), "lines read", "rows of calls that may go on", "read last", ""
    )
    for log in found["call_logs"]:
        wrong = log["problem"] or ("" if log["well"] else "not looked at for long: does calls run?")
        last = log["looked_at"][:19] if log["looked_at"] else "never"
        call_logs.add_row(log["path"], str(log["lines"]), str(log["waiting"]), last, red(wrong))
    console = Console()
    sources = [table for table in (mailboxes, call_logs) if table.row_count]
    for table in (arrivals, rest, rooms, *sources):
        console.print(table)
