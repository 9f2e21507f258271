"""A loop that comes as replies to one ticket: what the rooms that hear of it make of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

import samples
from samples import PAID
from services.desk import store as desk
from services.desk.store import holding
from services.desk.tasks import worker as desk_worker
from services.sla.tasks import worker as sla_worker
from services.tickets.tasks import worker as tickets_worker
from shared import clock
from shared.bus.worker import Outcome
from shared.events import (
    EmailReceived,
    ScopeDecided,
    TicketAnswered,
    TicketLeftClosed,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
)
from shared.vocabulary import AttachedFile, Channel, Requester

BEGIN = clock.now() - timedelta(hours=10)
TICKET = samples.ticket(received_at=BEGIN)


@pytest.fixture
def happen(say, hear):
    """Say events one by one, and let both rooms hear whatever waits for them."""

    def happen(*events):
        for event in events:
            say("desk", event)
            for worker in (sla_worker, desk_worker):
                for handler in worker.handlers:
                    room, _, name = handler.partition(".")
                    if name != "check_target":
                        assert set(hear(worker, name)) <= {Outcome.DONE}, room

    return happen


@pytest.fixture
def row(session):
    def row():
        session.rollback()
        return desk.ticket_row(session, TICKET.ticket_id)

    return row


def at(hours):
    return {"ticket_id": TICKET.ticket_id, "happened_at": BEGIN + timedelta(hours=hours)}


def replied(hours, **told):
    return TicketReplied(
        **at(hours),
        arrival_id=uuid4(),
        ticket=TICKET,
        author=TICKET.requester,
        author_verified=True,
        text="I am away.",
        channel=Channel.EMAIL,
        received_at=BEGIN + timedelta(hours=hours),
        **told,
    )


@pytest.fixture
def reopened_twice(happen):
    happen(
        TicketOpened(**at(0), arrival_id=uuid4(), ticket=TICKET, text="Help"),
        ScopeDecided(**at(0), ticket=TICKET, text="", decision=PAID),
    )
    for hours in (1, 2):
        happen(TicketResolved(**at(hours - 0.5), agent="Kim"), replied(hours))
    happen(TicketResolved(**at(2.5), agent="Kim"))


@pytest.mark.usefixtures("reopened_twice")
def test_the_third_reply_of_a_day_stands_in_the_ticket_and_a_person_is_told(happen, row, said, session):
    assert row().state == "resolved"
    happen(replied(3), replied(4))
    assert [event.reopenings for event in said(TicketLeftClosed)] == [2, 2]
    assert (row().state, row().left_closed) == ("resolved", True)
    assert holding.left_closed(session) == [TICKET.ticket_id]
    told = desk.show_ticket(session, TICKET.ticket_id).conversation
    assert [turn.by for turn in told].count("requester") == 5


@pytest.mark.usefixtures("reopened_twice")
@pytest.mark.parametrize(
    ("looked", "state"), [(TicketReopened, "open"), (TicketAnswered, "resolved"), (TicketResolved, "resolved")]
)
def test_the_mark_goes_when_a_person_has_looked(happen, row, session, looked, state):
    words = {"text": "Done."} if looked is TicketAnswered else {}
    happen(replied(3), looked(**at(4), agent="Kim", **words))
    assert (row().state, row().left_closed) == (state, False)
    assert holding.left_closed(session) == []


@pytest.mark.usefixtures("reopened_twice")
def test_the_same_words_again_reopen_nothing_and_count_as_no_reopening(happen, row, said):
    happen(replied(3, is_repeat=True))
    assert (row().state, row().left_closed) == ("resolved", False)
    assert said(TicketLeftClosed) == []


@pytest.fixture
def mail(say, hear, said):
    """Receive an e-mail and let it be filed; gives what was said of the ticket last."""

    def mail(words, sender="anna@winkel.example", hours=0.0, subject="Shop down [HN-1001]", attachments=()):
        event = EmailReceived(
            arrival_id=uuid4(),
            provider="hypernode",
            mailbox="support@hypernode.example",
            sender=Requester(email=sender),
            subject=subject,
            text=words,
            full_text=words,
            message_id=f"<{uuid4()}@winkel.example>",
            attachments=attachments,
            received_at=BEGIN + timedelta(hours=hours),
        )
        say("email_intake", event)
        assert hear(tickets_worker, "file_email") == [Outcome.DONE]
        return next(reversed(said(TicketReplied)), None)

    return mail


def test_the_same_words_of_one_sender_in_one_ticket_within_a_day_are_a_machines(mail, session):
    mail("The shop is down.", subject="Shop down")
    number = session.scalars(text("select number from tickets.ticket")).one()
    again = {"subject": f"Re: [{number}]"}
    assert not mail("I am away.", hours=1, **again).is_repeat
    assert mail("i am  AWAY.\n", hours=24.5, **again).is_repeat
    assert not mail("I am away until Monday.", hours=25, **again).is_repeat
    assert mail("The shop is down.", hours=2, **again).is_repeat
    assert not mail("The shop is down.", hours=27, **again).is_repeat


def test_the_same_words_with_another_file_are_no_machines(mail, session):
    mail("The shop is down.", subject="Shop down")
    number = session.scalars(text("select number from tickets.ticket")).one()
    again = {"words": "See attached.", "subject": f"Re: [{number}]"}
    one, other = (AttachedFile(name="a.log", content_type="text/plain", size=3, content_hash=h * 64) for h in "ab")
    assert not mail(**again, hours=1, attachments=(one,)).is_repeat
    assert not mail(**again, hours=2, attachments=(other,)).is_repeat
    assert mail(**again, hours=3, attachments=(one,)).is_repeat
