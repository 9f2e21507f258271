"""The sample, fed once to a stack that runs: `scopedesk up --sample` runs this beside it.

What comes out is what the pipeline decided, read from the desk; nothing here knows the answers.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from deploy.cli import customers
from deploy.flower_login import flower_login
from deploy.settings import stack_settings
from shared import clock, logs
from shared.errors import ScopedeskError
from shared.settings import settings

if TYPE_CHECKING:
    from services.desk.rules.summary import TicketRow

SAMPLE = Path(__file__).parent / "sample"
LONGEST_GAP = timedelta(minutes=5)
MARKER = "sample-was-fed"
LONGEST_WAIT_SECONDS = 300.0
POLL_SECONDS = 0.2
MOST_SHOWN = 200
WIDTH = 200
"""Columns; a row that a narrow window wraps is easier to read than cells that are folded."""


def feed() -> int:
    """Load the sample customers, store the sample inbox and call log; returns how many arrivals were stored.

    The folders of the inbox are parts of a story: each begins when the one before has been dealt with. The calls of
    three days are brought together into the last hour, so that a first look does not begin with due times long past.
    """
    from services.email_intake.gateway import files as emails
    from services.phone_intake.gateway import files as calls
    from services.phone_intake.store import store_call

    customers.load(SAMPLE / "customers.yaml")
    stored = 0
    for folder in sorted((SAMPLE / "inbox").iterdir()):
        stored += sum(isinstance(item, emails.Found) for item in emails.ingest([folder]))
        wait_until_quiet()
    with (SAMPLE / "calls.csv").open("rb") as log:
        records = list(calls.read_log(log, "calls.csv"))
    moments = _brought_together(moment for _, fields in records if (moment := _started_at(fields)))
    for line, fields in records:
        started = _started_at(fields)
        moved = {"started_at": moments[started].isoformat(timespec="seconds")} if started else {}
        store_call(fields | moved, f"calls.csv, line {line}")
        wait_until_quiet()  # one call after the other, as they came: a missed call that is tried again is no second one
    return stored + len(records)


def _brought_together(moments: Iterable[datetime]) -> dict[datetime, datetime]:
    """The same moments in the same order, the last of them now and none far from the next."""
    moved: dict[datetime, datetime] = {}
    later, at = None, clock.now()
    for moment in sorted(set(moments), reverse=True):
        at -= min(later - moment, LONGEST_GAP) if later else timedelta()
        moved[moment] = at
        later = moment
    return moved


def _started_at(fields: dict[str, Any]) -> datetime | None:
    """When a sample call began; None for the sample whose time cannot be read."""
    try:
        return datetime.fromisoformat(fields["started_at"])
    except (KeyError, ValueError):
        return None


def wait_until_quiet() -> bool:
    """Wait until nothing is under way in any room; False when that takes unreasonably long."""
    from shared.bus import health

    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < until:
        with health.snapshot() as session:
            if health.is_quiet(session):
                return True
        time.sleep(POLL_SECONDS)
    return False


def show(console: Console) -> None:
    """Print every ticket on a line, and where to look further."""
    from services.desk import store

    with store.reading() as session:
        rows = store.list_tickets(session, limit=MOST_SHOWN)
    console.print(_table(sorted(rows, key=lambda row: (row.provider, row.number))))
    login = flower_login(stack_settings(), settings().data_dir)
    addresses = settings().running_stack().get("addresses", {})
    console.print(f"desk           {addresses.get('desk')}")
    console.print(f"Flower         {addresses.get('flower')}  user {login.user}, password {login.password}")
    console.print(f"mail catcher   {addresses.get('mail catcher')}")
    console.print("Ctrl-C stops everything; nothing is lost.")


def _table(rows: Sequence[TicketRow]) -> Table:
    table = Table(title="What was decided", title_justify="left", box=SIMPLE_HEAD)
    for column in ("ticket", "provider", "verdict", "", "clause", "due (UTC)", "team", "price"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(
            row.number,
            row.provider,
            row.verdict or "-",
            "a person checks" if row.needs_person else "",
            (row.clause or "-").removeprefix(f"{row.provider}."),
            f"{row.due_at:%Y-%m-%d %H:%M}" if row.due_at else "-",
            row.team or "-",
            row.price or "-",
        )
    return table


def main() -> int:
    """Feed once, wait, show; 1 when something is wrong, which is said."""
    console = Console(highlight=False, width=WIDTH)
    try:
        logs.configure()
        marker = settings().data_dir / MARKER
        if marker.exists():
            console.print("the sample was fed on an earlier run")
        else:
            console.print(f"fed {feed()} sample e-mails and calls; deciding …")
            marker.touch()
        if not wait_until_quiet():
            console.print("the pipeline is still at work after a long while: see `scopedesk status` and the logs")
        show(console)
    except ScopedeskError as error:
        print(f"scopedesk: {error}", file=sys.stderr)  # noqa: T201  # a program of its own
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
