"""Whether a call asks for anything, what it is to another one, and what its ticket says. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from services.phone_intake.rules.records import TRANSCRIPT_MARK, CallRecord, Direction, Outcome

MIN_NOTE_WORDS = 3
"""A note or transcript with fewer words says nothing that a ticket could be made of."""
MIN_VOICEMAIL_SECONDS = 5
"""A shorter voicemail is somebody who hung up."""
VOICEMAIL_SPAN = timedelta(minutes=2)
"""A voicemail of a caller is that of his call when they are so near: a call begins before the recording does."""
MISSED_CALL_SPAN = timedelta(minutes=30)
"""Missed calls of one caller within this span ask for one call back, not for several."""
MAX_SUBJECT_CHARS = 90


class Relation(StrEnum):
    """What a record is to another one of its caller: the same call told twice, or something to add to its ticket."""

    SAME = "same"
    ADDS = "adds"


def tell_the_same(one: CallRecord, other: CallRecord) -> bool:
    """Whether two records of a call lead to the same ticket: longer or with another agent, but no other story."""
    return (one.outcome, one.note, one.provider, one.caller) == (
        other.outcome,
        other.note,
        other.provider,
        other.caller,
    )


def why_no_ticket(record: CallRecord) -> str | None:
    """Say why a call asks for nothing; None when it needs a ticket.

    A note, a real voicemail and a missed call of a number that we can call back do.
    """
    if record.direction is not Direction.INBOUND:
        return f"{record.direction} call"
    if len(re.findall(r"\w+", record.note)) >= MIN_NOTE_WORDS:
        return None
    if record.outcome is Outcome.ANSWERED:
        return "answered without a note"
    if record.outcome is Outcome.VOICEMAIL:
        return "voicemail too short" if record.duration_seconds < MIN_VOICEMAIL_SECONDS else None
    return None if record.caller else "missed call of a withheld number"


def is_response(record: CallRecord, seconds: int) -> bool:
    """Whether a call of ours reached somebody for so many seconds of talk; ringing and voicemail do not count."""
    reached = record.direction is Direction.OUTBOUND and record.outcome is Outcome.ANSWERED
    return reached and record.callee is not None and record.talk_seconds >= seconds


def relation(record: CallRecord, logged: CallRecord) -> Relation | None:
    """What a record of a caller is to another one of his that became a ticket; None when it is something of its own."""
    apart = abs(record.started_at - logged.started_at)
    if record.outcome is Outcome.MISSED and not record.note:
        return Relation.ADDS if apart <= MISSED_CALL_SPAN else None
    if record.outcome is logged.outcome is Outcome.VOICEMAIL and apart <= VOICEMAIL_SPAN:
        return Relation.ADDS if record.note and not logged.note else Relation.SAME
    return None


def text_of(record: CallRecord) -> str:
    """What the ticket says: the note, or what happened instead of a conversation, and where the recording is."""
    happened = {
        Outcome.MISSED: "Missed call, no message was left: call back.",
        Outcome.VOICEMAIL: f"Voicemail of {record.duration_seconds} seconds.",
        Outcome.ANSWERED: "",
    }
    text = record.note or happened[record.outcome]
    if record.is_transcript:
        text = f"{text}\n\n{TRANSCRIPT_MARK}"
    return f"{text}\n\nRecording: {record.recording_url}" if record.recording_url else text


def subject_of(record: CallRecord) -> str:
    """The first paragraph of what is known of the call, cut at a word."""
    first = " ".join(text_of(record).strip().partition("\n\n")[0].split())
    if len(first) <= MAX_SUBJECT_CHARS:
        return first
    return (first[:MAX_SUBJECT_CHARS].rpartition(" ")[0] or first[:MAX_SUBJECT_CHARS]).rstrip(".,;:") + " …"
