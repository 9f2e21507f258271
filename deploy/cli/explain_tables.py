"""The tables of `scopedesk policy explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH_IN_FILES = 200
"""Columns where the tables go into a file or a pipe, so that little has to be folded."""


def print_explanation(told: dict[str, Any]) -> None:
    """Print what `deploy.explanation.explain` gathered."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH_IN_FILES
    console.print(f"{told['ticket']}  {told['subject']}", style="bold")
    where = " / ".join(filter(None, (told["provider"], told["product"], told["plan"])))
    console.print(f"{where}, received {_moment(told['received_at'])} UTC")
    if decision := told["decision"]:
        for table in _decision(decision, f"Decision of {_moment(told['decided_at'])} UTC"):
            console.print(table)
    else:
        console.print("\nNothing is decided yet.")
    if due := told["due_times"]:
        for table in _due_times(due):
            console.print(table)


def _decision(decision: dict[str, Any], title: str) -> Iterator[Table]:
    yield _pairs(title, _summary(decision))
    clauses = ((c["id"], f"line {c['line']}" if c["line"] else "", c["sentence"]) for c in decision["clauses"])
    yield from _rows("What the document says", ("clause", "of document.txt", "sentence"), clauses)
    yield from _rows("What decided", ("", "read as", "by the words", "of the", ""), _reasons(decision))
    votes = (
        (vote["title"], f"{vote['probability']:.0%}", vote["verdict"], ", ".join(vote["phrases"]))
        for vote in decision["runners_up"]
    )
    yield from _rows("The runners-up", ("topic", "belief", "would have been", "for the words"), votes)
    for count, part in enumerate(decision["parts"], start=1):
        yield from _decision(part, f"Question {count}")


def _summary(decision: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield "verdict", decision["verdict"]
    doubt = "; a person decides" if decision["needs_person"] else ""
    grounds = {"judgement": ", by a reading of the document", "silent": ", the document is silent"}
    yield "confidence", f"{decision['confidence']:.0%}{grounds.get(decision['certainty'], '')}{doubt}"
    if person := decision["person"]:
        approved = f", approved by {person['approver']}" if person["approver"] else ""
        before = person["overrode"]
        yield "decided by", f"{person['agent']}{approved}: {person['reason']}"
        yield "instead of", f"{before['verdict']}, version {before['version']}, confidence {before['confidence']:.0%}"
    if corrected := decision["corrected"]:
        yield "corrected by", f"{corrected['agent']}: {corrected['fact']}"
    yield "whose it is", f"{decision['responsible_party'] or 'open'}, answered by {decision['department']}"
    yield "emergency", decision["emergency"]
    if price := decision["price"]:
        total = price["total"]
        yield "price", f"{price['title']} ({price['line']}): {_money(total) if total else 'a person quotes'}"
    yield "waits for", "\n".join(decision["preconditions"])
    yield "to be asked", "\n".join(decision["questions"])
    changed = "" if decision["policy_is_current"] else "; the policy has changed since"
    yield "policy", f"version {decision['policy_version']}{changed}"


def _reasons(decision: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    if vote := decision["read_as"]:
        words = ", ".join(dict.fromkeys([*vote["phrases"], *decision["words"]])) or "its likeness to the examples"
        yield "topic", vote["title"], words, "message", f"belief {vote['probability']:.0%}"
    for fact in decision["facts"]:
        yield "fact", f"{fact['fact']}: {fact['value']}", fact["words"], fact["from"], "decided" * fact["decided"]


def _due_times(due: dict[str, Any]) -> Iterator[Table]:
    hours = due["calendar"] or f"{due['counted_on']} (house hours: the policy states none)"
    counts_from = f"{_moment(due['counts_from'])} UTC, {_moment(due['counts_from_local'])} {due['zone']}"
    yield _pairs(
        "Due times",
        (("team", due["team"]), ("hours", hours), ("counted from", counts_from), ("note", due["note"])),
    )
    for target in due["targets"]:
        yield _pairs(target["name"], _target(target, due["zone"]))
        windows = (
            (
                f"{_moment(window['opens_at'])} to {_moment(window['closes_at'])}",
                f"{_moment(window['opens_local'])} to {_moment(window['closes_local'])}",
                f"{window['counted_seconds'] / 60:g} min",
                window["holiday"],
            )
            for window in target["windows"]
        )
        yield from _rows(None, ("open (UTC)", f"open ({due['zone']})", "counted", "holiday"), windows)


def _target(target: dict[str, Any], zone: str) -> Iterator[tuple[str, str | None]]:
    if target["due_at"]:
        yield "due", f"{_moment(target['due_at'])} UTC, {_moment(target['due_local'])} {zone}"
    else:
        yield "due", "not while the clock stands still"
    source = "house default, not policy" if target["house_default"] else ", ".join(target["clauses"])
    yield "after", f"{target['minutes']} minutes of open time ({source})"
    if target["latest_start_at"]:
        yield "start by", f"{_moment(target['latest_start_at'])} UTC"
    yield "state", target["state"]
    yield "holidays", "\n".join(target["holidays"])
    yield "paused", "\n".join(_pause(pause) for pause in target["pauses"])
    yield "policy", f"version {target['policy_version']}" if target["policy_version"] else None
    yield "reckoned again", "; ".join(target["does_not_add_up"]) or "the proof adds up"
    yield "to the customer", target["sentence"]


def _pause(pause: dict[str, Any]) -> str:
    """A pause with its reason, its evidence and what ended it."""
    end = f"{_moment(pause['until'])} UTC" if pause["until"] else "now"
    evidence = ", ".join(f"{name.replace('_', ' ')} {words}" for name, words in sorted(pause["evidence"].items()))
    by = f", by {pause['by']}" if pause["by"] else ""
    ended = f"; {pause['ended_because']}" if pause["ended_because"] else ""
    known = pause["known_at"]
    late = f", known at {_moment(known)} UTC" if known and known != pause["until"] else ""
    said = f" ({evidence})" if evidence else ""
    return f"{_moment(pause['from'])} UTC to {end}: {pause['reason']}{said}{by}{ended}{late}"


def _pairs(title: str, rows: Iterable[tuple[str, str | None]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False)
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))  # Text: what customers wrote is no markup
    return table


def _rows(title: str | None, columns: tuple[str, ...], rows: Iterable[tuple[str | None, ...]]) -> Iterator[Table]:
    """A table, or none where there is nothing to show."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for cells in rows:
        table.add_row(*(Text(cell or "") for cell in cells))
    if table.rows:
        yield table


def _money(amount: dict[str, Any]) -> str:
    from shared.money import Money

    return str(Money.model_validate(amount))


def _moment(written: str) -> str:
    return f"{datetime.fromisoformat(written):%Y-%m-%d %H:%M}"
