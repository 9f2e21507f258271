from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.phone_intake import rules
from services.phone_intake.rules import CallRecord, Unreadable

NUMBERS = {"+31200000042": "hypernode", "+12025550142": "h-sphere"}
CALL = {
    "call_id": "c-1",
    "started_at": "2026-10-25T02:30:00+01:00",
    "direction": "inbound",
    "from": "020 000 0101",
    "did": "+31200000042",
    "outcome": "answered",
    "duration_seconds": "182",
    "summary": "Site gives 502 since ten. Wants to know why.",
}


def read(**changes: object) -> CallRecord:
    record = rules.read_record(CALL | changes, NUMBERS)
    assert isinstance(record, CallRecord)
    return record


def unreadable(**changes: object) -> str:
    record = rules.read_record(CALL | changes, NUMBERS)
    assert isinstance(record, Unreadable)
    return record.reason


def test_a_call_is_read_with_its_provider_from_the_number_called():
    record = read()
    assert record.provider == "hypernode"
    assert record.started_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert record.duration_seconds == 182


def test_a_number_dialled_nationally_is_read_in_the_country_of_the_number_called():
    assert read().caller == "+31200000101"
    assert read(**{"from": "(202) 555-0123", "did": "+1 202 555 0142"}).caller == "+12025550123"


@pytest.mark.parametrize("written", ["", "anonymous", "Withheld", "204", "1234", "sip:1003@pbx.example", "*31#", "no"])
def test_withheld_numbers_and_extensions_match_nobody(written):
    assert read(**{"from": written}).caller is None


@pytest.mark.parametrize(
    "written",
    ["+31 20 000 0101", "0031200000101", "*31#0200000101", "sip:+31200000101@pbx.example", "tel:+31-20-0000101"],
)
def test_one_number_has_one_form_however_it_is_written(written):
    assert read(**{"from": written}).caller == "+31200000101"


def test_a_number_of_ours_that_is_in_no_list_has_no_provider():
    assert read(did="+31200000099").provider is None


def test_the_number_dialled_stands_in_where_there_is_no_did():
    assert read(did="", to="+31 20 000 0042").provider == "hypernode"


def test_a_time_without_offset_is_refused_because_an_autumn_hour_comes_twice():
    assert "UTC offset" in unreadable(started_at="2026-10-25T02:30:00")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("started_at", "yesterday"),
        ("started_at", "0001-01-01T00:00:00+14:00"),
        ("direction", "sideways"),
        ("outcome", ""),
        ("duration_seconds", "3:02"),
        ("duration_seconds", "-5"),
    ],
)
def test_a_wrong_value_is_named_with_its_column(column, value):
    assert column in unreadable(**{column: value})


def test_a_line_that_is_no_row_is_unreadable():
    assert isinstance(rules.read_record({rules.UNPARSED: "a,b"}, NUMBERS), Unreadable)


def test_a_note_needs_a_ticket():
    assert rules.why_no_ticket(read()) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"direction": "outbound"}, "outbound call"),
        ({"direction": "internal"}, "internal call"),
        ({"summary": ""}, "answered without a note"),
        ({"summary": "called back"}, "answered without a note"),
        ({"summary": "", "outcome": "voicemail", "duration_seconds": "4"}, "voicemail too short"),
        ({"summary": "", "outcome": "missed", "from": "anonymous"}, "missed call of a withheld number"),
    ],
)
def test_what_asks_for_nothing_gets_no_ticket(changes, reason):
    assert rules.why_no_ticket(read(**changes)) == reason


def test_a_voicemail_of_five_seconds_needs_a_ticket_even_without_transcript():
    voicemail = read(summary="", outcome="voicemail", duration_seconds="5", recording_url="https://pbx.example/1.wav")
    assert rules.why_no_ticket(voicemail) is None
    assert rules.text_of(voicemail) == "Voicemail of 5 seconds.\n\nRecording: https://pbx.example/1.wav"


def test_a_missed_call_of_a_known_number_needs_a_ticket_to_call_back():
    missed = read(summary="", outcome="missed")
    assert rules.why_no_ticket(missed) is None
    assert rules.subject_of(missed) == "Missed call, no message was left: call back."


@pytest.mark.parametrize(
    ("changes", "logged", "relation"),
    [
        ({"outcome": "missed", "summary": ""}, {"started_at": "2026-10-25T03:00:00+01:00"}, "adds"),
        ({"outcome": "missed", "summary": ""}, {"started_at": "2026-10-25T03:00:01+01:00"}, None),
        ({"outcome": "missed"}, {}, None),
        ({"outcome": "voicemail", "summary": ""}, {"outcome": "voicemail"}, "same"),
        ({"outcome": "voicemail"}, {"outcome": "voicemail", "summary": ""}, "adds"),
        ({"outcome": "voicemail"}, {"outcome": "voicemail", "started_at": "2026-10-25T02:32:01+01:00"}, None),
        ({"outcome": "voicemail"}, {}, None),
    ],
    ids=["missed again", "half an hour later", "missed with a note", "told twice", "transcript", "later", "a talk"],
)
def test_what_a_record_is_to_another_one_of_its_caller_that_has_a_ticket(changes, logged, relation):
    assert rules.relation(read(**changes), read(**logged)) == relation


def test_a_transcript_beside_a_note_is_marked_as_a_machines_work():
    assert rules.text_of(read(transcript="uh the site is down")).endswith("[machine transcript]\nuh the site is down")


def test_the_subject_is_the_first_paragraph_cut_at_a_word():
    assert rules.subject_of(read(transcript="x y z")) == CALL["summary"]
    long = rules.subject_of(read(summary="word " * 40))
    assert long.endswith("word …")
    assert len(long) <= rules.MAX_SUBJECT_CHARS + 2


def test_the_same_call_has_the_same_key_wherever_it_comes_from():
    assert rules.key_of(CALL) == rules.key_of({"summary": "other", "call_id": "c-1"}, "any")
    assert rules.key_of(CALL) != rules.key_of(CALL | {"leg_id": "2"})
    assert rules.key_of({"summary": "x"}, "k") == "sender:k"
    assert rules.key_of({"a": 1, "b": 2}) == rules.key_of({"b": 2, "a": 1})


def test_a_posted_record_says_the_same_as_its_row_in_a_log():
    posted = {name: value for name, value in CALL.items() if value} | {"duration_seconds": 182}
    assert rules.digest_of(posted) == rules.digest_of(CALL | {"agent": "", "queue": " "})
    assert rules.digest_of(posted) != rules.digest_of(CALL | {"agent": "Sanne"})


cells = st.one_of(st.text(), st.none(), st.integers(), st.floats(), st.booleans())


@given(st.fixed_dictionaries({}, optional={column.value: cells for column in rules.Column}))
def test_any_record_is_read_or_refused_with_a_reason(fields):
    record = rules.read_record(fields, NUMBERS)
    if isinstance(record, Unreadable):
        assert record.reason
    elif rules.why_no_ticket(record) is None:
        assert rules.subject_of(record)
        assert rules.text_of(record).strip()


@given(st.text(), st.sampled_from(["NL", "US", "GB", None]))
def test_a_number_that_is_read_is_read_the_same_again(written, region):
    number = rules.e164(written, region)
    assert number is None or rules.e164(number) == number
