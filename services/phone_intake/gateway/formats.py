"""What kind of call log a file is, found by its content, and its records.

Known are the call-centre export (a header with the columns of `rules.Column`), Asterisk's Master.csv, FreePBX's and
3CX's exports, Asterisk's msgNNNN.txt, whatever a mapping describes, and JSON: an array, or an object on each line.
CSV may have commas, semicolons or tabs. Unknown columns are kept with the record. A line that is no record is stored as
it is, so that it can be quarantined by its number; one stray quotation mark does not swallow the rest of the file.
"""

from __future__ import annotations

import csv
import io
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from services.phone_intake import rules
from services.phone_intake.gateway import exchanges, voicemail
from services.phone_intake.gateway.exchanges import Site
from services.phone_intake.gateway.mapping import LogMapping

Records = Iterator[tuple[int, dict[str, Any]]]
Layout = Callable[[Sequence[str]], "list[str] | None"]
"""The columns of a row, by its cells; None when it is no row of this file."""
Translation = Callable[[Mapping[str, str]], dict[str, str]]

MAX_LINES_PER_RECORD = 200
"""A note may have line breaks, but a quotation mark still open after so many lines was a mistake."""
MOST_OPEN_CALLS = 5_000
"""So many calls later no further row of a call is waited for: an exchange writes them when its legs end."""


class UnknownFormat(Exception):
    """Nothing tells how to read a file; its text says what was looked for."""


def known(begin: Sequence[str], site: Site, mappings: Iterable[LogMapping]) -> Callable[[Iterable[str]], Records]:
    """How to read a file that begins with these lines; UnknownFormat when nothing tells."""
    first = next((line for line in begin if line.strip()), "")
    if first.lstrip()[:1] in {"[", "{"}:
        return _json
    if voicemail.is_envelope(begin):
        return lambda lines: iter([voicemail.record_of(lines)])
    delimiter = max(",;\t", key=first.count)
    header = [column.strip().lower() for column in _cells(first, delimiter)]
    translate: Translation | None = None
    if set(rules.REQUIRED_COLUMNS) <= set(header):
        translate = dict
    elif set(header) >= exchanges.FREEPBX:
        return partial(_asterisk, layout=_under(header), delimiter=delimiter, site=site, header=True)
    elif set(header) >= exchanges.THREE_CX_NEEDED:
        translate = partial(exchanges.from_three_cx, site=site)
    elif fitting := [mapping for mapping in mappings if mapping.fits(header)]:
        translate = max(fitting, key=lambda mapping: len(mapping.columns)).translate
    if translate:
        return partial(_csv, layout=_under(header), delimiter=delimiter, translate=translate, header=True)
    sample = [_cells(line, delimiter) for line in begin if line.strip()]
    if any(map(exchanges.asterisk_columns, sample)):
        return partial(_asterisk, layout=exchanges.asterisk_columns, delimiter=delimiter, site=site, header=False)
    if any(map(exchanges.three_cx_columns, sample)):
        translate = partial(exchanges.from_three_cx, site=site)
        layout = exchanges.three_cx_columns
        return partial(_csv, layout=layout, delimiter=delimiter, translate=translate, header=False)
    raise UnknownFormat(_why(header))


def _why(header: Sequence[str]) -> str:
    missing = [column for column in rules.REQUIRED_COLUMNS if column not in header]
    return (
        "no call log of a known kind: neither JSON, nor Asterisk's Master.csv or msgNNNN.txt, nor an export of FreePBX "
        "or 3CX, nor one that a mapping describes; as a call-centre export its first line is missing: "
        f"{', '.join(missing)}. "
        f"Known columns: {', '.join(rules.Column)}"
    )


def _under(header: list[str]) -> Layout:
    return lambda cells: header if len(cells) == len(header) else None


def _csv(lines: Iterable[str], *, layout: Layout, delimiter: str, translate: Translation, header: bool) -> Records:
    for number, row in rows(lines, layout, delimiter, header=header):
        yield number, row if rules.UNPARSED in row else translate(row)


def _asterisk(lines: Iterable[str], *, layout: Layout, delimiter: str, site: Site, header: bool) -> Records:
    """The calls of an Asterisk, each from all its rows, which stand near each other."""
    calls: OrderedDict[str, tuple[int, list[dict[str, str]]]] = OrderedDict()
    for number, row in rows(lines, layout, delimiter, header=header):
        if rules.UNPARSED in row:
            yield number, row
        elif not (call := exchanges.call_of(row)):
            yield number, exchanges.from_asterisk([row], site)
        else:
            calls.setdefault(call, (number, []))[1].append(row)
            if len(calls) > MOST_OPEN_CALLS:
                begun, legs = calls.popitem(last=False)[1]
                yield begun, exchanges.from_asterisk(legs, site)
    for begun, legs in calls.values():
        yield begun, exchanges.from_asterisk(legs, site)


def _json(lines: Iterable[str]) -> Records:
    """An object on each line, or one document: an array of records, one record, or an object with `calls`."""
    read = list(lines)
    if len([line for line in read if line.strip()]) > 1 and isinstance(_object(read[0]), dict):
        yield from ((n, _flat(_object(line), line)) for n, line in enumerate(read, 1) if line.strip())
        return
    text = "".join(read)
    found = _object(text)
    records = found.get("calls", found) if isinstance(found, dict) else found
    if isinstance(records, dict):
        records = [records]
    if not isinstance(records, list):  # no document; perhaps its lines are, but for the first
        yield from (
            (n, _flat(_object(line.strip().rstrip(",")), line)) for n, line in enumerate(read, 1) if line.strip()
        )
        return
    yield from ((place, _flat(record, json.dumps(record))) for place, record in enumerate(records, 1))


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _flat(record: Any, text: str) -> dict[str, Any]:
    flat = isinstance(record, dict) and not any(isinstance(value, dict | list) for value in record.values())
    return record if flat else {rules.UNPARSED: text.strip()}


def rows(lines: Iterable[str], layout: Layout, delimiter: str, *, header: bool) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of CSV lines, each with the number of its line; what is none stands in its field `unparsed_line`."""
    source, ahead, number = iter(lines), deque[str](), 1
    if header:  # blank lines before it are none of its rows
        for line in source:
            number += 1
            if line.strip():
                break
    while length := _record_length(ahead, source):
        taken = [ahead.popleft() for _ in range(length)]
        cells = _cells("".join(taken), delimiter)
        columns = layout(cells)
        swallowed = any(layout(_cells(line, delimiter)) for line in taken[1:-1])
        if length > 1 and (swallowed or columns is None):
            # the mistake is in the first line; the next one may be a sound record
            ahead.extendleft(reversed(taken[1:]))
            taken = taken[:1]
            cells = _cells(taken[0], delimiter)
            columns = layout(cells)
        if columns is not None:
            yield number, dict(zip(columns, cells, strict=True))
        elif taken[0].strip():
            yield number, {rules.UNPARSED: taken[0].rstrip("\r\n")}
        number += len(taken)


def _record_length(ahead: deque[str], source: Iterator[str]) -> int:
    """How many lines the next record has, read into `ahead`; 0 at the end.

    An even number of quotation marks closes a record (a doubled mark counts as two). One that never closes is one line.
    """
    marks = 0
    for length in range(1, MAX_LINES_PER_RECORD + 1):
        if len(ahead) < length:
            line = next(source, None)
            if line is None:
                break
            ahead.append(line)
        marks += ahead[length - 1].count('"')
        if marks % 2 == 0:
            return length
    return min(1, len(ahead))


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
