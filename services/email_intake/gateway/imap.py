"""The reader of mailboxes: `python -m services.email_intake.gateway.imap`.

A thread for each folder keeps a connection, waits for news by IDLE or looks now and then, and connects again when it is
lost, later each time. Nothing depends on how it ends: what is not committed is still in the mailbox.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
import time

import structlog

from services.email_intake.gateway.account import Account
from services.email_intake.gateway.connection import connect, explain, is_refused, origin
from services.email_intake.gateway.folder import Folder
from services.email_intake.rules.fetching import Troubles, pause_seconds
from services.email_intake.settings import EmailIntakeSettings, settings
from services.email_intake.store import ledger
from shared import logs
from shared.errors import Misconfigured, ScopedeskError
from shared.settings import settings as house_settings

log = structlog.get_logger()

STOP_SECONDS = 8.0
BEAT_SECONDS = 2.0
REFUSED_SECONDS = 60.0
"""The first pause after a refused login: servers lock accounts that try too often."""


class Watcher:
    """Keeps one folder read, whatever happens to its server, the network and the database."""

    def __init__(self, account: Account, folder: str, *, limit: int, stop: threading.Event) -> None:
        self._account = account
        self._folder = folder
        self._limit = limit
        self._stop = stop
        self._troubles = Troubles()
        self._failures = 0

    def run(self) -> None:
        """Read until told to stop."""
        while not self._stop.is_set():
            try:
                self._read()
            except Exception as error:  # noqa: BLE001 -- this loop is what must not end
                self._rest(error)

    def _read(self) -> None:
        client = connect(self._account)
        try:
            folder = Folder(
                client, self._account, self._folder, limit=self._limit, troubles=self._troubles, stop=self._stop
            )
            while not self._stop.is_set():
                while folder.look() and not self._stop.is_set():
                    pass
                self._note(folder.complaint, waits_by="IDLE" if folder.idles else "polling")
                self._failures = 0
                folder.wait()
        finally:
            client.shutdown()

    def _rest(self, error: Exception) -> None:
        self._failures += 1
        problem = explain(error, self._account)
        first = REFUSED_SECONDS if is_refused(error) else 1.0
        pause = pause_seconds(self._failures, first) * random.uniform(0.8, 1.2)  # noqa: S311 -- to spread, not to hide
        log.warning(
            "mailbox not read",
            account=self._account.name,
            folder=self._folder,
            why=problem,
            error=origin(error),
            again_in_seconds=round(pause),
        )
        self._note(problem, waits_by=None)
        self._stop.wait(pause)

    def _note(self, problem: str | None, *, waits_by: str | None) -> None:
        """Tell `scopedesk status` how it goes; a database that is away is told of by everybody else."""
        try:
            ledger.note_watch(
                self._account.name, self._folder, problem=problem, waits_by=waits_by, stuck=self._troubles.stuck()
            )
        except Exception as error:  # noqa: BLE001 -- telling how it goes must not stop it
            log.warning("cannot write down how the mailbox does", account=self._account.name, error=origin(error))


def watch(wanted: EmailIntakeSettings, stop: threading.Event) -> None:
    """Read every mailbox of the settings until told to stop; returns when all threads have ended or time is up."""
    accounts = wanted.accounts
    watched = [(account, folder) for account in accounts for folder in account.folders]
    threads = [
        threading.Thread(
            target=Watcher(account, folder, limit=wanted.size_limit, stop=stop).run,
            name=f"{account.name} {folder}",
            daemon=True,
        )
        for account, folder in watched
    ]
    for thread in threads:
        thread.start()
    log.info("reading mailboxes", folders=[thread.name for thread in threads])
    forgotten = False
    while not stop.wait(BEAT_SECONDS):
        if not all(thread.is_alive() for thread in threads):
            raise ScopedeskError("a reader ended that should not: the log says where; all are started again")
        house_settings().beat()
        forgotten = forgotten or _forget_others([(account.name, folder) for account, folder in watched])
    until = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _forget_others(watched: list[tuple[str, str]]) -> bool:
    try:
        ledger.forget_other_watches(watched)
    except ScopedeskError:
        return False
    return True


def main() -> None:
    """Read mailboxes until SIGTERM or SIGINT; exit code 1 and one line when something is misconfigured."""
    logs.configure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        house_settings().require_database_url()
        wanted = settings()
        if not wanted.imap:
            raise Misconfigured("no mailbox is configured: see SCOPEDESK_EMAIL_INTAKE_IMAP in docs/operations.md")
        watch(wanted, stop)
    except ScopedeskError as error:
        sys.stderr.write(f"mailboxes: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
