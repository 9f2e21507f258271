"""Which earlier decisions of people are shown beside a request, and how its words are masked for a pack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import RECEIVED
from services.scope.rules.masking import masked
from services.scope.rules.precedents import FAINTEST, MOST, likeness, nearest
from shared.vocabulary import Precedent, Verdict

CHECKOUT = "Checkout is blank\nSince the update of the checkout module the payment page stays blank."
ALIKE = "Blank payment page\nThe payment page of our checkout is blank after we updated a module."
OTHER = "Invoice\nWhere do I find last month's invoice?"


def precedent(number, topic=None):
    return Precedent(
        ticket_id=number,
        topic=topic,
        verdict=Verdict.UNSUPPORTED,
        reason="third-party module",
        agent="Kim",
        decided_at=RECEIVED,
        likeness=0.0,
    )


def test_the_most_similar_request_comes_first_and_an_unlike_one_not_at_all():
    found = nearest("HN-9", CHECKOUT, None, [(OTHER, precedent("HN-1")), (ALIKE, precedent("HN-2"))])
    assert [known.ticket_id for known in found] == ["HN-2"]
    assert FAINTEST < found[0].likeness < 1


def test_the_same_topic_is_enough_where_the_language_differs():
    dutch = "Afrekenen\nDe betaalpagina blijft leeg."
    assert nearest("HN-9", CHECKOUT, "third-party-plugins-themes", [(dutch, precedent("HN-1"))]) == ()
    assert nearest(
        "HN-9", CHECKOUT, "third-party-plugins-themes", [(dutch, precedent("HN-1", "third-party-plugins-themes"))]
    )


def test_a_ticket_is_no_precedent_of_its_own():
    assert nearest("HN-9", CHECKOUT, None, [(CHECKOUT, precedent("HN-9"))]) == ()


def test_no_more_than_three_are_shown():
    assert len(nearest("HN-9", CHECKOUT, None, [(CHECKOUT, precedent(f"HN-{n}")) for n in range(8)])) == MOST


@given(st.text(), st.text())
def test_likeness_lies_between_nothing_and_all_and_does_not_ask_who_is_first(one, other):
    assert 0.0 <= likeness(one, other) <= 1.000001
    assert likeness(one, other) == likeness(other, one)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Hi Kim,\nThe shop shows a 502.\n\nKind regards,\nAnna de Vries\n+31 6 12345678", "The shop shows a 502."),
        ("Beste support,\nMijn site is stuk.\nMet vriendelijke groet,\nJan", "Mijn site is stuk."),
        ("Hello my site is down since noon.", "Hello my site is down since noon."),
        ("Mail anna@bloemen.example or see https://bloemen.example/x?y=1", "Mail [address] or see [address]"),
        ("The shop www.bloemen.nl at 10.0.0.1 is down", "The shop [address] at [address] is down"),
        ("Order 20261234 of HN-1042, call 020-555 01 01", "Order [number] of [number], call [number]"),
        ("Pay to NL91 ABNA 0417 1643 00 in 1017 CA", "Pay to [number] in [number]"),
        ("PHP 8.2 gives a 500 on node 3", "PHP 8.2 gives a 500 on node 3"),
        ("Anna's shop is down, says anna", "[name]'s shop is down, says [name]"),
    ],
)
def test_what_is_personal_is_masked_and_what_tells_the_topic_stays(told, kept):
    assert masked(told, ["Anna de Vries"]) == kept


@given(st.emails(), st.text(alphabet="abc \n,", max_size=40))
def test_no_address_is_left(address, words):
    assert address not in masked(f"{words} {address} {words}")


def test_a_long_request_is_cut_at_a_word():
    assert masked("certificate " * 100).endswith("certificate …")
