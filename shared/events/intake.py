"""Arrivals: what reached us, and what became of it."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event
from shared.vocabulary import AttachedFile, Authentication, Requester, Stated


class EmailStored(Event):
    """The raw bytes of one e-mail are durable; nothing has been read yet.

    `mailbox` is the address it was delivered to, empty when only its headers tell. `source` is the way it came: a file
    and its place in it, or the listener.
    """

    arrival_id: UUID
    mailbox: str
    source: str = ""


class EmailReceived(Event):
    """An e-mail from a person was read. `text` is what is new in it, `full_text` all of it.

    `references` are the message ids that it answers, the nearest first. `sender_verified` exactly when
    `authentication` is pass; on fail somebody writes in another's name. `reply_token`: the ticket whose signed reply
    address it was sent to. `is_courtesy`: it only says thanks. `mail_key`: the same for the same mail in another
    mailbox. `forwarded_by`: the agent whose forward of the sender's mail it is; `is_forward`: somebody forwards a mail.
    `warnings`: what a person should know before he trusts it; they name nobody.
    """

    arrival_id: UUID
    provider: str
    mailbox: str
    sender: Requester
    sender_verified: bool = False
    subject: str
    text: str
    full_text: str
    language: str | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    reply_token: str | None = None
    may_acknowledge: bool = True
    authentication: Authentication = Authentication.NONE
    is_courtesy: bool = False
    mail_key: str | None = None
    forwarded_by: str | None = None
    is_forward: bool = False
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    received_at: AwareDatetime


class EmailSuppressed(Event):
    """An e-mail needs no ticket (a duplicate, a bounce, an automatic answer, our own letter); `reason` says why."""

    arrival_id: UUID
    reason: str


class EmailQuarantined(Event):
    """An e-mail could not be read or belongs to no known mailbox; it waits for a person.

    `sender`, `subject` and `excerpt`, the beginning of its text, are what that person has to judge by.
    """

    arrival_id: UUID
    reason: str
    sender: Requester | None = None
    subject: str = ""
    excerpt: str = ""


class EmailTooLarge(Event):
    """An e-mail of `size` bytes was not taken, since `limit` is the most, and its sender may be told.

    Said only where an automatic answer to the sender can harm nobody else.
    """

    arrival_id: UUID
    provider: str
    mailbox: str
    sender: Requester
    subject: str
    message_id: str | None = None
    size: int
    limit: int


class EmailReleased(Event):
    """A person lets an e-mail out of quarantine: it is read again, as delivered to `mailbox` where he names one."""

    arrival_id: UUID
    mailbox: str = ""
    agent: Stated
    reason: Stated


class EmailRejected(Event):
    """A person decided that an e-mail in quarantine becomes no ticket."""

    arrival_id: UUID
    agent: Stated
    reason: Stated


class CallStored(Event):
    """One record of a call log is durable; nothing has been read yet."""

    arrival_id: UUID
    source: str


class CallLogged(Event):
    """A telephone call that asks for something. `adds_to`: the call whose ticket it belongs to, if it has none."""

    arrival_id: UUID
    adds_to: UUID | None = None
    provider: str
    caller: Requester
    agent: str | None = None
    subject: str
    text: str
    language: str | None = None
    outcome: str
    started_at: AwareDatetime
    duration_seconds: int


class CallMade(Event):
    """Somebody of ours called a number and spoke for so long that it counts as a response to whoever was called.

    `callee` is E.164, `answered_at` when the conversation began, which may be long before this is heard.
    """

    arrival_id: UUID
    provider: str
    callee: str
    agent: str | None = None
    note: str = ""
    answered_at: AwareDatetime
    talk_seconds: int


class CallSuppressed(Event):
    """A call needs no ticket (a duplicate record, internal, outgoing, answered without a note)."""

    arrival_id: UUID
    reason: str


class CallQuarantined(Event):
    """A call record could not be read or its number belongs to no provider; it waits for a person."""

    arrival_id: UUID
    reason: str
