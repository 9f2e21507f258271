"""`scopedesk parse-mail`: how an e-mail would be read, without storing it."""

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer()


@app.command("parse-mail")
def parse_mail(
    files: Annotated[
        list[Path],
        typer.Argument(help=".eml files, folders, Maildirs or mboxes; `-` reads standard input.", metavar="FILE…"),
    ],
    mailbox: Annotated[str, typer.Option(help="Where they were delivered; else their headers tell.")] = "",
) -> None:
    """Print one JSON line per e-mail: what it is, what is new in it, and what each rule decided. Needs no server."""
    import json

    from services.email_intake.gateway import files as gateway
    from services.email_intake.rules import read
    from services.email_intake.settings import settings
    from services.email_intake.store import TooLarge
    from services.scope.rules.language import detect
    from shared.errors import ScopedeskError

    problems: list[str] = []
    for item in gateway.emails_in(files):
        if isinstance(item, gateway.Problem):
            problems.append(item.text)
        else:
            line: dict[str, Any] = {"file": item.source} | read(item.raw, settings().own, recipient=mailbox).as_json()
            if item.size:
                beyond = TooLarge(item.size, settings().size_limit, item.source)
                line["warnings"].insert(0, beyond.reason)
            line["language"] = detect(f"{line['subject']}\n{line['new_text']}")
            typer.echo(json.dumps(line, ensure_ascii=False))
    if problems:
        raise ScopedeskError("\n".join(problems))
