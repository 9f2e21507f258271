"""What came in and what became of it, counted by each room in its own tables, so that the sums check each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deploy import pids
from deploy.balance import HEARERS
from shared import clock
from shared.bus import dead_letters, health
from shared.settings import settings

UNREAD_SECONDS = 600
"""A mailbox or call log is looked at every few minutes at least; one that was not for so long is a fault."""

RELAY_ALIVE_SECONDS = 15
"""A relay goes round several times a second; one that was not seen this long is down or cut off."""


def stack_status() -> dict[str, Any]:
    """The state of the whole pipeline at one moment, ready for JSON.

    An arrival whose reading or filing died is one of `dead_arrivals` until its dead letter is replayed, and one of
    `discarded_arrivals` once a person gave it up. `balanced` is false when arrivals are missing: received, but neither
    under way nor anywhere else.
    """
    from services.desk.store import counts as desk_counts
    from services.email_intake.store import counts as email_counts
    from services.email_intake.store.ledger import watches
    from services.notifications.store import counts as letter_counts
    from services.notifications.store import stopped_providers
    from services.phone_intake.store import counts as phone_counts
    from services.phone_intake.store import followed
    from services.sla.store import standing
    from services.tickets.store import counts as ticket_counts

    stack = settings().running_stack()
    running = {name: pids.runs(known) for name, known in stack.get("processes", {}).items()}
    with health.snapshot() as session:
        emails, calls, tickets = email_counts(session), phone_counts(session), ticket_counts(session)
        letters, desk = letter_counts(session), desk_counts(session)
        received = emails["received"] + calls["received"]
        suppressed = emails["suppressed"] + calls["suppressed"]
        quarantined = emails["quarantined"] + calls["quarantined"]
        under_way = health.undelivered(session, HEARERS)
        dead, discarded = dead_letters.held(session, HEARERS)
        due, late = standing(session, clock.now())
        seen = health.relay_seen_at(session)
        accounted = tickets["ticketed"] + tickets["appended"] + suppressed + quarantined
        return {
            "received": received,
            "ticketed": tickets["ticketed"],
            "appended": tickets["appended"],
            "suppressed": suppressed,
            "quarantined": quarantined,
            "under_way": under_way,
            "dead_arrivals": dead,
            "discarded_arrivals": discarded,
            "balanced": received == accounted + under_way + dead + discarded,
            "sent": letters["sent"],
            "refused": letters["refused"],
            "letters_suppressed": letters["suppressed"],
            "letters_held": letters["held"],
            "letters_stopped": {name: since.isoformat() for name, since in stopped_providers(session).items()},
            "open": desk["open"],
            "due": due.isoformat() if due else None,
            "late": late,
            "dead": health.dead_letters(session),
            "relay_alive": bool(seen and (clock.now() - seen).total_seconds() < RELAY_ALIVE_SECONDS),
            "rooms": {
                room: {
                    "under_way": found.under_way,
                    "timers": found.timers,
                    "queue": found.queue,
                    "running": running.get(room),
                }
                for room, found in health.rooms(session).items()
            },
            "processes": running,
            "mailboxes": [
                {
                    "account": watch.account,
                    "folder": watch.folder,
                    "looked_at": watch.looked_at.isoformat() if watch.looked_at else None,
                    "waits_by": watch.waits_by,
                    "problem": watch.problem,
                    "stuck": watch.stuck,
                    "well": bool(
                        watch.waits_by and watch.problem is None and watch.stuck == 0 and _is_recent(watch.looked_at)
                    ),
                }
                for watch in watches(session)
            ],
            "call_logs": [
                {
                    "path": log.path,
                    "lines": log.lines,
                    "waiting": log.waiting,
                    "looked_at": log.looked_at.isoformat() if log.looked_at else None,
                    "problem": log.problem,
                    "well": log.problem is None and _is_recent(log.looked_at),
                }
                for log in followed(session)
            ],
        }


def _is_recent(looked_at: datetime | None) -> bool:
    return looked_at is not None and (clock.now() - looked_at).total_seconds() < UNREAD_SECONDS
