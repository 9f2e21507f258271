"""`scopedesk policy replay`: which answers would flip under changed packs, before they are published."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections import Counter

    from deploy.replay import Case, Flipped
    from shared.policies import Policies

app = typer.Typer()

STORED = "stored"
FLIPPED = 3
"""The exit code when an answer would flip: not a failure (1) and not a wrong use (2)."""


@app.command()
def replay(
    requests: Annotated[
        str, typer.Argument(help="A file of requests as `scopedesk decide` reads them, or `stored`: all the tickets.")
    ] = STORED,
    against: Annotated[
        Path | None,
        typer.Option(
            help="The folder of changed packs, compared with the packs in force. Default: the packs of "
            "SCOPEDESK_POLICY_DIR, compared with the built-in ones."
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")] = False,
) -> None:
    """List what changed packs would answer otherwise: verdicts, clauses, prices, support hours and due times.

    Each request is answered under both, nothing is written, and requests are named by id or ticket number alone. The
    exit code is 0 when nothing flips and 3 when something does.
    """
    from deploy.replay import by_clause, stored
    from deploy.replay import replay as compared

    before, after = _readings(against)
    count, flipped = 0, []

    def counted() -> Iterator["Case"]:
        nonlocal count
        for case in stored() if requests == STORED else _read(Path(requests)):
            count += 1
            yield case

    for one in compared(counted(), before, after):
        flipped.append(one)
        typer.echo(json.dumps(_line(one), ensure_ascii=False) if as_json else _words(one))
    clauses = by_clause(flipped)
    if as_json:
        typer.echo(json.dumps({"requests": count, "flipped": len(flipped), "by_clause": clauses}, ensure_ascii=False))
    else:
        if clauses:
            _print(clauses)
        typer.echo(f"{len(flipped)} of {count} requests would be answered otherwise")
    if flipped:
        raise typer.Exit(FLIPPED)


def _readings(against: Path | None) -> tuple["Policies", "Policies"]:
    """The packs that requests are answered by now, and the changed ones."""
    from shared.policies import load_policies, read_policies
    from shared.settings import settings

    overlay = settings().calendar_overlay
    if against:
        return load_policies(), read_policies(against, overlay)
    if settings().policy_dir is None:
        raise typer.BadParameter("name the folder of the changed packs", param_hint="--against")
    return read_policies(), load_policies()


def _read(path: Path) -> Iterator["Case"]:
    """The requests of a file; Misconfigured names the line that is none."""
    from deploy.cli.decide import BYTE_ORDER_MARK, Question, told_of
    from deploy.replay import Case
    from shared.errors import Misconfigured

    try:
        lines = path.read_bytes().removeprefix(BYTE_ORDER_MARK).splitlines()
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate_json(line)
        except ValueError as error:
            raise Misconfigured(f"{path}, line {number}: {told_of(error)}") from error
        yield Case(str(question.id if question.id is not None else f"line {number}"), question.request())


def _line(one: "Flipped") -> dict[str, object]:
    flips = [
        {"what": flip.kind, "clause": flip.clause, "before": flip.before, "after": flip.after}
        | ({"target": flip.target} if flip.target else {})
        for flip in one.flips
    ]
    return {"id": one.id, "provider": one.provider, "flips": flips}


def _words(one: "Flipped") -> str:
    return f"{one.id} ({one.provider}) " + "; ".join(map(str, one.flips))


def _print(clauses: "dict[str, Counter[str]]") -> None:
    from rich.console import Console
    from rich.table import Table

    from deploy.replay import KINDS

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Clause", overflow="fold")
    for kind in KINDS:
        table.add_column(kind.capitalize(), justify="right")
    for clause, counts in clauses.items():
        table.add_row(clause, *(str(counts[kind] or "") for kind in KINDS))
    Console().print(table)
