"""What an authenticated agent forwards is a request of whoever wrote it; a forward of anybody else is his own mail."""

import pytest

from samples import TOKENS
from services.email_intake.rules import read
from services.email_intake.rules.mailboxes import Mailboxes

US, PIETER = "support@hypernode.example", "pieter@hypernode.example"
OWN = Mailboxes(
    {US: "hypernode"}, TOKENS, authserv_ids=frozenset({"mx.hypernode.example"}), agents=frozenset({PIETER, "kim@x.nl"})
)
PASSED = "Authentication-Results: mx.hypernode.example; dmarc=pass header.from=hypernode.example"
FAILED = PASSED.replace("pass", "fail")
ANNA = "Anna Bloem <anna@bloemen.example>"
MARK = "---------- Forwarded message ---------"
WORDS = "Goedemiddag,\n\nOnze winkel is sinds vanochtend traag."

FORMS = {
    "Gmail": f"---------- Forwarded message ---------\nFrom: {ANNA}\nDate: Mon, Nov 23, 2026 at 10:12 AM\n"
    f"Subject: Traag\nTo: <{PIETER}>\n\n\n{WORDS}",
    "Gmail, Dutch": f"---------- Forwarded message ---------\nVan: {ANNA}\nDate: ma 23 nov 2026 om 10:12\n"
    f"Subject: Traag\nTo: <{PIETER}>\n\n\n{WORDS}",
    "Gmail of today, Dutch": f"---------- Doorgestuurd bericht ---------\nVan: *Anna Bloem* <anna@bloemen.example>\n"
    f"Datum: ma 23 nov 2026 om 10:12\nOnderwerp: Traag\nAan: <{PIETER}>\n\n\n{WORDS}",
    "Outlook": f"From: {ANNA}\nSent: Monday, November 23, 2026 10:12 AM\nTo: Pieter <{PIETER}>\n"
    f"Subject: Traag\n\n{WORDS}",
    "Outlook, Dutch": f"Van: {ANNA}\nVerzonden: maandag 23 november 2026 10:12\nAan: Pieter <{PIETER}>\n"
    f"Onderwerp: Traag\n\n{WORDS}",
    "Outlook of old": "-----Original Message-----\nFrom: Anna Bloem [mailto:anna@bloemen.example]\n"
    f"Sent: maandag 23 november 2026 10:12\nTo: Pieter\nSubject: Traag\n\n{WORDS}",
    "Outlook of old, Dutch": "-----Oorspronkelijk bericht-----\nVan: Anna Bloem [mailto:anna@bloemen.example]\n"
    f"Verzonden: maandag 23 november 2026 10:12\nAan: Pieter\nOnderwerp: Traag\n\n{WORDS}",
    "Outlook on the web": f"________________________________\nVan: {ANNA}\nVerzonden: maandag 23 november 2026 10:12\n"
    f"Aan: Pieter <{PIETER}>\nOnderwerp: Traag\n\n{WORDS}",
    "Apple": f"Begin forwarded message:\n\n> From: {ANNA}\n> Subject: Traag\n> Date: 23 November 2026 at 10:12:00 CET\n"
    f"> To: Pieter <{PIETER}>\n> \n> {WORDS}",
    "Apple, Dutch": f"Begin doorgestuurd bericht:\n\n> Van: {ANNA}\n> Onderwerp: Traag\n"
    f"> Datum: 23 november 2026 om 10:12:00 CET\n> Aan: Pieter <{PIETER}>\n> \n> {WORDS}",
    "Apple, bold": f"Begin forwarded message:\n\n*From: *{ANNA}\n*Subject: **Traag*\n*Date: *23 November 2026\n\n"
    f"{WORDS}",
    "Thunderbird": f"-------- Forwarded Message --------\nSubject: \tTraag\nDate: \tMon, 23 Nov 2026 10:12:00 +0100\n"
    f"From: \t{ANNA}\nTo: \tPieter <{PIETER}>\n\n\n\n{WORDS}",
    "Thunderbird, Dutch": "-------- Doorgestuurd bericht --------\nOnderwerp: \tTraag\n"
    f"Datum: \tMon, 23 Nov 2026 10:12:00 +0100\nVan: \t{ANNA}\nAan: \tPieter <{PIETER}>\n\n\n\n{WORDS}",
}


def mail(text, *headers, sender=f"Pieter <{PIETER}>", subject="Fwd: Traag", kind="text/plain; charset=utf-8"):
    head = [f"From: {sender}", f"To: {US}", f"Subject: {subject}", f"Content-Type: {kind}", *headers]
    return ("\n".join(head) + "\n\n" + text).replace("\n", "\r\n").encode()


def enclosing(*, note="Kun jij hiernaar kijken?", original=ANNA, inside=WORDS, kind="text/plain", more="", **options):
    """A forward as an attachment."""
    enclosed = f"From: {original}\nTo: {PIETER}\nSubject: Traag\nContent-Type: {kind}\n\n{inside}"
    body = f"--B\nContent-Type: text/plain\n\n{note}\n--B\nContent-Type: message/rfc822\n\n{enclosed}\n{more}--B--\n"
    return mail(body, *options.pop("headers", (PASSED,)), kind="multipart/mixed; boundary=B", **options)


@pytest.mark.parametrize("note", ["", "Kun jij hiernaar kijken?\n\n", "Hi all,\n\nSee below.\n\nRegards, Pieter\n\n"])
@pytest.mark.parametrize("form", FORMS)
def test_an_agents_forward_is_a_request_of_whoever_wrote_it_by_whatever_program(form, note):
    reading = read(mail(note + FORMS[form], PASSED), OWN)
    assert (reading.sender.email, reading.notes.forwarded_by) == ("anna@bloemen.example", PIETER)
    assert reading.sender.name == "Anna Bloem"
    assert reading.reply.is_forward
    assert "Onze winkel is sinds vanochtend traag." in reading.reply.new
    assert str(reading.notes.authenticated.result) == "none"


@pytest.mark.parametrize("subject", ["Fwd: Traag", "FW: Traag", "Doorst: Traag", "Traag"])
def test_an_agents_forward_as_an_attachment_is_a_request_of_whoever_wrote_that_mail(subject):
    reading = read(enclosing(subject=subject), OWN)
    assert (reading.sender.email, reading.notes.forwarded_by) == ("anna@bloemen.example", PIETER)
    assert reading.reply.new.startswith(
        "Kun jij hiernaar kijken?\n\n---------- Forwarded message ---------\nFrom: Anna"
    )
    assert reading.reply.new.endswith("Onze winkel is sinds vanochtend traag.")
    assert reading.reply.is_forward
    assert [file.name for file in reading.mail.attachments] == ["Traag.eml"]


def test_an_agent_who_forwards_a_file_without_a_word_passes_on_its_text():
    reading = read(enclosing(note=""), OWN)
    assert reading.reply.new.startswith(
        "---------- Forwarded message ---------\nFrom: Anna Bloem <anna@bloemen.example>"
    )


@pytest.mark.parametrize(
    ("headers", "sender"),
    [((), PIETER), ((FAILED,), PIETER), ((PASSED.replace("hypernode.example;", "evil.example;"),), PIETER),
     ((PASSED.replace("from=hypernode", "from=klant"),), "jan@klant.example")],
    ids=["nobody vouches for him", "forged", "another server vouches", "no agent"],
)  # fmt: skip
def test_a_forward_of_anybody_else_is_his_own_mail(headers, sender):
    for raw in (mail(FORMS["Gmail"], *headers, sender=sender), enclosing(headers=headers, sender=sender)):
        reading = read(raw, OWN)
        assert (reading.sender.email, reading.notes.forwarded_by) == (sender, None)


def test_an_agent_whom_nobody_vouches_for_is_told():
    reading = read(mail(FORMS["Gmail"]), OWN)
    assert any("agent" in warning for warning in reading.warnings)


@pytest.mark.parametrize("original", [f"Support <{US}>", "Kim <kim@x.nl>", "support+hn-1.abc@hypernode.example"])
def test_a_mail_of_ours_that_an_agent_forwards_is_his_own_request(original):
    assert read(enclosing(original=original), OWN).sender.email == PIETER
    assert read(mail(FORMS["Outlook"].replace(ANNA, original), PASSED), OWN).sender.email == PIETER


def test_a_reply_of_an_agent_that_quotes_a_customer_is_no_forward():
    quoted = f"Dat klopt.\n\nOp ma 23 nov 2026 om 10:12 schreef {ANNA}:\n\n> {WORDS}"
    reading = read(mail(quoted, PASSED, subject="Re: Traag"), OWN)
    assert (reading.sender.email, reading.reply.is_forward) == (PIETER, False)


def test_a_file_in_a_forwarded_mail_is_looked_at_too():
    program = "--C\nContent-Type: application/octet-stream; name=a.exe\n\nMZ\n--C--"
    reading = read(enclosing(kind="multipart/mixed; boundary=C", inside=program), OWN)
    assert "in the mail: its content can run" in reading.mail.attachments[0].held


def test_mails_in_mails_are_held_where_nobody_looks_any_deeper():
    inside = WORDS
    for _ in range(5):
        inside = f"Content-Type: message/rfc822\n\nFrom: {ANNA}\nSubject: again\n{inside}"
    raw = mail("", PASSED).partition(b"Content-Type")[0] + inside.replace("\n", "\r\n").encode()
    [file] = read(raw, OWN).mail.attachments
    assert "more of them than are looked into" in file.held
