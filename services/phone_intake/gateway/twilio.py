"""Twilio's webhook: what a form says in the columns of `rules.Column`, and whether Twilio wrote it. Pure.

Status callbacks of a call that has ended, and transcriptions of voicemail, are records; the steps in between are none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from services.phone_intake.rules import RECEIVED, Column, Direction, Outcome

SIGNATURE = "X-Twilio-Signature"
ENDED = {
    "completed": Outcome.ANSWERED,
    "no-answer": Outcome.MISSED,
    "busy": Outcome.MISSED,
    "failed": Outcome.MISSED,
    "canceled": Outcome.MISSED,
}
TRANSCRIPT, CLIENT = "TranscriptionText", "client:"


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """What Twilio puts into the header: HMAC-SHA1 of the address and every field in order, with the account's token."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def is_signed(shown: str, token: str, url: str, form: Mapping[str, str]) -> bool:
    """Whether a form comes from Twilio."""
    return hmac.compare_digest(shown.encode(), signature(token, url, form).encode())


def record_of(form: Mapping[str, str], received_at: datetime) -> dict[str, str] | None:
    """The call that a form tells of, with every field kept beside it; None while the call goes on."""
    outcome = Outcome.VOICEMAIL if TRANSCRIPT in form else ENDED.get(form.get("CallStatus", "").lower())
    if outcome is None:
        return None
    if form.get("AnsweredBy", "").startswith(("machine", "fax")):
        outcome = Outcome.VOICEMAIL
    caller, called = form.get("From", ""), form.get("To", "")
    outward = form.get("Direction", Direction.INBOUND).startswith(Direction.OUTBOUND)
    seconds = form.get("RecordingDuration" if TRANSCRIPT in form else "CallDuration", "")
    told = {
        Column.CALL_ID: form.get("CallSid", ""),
        Column.LEG_ID: "transcript" if TRANSCRIPT in form else "",
        Column.STARTED_AT: _started_at(form.get("Timestamp", ""), seconds),
        Column.DIRECTION: Direction.OUTBOUND if outward else Direction.INBOUND,
        Column.FROM: caller,
        Column.FROM_NAME: form.get("CallerName", ""),
        Column.TO: called,
        Column.DID: caller if outward else form.get("ForwardedFrom") or called,
        Column.OUTCOME: outcome,
        Column.DURATION: seconds,
        Column.TALK: seconds if outcome is Outcome.ANSWERED else "",
        Column.AGENT: caller.removeprefix(CLIENT) if caller.startswith(CLIENT) else "",
        Column.TRANSCRIPT: form.get(TRANSCRIPT, ""),
        Column.RECORDING: form.get("RecordingUrl", ""),
        RECEIVED: received_at.isoformat(),
    }
    return {**form, **{column: value for column, value in told.items() if value}}


def _started_at(written: str, seconds: str) -> str:
    """When a call began that ended at this time (RFC 5322); empty when none is told."""
    try:
        ended = parsedate_to_datetime(written).astimezone(UTC)
        return (ended - timedelta(seconds=int(seconds) if seconds.isdecimal() else 0)).isoformat()
    except (ValueError, OverflowError):
        return ""
