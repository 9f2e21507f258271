"""`scopedesk customers`: the customer book that tickets are matched against."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Keep the customer book that e-mails and calls are matched against.")


@app.callback()
def _group() -> None:
    """Keep `load` a command of its group, also while it is the only one."""


@app.command("load")
def load(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="YAML: a list of customers with their people and facts.")
    ],
) -> None:
    """Add the customers of a file to the book, or bring those that are in it up to date.

    Nothing is stored unless the whole file is right. Customers that the file does not name stay as they are.
    """
    from services.tickets import rules, store
    from services.tickets.gateway import read_customers
    from shared.bus import Transaction

    customers = read_customers(file)
    for provider, address in rules.shared_addresses(customers):
        typer.echo(f"warning: {provider} has several customers with {address}: it will match none of them", err=True)
    with Transaction.begin("tickets") as tx:
        for customer in customers:
            store.save_customer(tx.session, customer)
    typer.echo(f"{len(customers)} customers loaded")
