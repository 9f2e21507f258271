"""A Master.csv that grows and is rotated: nothing is lost and nothing comes twice, whoever is killed in between."""

import gzip
import os
import shutil
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services.phone_intake.gateway import files, tail
from services.phone_intake.gateway.follow import Follower
from services.phone_intake.settings import FollowedLog
from services.phone_intake.store import logs
from services.phone_intake.tasks import worker
from shared import clock
from shared.errors import Misconfigured, Transient
from shared.events import CallLogged, CallMade

AMSTERDAM = FollowedLog(zone="Europe/Amsterdam")
BEGAN = datetime(2026, 11, 17, 9, 0, 0)  # noqa: DTZ001 -- Asterisk writes the time of its own clock


def leg(number, *, call=None, after=0, talked=0, note="", dst="+31200000042"):
    """A row of Master.csv; a `call` of several rows has the number of its first one."""
    begin = BEGAN + timedelta(minutes=number, seconds=after)
    ids = [f"17949000{n:02}.{n}" for n in (number, number if call is None else call)]
    answer, channel, how = (f'"{begin}"', "PJSIP/201-0000001b", "ANSWERED") if talked else ("", "", "NO ANSWER")
    return (
        f'"","02000001{number:02}","{dst}","from-trunk","""A"" <02000001{number:02}>","PJSIP/trunk-0000001a",'
        f'"{channel}","Queue","500,t","{begin}",{answer},"{begin}",{talked + 4},{talked},"{how}","DOCUMENTATION",'
        f'"{ids[0]}","{note}","","{ids[1]}",{number}\n'
    )


@pytest.fixture
def log(database, tmp_path):
    return tmp_path / "Master.csv"


@pytest.fixture
def look(log):
    """Read on as a process that was just started does, and judge what was read."""

    def look(*, how=AMSTERDAM, follower=None):
        with follower or Follower(log, how) as reading:
            while reading.look():
                pass
            reading.judge(clock.now())

    return look


@pytest.fixture
def calls(session, hear):
    """Every record so far with its source, and what became of it."""

    def calls():
        hear(worker, "read_call")
        statement = text("select source, state, reason from phone_intake.arrival order by received_at, id")
        found = [(source.rpartition("/")[2], state, reason) for source, state, reason in session.execute(statement)]
        session.rollback()
        return found

    return calls


def write(path, *rows, mode="a"):
    with path.open(mode) as file:
        file.write("".join(rows))


def rotate(path, to, *, seconds_ago=60):
    moved = path.rename(path.with_name(to))
    _age(moved, seconds_ago)
    return moved


def _age(path, seconds):
    then = clock.now().timestamp() - seconds
    os.utime(path, (then, then))


def lines(found):
    return [source for source, state, _ in found if state == "logged"]


def test_a_log_is_read_on_from_where_it_was_left_and_only_whole_lines(log, look, calls):
    write(log, leg(1), leg(2)[:50])
    look()
    assert lines(calls()) == ["Master.csv, line 1"]
    write(log, leg(2)[50:])
    look()
    look()
    assert lines(calls()) == ["Master.csv, line 1", "Master.csv, line 2"]


def test_rows_of_a_call_are_one_record_once_none_came_for_a_while(log, calls):
    write(log, leg(1), leg(2, call=1, talked=60, note="Redis does not answer"), leg(3))
    with Follower(log, AMSTERDAM) as follower:
        follower.look()
        assert follower.judge(clock.now() - timedelta(seconds=60)) == 0
        assert calls() == []
        assert follower.judge(clock.now()) == 2
    assert calls() == [("Master.csv, line 1", "logged", None), ("Master.csv, line 3", "logged", None)]


def test_the_file_fed_by_hand_too_is_all_duplicates(log, look, calls, monkeypatch):
    write(log, leg(1), leg(2, call=1, talked=60, note="Redis does not answer"), leg(3), "broken, line\n")
    look()
    monkeypatch.setenv("SCOPEDESK_PHONE_INTAKE_ZONE", "Europe/Amsterdam")
    files.settings.cache_clear()
    assert files.store_log(log) == 3
    files.settings.cache_clear()
    assert [reason for *_, reason in calls()][3:] == ["duplicate"] * 3


def test_a_row_that_comes_late_makes_a_fuller_record_of_its_call(log, look, calls, said):
    write(log, leg(1, talked=60))
    look()
    assert calls() == [("Master.csv, line 1", "suppressed", "answered without a note")]
    write(log, leg(2, call=1, talked=90, note="Redis does not answer"))
    look()
    assert lines(calls()) == ["Master.csv, line 1"]
    [logged] = said(CallLogged)
    assert logged.text == "Redis does not answer"


def test_a_later_row_that_tells_another_story_than_the_ticket_waits_for_a_person(log, look, calls, said):
    write(log, leg(1))
    look()
    assert lines(calls()) == ["Master.csv, line 1"]
    write(log, leg(2, call=1, after=30))
    look()
    assert calls()[1][1:] == ("suppressed", f"more rows of a call that was read before ({log}, line 1)")
    write(log, leg(3, call=1, talked=60))
    look()
    assert calls()[2][1] == "quarantined"
    assert "with other contents" in calls()[2][2]
    assert len(said(CallLogged)) == 1, "never a second ticket"


def test_a_rotated_log_is_read_to_its_end_before_the_next_one(log, look, calls):
    write(log, leg(1))
    look()
    write(log, leg(2), leg(3).rstrip("\n"))
    rotate(log, "Master.csv.1")
    write(log, leg(4))
    look()
    assert lines(calls()) == [f"Master.csv, line {n}" for n in (1, 2, 3, 1)]


def test_a_log_that_was_just_rotated_is_not_left_yet(log, look, calls):
    write(log, leg(1))
    look()
    moved = rotate(log, "Master.csv.1", seconds_ago=0)
    write(log, leg(3))
    look()
    write(moved, leg(2))
    _age(moved, 60)
    look()
    assert lines(calls()) == [f"Master.csv, line {n}" for n in (1, 2, 1)]


def test_several_rotations_while_nobody_read_lose_nothing(log, look, calls):
    write(log, leg(1))
    look()
    for number, name in ((2, "Master.csv-20261118"), (3, "Master.csv-20261119"), (4, "Master.csv-20261120")):
        write(log, leg(number))
        rotate(log, name, seconds_ago=1000 - number)
    write(log, leg(5))
    look()
    assert len(lines(calls())) == 5


def test_a_compressed_log_is_found_by_its_beginning(log, look, calls):
    write(log, leg(1))
    look()
    write(log, leg(2))
    moved = rotate(log, "Master.csv.1")
    with moved.open("rb") as plain, gzip.open(log.with_name("Master.csv.1.gz"), "wb") as packed:
        shutil.copyfileobj(plain, packed)
    moved.unlink()
    _age(log.with_name("Master.csv.1.gz"), 60)
    write(log, leg(3))
    look()
    assert lines(calls()) == [f"Master.csv, line {n}" for n in (1, 2, 1)]


def test_a_log_that_was_copied_and_emptied_is_read_on_in_its_copy(log, look, calls):
    write(log, leg(1))
    look()
    write(log, leg(2))
    shutil.copy(log, log.with_name("Master.csv.1"))
    _age(log.with_name("Master.csv.1"), 60)
    write(log, leg(3), mode="w")
    look()
    assert lines(calls()) == [f"Master.csv, line {n}" for n in (1, 2, 1)]


def test_a_log_that_is_gone_unread_is_told_of_and_its_successor_read(log, look, calls):
    write(log, leg(1))
    look()
    log.unlink()
    write(log, leg(2))
    look()
    found = calls()
    assert len(lines(found)) == 2
    [reason] = [reason for _, state, reason in found if state == "quarantined"]
    assert "read up to line 1 is gone, and may have had more" in reason


def test_a_file_that_is_no_master_csv_is_not_read(log, look):
    write(log, "name;city\n")
    with pytest.raises(Misconfigured, match=r"is a row of Asterisk's Master\.csv"):
        look()


def test_what_happened_before_the_first_day_is_left_alone(log, look, calls):
    write(log, leg(1))
    look(how=FollowedLog(zone="Europe/Amsterdam", since=date(2026, 11, 18)))
    assert calls() == []


def test_two_followers_of_one_log_take_a_row_once(log, look, calls):
    write(log, leg(1), leg(2))
    place, other = logs.place_in(str(log)), tail.Tail(log)
    piece = other.next_piece(place)
    other.close()
    look()
    assert not logs.take(str(log), place, piece.after, []), "somebody else has read on"
    look()
    assert len(lines(calls())) == 2


@pytest.mark.parametrize("step", ["take", "judge"])
def test_killed_before_the_commit_nothing_is_lost_and_nothing_comes_twice(log, look, calls, monkeypatch, step):
    def killed(*_, **__):
        raise OperationalError("commit", {}, Exception("gone"))

    write(log, leg(1), leg(2, call=1))
    with monkeypatch.context() as patched, Follower(log, AMSTERDAM) as follower:
        if step == "judge":
            follower.look()
        patched.setattr("sqlmodel.Session.commit", killed)
        with pytest.raises(Transient):
            look()
    look()
    look()
    assert lines(calls()) == ["Master.csv, line 1"]


def test_a_call_back_that_stands_before_its_call_is_said_too(log, look, calls, said):
    outbound = (
        leg(5, talked=90, dst="0200000101").replace('"0200000105","', '"201","').replace("from-trunk", "from-internal")
    )
    outbound = outbound.replace('"""A"" <0200000105>"', '"""S"" <+31200000042>"')
    write(log, outbound, leg(1))
    look()
    assert [state for _, state, _ in calls()] == ["suppressed", "logged"]
    [made] = said(CallMade)
    [logged] = said(CallLogged)
    assert made.callee == logged.caller.phone
    assert logged.started_at < made.answered_at


STEP = st.sampled_from(["write", "half", "look", "killed", "rotate", "rows"])


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=25))
def test_whatever_is_written_rotated_and_killed_every_call_is_one_record(empty_tables, log, look, calls, steps):
    empty_tables()
    for old in log.parent.iterdir():
        old.unlink()
    log.touch()
    written, half, rotations, follower = 0, "", 0, Follower(log, AMSTERDAM)
    for step in ("write", "look", *steps):
        match step:
            case "write" | "rows" if half:
                write(log, half)
                half = ""
            case "write":
                written += 1
                write(log, leg(written))
            case "half" if not half:
                written += 1
                row = leg(written)
                write(log, row[:30])
                half = row[30:]
            case "rows":
                written += 1
                write(log, leg(written), leg(written, call=written, after=5))
            case "look":
                look(follower=follower)
            case "killed":
                with Follower(log, AMSTERDAM) as follower:
                    follower.look()
                follower = Follower(log, AMSTERDAM)
            case "rotate" if not half and log.stat().st_size:
                rotations += 1
                rotate(log, f"Master.csv-{rotations:03}", seconds_ago=5000 - rotations)
                log.touch()
    write(log, half)
    look()
    found = calls()
    assert len(lines(found)) == len(found) == written
