"""Which mailbox and ticket a mail is for, by where it was delivered and what its headers say."""

import pytest

from samples import TOKENS
from services.email_intake.rules.mailboxes import Mailboxes
from services.email_intake.rules.message import parse

HYPERNODE, LUXCLOUD = "support@hypernode.example", "support@luxcloud.example"
OWN = Mailboxes({HYPERNODE: "hypernode", LUXCLOUD: "luxcloud"}, TOKENS)
SIGNED = TOKENS.reply_address(HYPERNODE, "HN-1042")


@pytest.mark.parametrize(
    ("recipient", "to", "mailbox", "ticket"),
    [
        ("", HYPERNODE, HYPERNODE, None),
        ("", SIGNED, HYPERNODE, "HN-1042"),
        (SIGNED, "list@klant.example", HYPERNODE, "HN-1042"),
        (HYPERNODE, "list@klant.example", HYPERNODE, None),
        (HYPERNODE, SIGNED, HYPERNODE, "HN-1042"),
        (HYPERNODE, f"{LUXCLOUD}, {SIGNED}", HYPERNODE, "HN-1042"),
        (LUXCLOUD, SIGNED, LUXCLOUD, None),
    ],
)
def test_the_place_of_delivery_decides_and_the_headers_add_the_ticket(recipient, to, mailbox, ticket):
    found = OWN.find_for(parse(f"From: jan@klant.example\r\nTo: {to}\r\n\r\nhelp\r\n".encode()), recipient)
    assert (found.address, found.reply_token) == (mailbox, ticket)


def test_what_was_delivered_elsewhere_is_not_ours_whatever_its_headers_say():
    assert OWN.find_for(parse(f"To: {HYPERNODE}\r\n\r\nhelp\r\n".encode()), "nobody@hypernode.example") is None
