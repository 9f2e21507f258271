"""Call logs of any other system: a file of mappings says which of its columns is which of ours.

```yaml
- name: call centre
  columns: {call_id: Gespreksnummer, started_at: Begin, from: Beller, did: Gebeld, outcome: Resultaat, summary: Notitie}
  values:
    outcome: {Beantwoord: answered, Gemist: missed}
  constants: {direction: inbound}
  time_format: "%d-%m-%Y %H:%M:%S"
  zone: Europe/Amsterdam
```

A mapping is for the files whose header has all the columns that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, model_validator

from services.phone_intake import rules
from services.phone_intake.rules import Column
from shared.civil_time import zone_named
from shared.policies.yaml_source import read_yaml


def _is_zone(key: str) -> str:
    zone_named(key)
    return key


class LogMapping(BaseModel):
    """How the files of one system are read. `values` and `columns` are looked up without regard to case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    columns: dict[Column, str]
    values: dict[Column, dict[str, str]] = Field(default_factory=dict)
    constants: dict[Column, str] = Field(default_factory=dict)
    time_format: str | None = None
    zone: Annotated[str, AfterValidator(_is_zone)] | None = None

    @model_validator(mode="after")
    def _tells_enough(self) -> Self:
        missing = [column for column in rules.REQUIRED_COLUMNS if column not in {**self.columns, **self.constants}]
        if missing:
            raise ValueError(f"`columns` or `constants` must tell {', '.join(missing)}")
        return self

    def fits(self, header: list[str]) -> bool:
        """Whether a file with this header (lower case) is one of the system's."""
        return all(name.strip().lower() in header for name in self.columns.values())

    def translate(self, row: Mapping[str, str]) -> dict[str, str]:
        """A row under its own header (lower case), said in our columns; its own are kept beside them."""
        told = {column: row.get(name.strip().lower(), "").strip() for column, name in self.columns.items()}
        for column, words in self.values.items():
            known = {word.strip().lower(): ours for word, ours in words.items()}
            told[column] = known.get(told.get(column, "").lower(), told.get(column, ""))
        told |= self.constants
        told[Column.STARTED_AT] = self._moment(told[Column.STARTED_AT])
        return {**row, **{str(column): value for column, value in told.items() if value}}

    def _moment(self, written: str) -> str:
        """The moment in UTC; as it was written when it is no time of this format, or the clock shows it twice."""
        try:
            read = datetime.strptime(written, self.time_format) if self.time_format else datetime.fromisoformat(written)  # noqa: DTZ007 -- the zone comes next
            if read.tzinfo or self.zone is None:
                return read.isoformat()
            moments = {read.replace(tzinfo=ZoneInfo(self.zone), fold=fold).astimezone(UTC) for fold in (0, 1)}
        except (ValueError, OverflowError):
            return written
        return moments.pop().isoformat() if len(moments) == 1 else read.isoformat()


class _Mappings(RootModel[tuple[LogMapping, ...]]):
    """The file."""


def read_mappings(path: Path) -> tuple[LogMapping, ...]:
    """The mappings of a file; Misconfigured names what is wrong and its line."""
    return read_yaml(path, _Mappings).root
