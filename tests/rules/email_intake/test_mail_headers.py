"""Addresses, message ids, mailboxes and the key of a mail."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import TOKENS
from services.email_intake.rules.headers import MAX_ADDRESSES, Address, addresses, message_ids
from services.email_intake.rules.identity import mail_key
from services.email_intake.rules.mailboxes import Mailboxes
from services.email_intake.rules.message import parse

OWN = Mailboxes({"support@hypernode.example": "hypernode", "help@kenotronix.example": "kenotronix"}, TOKENS)
HN_1042 = TOKENS.reply_address("support@hypernode.example", "HN-1042")
KX_7 = TOKENS.reply_address("help@kenotronix.example", "KX-7")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Jan@Klant.example", [Address("jan@klant.example")]),
        ("Jan <jan@klant.example>", [Address("jan@klant.example", "Jan")]),
        (
            '"Vries, Jan de" <j@k.example>, p@q.example',
            [Address("j@k.example", "Vries, Jan de"), Address("p@q.example")],
        ),
        ("=?utf-8?q?Vries=2C_Jan?= <j@k.example>", [Address("j@k.example", "Vries, Jan")]),
        ("j@k.example (Jan de Vries)", [Address("j@k.example", "Jan de Vries")]),
        ('"support@hypernode.example" <evil@x.example>', [Address("evil@x.example", "support@hypernode.example")]),
        ('"Jan \\"de\\" V" <j@k.example>', [Address("j@k.example", 'Jan "de" V')]),
        ("undisclosed-recipients:;", []),
        ("Team: a@b.example, c@d.example;", [Address("a@b.example"), Address("c@d.example")]),
        ('"Jan <j@k.example>, p@q.example', [Address("j@k.example", "Jan"), Address("p@q.example")]),
        ("<j@k.example", [Address("j@k.example")]),
        ("<>", []),
        ("Jan", []),
    ],
)
def test_addresses_are_found_as_they_were_meant(value, found):
    assert list(addresses(value)) == found


@settings(deadline=None)
@given(st.text(alphabet='ab@.<>"(),;: \\\r\n', max_size=300))
def test_whatever_stands_in_an_address_header_the_addresses_are_plain(value):
    for person in addresses(value):
        assert person.email.count("@") == 1
        assert not set(person.email) & set(' <>"(),;\r\n')


def test_no_more_than_five_hundred_addresses_are_read():
    assert len(addresses(", ".join(f"u{n}@x.example" for n in range(2000)))) == MAX_ADDRESSES


def test_references_are_given_nearest_first_and_once():
    mail = parse(b"From: a@b.c\r\nReferences: <1@x> <2@x>\r\n <3@x>\r\nIn-Reply-To: Your mail <3@x> of Monday\r\n\r\n")
    assert mail.references == ("<3@x>", "<2@x>", "<1@x>")


def test_of_endless_references_both_ends_are_kept():
    ids = message_ids(" ".join(f"<{n}@x>" for n in range(5000)))
    assert (len(ids), ids[0], ids[-1]) == (100, "<0@x>", "<4999@x>")


@pytest.mark.parametrize(
    ("headers", "recipient", "provider", "token"),
    [
        ("To: Support <SUPPORT@hypernode.example>", "", "hypernode", None),
        ("To: x@y.example\r\nCc: help@kenotronix.example", "", "kenotronix", None),
        (f"To: {HN_1042}", "", "hypernode", "HN-1042"),
        ("To: support+hn-1042@hypernode.example", "", "hypernode", None),
        ("To: support+newsletter@hypernode.example", "", "hypernode", None),
        ("Delivered-To: help@kenotronix.example\r\nTo: support@hypernode.example", "", "kenotronix", None),
        ("To: support@hypernode.example", KX_7, "kenotronix", "KX-7"),
    ],
)
def test_the_mailbox_is_found_by_envelope_then_delivery_then_header(headers, recipient, provider, token):
    found = OWN.find_for(parse(f"From: a@b.example\r\n{headers}\r\n\r\nhi".encode()), recipient)
    assert (found.provider, found.reply_token) == (provider, token)
    assert "+" not in found.address


def test_an_envelope_recipient_that_is_not_ours_is_not_replaced_by_a_header():
    assert OWN.find_for(parse(b"To: support@hypernode.example\r\n\r\nhi"), "sales@other.example") is None


MAIL = (
    b"Message-ID: <1@x>\r\nFrom: a@b.example\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n"
    b"Subject: long\r\n one\r\n\r\nhi\r\n"
)


def test_the_way_a_mail_came_does_not_change_its_key():
    key = mail_key(MAIL)
    assert mail_key(b"Received: from mx\r\n by us\r\nDelivered-To: c@d.example\r\n" + MAIL) == key
    assert mail_key(MAIL.replace(b"\r\n", b"\n")) == key
    assert mail_key(MAIL.replace(b"long\r\n one", b"long one") + b"\r\n") == key


@pytest.mark.parametrize("part", [b"<1@x>", b"a@b.example", b"10:00:00", b"long", b"hi"])
def test_everything_that_the_sender_wrote_changes_the_key(part):
    assert mail_key(MAIL.replace(part, part + b"2")) != mail_key(MAIL)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_bytes_that_are_no_mail_share_a_key_only_when_they_are_alike(one, other):
    if mail_key(one) == mail_key(other):
        assert parse(one).text == parse(other).text


def test_endless_headers_do_not_make_the_key_costly():
    assert mail_key(b"a:\n" * 3_000_000 + MAIL) == mail_key(MAIL)
