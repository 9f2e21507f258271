"""Pages: how somebody on call is told, by e-mail and by webhook."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from services.notifications import gateway, store
from services.notifications.rules import envelope, letters
from services.notifications.rules.sending import Kind
from services.notifications.settings import notification_settings
from services.notifications.tasks.worker import worker
from shared import clock
from shared.bus import Transaction
from shared.events import LetterWritten, OnCallPaged, PageDelivered, PageUndelivered
from shared.policies import load_policies
from shared.rota import Person
from shared.rota_file import load_rota
from shared.settings import settings as house_settings

PAGE_IS_OLD = timedelta(hours=1)
"""After so long somebody else has been told, and a call would only wake the wrong person."""


@worker.hears(OnCallPaged)
def write_page(event: OnCallPaged, tx: Transaction) -> None:
    """Tell somebody on call by e-mail."""
    person = _person(event)
    mailbox = notification_settings().team_mailbox
    name, recipient, lang = (person.name, person.email, person.language) if person else (event.team, mailbox, "en")
    domain, now = envelope.domain_of(mailbox), clock.now()
    tokens = house_settings().require_reply_tokens()
    message_id = tokens.message_id(event.ticket.ticket_id, event.page_id, domain)
    letter = store.Letter(
        id=event.page_id,
        ticket_id=event.ticket.ticket_id,
        provider=event.ticket.provider,
        kind=Kind.PAGE,
        language=lang,
        recipient=recipient,
        written_at=now,
        state="written",
        body=letters.page(event, load_policies(), lang),
        mailbox=mailbox,
        message_id=message_id,
        headers=envelope.page_headers(
            event.ticket,
            message_id=message_id,
            loop_mark=tokens.loop_mark(event.ticket.ticket_id),
            mailbox=mailbox,
            name=name,
            recipient=recipient,
            reason=event.reason,
            written_at=now,
        ),
    )
    if store.write(tx.session, letter):
        tx.say(LetterWritten(ticket_id=event.ticket_id, letter_id=letter.id, kind=Kind.PAGE))


@worker.acts_on(OnCallPaged)
def page_on_call(event: OnCallPaged, tx: Transaction) -> None:
    """Tell somebody on call by webhook, where the rota names one, and while it is of any use."""
    person = _person(event)
    if person is None or person.webhook is None:
        return
    told = {"ticket_id": event.ticket_id, "page_id": event.page_id, "way": "webhook"}
    if clock.now() - event.happened_at > PAGE_IS_OLD:
        tx.say(PageUndelivered(**told, reason="it did not answer in time"))
        return
    webhook, message = person.webhook, letters.page_message(event, load_policies())
    tx.act(
        do=lambda: gateway.call_webhook(webhook, event.page_id, message),
        then=partial(_settle_call, told=told),
    )


def _person(event: OnCallPaged) -> Person | None:
    """Who is told; None, the team's mailbox, also when the rota has lost him since."""
    rota = load_rota() if event.person else None
    return rota.people.get(event.person or "") if rota else None


def _settle_call(tx: Transaction, result: gateway.Taken | gateway.Refused, *, told: dict[str, Any]) -> None:
    match result:
        case gateway.Taken():
            tx.say(PageDelivered(**told))
        case gateway.Refused(reason):
            tx.say(PageUndelivered(**told, reason=reason))
