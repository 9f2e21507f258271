"""The chain of rules: what each decides, and what it says of it."""

import io
import struct
import zipfile
from base64 import b64encode
from uuid import UUID

import pytest

from samples import TOKENS
from services.email_intake.rules import read
from services.email_intake.rules.chain import CHAIN
from services.email_intake.rules.courtesy import is_courtesy
from services.email_intake.rules.mailboxes import Mailboxes
from shared.reply_tokens import ReplyTokens

US = "support@hypernode.example"
OWN = Mailboxes(
    {US: "hypernode"},
    TOKENS,
    authserv_ids=frozenset({"mx.hypernode.example"}),
    agents=frozenset({"pieter@hypernode.example"}),
    forms=frozenset({"form@shop.example"}),
)
OTHERS = ReplyTokens(b"a secret of somebody else")
LETTER = UUID("0b5a4b0e-6a3f-4f4e-8f0b-8d8f3f1f2a10")
OURS = TOKENS.message_id("HN-1042", LETTER, "hypernode.example")
FORGED_RESULTS = "Authentication-Results: mx.hypernode.example; dmarc=fail header.from=klant.example"


def mail(*headers, sender="Jan <jan@klant.example>", to=US, subject="hallo", text="Mijn site is stuk, kunt u helpen?"):
    head = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + (text if isinstance(text, bytes) else text.encode())


def parts(*inside, subtype="mixed", headers=(), **fields):
    body = b"".join(b"--B\r\n" + part + b"\r\n" for part in inside) + b"--B--\r\n"
    return mail(f"Content-Type: multipart/{subtype}; boundary=B", *headers, text=body, **fields)


def attached(name, data, kind="application/octet-stream"):
    head = f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(data)


def decided(reading, rule):
    return next((found.decided for found in reading.notes.decided if found.rule == rule), None)


def test_the_chain_is_numbered_in_order_and_every_rule_has_its_name():
    numbers = [rule.number for rule in CHAIN]
    assert numbers == sorted(set(numbers))
    assert len({rule.name for rule in CHAIN}) == len(CHAIN)


def test_what_was_decided_is_told_in_the_order_of_the_chain_and_names_nobody():
    reading = read(parts(b"\r\nhi", attached("a.exe", b"MZ")), OWN)
    numbers = [found.number for found in reading.notes.decided]
    assert numbers == sorted(numbers)
    assert not any("@" in f"{found.decided}{found.why}" for found in reading.notes.decided)


# tokens


def test_a_signed_reply_address_names_its_ticket():
    reading = read(mail(to=TOKENS.reply_address(US, "HN-1042")), OWN)
    assert (reading.mailbox.reply_token, decided(reading, "reply token")) == ("HN-1042", "HN-1042")


@pytest.mark.parametrize(
    "mark", ["hn-1042.aaaaaaaaaaaaaaaa", TOKENS.reply_address(US, "HN-1041").split("+")[1].replace("1041", "1042")]
)
def test_a_forged_reply_address_names_nothing_and_is_told(mark):
    reading = read(mail(to=f"support+{mark.partition('@')[0]}@hypernode.example"), OWN)
    assert reading.mailbox.reply_token is None
    assert decided(reading, "reply token") == "forged"
    assert "the reply address is none that we signed" in reading.warnings


# what comes back

RETURN_PATH = TOKENS.return_path(US, "HN-1042", LETTER)


def test_what_carries_an_x_loop_of_ours_is_our_own_letter_and_anybody_elses_is_not():
    assert read(mail(f"X-Loop: {TOKENS.loop_mark('HN-1042')}"), OWN).notes.kind == "own_loop"
    assert read(mail("X-Loop: hn-1042.aaaaaaaaaaaaaaaa"), OWN).notes.kind == "human"
    assert read(mail("X-Loop: list@elsewhere.example"), OWN).notes.kind == "human"


def test_a_bounce_names_its_letter_by_the_return_path_alone():
    report = mail(sender="MAILER-DAEMON@mx.example", subject="Undelivered", to=RETURN_PATH)
    bounced = read(report, OWN, recipient=RETURN_PATH, envelope_from="").notes.bounced
    assert (bounced.letter.ticket_id, bounced.letter.letter_id, bounced.permanent) == ("HN-1042", LETTER, True)


def test_nobody_writes_to_a_return_path_so_what_comes_there_is_automatic():
    reading = read(mail("In-Reply-To: <x@y.example>"), OWN, recipient=RETURN_PATH)
    assert (reading.outcome, reading.notes.kind) == ("suppressed", "auto")


def test_a_return_path_that_we_did_not_sign_is_only_our_mailbox():
    path = OTHERS.return_path(US, "HN-1042", LETTER)
    assert read(mail(), OWN, recipient=path).notes.kind == "human"


# bounces


def bounce(action, status, *, returned=f"Message-ID: {OURS}", enclosed="text/rfc822-headers", text="See below"):
    fields = f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: {action}\r\n"
    return parts(
        f"Content-Type: text/plain\r\n\r\n{text}".encode(),
        f"Content-Type: message/delivery-status\r\n\r\n{fields}Status: {status}\r\n".encode(),
        f"Content-Type: {enclosed}\r\n\r\n{returned}\r\nSubject: x\r\n\r\n".encode(),
        subtype="report; report-type=delivery-status",
        sender="MAILER-DAEMON@mx.example",
        subject="Undelivered",
    )


@pytest.mark.parametrize(
    ("raw", "permanent", "status"),
    [
        (bounce("failed", "5.1.1"), True, "5.1.1"),
        (bounce("failed", "5.2.2", enclosed="message/rfc822"), True, "5.2.2"),
        (bounce("failed", "4.4.7"), False, "4.4.7"),
        (bounce("delayed", "4.4.1"), False, "4.4.1"),
        (bounce("failed", "5.1.1", returned="X: y", text=f"Your mail {OURS} failed"), True, "5.1.1"),
    ],
)
def test_a_bounce_is_tied_to_the_letter_that_it_returns(raw, permanent, status):
    found = read(raw, OWN).notes.bounced
    assert (found.letter.ticket_id, found.letter.letter_id) == ("HN-1042", LETTER)
    assert (found.permanent, found.status) == (permanent, status)


def test_nobody_can_make_a_letter_undelivered_with_a_message_id_that_he_made_up():
    forged = bounce("failed", "5.1.1", returned=f"Message-ID: <hn-1042.{LETTER}@hypernode.example>")
    assert read(forged, OWN).notes.bounced is None
    assert read(mail(f"References: {OURS}"), OWN).notes.bounced is None


# forwards


FORWARD = "Zie onder\n\n---------- Doorgestuurd bericht ---------\nVan: Anna <anna@bloemen.example>\nDatum: ma\n\nHelp!"


def test_a_mail_that_an_agent_forwards_is_a_request_of_its_writer_who_is_not_verified():
    results = "Authentication-Results: mx.hypernode.example; dmarc=pass header.from=hypernode.example"
    reading = read(mail(results, sender="pieter@hypernode.example", subject="Fwd: storing", text=FORWARD), OWN)
    assert (reading.sender.name, reading.sender.email) == ("Anna", "anna@bloemen.example")
    assert reading.notes.forwarded_by == "pieter@hypernode.example"
    assert str(reading.notes.authenticated.result) == "none"


@pytest.mark.parametrize(
    "raw",
    [
        mail(subject="Fwd: storing", text=FORWARD),
        mail(
            "Authentication-Results: mx.hypernode.example; dmarc=fail header.from=hypernode.example",
            sender="pieter@hypernode.example",
            subject="Fwd: storing",
            text=FORWARD,
        ),
    ],
    ids=["a stranger", "a forged agent"],
)
def test_nobody_else_can_ask_in_anothers_name_by_forwarding(raw):
    assert read(raw, OWN).sender.email != "anna@bloemen.example"


def test_reply_to_is_the_person_for_contact_forms_only():
    form = read(mail("Reply-To: anna@bloemen.example", sender="form@shop.example"), OWN)
    assert form.sender.email == "anna@bloemen.example"
    other = read(mail("Reply-To: anna@bloemen.example"), OWN)
    assert [person.email for person in other.reply_recipients] == ["jan@klant.example"]
    assert any("Reply-To" in warning for warning in other.warnings)


# spam, courtesies


@pytest.mark.parametrize("header", ["X-Spam-Flag: YES", "X-Spam-Status: Yes, score=9.1", "X-Spam: Yes"])
def test_a_mail_marked_as_spam_is_kept_for_people_and_not_answered(header):
    reading = read(mail(header), OWN)
    assert (reading.outcome, reading.may_acknowledge) == ("read", False)
    assert decided(reading, "spam mark") == "marked as spam"


@pytest.mark.parametrize("header", ["X-Spam-Flag: NO", "X-Spam-Status: No, score=-1"])
def test_a_mail_that_was_found_clean_is_no_spam(header):
    assert read(mail(header), OWN).may_acknowledge


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, solved!", "Thank you so much for your help.", "Great, it works again. Thanks!", "Bedankt!",
        "Super bedankt, hij doet het weer! Fijne dag nog.\n\nFenna", "Top, dank je wel :-)", "Het is opgelost, dank u.",
        "Hoi Pieter,\n\nDankjewel voor de snelle reactie!",
        "Vielen Dank für die schnelle Hilfe!", "Danke, es funktioniert wieder.", "Thanks \U0001f44d", "Works, thx.",
    ],
)  # fmt: skip
def test_thanks_are_a_closing_courtesy(text):
    assert is_courtesy(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, but it is still broken.", "Thanks. Can you also look at the backup?", "Dank u. De site is weer traag.",
        "Bedankt! Wanneer wordt de factuur gestuurd", "Thanks, I agree to Q-HN-1042-1", "Bedankt, het werkt nog niet.",
        "Thank you in advance for restoring the database", "It works, only the mail does not", "Please fix it, thanks",
        "It is fixed on the new server but not here", "", "Hello", "Ja graag, bedankt", "Akkoord, bedankt",
        "Danke, aber es geht nicht", "thanks for nothing, the shop is down", "Not solved", "solved? no",
        "Bedankt, zet hem maar op 2.4", "Dank, annuleer het abonnement", "Thanks, cancel my account",
    ],
)  # fmt: skip
def test_whatever_says_one_thing_more_is_a_reply(text):
    assert not is_courtesy(text)


def test_thanks_close_nothing_unless_they_answer():
    text = "Thanks, solved!"
    assert read(mail("In-Reply-To: <a@b.example>", text=text), OWN).notes.is_courtesy
    assert not read(mail(text=text), OWN).notes.is_courtesy


# wrappers


CALENDAR = (
    b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    b"SUMMARY:Migration\\, part\r\n  two\r\nDTSTART:20261124T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_invitation_is_shown_in_words():
    reading = read(parts(CALENDAR), OWN)
    assert reading.reply.full == "(calendar: Migration, part two, 20261124T100000Z)"
    assert decided(reading, "calendar") == "REQUEST"
    assert not read(parts(CALENDAR.replace(b"METHOD:REQUEST", b"METHOD:REPLY")), OWN).may_acknowledge


def test_the_signature_of_a_signed_mail_is_no_attachment():
    signature = attached("smime.p7s", b"0\x80", "application/pkcs7-signature")
    reading = read(parts(b"Content-Type: text/plain\r\n\r\nhelp", signature, subtype="signed"), OWN)
    assert (reading.reply.new, reading.mail.attachments) == ("help", ())
    assert decided(reading, "protected") == "signed (S/MIME)"


def der(tag, *inside):
    data = b"".join(inside)
    size = len(data)
    head = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + head + data


OID_SIGNED, OID_DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
INSIDE = b"Content-Type: text/plain\r\n\r\nthe signed text"
SIGNED = der(
    0x30,
    OID_SIGNED,
    der(0xA0, der(0x30, b"\x02\x01\x01", b"\x31\x00", der(0x30, OID_DATA, der(0xA0, der(0x04, INSIDE))))),
)
STREAMED = (
    b"\x30\x80" + OID_SIGNED + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" + OID_DATA
    + b"\xa0\x80\x24\x80" + der(0x04, INSIDE[:20]) + der(0x04, INSIDE[20:]) + b"\0\0" * 6
)  # fmt: skip


@pytest.mark.parametrize("data", [SIGNED, STREAMED])
def test_the_text_inside_an_opaque_signature_is_read(data):
    head = ("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",)
    reading = read(mail(*head, "Content-Transfer-Encoding: base64", text=b64encode(data)), OWN)
    assert reading.reply.new == "the signed text"


@pytest.mark.parametrize("data", [b"", b"\x30", SIGNED[:30], SIGNED[:-20], b"\x30\x80" + OID_SIGNED + OID_DATA])
def test_a_broken_signature_is_kept_as_a_file(data):
    head = ("Content-Type: application/pkcs7-mime; name=smime.p7m", "Content-Transfer-Encoding: base64")
    assert read(mail(*head, text=b64encode(data)), OWN).mail.attachments[0].name == "smime.p7m"


@pytest.mark.parametrize(
    "raw",
    [
        parts(
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
            b"Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----",
            subtype='encrypted; protocol="application/pgp-encrypted"',
        ),
        mail(text="-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----"),
        mail("Content-Type: application/pkcs7-mime; smime-type=enveloped-data", text=b"0\x80"),
    ],
)
def test_an_encrypted_mail_says_so(raw):
    assert any("encrypted" in warning for warning in read(raw, OWN).warnings)


def test_a_clear_signed_text_is_shown_without_its_signature():
    text = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhelp\n- --dash\n-----BEGIN PGP SIGNATURE-----\n\niQ\n"
        "-----END PGP SIGNATURE-----\n"
    )
    assert read(mail(text=text), OWN).reply.full == "help\n--dash"


def attribute(name, value, level=1):
    return struct.pack("<BII", level, name, len(value)) + value + b"\0\0"


LONG_NAME = "offerte mét een lange naam.pdf".encode("utf-16-le") + b"\0\0"
PROPERTIES = (
    struct.pack("<I", 2)
    + struct.pack("<HHI", 0x0003, 0x0E20, 7)
    + struct.pack("<HHII", 0x001F, 0x3707, 1, len(LONG_NAME))
    + LONG_NAME
    + b"\0" * (-len(LONG_NAME) % 4)
)
WINMAIL = (
    struct.pack("<IH", 0x223E9F78, 1)
    + attribute(0x0002800C, b"the text in winmail\0")
    + attribute(0x00069002, b"\0" * 14, 2)
    + attribute(0x00018010, b"OFFERT~1.PDF\0", 2)
    + attribute(0x0006800F, b"%PDF-1.7 hello", 2)
    + attribute(0x00069005, PROPERTIES, 2)
)


def test_winmail_dat_is_taken_apart():
    reading = read(parts(attached("winmail.dat", WINMAIL, "application/ms-tnef")), OWN)
    [file] = reading.mail.attachments
    assert (file.name, file.content_type) == ("offerte mét een lange naam.pdf", "application/pdf")
    assert file.data == b"%PDF-1.7 hello"
    assert reading.reply.full == "the text in winmail"


@pytest.mark.parametrize("size", range(0, len(WINMAIL), 7))
def test_a_winmail_dat_that_is_cut_off_gives_what_is_there(size):
    assert read(parts(b"\r\nhi", attached("winmail.dat", WINMAIL[:size])), OWN).reply.full == "hi"


# files


def zipped(*names, password=False):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    data = bytearray(file.getvalue())
    if password:
        data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("name", "data", "declared", "kind", "held"),
    [
        ("scan.pdf", b"%PDF-1.4", "application/octet-stream", "application/pdf", False),
        ("scan.pdf", b"MZ\x90", "application/pdf", "application/vnd.microsoft.portable-executable", True),
        ("photo.png", b"\xff\xd8\xff\xe0", "image/png", "image/jpeg", False),
        ("photo.png", b"not a picture", "image/png", "application/octet-stream", False),
        ("run.sh", b"#!/bin/sh", "text/plain", "text/x-shellscript", True),
        ("note.txt", b"BMW is a car", "text/csv", "text/csv", False),
        ("invoice.pdf.js", b"alert(1)", "text/csv", "text/csv", True),
        ("a.docx", zipped("[Content_Types].xml", "word/document.xml"), "application/zip", DOCX, False),
        ("a.docx", zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), DOCX, DOCX, True),
        ("a.zip", zipped("readme.txt"), "application/zip", "application/zip", False),
        ("a.zip", zipped("invoice.exe"), "application/zip", "application/zip", True),
        ("a.zip", zipped("inner.zip"), "application/zip", "application/zip", True),
        ("a.zip", zipped("readme.txt", password=True), "application/zip", "application/zip", True),
        ("a.zip", b"PK\x03\x04broken", "application/zip", "application/zip", True),
        ("letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword", "application/msword", False),
        ("x.html", b"<script>", "text/html", "text/html", True),
    ],
)
def test_a_file_is_what_its_content_says_and_a_dangerous_one_is_held(name, data, declared, kind, held):
    [file] = read(parts(b"\r\nhi", attached(name, data, declared)), OWN).mail.attachments
    assert (file.content_type, file.held is not None, file.size) == (kind, held, len(data))


def test_a_held_file_is_told():
    assert any("held" in told for told in read(parts(b"\r\nhi", attached("a.exe", b"MZ")), OWN).warnings)


def test_a_forged_sender_is_told_and_not_answered():
    reading = read(mail(FORGED_RESULTS), OWN)
    assert (reading.outcome, reading.may_acknowledge) == ("read", False)
    assert any("not who From says" in told for told in reading.warnings)
