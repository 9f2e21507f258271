"""The drill of the billing system: its consumer is killed again and again while charges flow, Redis is lost as well.

Real processes: our PostgreSQL and Redis, the billing worker, the relay, and the example consumer with a ledger of its
own. `python billing_drill.py` is the feeder: the customers and agents of the drill, told what to do a line at a time.
"""

import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import redis

from deploy import schema
from deploy.embedded import Redis, embedded_servers
from running_stack import OURS, PATIENCE_SECONDS, SCOPEDESK, eventually

CELERY = ("-m", "celery", "-q", "-A", "services.billing.tasks", "worker", "-Q", "billing", "-n", "billing@drill")
WORKER = (*CELERY, "--loglevel", "WARNING", "--without-gossip", "--without-mingle")
RELAY = ("-m", "shared.bus.relay")
LEDGER = "billing_example.ledger"
CONSUMER = ("-m", "deploy.examples.billing_consumer")

OWED = """
select charge_id, total_minor, currency from billing.charge
union all select credit_id, -total_minor, currency from billing.credit
"""


@dataclass
class Kept:
    """A process that is started again whenever it has ended, as every supervisor would."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    log: object
    process: subprocess.Popen | None = None

    def keep(self):
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, *self.argv]
            self.process = subprocess.Popen(command, env=self.environment, stdout=self.log, stderr=self.log)

    def kill(self):
        """kill -9, and start it again."""
        self.process.kill()
        self.process.wait()
        self.keep()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Drill:
    """How much is done, and what came of it: `figures` are for people to read."""

    data_dir: Path
    charges: int
    kills: int
    seed: int = 1
    figures: dict[str, object] = field(default_factory=dict)

    def run(self):
        """Go through everything; ours and the consumer's ledger are left in `owed` and `ledger`."""
        self.chance = random.Random(self.seed)
        began = time.monotonic()
        with ExitStack() as stack:
            addresses = stack.enter_context(embedded_servers(self.data_dir))
            schema.upgrade(addresses.database_url)
            self.ours = stack.enter_context(psycopg.connect(addresses.database_url, autocommit=True))
            self.ours.execute("create database ledger")
            ledger_url = addresses.database_url.replace("/scopedesk?", "/ledger?")
            self.theirs = stack.enter_context(psycopg.connect(ledger_url, autocommit=True))
            self.environment = self._environment(addresses, ledger_url)
            log = stack.enter_context((self.data_dir / "logs" / "drill.log").open("w"))
            self.kept = [Kept(argv, self.environment, log) for argv in (WORKER, RELAY, CONSUMER)]
            self.consumer = self.kept[-1]
            for kept in self.kept:
                kept.keep()
                stack.callback(kept.close)
            with self._feeder(log) as tell:
                self._go_through(tell)
            self._settle(self.charges + self.charges // 10)
            self.figures["seconds"] = round(time.monotonic() - began)
            self._count("")
            self._replay()
            self._count(" after the replay")
            self.owed = {row[0]: row[1:] for row in self.ours.execute(OWED)}
            self.ledger = {
                row[0]: row[1:] for row in self.theirs.execute(f"select event_id, minor, currency from {LEDGER}")
            }
            self.acknowledged = {row[0] for row in self.ours.execute("select booked_id from billing.booking")}
            self.dead = self.ours.execute("select count(*) from bus.dead_letter").fetchone()[0]

    def _environment(self, addresses, ledger_url):
        inherited = {
            name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("SCOPEDESK_")
        }
        return inherited | {
            "DATABASE_URL": addresses.database_url,
            "REDIS_URL": addresses.redis_url,
            "BILLING_LEDGER_URL": ledger_url,
            "SCOPEDESK_DATA_DIR": str(self.data_dir),
            "SCOPEDESK_BILLING_SYSTEM": "exchange",
            "SCOPEDESK_BILLING_ASK_AGAIN_SECONDS": "5",
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            "PYTHONPATH": str(Path(__file__).parent),
        }

    @contextmanager
    def _feeder(self, log):
        command = [sys.executable, __file__, str(self.charges)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        with subprocess.Popen(command, env=self.environment, text=True, **pipes) as feeder:

            def tell(words):
                feeder.stdin.write(f"{words}\n")
                feeder.stdin.flush()
                assert feeder.stdout.readline() == "done\n"

            tell("quote")
            yield tell
            feeder.stdin.close()
            assert feeder.wait(60) == 0

    def _go_through(self, tell):
        self._wait(lambda: self._ours("select count(*) from billing.quote") == self.charges, "all is quoted")
        redis_dies = {self.kills // 3, 2 * self.kills // 3}
        for number in range(self.kills):
            share = self.charges * (number + 1) // self.kills - self.charges * number // self.kills
            if number == self.kills // 2:
                self._lose_what_waits(tell, share, self.charges * (number + 1) // self.kills)
                continue
            tell(f"consent {share}")
            if number in redis_dies:
                self._kill_redis()
            enough = min(self._ledger_size() + self.chance.randint(1, share), self.charges)
            self._wait(lambda: self._ledger_size() >= enough, "the consumer books")  # noqa: B023 -- used at once
            self.consumer.kill()
        self._wait(lambda: self._ours("select count(*) from billing.charge") == self.charges, "all is charged")
        tell(f"credit {self.charges // 10}")
        self.figures |= {"charges": self.charges, "credits": self.charges // 10, "kills of the consumer": self.kills}
        self.figures |= {"kills of Redis": len(redis_dies), "Redis emptied": 1}

    def _lose_what_waits(self, tell, share, so_far):
        """Empty Redis while everything of this share waits there for a consumer that is dead."""
        self.kept.remove(self.consumer)
        self.consumer.close()
        tell(f"consent {share}")
        waiting = "select count(*) from bus.delivery where hearer = 'billing.publish'"
        self._wait(
            lambda: self._ours("select count(*) from billing.awaited") == so_far and not self._ours(waiting),
            "all of it is published",
        )
        with redis.Redis.from_url(self.environment["REDIS_URL"]) as client:
            client.flushall()
        self.kept.append(self.consumer)

    def _kill_redis(self):
        server = Redis(self.data_dir.resolve())
        process = psutil.Process(server.pid())
        process.kill()
        eventually(lambda: not server.alive(), "Redis is dead")
        server.start()

    def _settle(self, expected):
        booked = "select count(*) from billing.booking"
        self._wait(lambda: self._ours(booked) == expected, f"all {expected} are acknowledged")

    def _replay(self):
        told = subprocess.run([SCOPEDESK, "billing", "events"], env=self.environment, capture_output=True, check=True)
        command = [sys.executable, *CONSUMER, "--replay"]
        subprocess.run(command, env=self.environment, input=told.stdout, capture_output=True, check=True)

    def _wait(self, condition, what):
        """Wait for it, and keep every process alive meanwhile."""

        until = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < until, f"never came true: {what}"
            for kept in self.kept:
                kept.keep()
            time.sleep(0.005)  # a kill should strike in the midst of it

    def _ours(self, statement):
        return self.ours.execute(statement).fetchone()[0]

    def _ledger_size(self):
        exists = self.theirs.execute("select to_regclass('billing_example.ledger')").fetchone()[0]
        return self.theirs.execute(f"select count(*) from {LEDGER}").fetchone()[0] if exists else 0

    def _count(self, when):
        told, refused = self.theirs.execute(f"select sum(times_told), sum(times_told - 1) from {LEDGER}").fetchone()
        self.figures[f"told{when}"] = int(told)
        self.figures[f"duplicates refused{when}"] = int(refused)
        self.figures["published again"] = self._ours("select sum(tries - 1) from billing.awaited")


# --- the feeder -------------------------------------------------------------------------------------------------------


def feed(count):
    """Say what customers and agents say, as lines on standard input want it."""
    from samples import PAID, ticket
    from shared import clock
    from shared.bus import Transaction
    from shared.events import ConsentGiven, CreditGiven, ScopeDecided, derived_id
    from shared.money import Money

    tickets = [ticket(f"HN-{1000 + number}", approvers=("anna@winkel.example",)) for number in range(count)]
    at_hand = {"quote": iter(tickets), "consent": iter(tickets), "credit": iter(tickets)}

    def events(what, facts):
        number = facts.ticket_id
        quote = f"Q-{number}-1"
        if what == "quote":
            return ScopeDecided(
                ticket_id=number, ticket=facts, text="Restore, please", decision=PAID, happened_at=clock.now()
            )
        if what == "consent":
            by = {"given_by_email": "anna@winkel.example", "taken_by": "an agent"}
            return ConsentGiven(ticket_id=number, quote_id=quote, version=1, **by)
        charge_id = derived_id("charge", quote, 1, "restore")
        amount = Money(minor=2501, currency="EUR") if int(number[-1]) % 2 else None
        reason = "it took too long"
        return CreditGiven(ticket_id=number, charge_id=charge_id, amount=amount, agent="an agent", reason=reason)

    for line in sys.stdin:
        what, _, some = line.strip().partition(" ")
        with Transaction.begin("scope" if what == "quote" else "desk") as tx:
            for _ in range(int(some or count)):
                tx.say(events(what, next(at_hand[what])))
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    feed(int(sys.argv[1]))
