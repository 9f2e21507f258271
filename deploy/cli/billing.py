"""`scopedesk billing`: what the billing system is told."""

import json
import time
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="What the billing system is told.")

POLL_SECONDS = 1.0
"""How often a follower looks for more."""


@app.callback()
def _group() -> None:
    """Keep `events` a command of its group, also while it is the only one."""


@app.command("events")
def events(
    after: Annotated[
        str | None,
        typer.Option(metavar="CURSOR", help="Go on after this event: the `cursor` of the last one you kept."),
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep waiting for further events until interrupted.")
    ] = False,
) -> None:
    """Print quotes, consents and charges as CloudEvents 1.0, one JSON line each, oldest first.

    The `id` of an event follows from its fact: a consumer that keeps the ids it has booked books nothing twice.
    """
    from services.billing import rules
    from shared.bus import feed

    names = [event.__name__ for event in rules.FEED]
    cursor = feed.Cursor.parse(after) if after else feed.START
    while True:
        page = feed.read(names, cursor)
        for cursor, event in page:
            typer.echo(json.dumps(rules.cloud_event(event, str(cursor)), ensure_ascii=False))
        if not page and not follow:
            return
        if not page:
            time.sleep(POLL_SECONDS)
