from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import ticket
from services.notifications.gateway import Parcel
from services.notifications.rules.envelope import (
    clean,
    headers,
    subject_line,
    thread,
    usable_address,
    written_address,
)
from shared.vocabulary import Channel, Requester

LETTER = UUID("0b5a4b0e-6a3f-4f4e-8f0b-8d8f3f1f2a10")
WRITTEN = datetime(2026, 6, 5, 16, 0, tzinfo=UTC)


BODY = ("Content-Type", "Content-Transfer-Encoding", "MIME-Version")


def envelope(facts, *, auto_submitted="auto-replied", earlier=()):
    return headers(
        facts,
        message_id=f"<hn-1042.{LETTER}@hypernode.example>",
        sender_name="Hypernode support",
        mailbox="support@hypernode.example",
        reply_address="support+mark@hypernode.example",
        written_at=WRITTEN,
        earlier=earlier,
        loop_mark="hn-1042.mark",
        auto_submitted=auto_submitted,
    )


def as_read(facts, body="Goedendag"):
    raw = Parcel("", facts.requester.email, envelope(facts), body).as_bytes()
    return message_from_bytes(raw, policy=default)


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        ("Site down", "Re: Site down [HN-1042]"),
        ("Re: RE: Antw: Site down [HN-1042]", "Re: Site down [HN-1042]"),
        ("[hn-1042] Site down [HN-1042]", "Re: Site down [HN-1042]"),
        ("", "Re: [HN-1042]"),
        ("Renewal of the certificate", "Re: Renewal of the certificate [HN-1042]"),
        ("Site [#286614] down", "Re: Site [#286614] down [HN-1042]"),
    ],
)
def test_a_subject_has_one_prefix_and_one_tag(subject, line):
    assert subject_line(subject, "HN-1042") == line


@given(st.text(max_size=400))
def test_a_subject_stays_the_same_when_it_comes_back(subject):
    once = subject_line(subject, "HN-1042")
    assert subject_line(once, "HN-1042") == once
    assert once.count("[HN-1042]") == 1


@given(st.text())
def test_no_header_value_can_break_its_line(value):
    assert not set(clean(value)) & {"\r", "\n", "\x00", "\x85", "\u2028", "\u202e"}


def test_a_customer_cannot_write_headers_through_subject_or_name():
    facts = ticket(
        subject="Hello\r\nBcc: victim@elsewhere.example\r\n\r\nNew body",
        requester=Requester(name='Eve"\r\nCc: victim@elsewhere.example', email="eve@winkel.example"),
    )
    read = as_read(facts)
    assert read["Bcc"] is None
    assert read["Cc"] is None
    assert read["To"].addresses[0].addr_spec == "eve@winkel.example"
    assert read.get_content().split() == ["Goedendag"]


@given(subject=st.text(max_size=300), name=st.text(max_size=300))
def test_any_subject_and_name_make_a_letter_that_can_be_read(subject, name):
    facts = ticket(subject=subject, requester=Requester(name=name, email="anna@winkel.example"))
    read = as_read(facts, body="Ünïcode ✓")
    assert set(read.keys()) >= {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    assert not {"Bcc", "Cc"} & set(read.keys())
    assert read["To"].addresses[0].addr_spec == "anna@winkel.example"
    assert read.get_content().split() == ["Ünïcode", "✓"]


HIDDEN = (
    "=?utf-8?q?x=0D=0ABcc:_victim=40elsewhere.example?=",
    "=?utf-8?b?eA0KQmNjOiB2aWN0aW1AZWxzZXdoZXJlLmV4YW1wbGU=?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0D=3D0ABcc:=5Fa=3F=3D?=",
    "=[HN-1042]?utf-8?q?x=0D=0ABcc:_a?=",
    "=\u200e?utf-8?q?x=0D=0ABcc:_a?=",
)
"""Line breaks and a recipient as encoded words (RFC 2047), which the standard library decodes on its own."""


@pytest.mark.parametrize("words", HIDDEN)
@pytest.mark.parametrize("around", ["{}", "Hello {} there", "Re: {}", '"{}', "é {}"])
def test_encoded_words_in_subject_or_name_stay_words(words, around):
    told = around.format(words)
    facts = ticket(subject=told, requester=Requester(name=told, email="eve@winkel.example"))
    read = as_read(facts)
    expected = envelope(facts)
    assert set(read.keys()) - set(BODY) == set(expected)
    assert read["Subject"].split() == expected["Subject"].split()
    assert read["To"].addresses[0].addr_spec == "eve@winkel.example"
    assert read.get_content().split() == ["Goedendag"]


@given(st.lists(st.sampled_from(["=", "?", "utf-8", "q", "b", "=0D=0A", "Bcc:_a", "eA0KQg==", "[HN-1042]", " ", "é"])))
def test_no_mixture_of_encoded_words_makes_a_header(pieces):
    told = "".join(pieces)
    facts = ticket(subject=told, requester=Requester(name=told, email="eve@winkel.example"), message_id=f"<{told}@b.c>")
    assert set(as_read(facts).keys()) - set(BODY) == set(envelope(facts))


def test_an_acknowledgement_tells_machines_not_to_answer():
    found = envelope(ticket())
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["X-Auto-Response-Suppress"] == "All"


def test_an_answer_of_a_person_is_no_automatic_mail():
    assert not envelope(ticket(), auto_submitted=None).keys() & {"Auto-Submitted", "X-Auto-Response-Suppress"}


def test_a_letter_names_its_ticket_where_answers_go():
    found = envelope(ticket())
    assert found["Reply-To"] == "support+mark@hypernode.example"
    assert found["Message-ID"] == f"<hn-1042.{LETTER}@hypernode.example>"


def test_a_letter_stands_in_the_thread_of_the_customers_mail():
    found = thread(ticket(), ["<l1@hypernode.example>", "<l2@hypernode.example>"])
    assert found == {
        "In-Reply-To": "<a1@winkel.example>",
        "References": "<a1@winkel.example> <l1@hypernode.example> <l2@hypernode.example>",
    }


def test_letters_after_a_call_follow_our_own_first_letter():
    facts = ticket(channel=Channel.PHONE, message_id=None)
    assert thread(facts, []) == {}
    assert thread(facts, ["<l1@hypernode.example>"])["In-Reply-To"] == "<l1@hypernode.example>"


def test_a_long_thread_keeps_its_root_and_its_end():
    found = thread(ticket(), [f"<l{n}@hypernode.example>" for n in range(50)])["References"].split()
    assert len(found) == 20
    assert found[0] == "<a1@winkel.example>"
    assert found[-1] == "<l49@hypernode.example>"


@pytest.mark.parametrize("text", ["garbage\r\nBcc: x@y.example", "<=?utf-8?q?x=0D=0ABcc:_a?=@winkel.example>"])
def test_a_message_id_that_is_none_is_left_out(text):
    assert thread(ticket(message_id=text), []) == {}


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "anna",
        "anna@",
        "@winkel.example",
        "a b@winkel.example",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example,c@d.example",
        "<a@b.example>",
        "a@localhost",
        "=?utf-8?q?x=0D=0ABcc=3A_a?=@winkel.example",
        "x" * 250 + "@winkel.example",
    ],
)
def test_letters_go_to_one_plain_address_only(address):
    assert not usable_address(address)


@pytest.mark.parametrize("address", ["anna@winkel.example", "a.b+c@mail.winkel.example", "o'neil@x-y.example"])
def test_ordinary_addresses_get_letters(address):
    assert usable_address(address)


@pytest.mark.parametrize("address", ["a..b@docomo.ne.jp", "john.@example.com", ".john@example.com"])
def test_an_address_with_dots_out_of_place_is_written_in_quotes(address):
    assert usable_address(address)
    local, _, domain = address.partition("@")
    quoted = f'"{local}"@{domain}'
    assert written_address(address) == quoted
    facts = ticket(requester=Requester(name="Jo", email=address))
    raw = Parcel("", address, envelope(facts), "Goedendag").as_bytes()
    assert f"\r\nTo: Jo <{quoted}>\r\n".encode() in raw


@given(st.from_regex(r"\A[a-z.!#$%&'*+/=?^_`{|}~-]{1,40}@[a-z0-9-]{1,20}\.[a-z]{2,5}\Z"), st.text(max_size=50))
def test_a_letter_to_any_usable_address_can_be_written(address, name):
    read = as_read(ticket(requester=Requester(name=name, email=address)))
    assert read["To"].addresses[0].domain == address.rpartition("@")[2]
