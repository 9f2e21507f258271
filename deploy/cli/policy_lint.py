"""`scopedesk policy lint`: what is wrong with the packs, and what they leave out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.policies import Policies
    from shared.policies.yaml_source import Mistake

app = typer.Typer()


@app.command()
def lint(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A folder of packs, or one pack. Default: SCOPEDESK_POLICY_DIR, if set."),
    ] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for a warning, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON Lines for a machine to read.")] = False,
) -> None:
    """Check the built-in packs, those of a folder, and the overlay that SCOPEDESK_CALENDAR_OVERLAY names.

    Prints everything with file, line and what to do: errors, with which no worker starts and the exit code is 1, and
    warnings of what is left out, such as a clause that no answer cites or a topic that nobody has decided on.
    """
    from shared.policies import read_policies
    from shared.policies.yaml_source import WrongYaml
    from shared.settings import settings

    further = folder or settings().policy_dir
    try:
        policies = read_policies(further, settings().calendar_overlay)
    except WrongYaml as error:
        for mistake in error.mistakes:
            _tell(mistake, "error", as_json=as_json)
        raise typer.Exit(1) from error
    warnings = list(_warnings(policies, further))
    for warning in warnings:
        _tell(warning, "warning", as_json=as_json)
    _sum_up(policies, as_json=as_json)
    if warnings and not as_json:
        typer.echo(f"warnings: {len(warnings)}")
    if warnings and strict:
        raise typer.Exit(1)


def _warnings(policies: "Policies", further: Path | None) -> Iterator["Mistake"]:
    from services.scope.rules.examples import misleading
    from services.scope.rules.parts import MOST_CLAUSES
    from shared.policies.lint import brought_by, gaps
    from shared.policies.yaml_source import locate

    yield from gaps(policies, further, MOST_CLAUSES)
    files = brought_by(further)
    at = {name: path for path, topics in files.items() for name in topics}
    for found in misleading(policies, {name: topic for topics in files.values() for name, topic in topics.items()}):
        name, language, position = found.place
        told = (
            f"{found.text!r} reads like {found.reads_as!r}, above all like {found.like!r}: move it there, word it "
            "another way, or give this topic a phrase of its own"
        )
        yield from locate(at[name], [(("topics", name, "examples", language, position), told)])


def _tell(mistake: "Mistake", level: str, *, as_json: bool) -> None:
    if as_json:
        line = {"file": str(mistake.path), "line": mistake.line, "level": level, "message": mistake.message}
        typer.echo(json.dumps(line, ensure_ascii=False))
    else:
        where, warning = f"{mistake.path}:{mistake.line}", "warning: " if level == "warning" else ""
        typer.echo(f"{where}: {warning}{mistake.message}")


def _sum_up(policies: "Policies", *, as_json: bool) -> None:
    for policy in policies:
        counts = {"clauses": len(policy.clauses), "calendars": len(policy.calendars), "prices": len(policy.prices)}
        if as_json:
            typer.echo(json.dumps({"provider": policy.id, "version": policy.version, **counts}))
        else:
            told = ", ".join(f"{name}: {count}" for name, count in counts.items())
            typer.echo(f"{policy.id} is in order ({told}; version {policy.version})")
    if (overlay := policies.overlay) and as_json:
        typer.echo(json.dumps({"overlay": str(overlay.path), "calendars": list(overlay.calendars)}))
    elif overlay:
        typer.echo(f"{overlay} is in order")
