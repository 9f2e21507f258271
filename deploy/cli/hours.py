"""`scopedesk hours`: count open time on the calendars of the policies, many questions at a time."""

import typer

app = typer.Typer()


@app.command()
def hours() -> None:
    """Count open time. Reads JSON Lines from standard input, writes one line for each. Needs no server.

    {"calendar": "hypernode", "start": "2026-03-27T17:30:00+01:00", "minutes": 60} gives {"due": …}.

    {"calendar": "hypernode", "start": …, "end": …} gives {"elapsed_minutes": …}.

    A line that cannot be answered gives {"error": …, "line": …}; the others are answered, and the exit code is 1.
    """
    import json
    import sys

    from deploy.open_time import answers
    from shared.policies import load_policies

    failed = False
    for answer in answers(sys.stdin.buffer, load_policies()):
        failed = failed or "error" in answer
        typer.echo(json.dumps(answer, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)
