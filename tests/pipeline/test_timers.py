"""Timers ring once, each of them, whatever is killed meanwhile: relay, sla worker, Redis, PostgreSQL."""

import json
import signal
import subprocess
import sys

import psutil
import psycopg
import pytest

from deploy.embedded import Postgres, Redis
from running_stack import eventually

TIMERS = 500

OPEN = """
from datetime import timedelta
from deploy.bench.timers import watch
from shared import clock
begin = clock.now() + timedelta(seconds=8)
watch([begin + timedelta(seconds=15 * n / {timers}) for n in range({timers})])
"""

PLANNED = """
    select timer.event_id from bus.event timer where timer.name = 'TargetTimerSet'
       and coalesce((timer.body->>'rings_at')::timestamptz, (timer.body->>'due_at')::timestamptz) <= now()
"""
TOLD = "select caused_by, name from bus.event where name in ('TargetWarned', 'TargetBreached')"


def kill_relay(stack):
    stack.kill("relay")


def kill_sla(stack):
    stack.kill("sla")


def kill_redis(stack):
    psutil.Process(Redis(stack.data_dir.resolve()).pid()).kill()


def kill_postgres(stack):
    psutil.Process(Postgres(stack.data_dir.resolve()).pid()).send_signal(signal.SIGQUIT)


BLOWS = (kill_relay, kill_sla, kill_redis, kill_postgres)


@pytest.fixture
def rows(own_stack):
    def rows(statement):
        """Rows, or none while the server is away."""
        url = json.loads((own_stack.data_dir / "stack.json").read_text())["database_url"]
        try:
            with psycopg.connect(url) as connection:
                return connection.execute(statement).fetchall()
        except psycopg.OperationalError:
            return []

    return rows


def test_no_timer_is_lost_or_rings_twice_whatever_is_killed(own_stack, rows):
    own_stack.up()
    subprocess.run([sys.executable, "-c", OPEN.format(timers=TIMERS)], env=own_stack.environment, check=True)

    def breached():
        return [row for row in rows(TOLD) if row[1] == "TargetBreached"]

    for at, blow in enumerate(BLOWS):
        share = TIMERS // 2 * (at + 1) // (len(BLOWS) + 1)
        eventually(lambda share=share: len(breached()) >= share, f"{share} due times have passed")
        blow(own_stack)

    eventually(lambda: len(breached()) == TIMERS // 2, "every due time has passed")
    eventually(
        lambda: {timer for (timer,) in rows(PLANNED)} == {timer for timer, _ in rows(TOLD)}, "every timer has rung"
    )
    told = [timer for timer, _ in rows(TOLD)]
    assert len(told) == len(set(told))
    assert len(told) >= TIMERS
    twice = """select ticket_id, name, body->>'target', body->>'percent' from bus.event
               where name in ('TargetWarned', 'TargetBreached') group by 1, 2, 3, 4 having count(*) > 1"""
    assert rows(twice) == []
    assert rows("select count(*) from bus.dead_letter") == [(0,)]
    assert own_stack.said("killed by SIGKILL")
