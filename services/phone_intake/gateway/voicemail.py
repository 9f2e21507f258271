"""Asterisk's msgNNNN.txt (app_voicemail.c): who left a voicemail, when, and how long it is. Pure.

It does not tell the number that was called: that is known from the call log's record of the same caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from services.phone_intake import rules
from services.phone_intake.rules import Column, Direction, Outcome

SECTION = "[message]"


def is_envelope(begin: Sequence[str]) -> bool:
    """Whether lines begin such a file: its first one that is no comment names the section."""
    told = (line.strip() for line in begin if line.strip() and not line.lstrip().startswith(";"))
    return next(told, "").lower() == SECTION


def record_of(lines: Iterable[str]) -> tuple[int, dict[str, str]]:
    """The one record of a file, with the number of its first line; every key is kept beside our columns."""
    pairs = (line.strip().partition("=") for line in lines if not line.lstrip().startswith(";"))
    fields = {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}
    name, _, number = fields.get("callerid", "").rpartition("<")
    told = {
        Column.CALL_ID: f"voicemail {_id_of(fields)}",
        Column.STARTED_AT: _moment(fields.get("origtime", "")),
        Column.DIRECTION: Direction.INBOUND,
        Column.FROM: number.rstrip("> ") or rules.ANONYMOUS,
        Column.FROM_NAME: name.strip(' "'),
        Column.TO: fields.get("origmailbox", ""),
        Column.OUTCOME: Outcome.VOICEMAIL,
        Column.DURATION: fields.get("duration", ""),
    }
    return 1, {**fields, **{str(column): value for column, value in told.items() if value}}


def _id_of(fields: dict[str, str]) -> str:
    """Its own id (since Asterisk 11), else what no other message of the exchange has."""
    return fields.get("msg_id") or " ".join(fields.get(name, "") for name in ("origmailbox", "callerchan", "origtime"))


def _moment(epoch: str) -> str:
    try:
        return datetime.fromtimestamp(int(epoch), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return epoch
