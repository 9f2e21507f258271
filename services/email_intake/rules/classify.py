"""What kind of mail it is: one numbered table, first match wins, and every verdict says what it saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.email_intake.rules.mailboxes import Mailboxes
from services.email_intake.rules.message import ParsedEmail


class Kind(StrEnum):
    """The classes of mail: the words that `scopedesk parse-mail` prints."""

    OWN_LOOP = "own_loop"
    MDN = "mdn"
    ARF = "arf"
    DELAYED = "delayed"
    BOUNCE = "bounce"
    NOTE = "note"
    AUTO = "auto"
    LIST = "list"
    BULK = "bulk"
    NO_REPLY = "noreply"
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
    """The kind of a mail, the number and name of the row that decided, and what it saw."""

    kind: Kind
    rule: int
    name: str
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
DAEMON = re.compile(r"^(?:mailer-?daemon|postmaster|mail-?daemon|double-bounce|mdaemon)(?:[+.-]|$)")
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
    if it.own.tokens and any(map(it.own.tokens.is_loop_mark, it.mail.headers.get("x-loop", ()))):
        return "it carries an X-Loop that we signed"
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
    if DAEMON.match(it.sender_local):
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


class Row(NamedTuple):
    """A row of the table: a test answers what it saw, or None."""

    number: int
    name: str
    kind: Kind
    test: Callable[[Candidate], str | None]


TABLE: tuple[Row, ...] = (
    Row(1, "our own letter", Kind.OWN_LOOP, _own_loop),
    Row(2, "read receipt", Kind.MDN, _read_receipt),
    Row(2, "abuse report", Kind.ARF, _abuse_report),
    Row(2, "late delivery", Kind.DELAYED, _delayed),
    Row(2, "delivery note", Kind.NOTE, _delivery_note),
    Row(2, "failed delivery", Kind.BOUNCE, _failed_report),
    Row(3, "failed recipients", Kind.BOUNCE, _failed_recipients),
    Row(4, "subject of a bounce", Kind.BOUNCE, _bounce_by_subject),
    Row(5, "Auto-Submitted", Kind.AUTO, _auto_submitted),
    Row(6, "headers of auto-responders", Kind.AUTO, _auto_header),
    Row(7, "mailing list", Kind.LIST, _mailing_list),
    Row(8, "null return path", Kind.AUTO, _null_return_path),
    Row(9, "subject of an auto-responder", Kind.AUTO, _auto_by_subject),
    Row(10, "bulk", Kind.BULK, _bulk),
    Row(11, "text of an auto-responder", Kind.AUTO, _auto_by_text),
    Row(12, "no-reply address", Kind.NO_REPLY, _no_reply),
    Row(13, "a person", Kind.HUMAN, _human),
)
"""Order is meaning.

X-Auto-Response-Suppress is no row: Exchange puts it on people's mail. It only asks for no automatic answer.
"""


def classify(candidate: Candidate) -> Verdict:
    """The first row that holds."""
    for row in TABLE:
        reason = row.test(candidate)
        if reason:
            return Verdict(row.kind, row.number, row.name, reason)
    raise AssertionError("the last row of the table always holds")
