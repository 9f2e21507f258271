"""`scopedesk ingest`: feed e-mails and call logs from files; the rooms' gateways do the work."""

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Feed e-mails and call logs from files.")


@app.command("calls")
def calls(
    files: Annotated[
        list[Path],
        typer.Argument(help="Call logs of a known kind, found by content; `-` reads standard input.", metavar="FILE…"),
    ],
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Read on in Asterisk's Master.csv files as they grow, until Ctrl-C.")
    ] = False,
) -> None:
    """Store every record of call logs; each is then read by the phone_intake worker.

    A record that cannot be read is kept and ends quarantined with its line number. A file that is missing or
    of no known kind is reported and the others are still stored.

    With --follow a log is read on from where it was left, by whomever: interrupt it and start it again at will.
    """
    from services.phone_intake.gateway import files as gateway
    from shared.errors import ScopedeskError

    if follow:
        _follow(files)
        return
    problems: list[str] = []
    for path in files:
        try:
            stored = gateway.store_log(path)
        except ScopedeskError as error:
            problems.append(str(error))
        else:
            typer.echo(f"{path}: {stored} call records stored")
    if problems:
        raise ScopedeskError("\n".join(problems))


def _follow(files: list[Path]) -> None:
    from services.phone_intake.gateway import follow
    from services.phone_intake.settings import FollowedLog, settings
    from shared.errors import Misconfigured
    from shared.settings import settings as house

    house().require_database_url()
    if Path("-") in files:
        raise typer.BadParameter("standard input cannot be followed", param_hint="FILE…")
    paths = [path.absolute() for path in files]
    for path in paths:
        try:
            follow.check(path)
        except Misconfigured as error:
            raise Misconfigured(f"{path} {error}") from error
    follow.follow({path: settings().logs.get(path, FollowedLog()) for path in paths}, follow.stop_on_signal())


@app.command("mail")
def mail(
    paths: Annotated[
        list[Path],
        typer.Argument(help=".eml files, folders, Maildirs or mboxes; `-` reads standard input.", metavar="PATH…"),
    ],
    mailbox: Annotated[
        str, typer.Option(help="The mailbox that they were delivered to; else their headers tell.", metavar="ADDR")
    ] = "",
    sender: Annotated[
        str | None,
        typer.Option(
            help="The envelope sender, as a mail server tells it; standard input is then one e-mail.", metavar="ADDR"
        ),
    ] = None,
) -> None:
    """Store every e-mail; each is then read by the email_intake worker.

    A file that is no e-mail is stored too and ends quarantined. A path that cannot be read is reported and the others
    are still stored.

    With `-` it is the pipe command of a mail server and ends as sysexits.h has it: 0 when the e-mail is safe, 75 when
    the mail server must keep it and try again, 65 when it is larger than the limit and will never be taken.
    """
    from services.email_intake.gateway import files as gateway
    from shared.errors import ScopedeskError

    if sender is not None and paths != [gateway.STDIN]:
        raise typer.BadParameter("goes with `-` alone", param_hint="--sender")
    null_path = sender is not None and sender.strip("<> ").upper() in {"", "MAILER-DAEMON"}  # as Postfix calls it
    stored, problems = 0, list[gateway.Problem]()
    for item in gateway.ingest(paths, mailbox, "" if null_path else sender):
        if isinstance(item, gateway.Problem):
            problems.append(item)
        else:
            stored += 1
    typer.echo(f"{stored} e-mail{'s' * (stored != 1)} stored")
    told = "\n".join(problem.text for problem in problems)
    if paths == [gateway.STDIN] and problems and all(problem.final for problem in problems):
        typer.secho(f"scopedesk: {told}", err=True, fg="red")
        raise typer.Exit(os.EX_DATAERR)
    if problems:
        raise ScopedeskError(told)
