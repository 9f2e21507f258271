"""How fast e-mails are read and stored, and whether any of many broken ones makes the reading fail."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import schema
from deploy.bench.mutated import INBOX, mutated
from deploy.embedded import embedded_servers
from services.email_intake import store
from services.email_intake.rules import Outcome, read
from services.email_intake.rules.mailboxes import Mailboxes
from services.email_intake.settings import settings
from shared import db
from shared.settings import settings as house_settings

PARSE_SECONDS = 5.0
STORED = 500


@dataclass(frozen=True)
class Intake:
    """What was measured. Per core: per second of processor time. `failed`: broken mails that made the reading fail."""

    parsed_per_second_per_core: float
    stored_per_second: float | None
    mutated: int
    failed: int
    slowest_ms: float
    seed: int


def measure(broken: int, seed: int, *, with_store: bool) -> Intake:
    """Read the sample mails over and over, then the broken ones once each, then store mails one after the other."""
    per_second = _parsed_per_second()
    failed, slowest = _read_broken(broken, seed)
    stored = None
    if with_store:
        with _own_database():
            stored = _stored_per_second(STORED)
    return Intake(round(per_second), stored and round(stored), broken, failed, round(slowest * 1000, 1), seed)


def _parsed_per_second() -> float:
    own, mails = settings().own, [path.read_bytes() for path in sorted(INBOX.rglob("*.eml"))]
    count, begun = 0, time.process_time()
    while (spent := time.process_time() - begun) < PARSE_SECONDS:
        for raw in mails:
            read(raw, own)
        count += len(mails)
    return count / spent


def _read_broken(count: int, seed: int) -> tuple[int, float]:
    own, failed, slowest = settings().own, 0, 0.0
    for raw in mutated(seed, count):
        begun = time.process_time()
        failed += not is_read(raw, own)
        slowest = max(slowest, time.process_time() - begun)
    return failed, slowest


def is_read(raw: bytes, own: Mailboxes) -> bool:
    """Whether a mail is read to an end that can be stored and printed, whatever is wrong with it."""
    try:
        reading = read(raw, own)
        line = json.dumps(reading.as_json(), ensure_ascii=False).encode()
    except Exception:  # noqa: BLE001 -- that there is none is what is measured
        return False
    return reading.outcome in Outcome and b"\\u0000" not in line


def _stored_per_second(count: int) -> float:
    raws = list(mutated(1, count))
    begun = time.perf_counter()
    for number, raw in enumerate(raws):
        store.store_email(b"X-Number: %d\r\n" % number + raw, source="bench")
    return count / (time.perf_counter() - begun)


@contextmanager
def _own_database() -> Iterator[None]:
    """Servers on a directory that is thrown away; this process is pointed at them."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="scopedesk-bench-") as folder, embedded_servers(Path(folder)) as servers:
        os.environ.update(DATABASE_URL=servers.database_url, REDIS_URL=servers.redis_url, SCOPEDESK_DATA_DIR=folder)
        _read_anew()
        try:
            schema.upgrade(servers.database_url)
            yield
        finally:
            db.engine().dispose()
            os.environ.clear()
            os.environ |= before
            _read_anew()


def _read_anew() -> None:
    house_settings.cache_clear()
    db.engine.cache_clear()
