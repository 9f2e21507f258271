"""The part of a journey in which letters and replies are held back, and a person lets them go."""

from sqlalchemy import text

from services.notifications import store
from services.notifications.settings import notification_settings
from services.notifications.tasks import breaker
from shared import clock
from shared.bus import Transaction
from shared.events import AutomaticLettersResumed, LetterReleased, TicketResolved


def hold_back(journey, number, reply):
    """A ticket is resolved and replied to until that reopens nothing; a letter is released; a breaker trips twice."""
    for turn in range(4):
        with Transaction.begin("desk") as tx:
            tx.say(TicketResolved(ticket_id=number, agent="an agent"))
        journey.go_on()
        reply(f"It is broken again, for the {turn + 1}. time.")
        journey.go_on()
    statement = text("select ticket_id, id from notifications.letter where state = 'held' order by id limit 1")
    ticket_id, letter_id = journey.session.execute(statement).one()
    with Transaction.begin("desk") as tx:
        tx.say(LetterReleased(ticket_id=ticket_id, letter_id=letter_id, by="Kim"))
    journey.go_on()
    trip("hypernode")
    journey.go_on(timers=["notifications.resume_when_quiet"])
    trip("hypernode")
    with Transaction.begin("desk") as tx:
        tx.say(AutomaticLettersResumed(provider="hypernode", by="Kim"))
    journey.go_on()


def trip(provider):
    limit = notification_settings().breaker(provider)
    with Transaction.begin("notifications") as tx:
        breaker.stop(tx, store.breaker(tx.session, provider), limit, clock.now())
