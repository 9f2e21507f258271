"""The labelled requests: what was asked, and what a careful reader of the policy answered."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.cli.decide import Question
from shared.vocabulary import Department, Emergency, Party, Verdict

FOLDER = Path(__file__).parents[1] / "data" / "scope"
TUNING, HELD_BACK = "tuning", "held-back"


class ExpectedPart(BaseModel):
    """The right answer to one question of a message that asks several things."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Verdict
    clauses: tuple[str, ...]
    topic: str


class Expected(ExpectedPart):
    """The right answer.

    `accepted` is every verdict that a careful support lead could defend; `clear` says that there is one only.
    `clauses` are those that would be right to cite first; none where the policy has none to cite. A party or department
    of None: nobody has to act.
    """

    accepted: tuple[Verdict, ...]
    clear: bool
    topics_accepted: tuple[str, ...] = ()
    responsible_party: Party | None
    department: Department | None
    emergency: Emergency | None
    server_down: bool
    parts: tuple[ExpectedPart, ...] = ()

    @property
    def topics(self) -> frozenset[str]:
        """Every topic that counts as right."""
        return frozenset({self.topic, *self.topics_accepted})


class Case(Question):
    """A labelled request: the input of `scopedesk decide` with the right answer."""

    model_config = ConfigDict(extra="forbid")

    id: str
    language: str
    expected: Expected

    def __repr__(self) -> str:
        """Its number only: a test that fails shows nobody what is held back."""
        return f"Case({self.id!r})"


def read(paths: Iterable[Path]) -> list[Case]:
    """The cases of these files. A wrong one is named by file, line and field, never by what it says."""
    lines = ((path, *found) for path in paths for found in enumerate(path.read_bytes().splitlines(), start=1))
    return [_case(*line) for line in lines]


def read_sets(more: Iterable[Path] = ()) -> dict[str, list[Case]]:
    """The tuning cases, the held-back ones, and each further file as a set of its own."""
    own = {TUNING: read(sorted(FOLDER.glob("*.jsonl"))), HELD_BACK: read(sorted((FOLDER / HELD_BACK).glob("*.jsonl")))}
    return own | {path.stem: read([path]) for path in more}


def _case(path: Path, number: int, line: bytes) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors())
    raise ValueError(f"{path.name}:{number}: {wrong}")
