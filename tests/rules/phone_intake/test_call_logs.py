from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.phone_intake.gateway.files import read_log
from services.phone_intake.rules import REQUIRED_COLUMNS, UNPARSED
from shared.errors import Misconfigured

HEADER = ",".join(REQUIRED_COLUMNS) + ",summary,queue\r\n"
ROW = "c-{n},2026-11-02T10:00:00+01:00,inbound,+31200000101,+31200000042,answered,{summary},gold\r\n"


def read(text: str | bytes) -> list[tuple[int, dict[str, str]]]:
    return list(read_log(io.BytesIO(text if isinstance(text, bytes) else text.encode()), "calls.csv"))


def row(n: int, summary: str = "fine") -> str:
    return ROW.format(n=n, summary=summary)


def test_every_record_comes_with_its_line_number_and_unknown_columns():
    records = read(HEADER + row(1) + row(2))
    assert [(line, fields["call_id"], fields["queue"]) for line, fields in records] == [
        (2, "c-1", "gold"),
        (3, "c-2", "gold"),
    ]


def test_a_header_without_a_required_column_is_refused_by_name():
    with pytest.raises(Misconfigured, match=r"calls\.csv.*missing: did"):
        read(HEADER.replace("did", "dud") + row(1))


def test_an_empty_file_is_refused_and_a_header_alone_is_an_empty_log():
    with pytest.raises(Misconfigured):
        read("")
    assert read(HEADER) == []


def test_a_note_may_have_line_breaks_commas_and_quotation_marks():
    records = read(HEADER + row(1, '"He said ""down"",\r\nsince ten"') + row(2))
    assert records[0][1]["summary"] == 'He said "down",\r\nsince ten'
    assert records[1][0] == 4


def test_a_line_with_too_few_cells_is_kept_as_it_is_and_stops_nothing():
    records = read(HEADER + "c-1,oops\r\n" + row(2))
    assert records[0] == (2, {UNPARSED: "c-1,oops"})
    assert records[1][1]["call_id"] == "c-2"


def test_a_quotation_mark_that_never_closes_costs_one_record_only():
    records = read(HEADER + row(1) + row(2, '"never closed') + row(3) + row(4, '"closed"'))
    assert [fields.get("call_id") for _, fields in records] == ["c-1", None, "c-3", "c-4"]
    assert records[1][0] == 3


def test_a_mark_inside_a_cell_is_a_sign_of_inches():
    assert read(HEADER + row(1, 'a 19" rack') + row(2))[0][1]["summary"] == 'a 19" rack'


def test_two_stray_marks_swallow_no_record_between_them():
    records = read(HEADER + row(1, '"open') + row(2) + row(3, 'rack 19"') + row(4))
    assert [fields.get("call_id") for _, fields in records] == [None, "c-2", "c-3", "c-4"]


def test_semicolons_and_a_byte_order_mark_as_spreadsheets_write_them():
    records = read(("\ufeff" + HEADER + row(1)).replace(",", ";").encode())
    assert records[0][1]["call_id"] == "c-1"


def test_bytes_that_are_no_utf_8_are_read_as_windows_1252():
    assert read((HEADER + row(1, "café €")).encode("cp1252"))[0][1]["summary"] == "café €"


def test_blank_lines_are_no_records():
    assert [line for line, _ in read(HEADER + "\r\n" + row(1) + "\r\n\r\n")] == [3]


note = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(note, max_size=8), st.sampled_from([",", ";", "\t"]))
def test_what_a_csv_writer_wrote_is_read_back(notes, delimiter):
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow([*REQUIRED_COLUMNS, "summary"])
    for summary in notes:
        writer.writerow([*("x" for _ in REQUIRED_COLUMNS), summary])
    assert [fields["summary"] for _, fields in read(written.getvalue())] == notes


@given(st.binary())
def test_no_file_stops_the_reader(junk):
    read(HEADER.encode() + junk)
