"""Thanks reopen nothing; an agent does with one word."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

import samples
from samples import PAID
from shared.events import ScopeDecided, TicketAnswered, TicketReopened, TicketReplied, TicketResolved
from shared.vocabulary import Channel, TargetName

MONDAY = datetime.fromisoformat("2026-06-01T08:00+00:00")
TICKET = samples.ticket(received_at=MONDAY)


def at(hours):
    return {"ticket_id": TICKET.ticket_id, "happened_at": MONDAY + timedelta(hours=hours)}


def thanks(hours, *, is_courtesy):
    return TicketReplied(
        **at(hours),
        arrival_id=uuid4(),
        ticket=TICKET,
        author=TICKET.requester,
        author_verified=True,
        text="Thanks!",
        channel=Channel.EMAIL,
        is_courtesy=is_courtesy,
    )


@pytest.fixture
def resolved(happen):
    happen(
        ScopeDecided(**at(0), ticket=TICKET, text="", decision=PAID),
        TicketAnswered(**at(1), agent="Kim", text="Done"),
        TicketResolved(**at(2), agent="Kim"),
    )


@pytest.mark.usefixtures("resolved")
def test_a_closing_courtesy_moves_no_clock(happen, targets):
    before = {name: (row.state, row.due_at) for name, row in targets().items()}
    happen(thanks(3, is_courtesy=True))
    assert {name: (row.state, row.due_at) for name, row in targets().items()} == before


@pytest.mark.usefixtures("resolved")
@pytest.mark.parametrize(
    "event", [thanks(3, is_courtesy=False), TicketReopened(**at(3), agent="Kim")], ids=["a reply", "an agent"]
)
def test_a_reply_or_an_agent_starts_the_clocks_again(happen, targets, event):
    happen(event)
    assert targets()[TargetName.NEXT_RESPONSE].due_at > MONDAY + timedelta(hours=3)
