"""How a call record is read, and whose it is. Pure: no clock, database or queue.

A record is one row of a call-centre export (the columns are `Column`), as CSV cells or as the fields of a JSON object.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import phonenumbers

TRANSCRIPT_MARK = "[machine transcript]"
LONGEST_KEY_CHARS = 200
"""A longer key is kept as its fingerprint: an entry of a PostgreSQL index has 2704 bytes at most."""
SHORTEST_NUMBER_DIGITS = 6
"""Fewer digits are an extension of the telephone system, which the numbering library would take for a number."""

ANONYMOUS = "anonymous"
_ANONYMOUS = frozenset({"", ANONYMOUS, "anoniem", "withheld", "private", "restricted", "unknown", "unavailable"})
_HIDE_PREFIXES = re.compile(r"^(\*31\*?|#31#|\*31#|\*67)")


class Column(StrEnum):
    """The columns of a call-centre export, which are the fields of a posted record too."""

    CALL_ID = "call_id"  # the telephone system's own id: what makes two records the same call
    LEG_ID = "leg_id"  # tells the legs of one call apart
    STARTED_AT = "started_at"  # ISO 8601 with a UTC offset
    DIRECTION = "direction"  # inbound, outbound or internal
    FROM = "from"  # the caller's number as dialled from the country of `did`, an extension, or "anonymous"
    FROM_NAME = "from_name"
    TO = "to"  # what answered: an extension, a queue, or the number where there is no `did`
    DID = "did"  # the number of ours that was called: it tells the provider
    OUTCOME = "outcome"  # answered, missed or voicemail
    DURATION = "duration_seconds"  # whole seconds from the first ring; of a voicemail, its length
    TALK = "talk_seconds"  # whole seconds of conversation, without the ringing
    AGENT = "agent"  # who answered, or called
    LANGUAGE = "language"  # ISO 639-1
    SUMMARY = "summary"  # the agent's note
    TRANSCRIPT = "transcript"  # what a machine heard
    RECORDING = "recording_url"


REQUIRED_COLUMNS = (Column.CALL_ID, Column.STARTED_AT, Column.DIRECTION, Column.FROM, Column.DID, Column.OUTCOME)
"""Without these no record of a file can be read."""

ROWS = "rows"
"""Of how many rows of an exchange's log a record was made; absent where a record is one row."""
UNPARSED = "unparsed_line"
"""The one field of a record whose line is no CSV row under its header."""
RECEIVED = "received_at"
"""When a record reached us, where it does not say when its call began; the same record sent again has another."""
DOUBTFUL = "doubtful_file"
"""The reason why a whole file could not be read, in the record that stands for it."""


class Direction(StrEnum):
    """Who called whom, seen from the provider."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    MISSED = "missed"
    VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A record that could be read. `caller` is E.164, None for a withheld number or an extension.

    `callee` is whom an outbound call was made to, in E.164. `talk_seconds` is 0 where nothing tells.
    """

    started_at: datetime
    direction: Direction
    outcome: Outcome
    provider: str | None
    number_called: str
    caller: str | None
    caller_name: str | None
    duration_seconds: int
    talk_seconds: int
    callee: str | None
    agent: str | None
    language: str | None
    note: str
    is_transcript: bool
    recording_url: str | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that a person has to look at, and why."""

    reason: str


def read_record(fields: Mapping[str, Any], numbers: Mapping[str, str]) -> CallRecord | Unreadable:
    """Read one record. `numbers` maps our numbers (E.164) to providers; `provider` is None for a number not in it."""
    if DOUBTFUL in fields:
        return Unreadable(str(fields[DOUBTFUL]))
    if UNPARSED in fields:
        return Unreadable("the line does not fit the columns of its header")
    try:
        return _read(fields, numbers)
    except ValueError as error:
        return Unreadable(str(error))


def _read(fields: Mapping[str, Any], numbers: Mapping[str, str]) -> CallRecord:
    number_called = _text(fields, Column.DID) or _text(fields, Column.TO)
    did = e164(number_called)
    direction = Direction(_one_of(fields, Column.DIRECTION, Direction))
    region = region_of(did) if did else None
    return CallRecord(
        started_at=_time(_text(fields, Column.STARTED_AT) or str(fields.get(RECEIVED, ""))),
        direction=direction,
        outcome=Outcome(_one_of(fields, Column.OUTCOME, Outcome)),
        provider=numbers.get(did) if did else None,
        number_called=number_called,
        caller=e164(_text(fields, Column.FROM), region),
        caller_name=_text(fields, Column.FROM_NAME) or None,
        duration_seconds=_seconds(fields, Column.DURATION),
        talk_seconds=_seconds(fields, Column.TALK),
        callee=e164(_text(fields, Column.TO), region) if direction is Direction.OUTBOUND else None,
        agent=_text(fields, Column.AGENT) or None,
        language=_text(fields, Column.LANGUAGE).lower() or None,
        note=_note(_text(fields, Column.SUMMARY), _text(fields, Column.TRANSCRIPT)),
        is_transcript=bool(_text(fields, Column.TRANSCRIPT)) and not _text(fields, Column.SUMMARY),
        recording_url=_text(fields, Column.RECORDING) or None,
    )


def _text(fields: Mapping[str, Any], column: Column) -> str:
    value = fields.get(column)
    return "" if value is None else str(value).strip()


def _one_of(fields: Mapping[str, Any], column: Column, words: type[StrEnum]) -> str:
    found = _text(fields, column).lower()
    if found not in set(words):
        raise ValueError(f"{column} is {found[:40]!r}, not one of {', '.join(words)}")
    return found


def _time(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{Column.STARTED_AT} {written[:40]!r} is not an ISO 8601 time") from None
    if moment.utcoffset() is None:
        raise ValueError(f"{Column.STARTED_AT} {written[:40]!r} has no UTC offset: local time is ambiguous in autumn")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{Column.STARTED_AT} {written[:40]!r} is out of range") from None


def _seconds(fields: Mapping[str, Any], column: Column) -> int:
    written = _text(fields, column)
    if not written:
        return 0
    if not (written.isascii() and written.isdigit() and len(written) <= len("1000000")):
        raise ValueError(f"{column} {written[:40]!r} is not a number of whole seconds")
    return int(written)


def _note(summary: str, transcript: str) -> str:
    """What is known of the conversation; a transcript is a machine's guess and is marked as one beside a note."""
    if not transcript:
        return summary
    return f"{summary}\n\n{TRANSCRIPT_MARK}\n{transcript}" if summary else transcript


def e164(written: str, region: str | None = None) -> str | None:
    """A telephone number in E.164, read as dialled in `region`; None for withheld numbers, extensions and nonsense."""
    number = _HIDE_PREFIXES.sub("", written.strip().removeprefix("sip:").removeprefix("tel:").partition("@")[0])
    if number.lower() in _ANONYMOUS or sum(map(str.isdigit, number)) < SHORTEST_NUMBER_DIGITS:
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def possible_callers(fields: Mapping[str, Any], numbers: Iterable[str]) -> set[str]:
    """The caller in E.164 as dialled from the country of each number of ours, where none tells which was called."""
    regions = {None, *map(region_of, numbers)}
    return {found for region in regions if (found := e164(_text(fields, Column.FROM), region))}


def region_of(number: str) -> str:
    """The country of one of our numbers: what its callers leave out when they dial nationally."""
    return phonenumbers.region_code_for_country_code(phonenumbers.parse(number).country_code or 0)


def digest_of(fields: Mapping[str, Any]) -> str:
    """A fingerprint of what a record says, the same for a CSV row and for the JSON object of the same call."""
    told = {name: str(value).strip() for name, value in fields.items() if value is not None and name != RECEIVED}
    said = {name: text for name, text in told.items() if text}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def key_of(fields: Mapping[str, Any], idempotency_key: str | None = None) -> str:
    """What makes two records the same call: the call's own id and leg, else the sender's key, else all its fields."""
    call_id, leg_id = _text(fields, Column.CALL_ID), _text(fields, Column.LEG_ID)
    if call_id:
        key = f"call:{call_id}:{leg_id}"
    else:
        key = f"sender:{idempotency_key}" if idempotency_key else f"record:{digest_of(fields)}"
    return key if len(key) <= LONGEST_KEY_CHARS else f"digest:{hashlib.sha256(key.encode()).hexdigest()}"


def way_of(source: str) -> tuple[str, str]:
    """By which way a record came, and the call log it stood in: of "calls.csv, line 7", for example, or of "twilio"."""
    file, line, _ = source.rpartition(", line ")
    if line or "." in source:
        return "call log", file or source
    return source, ""


def rows_of(fields: Mapping[str, Any]) -> int:
    """Of how many rows a record was made: the one of more rows tells more of its call."""
    rows = str(fields.get(ROWS, ""))
    return int(rows) if rows.isdecimal() else 1
