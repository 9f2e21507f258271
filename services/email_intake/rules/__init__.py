"""How one e-mail is read, from its bytes to what becomes of it. Pure: no clock, no database, no queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from services.email_intake.rules.chain import Case, Notes, go_through, opens_no_ticket
from services.email_intake.rules.classify import SUPPRESSED, Candidate, Kind, Verdict
from services.email_intake.rules.headers import Address, message_ids
from services.email_intake.rules.mailboxes import Mailbox, Mailboxes
from services.email_intake.rules.message import ParsedEmail, parse
from services.email_intake.rules.parts import Enclosed
from services.email_intake.rules.reply import Reply, split_reply
from shared.vocabulary import Authentication

MAX_EXCERPT = 1_000
"""Characters."""


class Outcome(StrEnum):
    """What becomes of an e-mail; the same words as the states of an arrival."""

    READ = "read"
    SUPPRESSED = "suppressed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that was understood of one e-mail. `mailbox` is None when it is for none of ours."""

    outcome: Outcome
    reason: str
    mail: ParsedEmail
    reply: Reply
    notes: Notes
    mailbox: Mailbox | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What kind of mail it is."""
        return self.notes.verdict

    @property
    def sender(self) -> Address | None:
        """Who asks: who wrote it, or who wrote what an agent forwarded."""
        return self.notes.sender

    @property
    def may_acknowledge(self) -> bool:
        """Whether an automatic answer may go to the sender."""
        return self.notes.may_acknowledge

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before he trusts the mail; without any address."""
        told = [self.reason] if self.outcome is Outcome.QUARANTINED else []
        return tuple(dict.fromkeys((*told, *self.mail.defects, *self.notes.warnings)))

    @property
    def excerpt(self) -> str:
        """The beginning of its text, for somebody who decides what becomes of it; empty when it is no mail."""
        return self.reply.full[:MAX_EXCERPT] if self.mail.is_mail else ""

    @property
    def reply_recipients(self) -> tuple[Address, ...]:
        """Where an answer goes: to the sender, and to nobody where nobody would read it.

        Reply-To is followed for configured contact forms only: there it is the sender.
        """
        wanted = self.notes.kind not in {*SUPPRESSED, Kind.NO_REPLY} and self.sender is not None
        return (self.sender,) if wanted and self.sender else ()

    def as_json(self) -> dict[str, Any]:
        """The line of `scopedesk parse-mail`, without the file; `language` is None where nobody has looked."""
        mail = self.mail
        return {
            "message_id": mail.message_id,
            "in_reply_to": next(iter(message_ids(" ".join(mail.headers.get("in-reply-to", ())))), None),
            "references": list(message_ids(" ".join(mail.headers.get("references", ())))),
            "from": _person(next(iter(mail.people("from")), None)),
            "reply_to": _people(mail.people("reply-to")),
            "to": _people(mail.people("to")),
            "cc": _people(mail.people("cc")),
            "reply_recipients": _people(self.reply_recipients),
            "date": _date(mail.header("date")),
            "subject": mail.subject,
            "language": None,
            "class": str(self.notes.kind),
            "text": self.reply.full,
            "new_text": self.reply.new,
            "folded": {"quoted": self.reply.quoted, "signature": self.reply.signature},
            "authentication": {
                "result": str(self.notes.authenticated.result),
                "method": self.notes.authenticated.method,
            },
            "attachments": [
                {"name": file.name, "type": file.content_type, "size": file.size} for file in mail.attachments
            ],
            "warnings": list(self.warnings),
            "rules": [asdict(decided) for decided in self.notes.decided],
        }


def read(raw: bytes, own: Mailboxes, *, recipient: str = "", envelope_from: str | None = None) -> Reading:
    """Read one e-mail. Never raises.

    `recipient` is the mailbox that it was delivered to, when known; otherwise its headers say so. `envelope_from` is
    None when unknown and "" for the null return path.
    """
    mail = parse(raw)
    reply = split_reply(mail.text, subject=mail.subject, answers=bool(mail.references))
    mailbox = own.find_for(mail, recipient)
    addressed = bool(recipient) or any(own.owns(person.email) for name in ("to", "cc") for person in mail.people(name))
    notes = go_through(Case(Candidate(mail, reply.new, own, envelope_from), reply, mailbox, addressed))
    if notes.forwarded_by and mail.enclosed and notes.sender == mail.enclosed.sender:
        reply = _with_enclosed(reply, mail.enclosed)
    if not mail.is_mail:
        return Reading(Outcome.QUARANTINED, _no_mail(raw), mail, reply, notes)
    if mailbox is None:
        return Reading(Outcome.QUARANTINED, "it is for none of our mailboxes", mail, reply, notes)
    if notes.sender is None and not mail.subject and not mail.text.strip():
        return Reading(Outcome.QUARANTINED, "it has no sender, no subject and no text", mail, reply, notes, mailbox)
    assert notes.verdict, "the last row of the classes always holds"
    reason = f"{notes.kind}: {notes.verdict.reason} (rule {notes.verdict.rule})"
    outcome = Outcome.SUPPRESSED if opens_no_ticket(notes) else Outcome.READ
    return Reading(outcome, reason, mail, reply, notes, mailbox)


def may_be_told(reading: Reading, own: Mailboxes) -> bool:
    """Whether a notice may go to the sender of a mail of which only the headers are known.

    To whom an acknowledgement may go; and, where a mail server of ours vouches for senders, only to whom it does: a
    notice to a forged address would reach somebody who wrote nothing (RFC 3834, 2).
    """
    vouched = reading.notes.authenticated.result is Authentication.PASS or not own.authserv_ids
    return reading.may_acknowledge and vouched


def _with_enclosed(reply: Reply, enclosed: Enclosed) -> Reply:
    """What an agent says of a mail that he forwards as a file, and what stands in it."""
    who = f"{enclosed.sender.name} <{enclosed.sender.email}>".strip() if enclosed.sender else ""
    note = "" if reply.new.startswith("(no text; ") else f"{reply.new}\n\n"
    text = f"{note}---------- Forwarded message ---------\nFrom: {who}\nSubject: {enclosed.subject}\n\n{enclosed.text}"
    return Reply(new=text, full=text, signature=reply.signature, is_forward=True)


def _no_mail(raw: bytes) -> str:
    if not raw.strip():
        return "it is empty"
    what = "it holds binary data" if b"\0" in raw[:4096] else "it has no e-mail headers"
    return f"not an e-mail: {what}"


def _date(value: str) -> str | None:
    """The Date header in ISO 8601 with its offset; None when it is none. Without a zone it is UTC (RFC 5322, 3.3)."""
    try:
        found = parsedate_to_datetime(value)
        return found.isoformat() if found.tzinfo else f"{found.isoformat()}+00:00"
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _person(person: Address | None) -> dict[str, str | None] | None:
    return {"name": person.name or None, "email": person.email} if person else None


def _people(people: tuple[Address, ...]) -> list[dict[str, str | None] | None]:
    return [_person(person) for person in people]
