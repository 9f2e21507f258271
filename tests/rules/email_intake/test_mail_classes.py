"""What kind of mail it is: the table of classes, row by row."""

import pytest

from samples import TOKENS
from services.email_intake.rules import Outcome, read
from services.email_intake.rules.classify import TABLE
from services.email_intake.rules.mailboxes import Mailboxes

OWN = Mailboxes({"support@hypernode.example": "hypernode"}, TOKENS)


def mail(*headers, sender="Jan <jan@klant.example>", subject="hallo", text="Mijn site is stuk, kunt u helpen?"):
    head = ["To: support@hypernode.example", f"Subject: {subject}", *headers]
    return "\r\n".join([f"From: {sender}", *head] if sender else head).encode() + b"\r\n\r\n" + text.encode()


def report(kind, action, enclosed="message/delivery-status"):
    fields = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@b.example\nAction: {action}\nStatus: 5.1.1\n"
    )
    return mail(
        f"Content-Type: multipart/report; report-type={kind}; boundary=B",
        sender="MAILER-DAEMON@mx.example",
        subject="report",
        text=f"--B\n\nSee below\n--B\nContent-Type: {enclosed}\n\n{fields}\n--B--\n",
    )


EXAMPLES = [
    (mail("Message-ID: <hn-1042.5f0c@hypernode.example>"), 1, "own_loop"),
    (mail("X-Loop: scopedesk", sender="support@hypernode.example"), 1, "own_loop"),
    (report("disposition-notification", "x", "message/disposition-notification"), 2, "mdn"),
    (report("feedback-report", "x", "message/feedback-report"), 2, "arf"),
    (report("delivery-status", "delayed"), 2, "delayed"),
    (report("delivery-status", "relayed"), 2, "note"),
    (report("delivery-status", "failed"), 2, "bounce"),
    (report('"Delivery-Status"', "failed"), 2, "bounce"),
    (mail("X-Failed-Recipients: a@b.example"), 3, "bounce"),
    (mail("Return-Path: <>", subject="Undelivered Mail Returned to Sender"), 4, "bounce"),
    (mail(sender="Postmaster <postmaster@b.example>", subject="Onbestelbaar: uw bericht"), 4, "bounce"),
    (mail(sender="", subject="Unzustellbar: Hallo"), 4, "bounce"),
    (mail("Auto-Submitted: auto-replied (vacation)"), 5, "auto"),
    (mail("Auto-Submitted: AUTO-GENERATED; x=y"), 5, "auto"),
    (mail("X-Autoreply: yes"), 6, "auto"),
    (mail("Precedence: auto_reply"), 6, "auto"),
    (mail("List-Id: <news.b.example>"), 7, "list"),
    (mail("Precedence: list"), 7, "list"),
    (mail("Return-Path: <>"), 8, "auto"),
    (mail(subject="Automatisch antwoord: hallo"), 9, "auto"),
    (mail(subject="Out of Office"), 9, "auto"),
    (mail(subject="Abwesenheitsnotiz: hallo"), 9, "auto"),
    (mail("Precedence: bulk"), 10, "bulk"),
    (mail("List-Unsubscribe: <mailto:x@b.example>"), 10, "bulk"),
    (mail(text="Dit is een automatisch gegenereerd bericht. Uw aanvraag is ontvangen."), 11, "auto"),
    (mail(sender="no-reply@b.example"), 12, "noreply"),
    (mail(), 13, "human"),
]


@pytest.mark.parametrize(("raw", "rule", "kind"), EXAMPLES, ids=[f"{rule}-{kind}" for _, rule, kind in EXAMPLES])
def test_the_first_row_that_holds_decides(raw, rule, kind):
    verdict = read(raw, OWN).verdict
    assert (verdict.rule, verdict.kind) == (rule, kind)
    assert verdict.reason


def test_every_row_of_the_table_has_an_example_and_the_rows_are_in_order():
    numbers = [row.number for row in TABLE]
    assert numbers == sorted(numbers)
    assert {(rule, kind) for _, rule, kind in EXAMPLES} == {(row.number, row.kind) for row in TABLE}


@pytest.mark.parametrize(
    "raw",
    [
        mail("Auto-Submitted: no"),
        mail("X-Auto-Response-Suppress: All"),
        mail("Message-ID: <abc@hypernode.example>", sender="collega@hypernode.example"),
        mail(sender="support@hypernode.example"),
        mail(subject="Out of office werkt niet in webmail"),
        mail(subject="Re: Automatisch antwoord: hallo"),
        mail(subject="Mails come back: undeliverable"),
        mail(text="Klanten krijgen: dit is een automatisch bericht. Hoe zet ik dat uit?"),
        mail(text="I am out of the office tomorrow, can you fix it today?"),
        mail("Delivered-To: jan@autorespond.example"),
    ],
)
def test_people_who_write_about_automatic_mail_are_people(raw):
    assert read(raw, OWN).verdict.kind == "human"


def test_list_bulk_and_no_reply_mail_is_read_but_never_answered():
    for raw in (mail("List-Id: <a.b>"), mail("Precedence: bulk"), mail(sender="noreply@b.example")):
        reading = read(raw, OWN)
        assert reading.outcome is Outcome.READ
        assert not reading.may_acknowledge


def test_the_envelope_tells_the_null_return_path_better_than_a_header():
    assert read(mail(), OWN, envelope_from="").verdict.kind == "auto"
    assert read(mail("Return-Path: <>"), OWN, envelope_from="jan@klant.example").verdict.kind == "human"


@pytest.mark.parametrize(
    ("raw", "recipient", "answered"),
    [
        (mail(), "", True),
        (mail("X-Auto-Response-Suppress: DR, OOF, AutoReply"), "", False),
        (mail(sender="support@hypernode.example"), "", False),
        (mail().replace(b"To: ", b"Delivered-To: "), "", False),
        (mail().replace(b"To: ", b"Delivered-To: "), "support@hypernode.example", True),
    ],
)
def test_only_people_who_wrote_to_us_get_an_automatic_answer(raw, recipient, answered):
    assert read(raw, OWN, recipient=recipient).may_acknowledge is answered
