"""`scopedesk tickets attachments`: the files that came with a ticket's mails."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.problems import told

app = typer.Typer(no_args_is_help=True, help="The files of a ticket: list, save, release held ones.")

Number = Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number, such as HN-1001.")]
FileId = Annotated[str, typer.Argument(metavar="ID", help="The file's id, as `list` shows it.")]


@app.command("list")
def list_files(
    number: Number,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")] = False,
) -> None:
    """List what came with the mails of a ticket: type by content, size, and what is held and why."""
    from services.desk.web.attachments import list_attachments

    with told():
        found = list_attachments(number)
    for file in found:
        if as_json:
            typer.echo(file.model_dump_json())
            continue
        state = f"  held: {file.held}" if file.held else ""
        state += f"; released by {file.released.agent}: {file.released.reason}" if file.released else ""
        typer.echo(f"{file.id}  {file.name}  {file.content_type}  {file.size} bytes{state}")


@app.command()
def save(
    number: Number,
    file_id: FileId,
    to: Annotated[Path, typer.Option(file_okay=False, exists=True, help="The folder to save it in.")] = Path(),
) -> None:
    """Save a file under its name; nothing is overwritten. A held file must have been released."""
    from services.desk import store
    from services.desk.web.attachments import known_file, openable
    from shared.errors import Permanent

    with told(), store.reading() as session:
        file = known_file(store.attachments(session, number), number, file_id)
        data = store.bytes_of(session, openable(file))
    path = to / file.name
    try:
        with path.open("xb") as target:
            target.write(data)
    except FileExistsError as error:
        raise Permanent(f"{path} is there already: choose another folder with --to") from error
    typer.echo(f"{path}: {file.size} bytes saved")


@app.command()
def release(
    number: Number,
    file_id: FileId,
    *,
    agent: Annotated[str, typer.Option(help="Who has looked at it.")],
    reason: Annotated[str, typer.Option(help="Why it may be opened.")],
) -> None:
    """Let a held file be saved; who did and why stands in the ticket's history."""
    from services.desk.web.attachments import Releasing
    from services.desk.web.attachments import release as said
    from shared.bus import Transaction

    with told(), Transaction.begin("desk") as tx:
        tx.say(said(tx, number, file_id, Releasing(agent=agent, reason=reason)))
    typer.echo(f"{file_id} of {number.upper()} may be saved now")
