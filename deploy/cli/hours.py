"""`scopedesk hours`: count open time on the calendars of the policies, many questions at a time."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from shared.policies import Policies

app = typer.Typer()

SECONDS_PER_MINUTE = 60
MOST_MINUTES = 100_000_000
"""Nearly two centuries: more than a calendar counts."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Question(BaseModel):
    """A line of input: `minutes` asks when they have passed, `end` asks how many have passed by then."""

    model_config = ConfigDict(extra="forbid")

    id: str | int | None = None
    calendar: str
    start: AwareDatetime
    minutes: Annotated[float, Field(ge=0, le=MOST_MINUTES, allow_inf_nan=False)] | None = None
    end: AwareDatetime | None = None

    def answer(self, policies: "Policies") -> dict[str, Any]:
        """The line of output; ValueError for a question that has no answer, Misconfigured for an unknown calendar."""
        calendar = policies.calendar(self.calendar)
        same = {"id": self.id} if self.id is not None else {}
        if self.minutes is not None and self.end is None:
            due = calendar.add(self.start, timedelta(minutes=self.minutes))
            return same | {"due": due.astimezone(calendar.zone).isoformat()}
        if self.end is not None and self.minutes is None:
            minutes = calendar.elapsed(self.start, self.end).total_seconds() / SECONDS_PER_MINUTE
            return same | {"elapsed_minutes": int(minutes) if minutes.is_integer() else minutes}
        raise ValueError("give either `minutes` or `end`")


@app.command()
def hours() -> None:
    """Count open time. Reads JSON Lines from standard input, writes one line for each. Needs no server.

    {"calendar": "hypernode", "start": "2026-03-27T17:30:00+01:00", "minutes": 60} gives {"due": …},
    {"calendar": …, "start": …, "end": …} gives {"elapsed_minutes": …}. A line that cannot be answered gives
    {"error": …, "line": …}, the rest is answered all the same, and the exit code is 1.
    """
    import json
    import sys

    from shared.errors import Misconfigured
    from shared.policies import load_policies

    policies, failed = load_policies(), False
    for number, line in enumerate(sys.stdin.buffer, start=1):
        text = line.removeprefix(BYTE_ORDER_MARK).strip() if number == 1 else line.strip()
        if not text:
            continue
        try:
            answer = Question.model_validate_json(text).answer(policies)
        except (ValueError, Misconfigured) as error:
            failed, answer = True, {"error": f"line {number}: {_words(error)}", "line": number}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


def _words(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    places = ((".".join(map(str, found["loc"])), found["msg"]) for found in error.errors(include_input=False))
    return "; ".join(f"{place}: {words}" if place else words for place, words in places)
