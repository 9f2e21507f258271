"""Questions about open time, as JSON lines, and their answers on the calendars of the policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.civil_time import Moment
from shared.errors import Misconfigured
from shared.policies import Policies

SECONDS_PER_MINUTE = 60
MOST_MINUTES = 100_000_000
"""Nearly two centuries: more than a calendar counts."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Question(BaseModel):
    """A line of input: `minutes` asks when they have passed, `end` asks how many have passed by then."""

    model_config = ConfigDict(extra="forbid")

    id: str | int | None = None
    calendar: str
    start: Moment
    minutes: Annotated[float, Field(ge=0, le=MOST_MINUTES, allow_inf_nan=False)] | None = None
    end: Moment | None = None

    def answer(self, policies: Policies) -> dict[str, Any]:
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


def answers(lines: Iterable[bytes], policies: Policies) -> Iterator[dict[str, Any]]:
    """An answer for each line that is not empty; one with `error` and `line` where there is none to give."""
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(BYTE_ORDER_MARK).strip()
        if not text:
            continue
        try:
            yield Question.model_validate_json(text).answer(policies)
        except (ValueError, Misconfigured) as error:
            yield {"error": f"line {number}: {_words(error)}", "line": number}


def _words(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    places = (
        (".".join(map(str, found["loc"])), found["msg"].removeprefix("Value error, "))
        for found in error.errors(include_input=False)
    )
    return "; ".join(f"{place}: {words}" if place else words for place, words in places)
