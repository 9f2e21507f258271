"""How one e-mail is read, from its bytes to what becomes of it. Pure: no clock, no database, no queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from services.email_intake.rules.classify import SUPPRESSED, Candidate, Verdict, classify, may_acknowledge
from services.email_intake.rules.headers import Address, addresses
from services.email_intake.rules.mailboxes import Mailbox, Mailboxes
from services.email_intake.rules.message import ParsedEmail, parse
from services.email_intake.rules.reply import Reply, split_reply


class Outcome(StrEnum):
    """What becomes of an e-mail; the same words as the states of an arrival."""

    READ = "read"
    SUPPRESSED = "suppressed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that was understood of one e-mail. `mailbox` and `verdict` are None when it did not get so far."""

    outcome: Outcome
    reason: str
    mail: ParsedEmail
    reply: Reply
    mailbox: Mailbox | None = None
    verdict: Verdict | None = None
    sender: Address | None = None
    may_acknowledge: bool = False

    def as_json(self) -> dict[str, Any]:
        """All of it in plain values, for people and programs that want to know how a mail is read."""
        return {
            "outcome": str(self.outcome),
            "reason": self.reason,
            "kind": str(self.verdict.kind) if self.verdict else None,
            "rule": self.verdict.rule if self.verdict else None,
            "provider": self.mailbox.provider if self.mailbox else None,
            "mailbox": self.mailbox.address if self.mailbox else None,
            "reply_token": self.mailbox.reply_token if self.mailbox else None,
            "sender": {"name": self.sender.name or None, "email": self.sender.email} if self.sender else None,
            "subject": self.mail.subject,
            "message_id": self.mail.message_id,
            "references": self.mail.references,
            "may_acknowledge": self.may_acknowledge,
            "text": self.reply.new,
            "signature": self.reply.signature,
            "quoted": self.reply.quoted,
            "full_text": self.reply.full,
            "attachments": [asdict(attachment) for attachment in self.mail.attachments],
            "defects": self.mail.defects,
        }


def read(raw: bytes, own: Mailboxes, *, recipient: str = "", envelope_from: str | None = None) -> Reading:
    """Read one e-mail. Never raises.

    `recipient` is the mailbox that it was delivered to, when known; otherwise its headers say so. `envelope_from` is
    None when unknown and "" for the null return path.
    """
    mail = parse(raw)
    reply = split_reply(mail.text, subject=mail.subject, answers=bool(mail.references))
    if not mail.is_mail:
        return Reading(Outcome.QUARANTINED, _no_mail(raw), mail, reply)
    mailbox = own.find_for(mail, recipient)
    if mailbox is None:
        return Reading(Outcome.QUARANTINED, "it is for none of our mailboxes", mail, reply)
    sender = mail.sender or next(iter(addresses(envelope_from or "")), None)
    if sender is None and not mail.subject and not mail.text.strip():
        return Reading(Outcome.QUARANTINED, "it has no sender, no subject and no text", mail, reply, mailbox)
    candidate = Candidate(mail, reply.new, own, envelope_from)
    verdict = classify(candidate)
    outcome = Outcome.SUPPRESSED if verdict.kind in SUPPRESSED else Outcome.READ
    reason = f"{verdict.kind}: {verdict.reason} (rule {verdict.rule})"
    addressed = bool(recipient) or any(own.owns(person.email) for name in ("to", "cc") for person in mail.people(name))
    answer = may_acknowledge(candidate, verdict, addressed)
    return Reading(outcome, reason, mail, reply, mailbox, verdict, sender, answer)


def _no_mail(raw: bytes) -> str:
    if not raw.strip():
        return "it is empty"
    what = "it holds binary data" if b"\0" in raw[:4096] else "it has no e-mail headers"
    return f"not an e-mail: {what}"
