"""`scopedesk quarantine`: e-mails that wait for a person."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.cli.problems import told

app = typer.Typer(no_args_is_help=True, help="E-mails that wait for a person: list, save, release, reject.")

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The arrival's id, as `list` shows it.")]
Agent = Annotated[str, typer.Option(help="Who decides.")]
Reason = Annotated[str, typer.Option(help="Why, for colleagues.")]


@app.command("list")
def list_waiting(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")] = False,
) -> None:
    """List what is in quarantine, e-mails and calls, the newest first."""
    from services.desk.web.quarantine import list_arrivals

    for arrival in list_arrivals(limit=1000):
        if as_json:
            typer.echo(arrival.model_dump_json())
        else:
            about = f"\n  {arrival.sender or 'nobody'}: {arrival.subject or '(no subject)'}" if arrival.subject else ""
            typer.echo(f"{arrival.arrival_id}  {arrival.channel}  {arrival.reason}  ({arrival.source}){about}")


@app.command()
def save(arrival_id: Id, to: Annotated[Path, typer.Option(help="The file to write; nothing is overwritten.")]) -> None:
    """Save the bytes of an e-mail as they came. A stranger sent them: do not open them unscanned."""
    from services.desk import store as desk
    from services.email_intake.store import arrival_to_read
    from shared.errors import Permanent

    with desk.reading() as session:
        _, raw = arrival_to_read(session, arrival_id)
    try:
        with to.open("xb") as target:
            target.write(raw)
    except FileExistsError as error:
        raise Permanent(f"{to} is there already: choose another name") from error
    typer.echo(f"{to}: {len(raw)} bytes saved")


@app.command()
def release(
    arrival_id: Id,
    agent: Agent,
    reason: Reason,
    mailbox: Annotated[str, typer.Option(help="Our mailbox that it is for, where its headers name none of ours.")] = "",
) -> None:
    """Read an e-mail again by the same rules: it becomes a ticket, or says again what is wrong with it."""
    from services.desk.web.quarantine import Releasing
    from services.desk.web.quarantine import release as said
    from shared.bus import Transaction

    with told(), Transaction.begin("desk") as tx:
        tx.say(said(tx, arrival_id, Releasing(agent=agent, reason=reason, mailbox=mailbox)))
    typer.echo(f"{arrival_id} is read again")


@app.command()
def reject(arrival_id: Id, agent: Agent, reason: Reason) -> None:
    """Leave an e-mail without a ticket. Its bytes are kept."""
    from services.desk.web.quarantine import Rejecting
    from services.desk.web.quarantine import reject as said
    from shared.bus import Transaction

    with told(), Transaction.begin("desk") as tx:
        tx.say(said(tx, arrival_id, Rejecting(agent=agent, reason=reason)))
    typer.echo(f"{arrival_id} becomes no ticket")
