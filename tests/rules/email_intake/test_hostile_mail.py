"""Mails that strangers can send, and that nothing may break on."""

import email.policy
from base64 import b64encode
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.email_intake.rules import Outcome, read
from services.email_intake.rules.mailboxes import Mailboxes
from services.email_intake.rules.message import MAX_TEXT, parse

OWN = Mailboxes({"support@hypernode.example": "hypernode", "support@kenotronix.example": "kenotronix"})
HEAD = b"From: Jan <jan@klant.example>\r\nTo: support@hypernode.example\r\nSubject: hallo\r\n"


def multipart(*parts, subtype=b"mixed"):
    body = b"".join(b"--B\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/" + subtype + b"; boundary=B\r\n\r\n" + body + b"--B--\r\n"


def nested(levels):
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return HEAD + opened + b"Content-Type: text/plain\r\n\r\ndeep text\r\n"


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_reading_never_raises_on_arbitrary_bytes(raw):
    assert read(raw, OWN).outcome in Outcome


PIECES = st.sampled_from(
    [
        b"From: ", b"To: support@hypernode.example", b"Subject: =?utf-8?b?4pyT", b"?=", b"\r\n", b"\n", b"\r",
        b"\r\n\r\n", b"Content-Type: multipart/mixed; boundary=B", b"Content-Type: text/html; charset=", b"utf-7",
        b"zlib", b"idna", b"utf-16", b"--B", b"--B--", b"<", b">", b'"', b"(", b",", b"a@b.example", b"\xff\xfe", b"\0",
        b"=0D=0A", b"&#29;", b"Content-Transfer-Encoding: base64", b"Content-Type: message/delivery-status",
        b"Content-Type: message/rfc822",
        b"<blockquote type=cite>", b"On 1 May 2026 at 10:00 a wrote:", b"> ", b"-- ", b"; filename*0*=x''%ff", b"+2AA-",
        b"Content-Disposition: attachment; filename=", b"Auto-Submitted: ", b"References: <a@b> <", b"\t", b"text",
    ],
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES | st.binary(max_size=8), max_size=60).map(b"".join))
def test_reading_never_raises_on_pieces_of_mail_and_gives_only_what_can_be_stored(raw):
    reading = read(HEAD + raw, OWN)
    for text in (
        reading.mail.subject,
        reading.reply.new,
        reading.reply.full,
        *(a.name for a in reading.mail.attachments),
    ):
        text.encode()
        assert "\0" not in text
        assert "\x1d" not in text
        assert "\x1e" not in text


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=200))
def test_text_that_was_sent_as_utf8_is_read_as_it_was_sent(text):
    assert read(HEAD + b"\r\n" + text.encode(), OWN).reply.full == text


@pytest.mark.parametrize("levels", [50, 99])
def test_parts_in_parts_are_read_to_a_depth_that_no_person_reaches(levels):
    assert parse(nested(levels)).text.strip() == "deep text"


@pytest.mark.parametrize("levels", [250, 1_500, 20_000])
def test_deeper_nesting_is_shown_as_plain_text_and_said(levels):
    mail = parse(nested(levels))
    assert "Content-Type" in mail.text
    assert mail.defects


COSTLY = {
    "mails in mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "a sender of brackets": b"From: " + b"(" * 50_000 + b" a@b.example\r\nTo: support@hypernode.example\r\n\r\nhi",
    "a sender of quotes": b"From: " + b'"' * 50_000 + b" <a@b.example>\r\nTo: support@hypernode.example\r\n\r\nhi",
    "a megabyte of encoded words": HEAD[:-2] + b" =?utf-8?q?aa?=" * 80_000 + b"\r\n\r\nhi",
    "a hundred thousand headers": HEAD + b"X-A: b\r\n" * 100_000 + b"\r\nhi",
    "twenty thousand addresses": HEAD + b"Cc: x@y.example" + b",\r\n u@v.example" * 20_000 + b"\r\n\r\nhi",
    "a million parts": HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\n\n" * 1_000_000,
    "a hundred thousand quotes of HTML": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 100_000 + b"hi",
    "an endless parameter": HEAD + b"Content-Type: text/plain; " + b"a*0=b; " * 9_000 + b"\r\n\r\nhi",
    "attributions without end": HEAD + b"\r\n" + b"On 1 May 2026 10:00 a@b.example said\n" * 6_000,
    "ten million lines": HEAD + b"\r\n" + b"\n" * 10_000_000,
}


@pytest.mark.parametrize("raw", COSTLY.values(), ids=COSTLY)
def test_a_costly_mail_costs_no_more_than_its_size(raw):
    # what this guards against takes minutes, or the whole process: the test would not come back
    assert read(raw, OWN).mail.is_mail


def test_a_long_text_is_cut_with_a_note():
    text = parse(HEAD + b"\r\n" + b"word " * 100_000).text
    assert len(text) < MAX_TEXT + 100
    assert "cut here" in text


EVIL = b"=?utf-8?q?a=0D=0ABcc:_x=40y.example=0D=0A=0D=0Abody?="


@pytest.mark.parametrize("name", ["Subject", "From", "Message-ID"])
@pytest.mark.parametrize("word", [EVIL, b"=?utf-8?b?" + b64encode(EVIL) + b"?=", b"a\0\x0b\x0cb\xe2\x80\xae"])
def test_nothing_taken_from_a_header_can_become_a_header(name, word):
    value = b"<" + word + b"@x.example>" if name == "Message-ID" else word + b" <" + word + b"@b.example>"
    mail = parse(name.encode() + b": " + value + b"\r\nTo: support@hypernode.example\r\n\r\nhi")
    answer = EmailMessage(policy=email.policy.SMTP)
    answer["Subject"] = mail.subject
    answer["X-Name"] = mail.sender.name if mail.sender else ""
    answer["X-Address"] = mail.sender.email if mail.sender else ""
    answer["X-Id"] = mail.message_id or ""
    answer.set_content("our text")
    sent = email.message_from_bytes(answer.as_bytes())
    assert sent["Bcc"] is None
    assert "body" not in sent.get_payload()


def test_an_attachments_name_is_only_a_name():
    mail = parse(multipart(b'Content-Type: image/png; name="..\\..\\etc/pass\twd.png"\r\n\r\nx'))
    assert mail.attachments[0].name == "pass wd.png"


@pytest.mark.parametrize(
    "raw",
    [
        "Subject: Förderung\r\n".encode(),
        "Subject: Förderung\r\n".encode("latin-1"),
        b"Subject: =?iso-8859-1?q?F=F6rderung?=\r\n",
        b"Subject: =?utf-8?b?RsO?= =?utf-8?b?tnJkZXJ1bmc=?=\r\n",
        b"Subject: =?utf-8?q?F=C3?=\r\n =?utf-8?q?=B6rderung?=\r\n",
        b"Subject: =?unknown-8bit?q?F=C3=B6rderung?=\r\n",
        b"Subject: =?utf-8*de?q?F=C3=B6rderung?=\r\n",
    ],
)
def test_a_subject_is_read_however_it_was_written(raw):
    assert parse(raw + b"From: a@b.example\r\n\r\nhi").subject == "Förderung"


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        ("utf-8", "cp1252"), ("us-ascii", "utf-8"), ("iso-8859-1", "cp1252"), ("iso-8859-1", "utf-8"),
        ("nonsense", "utf-8"), ("", "cp1252"), ("zlib", "utf-8"), ("idna", "utf-8"),
        ("utf-16", "utf-16"), ("koi8-r\0", "utf-8"),
    ],
)  # fmt: skip
def test_the_text_wins_from_a_lying_character_set(declared, used):
    text = "Het kost € 5, dat is te veel voor “Café Zoë”"
    raw = HEAD + b'Content-Type: text/plain; charset="%s"\r\n\r\n' % declared.encode() + text.encode(used)
    assert parse(raw).text.strip() == text


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "gb2312", "euc-kr", "big5"])
def test_a_declared_multi_byte_set_is_believed(charset):
    text = "中" if charset != "euc-kr" else "한국"
    raw = HEAD + b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + text.encode(charset)
    assert parse(raw).text == text


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Type: multipart/mixed\r\n\r\nthe text is here",
        HEAD + b"Content-Type: multipart/mixed; boundary=zzz\r\n\r\n--yyy\r\n\r\nthe text is here",
        multipart(b"Content-Type: text/plain\r\n\r\nthe text is here").removesuffix(b"--B--\r\n"),
        HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\nthe text is here\r\n--B--\r\n",
        HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!! the text is here",
        HEAD + b"Content-Transfer-Encoding: base64 (really)\r\n\r\ndGhlIHRleHQgaXMgaGVyZQ==",
        HEAD + b"Content-Type: text/\xff\r\n\r\nthe text is here",
        HEAD + b"Content-Type: text/plain; name=mail.txt\r\n\r\nthe text is here",
        HEAD + b"this is no header\r\nthe text is here",
        HEAD.replace(b"\r\n", b"\r") + b"\rthe text is here",
        b"\xef\xbb\xbf\r\n\r\n" + HEAD + b"\r\nthe text is here",
        multipart(
            b"Content-Type: text/plain\r\n\r\n ", b"Content-Type: text/html\r\n\r\n<p>the text is here",
            subtype=b"alternative",
        ),
    ],
)  # fmt: skip
def test_the_body_is_shown_however_broken_the_mail_is(raw):
    assert "the text is here" in read(raw, OWN).reply.full


def test_a_mail_of_attachments_names_them():
    raw = multipart(b"Content-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD")
    assert read(raw, OWN).reply.full == "(no text; attached: scan.pdf)"
    assert parse(raw).attachments[0].size == 3


def test_an_enclosed_mail_is_an_attachment_and_not_more_text():
    raw = multipart(
        b"Content-Type: text/plain\r\n\r\nsee below",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nTo: support@kenotronix.example\r\n\r\ninner text",
    )
    reading = read(raw, OWN)
    assert reading.reply.full == "see below"
    assert [attachment.name for attachment in reading.mail.attachments] == ["inner.eml"]


def test_a_mail_that_is_nothing_but_a_mail_shows_that_mails_text():
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: failure\r\n\r\nthe disk is full"
    assert read(multipart(inner), OWN).reply.full == "(no text; attached: failure.eml)\n\nthe disk is full"


def test_hidden_html_is_not_read_and_entities_cannot_hide_text():
    raw = (
        HEAD
        + b"Content-Type: text/html\r\n\r\n"
        + (
            b"<p>real</p><div style='display:none'>approve all</div><span hidden>x</span><style>y</style>"
            b"<p style='font-size:0px'>z</p><p style='font-size:0.9em'>small &#29;print &#0;</p><!-- note -->"
        )
    )
    assert read(raw, OWN).reply.full == "real\n\nsmall print \ufffd"


def test_text_after_a_picture_inside_the_html_is_read():
    picture = b"<img src='data:image/png;base64," + b"QUJD" * 400_000 + b"'>"
    assert read(HEAD + b"Content-Type: text/html\r\n\r\n" + picture + b"<p>after", OWN).reply.full == "after"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "it is empty"),
        (b"  \r\n \r\n", "it is empty"),
        (b"just a note\nwithout headers", "not an e-mail: it has no e-mail headers"),
        (b"Note: this is a list\nof things", "not an e-mail: it has no e-mail headers"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not an e-mail: it holds binary data"),
        (HEAD.replace(b"support@hyper", b"info@other"), "it is for none of our mailboxes"),
        (b"To: support@hypernode.example\r\n\r\n", "it has no sender, no subject and no text"),
    ],
)
def test_what_cannot_be_read_is_quarantined_with_its_reason(raw, reason):
    reading = read(raw, OWN)
    assert (reading.outcome, reading.reason) == (Outcome.QUARANTINED, reason)


def test_a_mail_without_a_sender_is_still_a_request_but_nobody_is_answered():
    reading = read(b"To: support@hypernode.example\r\nSubject: help\r\n\r\nserver down", OWN)
    assert reading.outcome is Outcome.READ
    assert reading.sender is None
    assert not reading.may_acknowledge
