"""`scopedesk on-call`: who is told of an emergency, now or at another moment."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer()


@app.command("on-call")
def on_call(
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="A moment such as 2026-10-25T02:30:00+01:00; default: now.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")] = False,
) -> None:
    """Say who is on call, level by level, by the rota that SCOPEDESK_ONCALL_FILE names. Needs no server."""
    import json

    from shared import clock
    from shared.civil_time import moment
    from shared.errors import Misconfigured
    from shared.rota import who_is_on_call
    from shared.rota_file import read_rota
    from shared.settings import settings

    try:
        asked = moment(at) if at else clock.now()
    except ValueError as error:
        raise typer.BadParameter(f"--at: {error}") from error
    path = settings().oncall_file
    if path is None:
        raise Misconfigured("there is no rota: write one and name it in SCOPEDESK_ONCALL_FILE (docs/on-call.md)")
    for level in who_is_on_call(read_rota(path), asked):
        if as_json:
            typer.echo(json.dumps({"level": level.level, "people": level.people}))
        else:
            typer.echo(f"{level.level}: {', '.join(level.people) or 'nobody'}")
