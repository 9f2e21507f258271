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


@given(st.integers(1, 10**8), st.uuids())
def test_a_return_path_names_its_letter_and_fits_in_an_address(number, letter):
    address = TOKENS.return_path("support@hypernode.example", f"HN-{number}", letter)
    local, _, domain = address.rpartition("@")
    assert (domain, len(local) <= 64) == ("hypernode.example", True)
    assert TOKENS.returned_letter(local.partition("+")[2].upper()) == OwnLetter(f"HN-{number}", letter)


def test_a_return_path_is_no_reply_address_and_the_other_way_round():
    assert TOKENS.ticket_of(mark_of(TOKENS.return_path("support@hypernode.example", "HN-1", LETTER))) is None
    assert TOKENS.returned_letter(mark_of(TOKENS.reply_address("support@hypernode.example", "HN-1"))) is None


def test_a_mailbox_that_is_too_long_for_a_mark_gets_bounces_itself():
    mailbox = f"{'x' * 30}@hypernode.example"
    assert TOKENS.return_path(mailbox, "HN-1", LETTER) == mailbox


def test_a_loop_mark_is_ours_only_when_we_signed_it():
    mark = TOKENS.loop_mark("HN-1042")
    assert TOKENS.is_loop_mark(f" {mark.upper()} ")
    assert not TOKENS.is_loop_mark(mark.replace("1042", "1043"))
    assert not OTHERS.is_loop_mark(mark)
    assert not TOKENS.is_loop_mark(mark_of(TOKENS.reply_address("support@x.example", "HN-1042")))
    assert not TOKENS.is_loop_mark("support@hypernode.example")
