"""What telephone exchanges and other systems write is found by its content and read alike."""

import io
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.phone_intake import rules
from services.phone_intake.gateway import exchanges, files, formats
from services.phone_intake.gateway.exchanges import Site
from services.phone_intake.gateway.mapping import read_mappings
from services.phone_intake.rules import CallRecord, Unreadable
from services.phone_intake.settings import SAMPLE_NUMBERS
from shared.errors import Misconfigured

LOGS = Path(__file__).parents[2] / "data" / "calls"
AMSTERDAM = Site(SAMPLE_NUMBERS, ZoneInfo("Europe/Amsterdam"))


def records(name, site=AMSTERDAM, mappings=()):
    lines = (LOGS / name).read_text(encoding="utf-8").splitlines(keepends=True)
    return list(formats.known(lines, site, mappings)(lines))


def calls(name, **how):
    return [rules.read_record(fields, SAMPLE_NUMBERS) for _, fields in records(name, **how)]


def told(call: CallRecord):
    return (call.direction, call.outcome, call.provider, call.caller, call.talk_seconds, f"{call.started_at:%H:%M}")


def by_start(found):
    return sorted((call for call in found if isinstance(call, CallRecord)), key=lambda call: call.started_at)


def test_the_rows_of_an_asterisk_are_calls_and_a_broken_line_costs_only_itself():
    found = calls("Master.csv")
    assert [call for call in found if isinstance(call, Unreadable)] == [
        Unreadable("the line does not fit the columns of its header"),
    ]
    assert [told(call) for call in by_start(found)] == [
        ("inbound", "answered", "hypernode", "+31200000101", 186, "08:30"),
        ("outbound", "answered", "hypernode", None, 108, "09:05"),
        ("inbound", "voicemail", "hypernode", "+31200000199", 0, "09:10"),
        ("inbound", "missed", "hypernode", "+31200000188", 0, "09:20"),
    ]
    first, called_back, voicemail, queue = by_start(found)
    assert (first.note, first.agent, first.caller_name) == (
        "Redis on the Hypernode does not answer",
        "201",
        "Anna de Wit",
    )
    assert (called_back.callee, called_back.agent) == ("+31200000101", "201")
    assert voicemail.duration_seconds == 30
    assert queue.outcome == "missed", "a queue that picks up is nobody"


def test_the_numbers_of_broken_lines_are_those_of_the_file():
    assert [line for line, fields in records("Master.csv") if rules.UNPARSED in fields] == [3]


def test_an_export_of_freepbx_names_the_number_called_in_its_own_column():
    inbound, outbound = by_start(calls("freepbx.csv"))
    assert told(inbound) == ("inbound", "answered", "hypernode", "+31200000101", 186, "08:30")
    assert inbound.recording_url == "q-500.wav"
    assert told(outbound) == ("outbound", "answered", "hypernode", None, 50, "08:40")
    assert outbound.callee == "+31200000101"


def test_a_3cx_log_tells_answered_missed_and_voicemail():
    assert [told(call) for call in by_start(calls("3cx.csv"))] == [
        ("inbound", "answered", "hypernode", "+31200000101", 186, "08:30"),
        ("inbound", "missed", "hypernode", "+31200000188", 0, "08:50"),
        ("inbound", "voicemail", "hypernode", "+31200000199", 0, "09:10"),
    ]


def test_without_a_header_3cx_is_known_by_the_order_of_its_manual():
    header, *rows = (LOGS / "3cx.csv").read_text(encoding="utf-8").splitlines()
    places = [header.split(",").index(name) if name in header.split(",") else None for name in exchanges.THREE_CX]
    cells = rows[0].split(",")
    line = ",".join("" if place is None else cells[place] for place in places) + "\n"
    [(number, fields)] = formats.known([line], AMSTERDAM, ())([line])
    assert number == 1
    assert told(rules.read_record(fields, SAMPLE_NUMBERS))[:2] == ("inbound", "answered")


def test_a_mapping_names_the_columns_of_another_system():
    first, doubled, broken = calls("mapped.csv", mappings=read_mappings(LOGS / "mapping.yaml"))
    assert told(first) == ("inbound", "answered", "hypernode", "+31200000101", 186, "08:30")
    assert first.note == "Redis is niet bereikbaar sinds vanmorgen"
    assert "ambiguous in autumn" in doubled.reason
    assert "'vanmorgen' is not an ISO 8601 time" in broken.reason
    assert records("mapped.csv", mappings=read_mappings(LOGS / "mapping.yaml"))[0][1]["wachtrij"] == "techniek"


def test_a_mapping_that_tells_too_little_is_refused_with_its_line(tmp_path):
    file = tmp_path / "mapping.yaml"
    file.write_text("- name: too little\n  columns: {call_id: Id}\n")
    with pytest.raises(Misconfigured, match="must tell started_at, direction, from, did, outcome"):
        read_mappings(file)


def test_json_comes_line_by_line_or_as_one_document():
    first, broken, missed = calls("calls.jsonl")
    assert told(first) == ("inbound", "answered", "hypernode", "+31200000101", 186, "08:30")
    assert isinstance(broken, Unreadable)
    assert missed.outcome == "missed"
    sound = [fields for _, fields in records("calls.jsonl") if rules.UNPARSED not in fields]
    for document in (sound, {"calls": sound}):
        lines = json.dumps(document, indent=1).splitlines(keepends=True)
        assert [fields for _, fields in formats.known(lines, AMSTERDAM, ())(lines)] == sound


def test_the_repeated_hour_of_autumn_is_told_by_asterisks_unique_id():
    line = (LOGS / "Master.csv").read_text(encoding="utf-8").splitlines()[-1]
    for epoch, utc in (("1792888200", "00:30"), ("1792891800", "01:30")):
        row = line.replace("2026-11-17 10:20:00", "2026-10-25 02:30:00").replace("1794907200", epoch)
        [(_, fields)] = formats.known([row], AMSTERDAM, ())([row])
        assert fields["started_at"] == f"2026-10-25T{utc}:00+00:00"


def test_a_clock_without_a_zone_is_not_guessed():
    [first, *_] = calls("3cx.csv", site=Site(SAMPLE_NUMBERS))
    assert "no UTC offset" in first.reason
    assert by_start(calls("Master.csv", site=Site(SAMPLE_NUMBERS)))[0].started_at.isoformat() == (
        "2026-11-17T08:30:00+00:00"
    )


def test_a_file_that_nobody_knows_is_doubtful_and_says_what_was_looked_for():
    with pytest.raises(files.Doubtful, match="no call log of a known kind") as doubt:
        list(files.read_log(io.BytesIO(b"name;city\nAnna;Utrecht\n"), "people.csv"))
    assert doubt.value.content == "name;city\nAnna;Utrecht\n"


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(cell, min_size=len(exchanges.THREE_CX), max_size=len(exchanges.THREE_CX)))
def test_no_row_of_an_exchange_stops_the_reader(cells):
    exchanges.from_three_cx(dict(zip(exchanges.THREE_CX, cells, strict=True)), AMSTERDAM)
    asterisk = dict(zip((*exchanges.ASTERISK, "uniqueid", "userfield"), cells, strict=False))
    exchanges.from_asterisk([asterisk], AMSTERDAM)
