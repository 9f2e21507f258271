"""`scopedesk billing`: what tickets cost, and what the billing system is told."""

import json
import time
from typing import Annotated

import typer

from deploy.cli import billing_books, billing_subscriptions, billing_tickets

app = typer.Typer(
    no_args_is_help=True, help="What tickets cost, what people do of it, and what the billing system is told."
)
app.add_typer(billing_tickets.app)
app.add_typer(billing_subscriptions.app, name="subscriptions")
app.add_typer(billing_subscriptions.licence, name="licence")
app.command("reconcile")(billing_books.reconcile)

POLL_SECONDS = 1.0
"""How often a follower looks for more."""


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


@app.command("schema")
def schema(
    *,
    as_asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="The whole exchange as an AsyncAPI 3 document, in YAML.")
    ] = False,
) -> None:
    """Print the JSON Schema that every event of the feed fulfils."""
    import yaml

    from services.billing.rules.event_schema import asyncapi, json_schema

    if as_asyncapi:
        typer.echo(yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110), nl=False)
    else:
        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
