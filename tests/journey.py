"""A journey through every room in one process, which puts each delivery it passes to the test.

The bus is driven without Celery: deliveries are heard one by one, in an order drawn by chance from a seed, because no
order is promised. Each is first heard by a handler that fails at its very end, then replayed from its dead letter, then
heard once more. What must hold is compared on every table there is.
"""

import importlib
import random
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlmodel import Session

from shared.bus import dead_letters
from shared.bus.event_log import EVENT_TYPES
from shared.bus.worker import Outcome, Registered
from shared.db import Model
from shared.events import Event
from shared.topology import ROOMS

VOLATILE = {"delivery", "relay_beat", "dead_letter"}
"""Tables of the bus itself, which is looked at by name below."""

MOST_STEPS = 2_000


class Injected(Exception):
    """The bug that every handler has in this test."""


@dataclass
class Journey:
    """`heard` maps (event, hearer) to what was wrong with hearing it; no words are good words."""

    session: Session
    seed: int
    heard: dict[tuple[type[Event], str], list[str]] = field(default_factory=dict)

    def __post_init__(self):
        self.workers = {room: importlib.import_module(f"services.{room}.tasks").worker for room in ROOMS}
        self.chance = random.Random(self.seed)

    def go_on(self, *, timers=()):
        """Let everything be heard that is due, and the named hearers also what waits for its moment."""
        for _ in range(MOST_STEPS):
            self._ripen(timers)
            due = self._rows("select id, hearer, event_name from bus.delivery where due_at <= now() order by id")
            if not due:
                return
            self._put_to_the_test(*self.chance.choice(due))
        raise AssertionError(f"the journey does not end: {due}")

    def _ripen(self, timers):
        # A retry is due when its time has come; here that is now.
        statement = text("update bus.delivery set due_at = now() where attempts > 0 or hearer = any(:timers)")
        self.session.execute(statement, {"timers": list(timers)})
        self.session.commit()

    def _put_to_the_test(self, delivery, hearer, event_name):
        wrong = self.heard.setdefault((EVENT_TYPES[event_name], hearer), [])
        worker = self.workers[hearer.partition(".")[0]]

        before = self._everything()
        outcome = self._with_a_bug(worker, hearer, delivery)
        if outcome is Outcome.RETRY_LATER:
            return  # a business reason to wait, before the bug was reached; the row comes again
        if outcome is not Outcome.DEAD:
            wrong.append(f"a bug ends as {outcome}")
        if self._everything() != before:
            wrong.append("a handler that failed left something behind")
        letter = dead_letters.waiting()[-1]
        dead_letters.replay(letter.id, by="test")
        [(again,)] = self._rows("select max(id) from bus.delivery where hearer = :hearer", hearer=hearer)

        outcome = worker.deliver(hearer, again)
        if outcome is Outcome.RETRY_LATER:
            return
        if outcome is not Outcome.DONE:
            [*_, last] = [*dead_letters.waiting(), None]
            wrong.append(f"replayed, it ends as {outcome}: {last and last.traceback}")
        after = self._everything()
        if worker.deliver(hearer, again) is not Outcome.NOTHING_TO_DO or self._everything() != after:
            wrong.append("heard twice, it does its work twice")

    def _with_a_bug(self, worker, hearer, delivery):
        handler = worker.handlers[hearer]

        def fail_at_the_end(event, tx):
            handler.function(event, tx)
            tx.session.flush()
            raise Injected

        worker.handlers[hearer] = Registered(fail_at_the_end, handler.events, handler.within)
        try:
            return worker.deliver(hearer, delivery)
        finally:
            worker.handlers[hearer] = handler

    def _everything(self):
        """Every row of every room, the events said, and the deliveries that nobody has heard yet but for the one."""
        return {
            f"{table.schema}.{table.name}": sorted(map(str, self._rows(f"select * from {table.schema}.{table.name}")))
            for table in Model.metadata.sorted_tables
            if table.name not in VOLATILE
        }

    def _rows(self, statement, **parameters):
        self.session.rollback()
        return self.session.execute(text(statement), parameters).all()
