"""The marks by which an answer finds its ticket."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import TOKENS
from shared.reply_tokens import MAX_LOCAL_PART, OwnLetter, ReplyTokens

LETTER = UUID("0b5a4b0e-6a3f-4f4e-8f0b-8d8f3f1f2a10")
OTHERS = ReplyTokens(b"a secret of somebody else")


def mark_of(address):
    return address.partition("@")[0].partition("+")[2]


@given(st.from_regex(r"[A-Z]{2,8}-[1-9][0-9]{0,11}", fullmatch=True))
def test_what_we_signed_we_know_again_in_any_case(ticket):
    mark = mark_of(TOKENS.reply_address("support@hypernode.example", ticket))
    assert TOKENS.ticket_of(mark) == TOKENS.ticket_of(mark.upper()) == ticket
    message_id = TOKENS.message_id(ticket, LETTER, "hypernode.example")
    assert TOKENS.letter_of(message_id) == TOKENS.letter_of(message_id.upper()) == OwnLetter(ticket, LETTER)


@pytest.mark.parametrize(
    "mark",
    [
        "hn-1042",
        "hn-1042.aaaaaaaaaaaaaaaa",
        mark_of(OTHERS.reply_address("s@h.example", "HN-1042")),
        mark_of(TOKENS.reply_address("s@h.example", "HN-1041")).replace("1041", "1042"),
        mark_of(TOKENS.reply_address("s@h.example", "HN-1042"))[:-1],
        "",
    ],
)
def test_a_mark_that_we_did_not_sign_names_nothing(mark):
    assert TOKENS.ticket_of(mark) is None


@pytest.mark.parametrize(
    "message_id",
    [
        f"<hn-1042.{LETTER}@hypernode.example>",
        OTHERS.message_id("HN-1042", LETTER, "hypernode.example"),
        TOKENS.message_id("HN-1041", LETTER, "hypernode.example").replace("1041", "1042"),
        TOKENS.message_id("HN-1042", LETTER, "hypernode.example").replace("0b5a", "1b5a"),
        "<a1@winkel.example>",
    ],
)
def test_a_message_id_that_we_did_not_sign_is_no_letter_of_ours(message_id):
    assert TOKENS.letter_of(message_id) is None


def test_a_reply_address_fits_into_what_mail_servers_take():
    local = TOKENS.reply_address("support@hypernode.example", "HN-1042").partition("@")[0]
    assert len(local) <= MAX_LOCAL_PART
    long = "x" * 50 + "@hypernode.example"
    assert TOKENS.reply_address(long, "HN-1042") == long


def test_the_secret_is_in_no_printed_form():
    assert "secret" not in repr(TOKENS).replace("ReplyTokens", "")
