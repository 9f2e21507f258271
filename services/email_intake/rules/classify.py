"""What kind of mail it is: one numbered table, first match wins, and every verdict says what it saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from services.email_intake.rules.mailboxes import Mailboxes
from services.email_intake.rules.message import ParsedEmail


class Kind(StrEnum):
    """The classes of mail."""

    OWN_LOOP = "own-loop"
    MDN = "read-receipt"
    ARF = "abuse-report"
    DELAYED = "delayed"
    BOUNCE = "bounce"
    NOTE = "delivery-note"
    AUTO = "automatic"
    LIST = "list"
    BULK = "bulk"
    NO_REPLY = "no-reply"
    HUMAN = "human"


SUPPRESSED = frozenset({Kind.OWN_LOOP, Kind.MDN, Kind.ARF, Kind.DELAYED, Kind.BOUNCE, Kind.NOTE, Kind.AUTO})
"""Kinds that open no ticket. List, bulk and no-reply mail is read by people, but nobody is answered."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the table looks at. `envelope_from` is None when unknown and "" for the null return path."""

    mail: ParsedEmail
    new_text: str
    own: Mailboxes
    envelope_from: str | None = None

    def header(self, name: str) -> str:
        """A header in lower case."""
        return self.mail.header(name).lower()

    @property
    def sender_local(self) -> str:
        """What stands before the @ of the sender; empty when there is no sender."""
        return self.mail.sender.local if self.mail.sender else ""

    @property
    def has_null_return_path(self) -> bool:
        """Whether the mail asks for no bounce (RFC 5321, 4.5.5): by its envelope, else as its Return-Path says."""
        if self.envelope_from is not None:
            return not self.envelope_from.strip("<> ")
        return any(value.strip() == "<>" for value in self.mail.headers.get("return-path", ()))

    def report_says(self, *actions: str) -> bool:
        """Whether an enclosed delivery report has one of these actions (RFC 3464, 2.3.3)."""
        return any(
            name == "action" and value.lower().split(" ")[0] in actions for name, value in self.mail.report_fields
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of a mail, the number of the row that decided, and what it saw."""

    kind: Kind
    rule: int
    reason: str


_OWN_LETTER = re.compile(r"<[a-z]{2,6}-\d{1,12}\.[^@>]+@([^>]+)>", re.IGNORECASE)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver(?:ed|able)|delivery (?:status notification|fail|has failed|problem|report)"
    r"|mail delivery (?:fail|problem)"
    r"|returned mail|return(?:ed|ing) (?:to|message to) sender|failure notice|could not be delivered|mail system error"
    r"|onbestelbaar|niet (?:bezorgd|afgeleverd)|(?:bezorging|aflevering) (?:is )?mislukt"
    r"|niet worden (?:bezorgd|afgeleverd)"
    r"|unzustellbar|nicht zugestellt|zustellung fehlgeschlagen|übermittlungsstatus"
    r"|non remis|échec de (?:la )?(?:remise|distribution)|non distribuable",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"^(?:mailer-?daemon|postmaster|mail-?daemon|double-bounce|mdaemon)(?:[+.-]|$)")
_NO_REPLY = re.compile(
    r"^(?:no|do-?not|geen|niet)[-_.]?(?:reply|replies|answer|antwoord|beantwoorden)|^keine[-_.]?antwort"
)
_AUTO_HEADERS = (
    "x-autoreply", "x-autorespond", "x-auto-reply", "x-autoreply-from", "x-mail-autoreply", "x-autoresponder",
)  # fmt: skip
_AUTO_SUBJECT = re.compile(
    r"^(?:\[?(?:automatisch(?:e)? (?:antwoord|beantwoording)|automatic reply|auto(?:matic)?[- ]?(?:reply|response)"
    r"|autoreply"
    r"|out of (?:the )?office(?: (?:auto ?)?reply)?|afwezig(?:heid)?(?:s ?(?:bericht|melding|assistent))?|niet aanwezig"
    r"|abwesenheits(?:notiz|nachricht|assistent)|abwesend|automatische antwort|réponse automatique"
    r"|respuesta automática|risposta automatica|ticket received|ticket ontvangen)\]?)\s*(?:[:\[]|-\s|$)",
    re.IGNORECASE,
)
_AUTO_BODY = re.compile(
    r"^\W*(?:this is an? (?:automat(?:ed|ic(?:ally generated)?)|auto-?generated) (?:reply|response|message|e-?mail)"
    r"|dit is een automatisch(?: gegenereerd)?e? (?:antwoord|bericht|e-?mail)"
    r"|dies(?:e|es)? ist eine automatisch(?: generierte)? (?:antwort|nachricht|e-?mail)"
    r"|thank you for your (?:e-?mail|message)\W+(?:i am|i'm) (?:currently )?"
    r"(?:out of (?:the )?office|on (?:leave|holiday))"
    r"|bedankt voor (?:uw|je) (?:e-?mail|bericht)\W+(?:i[nk]) ben (?:momenteel )?"
    r"(?:afwezig|niet aanwezig|met vakantie))",
    re.IGNORECASE | re.MULTILINE,
)
_BODY_START = 1_500
_SHORT = 500


def _own_loop(it: Candidate) -> str | None:
    own_id = _OWN_LETTER.fullmatch(it.mail.message_id or "")
    if own_id and it.own.owns_domain(own_id[1].lower()):
        return "it carries the Message-ID of a letter of ours"
    if it.mail.sender and it.own.owns(it.mail.sender.email) and it.header("x-loop"):
        return "it comes from our own address and carries X-Loop"
    return None


def _report(it: Candidate, *kinds: str) -> bool:
    return it.mail.content_type == "multipart/report" and it.mail.report_type in kinds


def _read_receipt(it: Candidate) -> str | None:
    return "a read receipt (RFC 8098)" if _report(it, "disposition-notification") else None


def _abuse_report(it: Candidate) -> str | None:
    return "a feedback report (RFC 5965)" if _report(it, "feedback-report") else None


def _is_delivery_report(it: Candidate) -> bool:
    return _report(it, "delivery-status", "") or it.mail.content_type == "message/delivery-status"


def _delayed(it: Candidate) -> str | None:
    other = it.report_says("failed", "delivered", "relayed", "expanded")
    return "a report of late delivery" if _is_delivery_report(it) and it.report_says("delayed") and not other else None


def _delivery_note(it: Candidate) -> str | None:
    fine = it.report_says("delivered", "relayed", "expanded") and not it.report_says("failed")
    return "a report of delivery" if _is_delivery_report(it) and fine else None


def _failed_report(it: Candidate) -> str | None:
    return "a report of failed delivery (RFC 3464)" if _is_delivery_report(it) else None


def _failed_recipients(it: Candidate) -> str | None:
    return "X-Failed-Recipients" if it.header("x-failed-recipients") else None


def _bounce_by_subject(it: Candidate) -> str | None:
    if not _BOUNCE_SUBJECT.search(it.mail.subject):
        return None
    if it.has_null_return_path:
        return "a null return path and the subject of a bounce"
    if _DAEMON.match(it.sender_local):
        return "a mail daemon wrote it, with the subject of a bounce"
    return None if it.mail.sender else "no sender, and the subject of a bounce"


def _auto_submitted(it: Candidate) -> str | None:
    value = re.split(r"[;(\s]", it.header("auto-submitted").strip())[0]
    return f"Auto-Submitted: {value[:40]} (RFC 3834)" if value and value != "no" else None


def _auto_header(it: Candidate) -> str | None:
    for name in _AUTO_HEADERS:
        if it.header(name) not in {"", "no", "false"}:
            return name
    if it.header("x-fc-machinegenerated") == "true":
        return "x-fc-machinegenerated"
    for name in ("x-post-messageclass", "delivered-to"):
        if "autoresponder" in it.header(name):
            return f"{name} names an autoresponder"
    return "Precedence: auto_reply" if it.header("precedence") == "auto_reply" else None


def _mailing_list(it: Candidate) -> str | None:
    if it.header("list-id"):
        return "List-Id"
    if it.header("list-post") and it.header("list-unsubscribe"):
        return "List-Post and List-Unsubscribe"
    return "Precedence: list" if it.header("precedence") == "list" else None


def _null_return_path(it: Candidate) -> str | None:
    return "a null return path" if it.has_null_return_path else None


def _auto_by_subject(it: Candidate) -> str | None:
    return "the subject of an automatic answer" if _AUTO_SUBJECT.match(it.mail.subject) else None


def _bulk(it: Candidate) -> str | None:
    if it.header("precedence") in {"bulk", "junk"}:
        return f"Precedence: {it.header('precedence')}"
    return "List-Unsubscribe" if it.header("list-unsubscribe") else None


def _auto_by_text(it: Candidate) -> str | None:
    if not _AUTO_BODY.search(it.new_text[:_BODY_START]):
        return None
    # People quote such sentences when they ask about them; an automatic mail asks nothing.
    brief = len(it.new_text) < _SHORT and "?" not in it.new_text
    return "it calls itself automatic" if brief or _NO_REPLY.match(it.sender_local) else None


def _no_reply(it: Candidate) -> str | None:
    return "a no-reply address" if _NO_REPLY.match(it.sender_local) else None


def _human(_: Candidate) -> str:
    return "nothing says that a machine wrote it"


TABLE: tuple[tuple[int, Kind, Callable[[Candidate], str | None]], ...] = (
    (1, Kind.OWN_LOOP, _own_loop),
    (2, Kind.MDN, _read_receipt),
    (2, Kind.ARF, _abuse_report),
    (2, Kind.DELAYED, _delayed),
    (2, Kind.NOTE, _delivery_note),
    (2, Kind.BOUNCE, _failed_report),
    (3, Kind.BOUNCE, _failed_recipients),
    (4, Kind.BOUNCE, _bounce_by_subject),
    (5, Kind.AUTO, _auto_submitted),
    (6, Kind.AUTO, _auto_header),
    (7, Kind.LIST, _mailing_list),
    (8, Kind.AUTO, _null_return_path),
    (9, Kind.AUTO, _auto_by_subject),
    (10, Kind.BULK, _bulk),
    (11, Kind.AUTO, _auto_by_text),
    (12, Kind.NO_REPLY, _no_reply),
    (13, Kind.HUMAN, _human),
)
"""Order is meaning: number, kind, test. A test answers what it saw, or None.

X-Auto-Response-Suppress is no row: Exchange puts it on people's mail. It only asks for no automatic answer.
"""


def classify(candidate: Candidate) -> Verdict:
    """The first row that holds."""
    for number, kind, test in TABLE:
        reason = test(candidate)
        if reason:
            return Verdict(kind, number, reason)
    raise AssertionError("the last row of the table always holds")


def may_acknowledge(candidate: Candidate, verdict: Verdict, mailbox_addressed: bool) -> bool:
    """Whether an automatic answer may go to the sender.

    Only to people, whose mail was really addressed to us, and who did not ask for no automatic answers. How often is
    the business of whoever writes letters.
    """
    sender = candidate.mail.sender
    if verdict.kind is not Kind.HUMAN or sender is None or not mailbox_addressed:
        return False
    wishes = re.split(r"[\s,]+", candidate.header("x-auto-response-suppress"))
    if {"all", "autoreply", "oof"} & set(wishes):
        return False
    return not candidate.own.owns(sender.email) and not _DAEMON.match(sender.local)
