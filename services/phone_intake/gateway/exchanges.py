"""What telephone exchanges write of a call, said in the columns of `rules.Column`. Pure.

Asterisk's Master.csv (cdr_csv.c: no header, 16 to 21 columns), FreePBX's export of `asteriskcdrdb.cdr` (the same
names, under a header) and 3CX's CDR output. Every column of the exchange is kept beside ours. What cannot be told is
left as it was written, so that reading it finds the mistake and the record waits for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.phone_intake import rules
from services.phone_intake.rules import Column, Direction, Outcome

ASTERISK = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)
ASTERISK_LATER = ("peeraccount", "linkedid", "sequence")
"""Three more columns at the end with `newcdrcolumns=yes`."""
DISPOSITIONS = frozenset({"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"})
FREEPBX = frozenset(
    {"calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel"}
    | {"lastapp", "duration", "billsec", "disposition"},
)
"""The columns by which an export of FreePBX is known, and without which it cannot be read."""
THREE_CX = (
    *("historyid", "callid", "duration", "time-start", "time-answered", "time-end", "reason-terminated"),
    *("from-no", "to-no", "from-dn", "to-dn", "dial-no", "reason-changed", "final-number", "final-dn", "bill-code"),
    *("bill-rate", "bill-cost", "bill-name", "chain"),
)
"""3CX's columns in the order of its manual; the administrator may choose others, and then a header has to tell."""
THREE_CX_NEEDED = frozenset({"callid", "time-start", "time-answered", "from-no", "to-no"})

_UNIQUE_ID = re.compile(r"(?:^|-)(\d{10})\.\d+$")
_CLOCK = re.compile(r"(?:(\d+)[.:])?(\d{1,2}):(\d\d):(\d\d)(?:\.\d+)?")
_CALLED = re.compile(r"\bdid[:=]\s*([+\d]+)", re.IGNORECASE)
_CALLER_NAME = re.compile(r'^\s*"?([^"<]*?)"?\s*<')
_AGENT = re.compile(r"^(?:PJSIP|SIP|IAX2|Local|Agent)/(?P<name>[^@/]+?)(?:-[0-9a-f]{8})?(?:@.*)?$", re.IGNORECASE)
_TRUNK_CONTEXT = re.compile(r"from-(?:trunk|pstn|did|external)|ext-did|inbound", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Site:
    """What a file of an exchange does not tell: our numbers (E.164 → provider), and the zone of its clock, if known."""

    numbers: Mapping[str, str]
    zone: ZoneInfo | None = None

    def ours(self, written: str) -> str | None:
        """One of our numbers in E.164, however it is written; None for any other."""
        regions = {None, *(rules.region_of(number) for number in self.numbers)}
        read = (rules.e164(written, region) for region in regions)
        return next((number for number in read if number in self.numbers), None)


def asterisk_columns(cells: Sequence[str]) -> list[str] | None:
    """The columns of a row of Master.csv, which has no header; None when it is no such row."""
    more = len(cells) - len(ASTERISK)
    if more not in range(6) or cells[14] not in DISPOSITIONS or not (cells[12].isdigit() and cells[13].isdigit()):
        return None
    later = ASTERISK_LATER if more >= len(ASTERISK_LATER) else ()
    match more - len(later):
        case 0:
            own: tuple[str, ...] = ()
        case 1:
            own = ("uniqueid",) if _UNIQUE_ID.search(cells[16]) else ("userfield",)
        case _:
            own = ("uniqueid", "userfield")
    return [*ASTERISK, *own, *later]


def three_cx_columns(cells: Sequence[str]) -> list[str] | None:
    """The columns of a row of 3CX without a header, in the order of its manual; None when it is no such row."""
    if len(cells) != len(THREE_CX) or not re.match(r"\d{4}[/-]\d\d[/-]\d\d \d", cells[3]):
        return None
    return list(THREE_CX)


def call_of(row: Mapping[str, str]) -> str:
    """What the rows of one call on an Asterisk have in common; empty when nothing does."""
    return row.get("linkedid") or row.get("uniqueid") or ""


def from_asterisk(legs: Sequence[Mapping[str, str]], site: Site) -> dict[str, str]:
    """One call of an Asterisk or FreePBX from all its rows (since Asterisk 12 one call has several).

    It was answered when a row has somebody at the other end: a queue or menu that picks up is nobody.
    """
    legs = sorted(legs, key=lambda leg: leg.get("start") or leg.get("calldate") or "")
    first = legs[0]
    talked = max((leg for leg in legs if _is_conversation(leg)), key=_talk, default=None)
    left = max((leg for leg in legs if leg["lastapp"].lower() == "voicemail"), key=_talk, default=None)
    counts = talked or left or first
    outcome = Outcome.ANSWERED if talked else Outcome.VOICEMAIL if left else Outcome.MISSED
    called = _number_called(legs, site)
    caller, dialled = first["src"], first["dst"]
    outward = called is None and not _TRUNK_CONTEXT.search(first["dcontext"])
    told = {
        Column.CALL_ID: call_of(first) or rules.digest_of(first),
        Column.STARTED_AT: _moment(first.get("start") or first.get("calldate") or "", site.zone, _epoch(first)),
        Column.DIRECTION: _direction(caller, dialled, outward=outward),
        Column.FROM: caller or first["clid"],
        Column.FROM_NAME: first.get("cnam") or _name(first["clid"], caller),
        Column.TO: dialled,
        Column.DID: called or (first.get("did") or first.get("outbound_cnum") or ""),
        Column.OUTCOME: outcome,
        Column.DURATION: counts["billsec"] if outcome is Outcome.VOICEMAIL else first["duration"],
        Column.TALK: talked["billsec"] if talked else "0",
        Column.AGENT: _agent(counts, outward=outward) if talked else "",
        Column.SUMMARY: next(filter(None, map(_note, legs)), ""),
        Column.RECORDING: next((leg["recordingfile"] for leg in legs if leg.get("recordingfile")), ""),
    }
    if outward:
        told[Column.DID] = site.ours(first.get("outbound_cnum") or first["clid"].rpartition("<")[2].rstrip(">")) or ""
    return {**counts, rules.ROWS: str(len(legs)), **{column: value for column, value in told.items() if value}}


def from_three_cx(row: Mapping[str, str], site: Site) -> dict[str, str]:
    """One row of a 3CX CDR file."""
    caller, dialled = (_bare(row[name]) for name in ("from-no", "to-no"))
    called = next(
        (n for name in ("dial-no", "to-no", "final-number") if (n := site.ours(_bare(row.get(name, ""))))), None
    )
    kinds = " ".join(row.get(name, "") for name in ("to-type", "final-type", "final-dn", "final-number", "to-dn"))
    answered = row["time-answered"].strip()
    outcome = Outcome.MISSED
    if answered:
        outcome = Outcome.VOICEMAIL if re.search(r"v(?:oice)?-?mail", kinds, re.IGNORECASE) else Outcome.ANSWERED
    outward = called is None and _is_extension(caller)
    duration, talk = _seconds(row.get("duration", "")), _between(answered, row.get("time-end", ""))
    told = {
        Column.CALL_ID: row["callid"].strip().removeprefix("Call ").strip(),
        Column.LEG_ID: row.get("historyid", "").strip().removeprefix("Call ").strip(),
        Column.STARTED_AT: _moment(row["time-start"], site.zone, None),
        Column.DIRECTION: _direction(caller, dialled, outward=outward),
        Column.FROM: caller,
        Column.FROM_NAME: row.get("from-dispname", ""),
        Column.TO: dialled,
        Column.DID: called or (site.ours(_bare(row.get("from-dn", ""))) or "" if outward else row.get("dial-no", "")),
        Column.OUTCOME: outcome,
        Column.DURATION: duration,
        Column.TALK: talk or duration if outcome is Outcome.ANSWERED else "0",
        Column.AGENT: row.get("from-dispname" if outward else "final-dispname", "") or (caller if outward else ""),
    }
    return {**row, **{column: value for column, value in told.items() if value}}


def _is_conversation(leg: Mapping[str, str]) -> bool:
    return leg["disposition"] == "ANSWERED" and bool(leg["dstchannel"]) and leg["lastapp"].lower() != "voicemail"


def _talk(leg: Mapping[str, str]) -> int:
    return int(leg["billsec"]) if leg["billsec"].isdecimal() else 0


def _number_called(legs: Iterable[Mapping[str, str]], site: Site) -> str | None:
    """The number of ours that was called: its own column, what the dial plan noted, or the number dialled."""
    for leg in legs:
        noted = _CALLED.search(leg.get("userfield", ""))
        for written in (leg.get("did", ""), noted[1] if noted else "", leg["dst"]):
            if written and (number := site.ours(written)):
                return number
    return None


def _note(leg: Mapping[str, str]) -> str:
    return _CALLED.sub("", leg.get("userfield", "")).strip(" ;,")


def _direction(caller: str, dialled: str, *, outward: bool) -> Direction:
    if not (outward and _is_extension(caller)):
        return Direction.INBOUND
    return Direction.INTERNAL if _is_extension(dialled) else Direction.OUTBOUND


def _is_extension(written: str) -> bool:
    return 0 < sum(map(str.isdigit, written)) < rules.SHORTEST_NUMBER_DIGITS


def _name(clid: str, caller: str) -> str:
    found = _CALLER_NAME.match(clid)
    return found[1].strip() if found and found[1].strip() != caller else ""


def _agent(leg: Mapping[str, str], *, outward: bool) -> str:
    found = _AGENT.match(leg["channel"] if outward else leg["dstchannel"])
    return found["name"] if found else ""


def _bare(number: str) -> str:
    return number.strip().removeprefix("Ext.").strip()


def _epoch(row: Mapping[str, str]) -> int | None:
    found = _UNIQUE_ID.search(row.get("uniqueid", ""))
    return int(found[1]) if found else None


def _moment(written: str, zone: ZoneInfo | None, epoch: int | None) -> str:
    """The moment in UTC of a clock without a zone, which Asterisk's unique id (`epoch`) tells too.

    Left without a zone where nothing tells it, or where the clock shows it twice or never.
    """
    try:
        local = datetime.fromisoformat(written.strip().replace("/", "-"))
    except ValueError:
        return written
    if local.tzinfo:
        return local.isoformat()
    if zone is None:
        return datetime.fromtimestamp(epoch, UTC).isoformat() if epoch is not None else local.isoformat()
    try:
        read = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    except OverflowError:
        return written
    if len(read) > 1 and epoch is None:
        return local.isoformat()
    return min(read, key=lambda moment: abs(moment.timestamp() - (epoch or 0))).isoformat()


def _seconds(written: str) -> str:
    """3CX's 00:01:23 as seconds; anything else as it is."""
    found = _CLOCK.fullmatch(written.strip())
    if not found:
        return written.strip()
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return str(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _between(begin: str, end: str) -> str:
    try:
        times = [datetime.fromisoformat(written.strip().replace("/", "-")) for written in (begin, end)]
        return str(max(0, int((times[1] - times[0]).total_seconds())))
    except (ValueError, TypeError):
        return ""
