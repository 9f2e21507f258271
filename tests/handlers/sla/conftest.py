"""What tests of the sla room share: let it hear what happens, look at its targets and timers."""

import pytest
from sqlalchemy import text
from sqlmodel import select

from services.sla.store import TargetRow
from services.sla.tasks import worker
from shared.bus.worker import Outcome
from shared.events import (
    CustomerCalledBack,
    ScopeDecided,
    TicketAnswered,
    TicketPaused,
    TicketReclassified,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketResumed,
)
from shared.vocabulary import TargetName

HANDLER = {
    ScopeDecided: "route_ticket",
    TicketReplied: "note_reply",
    TicketReopened: "reopen_ticket",
    TicketAnswered: "stop_response",
    CustomerCalledBack: "stop_response_by_call",
    TicketResolved: "stop_all_targets",
    TicketPaused: "stop_clocks",
    TicketResumed: "resume_clocks",
    TicketReclassified: "reclassify_ticket",
}


@pytest.fixture
def happen(say, hear):
    """Say events one by one, and let the room hear each."""

    def happen(*events):
        for event in events:
            say("desk", event)
            assert set(hear(worker, HANDLER[type(event)])) == {Outcome.DONE}

    return happen


@pytest.fixture
def targets(session):
    def targets():
        session.rollback()
        return {row.name: row for row in session.exec(select(TargetRow))}

    return targets


@pytest.fixture
def timers(session):
    """The timers that still wait for so many percent, as target and moment."""

    def timers(percent=100):
        session.rollback()
        rows = session.execute(
            text(
                "select e.body ->> 'target', d.due_at from bus.delivery d join bus.event e using (event_id)"
                " where d.hearer = 'sla.check_target' and d.due_at > now() and (e.body ->> 'percent')::int = :percent"
            ),
            {"percent": percent},
        )
        return {TargetName(target): due_at for target, due_at in rows}

    return timers
