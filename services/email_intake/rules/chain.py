"""The chain that every e-mail goes through: one numbered table of small rules, each of which records what it decided.

A rule looks at the mail and at what the rules before it decided; it answers in a few words what it decides and why, or
None when it has nothing to say. No rule loses a mail: what becomes of it is decided from the notes at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.email_intake.rules.authentication import Authenticated, authenticate
from services.email_intake.rules.classify import DAEMON, SUPPRESSED, Candidate, Kind, Verdict, classify
from services.email_intake.rules.courtesy import is_courtesy
from services.email_intake.rules.headers import Address, addresses
from services.email_intake.rules.mailboxes import Mailbox
from services.email_intake.rules.reply import Reply, forwarded_sender
from shared.reply_tokens import OwnLetter
from shared.vocabulary import Authentication

_MAX_RETURNED_TEXT = 200_000
_SPAM_SCORE = re.compile(r"\byes\b|\btrue\b", re.IGNORECASE)
_SPAM_HEADERS = ("x-spam-flag", "x-spam-status", "x-spam")


@dataclass(frozen=True, slots=True)
class Decided:
    """What a rule decided, and why. Reasons name no person: they stand in lists and logs."""

    number: int
    rule: str
    decided: str
    why: str


@dataclass(frozen=True, slots=True)
class Bounced:
    """A letter of ours that did not arrive, and whether it never will; `status` as RFC 3463 numbers it."""

    letter: OwnLetter
    permanent: bool
    status: str


@dataclass(slots=True)
class Notes:
    """What the rules have decided so far."""

    sender: Address | None = None
    authenticated: Authenticated = field(default=Authenticated(Authentication.NONE, None, "not looked at"))
    forwarded_by: str | None = None
    is_spam: bool = False
    verdict: Verdict | None = None
    bounced: Bounced | None = None
    is_courtesy: bool = False
    may_acknowledge: bool = False
    warnings: list[str] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        """The class; a person until a rule says otherwise."""
        return self.verdict.kind if self.verdict else Kind.HUMAN


@dataclass(frozen=True, slots=True)
class Case:
    """What every rule may look at."""

    candidate: Candidate
    reply: Reply
    mailbox: Mailbox | None
    addressed: bool
    """Whether the mail was really sent to one of our mailboxes, by its envelope or by To or Cc."""


Answer = tuple[str, str] | None


def _sender(case: Case, notes: Notes) -> Answer:
    mail, envelope = case.candidate.mail, case.candidate.envelope_from
    notes.sender = mail.sender or next(iter(addresses(envelope or "")), None)
    if len(mail.headers.get("from", ())) > 1:
        notes.warnings.append("several From headers")
    replies = mail.people("reply-to")
    if notes.sender and replies and notes.sender.email in case.candidate.own.forms:
        notes.sender = replies[0]
        return "Reply-To", "the sender is a contact form"
    if notes.sender and any(person.domain != notes.sender.domain for person in replies):
        notes.warnings.append("answers are asked to another domain than the sender's (Reply-To)")
    if mail.sender:
        return ("From" if mail.people("from") else "Sender"), "the header names an address"
    return ("the envelope", "no header names anybody") if notes.sender else ("nobody", "nothing names anybody")


def _authentication(case: Case, notes: Notes) -> Answer:
    notes.authenticated = found = authenticate(case.candidate.mail, case.candidate.own.authserv_ids)
    if notes.sender and case.candidate.mail.sender and notes.sender != case.candidate.mail.sender:
        notes.authenticated = found = Authenticated(Authentication.NONE, None, "a form says who it is")
    if found.result is Authentication.FAIL:
        notes.warnings.append(f"the sender is not who From says: {found.reason}")
    return str(found.result), found.reason


def _reply_token(case: Case, notes: Notes) -> Answer:
    if case.mailbox and case.mailbox.reply_token:
        return case.mailbox.reply_token, "it was sent to a reply address that we signed"
    if case.mailbox and case.mailbox.forged_token:
        notes.warnings.append("the reply address is none that we signed")
        return "forged", "the reply address is none that we signed"
    return None


def _class(case: Case, notes: Notes) -> Answer:
    found = classify(case.candidate)
    if case.mailbox and case.mailbox.returned and found.kind not in SUPPRESSED:
        found = Verdict(Kind.AUTO, 8, "return path of a letter", "only machines write where letters come back")
    notes.verdict = found
    return str(found.kind), f"{found.reason} (row {found.rule}, {found.name})"


def _bounce(case: Case, notes: Notes) -> Answer:
    tokens = case.candidate.own.tokens
    if notes.kind not in {Kind.BOUNCE, Kind.DELAYED} or tokens is None:
        return None
    mail = case.candidate.mail
    letters = (
        case.mailbox.returned if case.mailbox else None,
        *map(tokens.letter_of, mail.returned_ids),
        *tokens.letters_in(mail.text[:_MAX_RETURNED_TEXT]),
        *map(tokens.letter_of, mail.references),
    )
    letter = next(filter(None, letters), None)
    if letter is None:
        return "no letter of ours", "it returns no Message-ID that we signed"
    status = next((value.split()[0] for name, value in mail.report_fields if name == "status" and value.strip()), "")
    permanent = notes.kind is Kind.BOUNCE and not status.startswith("4")
    notes.bounced = Bounced(letter, permanent, status[:20] if re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", status) else "")
    return letter.ticket_id, f"{'for good' if permanent else 'for now'}, status {notes.bounced.status or 'unknown'}"


def _forwarded(case: Case, notes: Notes) -> Answer:
    agent = notes.sender
    if agent is None or agent.email not in case.candidate.own.agents or notes.kind is not Kind.HUMAN:
        return None
    mail, own = case.candidate.mail, case.candidate.own
    enclosed = mail.enclosed.sender if mail.enclosed else None
    original = forwarded_sender(mail.text, mail.subject) or enclosed
    if original is None:
        return None
    if own.owns(original.email) or original.email in own.agents:
        return "the agent asks", "the mail that is forwarded is one of ours"
    if notes.authenticated.result is not Authentication.PASS:
        notes.warnings.append("a forward in an agent's name, who is not authenticated: it is taken for his own mail")
        return "not believed", "the agent who forwards it is not authenticated"
    notes.sender, notes.forwarded_by = original, agent.email
    notes.authenticated = Authenticated(Authentication.NONE, None, "forwarded: nobody vouches for the original sender")
    return "the original sender asks", "an agent forwarded the mail"


def _spam(case: Case, notes: Notes) -> Answer:
    for name in _SPAM_HEADERS:
        if _SPAM_SCORE.match(case.candidate.header(name).strip()):
            notes.is_spam = True
            notes.warnings.append(f"marked as spam ({name})")
            return "marked as spam", name
    return None


def _protected(case: Case, notes: Notes) -> Answer:
    around = case.candidate.mail.wrapped
    if not around:
        return None
    if any(one.startswith("encrypted") for one in around):
        notes.warnings.append("encrypted: nobody here can read it before it is decrypted")
    return ", ".join(around), "the parts say so; signatures are not verified"


def _calendar(case: Case, notes: Notes) -> Answer:
    entry = case.candidate.mail.calendar
    if entry is None:
        return None
    if entry.method in {"REPLY", "CANCEL", "COUNTER"}:
        notes.warnings.append(f"an answer to a calendar invitation ({entry.method})")
    return entry.method, "a calendar entry came along"


def _files(case: Case, notes: Notes) -> Answer:
    files = case.candidate.mail.attachments
    for file in files:
        if file.held:
            notes.warnings.append(f"an attachment is held: {file.held}")
    held = sum(file.held is not None for file in files)
    return (f"{len(files)} attached, {held} held", "by their content and names") if files else None


def _courtesy(case: Case, notes: Notes) -> Answer:
    mail = case.candidate.mail
    if notes.kind is not Kind.HUMAN or notes.forwarded_by or mail.attachments or mail.calendar:
        return None
    answers = bool(mail.references) or bool(case.mailbox and case.mailbox.reply_token) or "[" in mail.subject
    notes.is_courtesy = answers and is_courtesy(case.reply.new)
    return ("a closing courtesy", "it only says thanks") if notes.is_courtesy else None


def _acknowledgement(case: Case, notes: Notes) -> Answer:
    refusal = _no_acknowledgement(case, notes)
    notes.may_acknowledge = refusal is None
    return ("no", refusal) if refusal else ("allowed", "a person wrote to us")


def _no_acknowledgement(case: Case, notes: Notes) -> str | None:
    """Why no automatic answer may go out; how often one may is the business of whoever writes letters."""
    sender, entry = notes.sender, case.candidate.mail.calendar
    wishes = re.split(r"[\s,]+", case.candidate.header("x-auto-response-suppress"))
    reasons = (
        (notes.kind is not Kind.HUMAN, f"its class is {notes.kind}"),
        (sender is None or case.candidate.mail.sender is None, "nobody is named who could read it"),
        (not case.addressed, "it was not sent to us"),
        (notes.authenticated.result is Authentication.FAIL, "it would go to the one whose name was forged"),
        (notes.is_spam, "it is marked as spam"),
        (bool({"all", "autoreply", "oof"} & set(wishes)), "the sender asks for none (X-Auto-Response-Suppress)"),
        (bool(sender and case.candidate.own.owns(sender.email)), "it would go to ourselves"),
        (bool(sender and DAEMON.match(sender.local)), "it would go to a mail daemon"),
        (bool(entry and entry.method in {"REPLY", "CANCEL"}), "a calendar wrote it"),
        (notes.is_courtesy, "it only says thanks"),
    )
    return next((reason for applies, reason in reasons if applies), None)


class Rule(NamedTuple):
    """A rule of the chain."""

    number: int
    name: str
    decide: Callable[[Case, Notes], Answer]


CHAIN: tuple[Rule, ...] = (
    Rule(10, "sender", _sender),
    Rule(20, "authentication", _authentication),
    Rule(30, "reply token", _reply_token),
    Rule(40, "class", _class),  # the table in classify.py
    Rule(50, "returned letter", _bounce),
    Rule(60, "forwarded by an agent", _forwarded),
    Rule(70, "spam mark", _spam),
    Rule(80, "protected", _protected),
    Rule(90, "calendar", _calendar),
    Rule(100, "attachments", _files),
    Rule(110, "closing courtesy", _courtesy),
    Rule(120, "acknowledgement", _acknowledgement),
)
"""Order is meaning: a rule may rely on what stands above it."""


def go_through(case: Case) -> Notes:
    """Let every rule decide, and keep what each one said."""
    notes = Notes()
    for rule in CHAIN:
        answer = rule.decide(case, notes)
        if answer:
            notes.decided.append(Decided(rule.number, rule.name, *answer))
    return notes


def opens_no_ticket(notes: Notes) -> bool:
    """Whether nobody has to do anything about this mail as a request."""
    return notes.kind in SUPPRESSED
