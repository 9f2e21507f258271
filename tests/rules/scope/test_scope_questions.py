"""One message may ask several things: one decision each."""

import pytest

from services.scope.rules.questions import pieces
from services.scope.rules.words import own_words

HN = "hypernode/general"


@pytest.mark.parametrize(
    "text",
    [
        "Can you put our new logo in the header? Also, could you restore yesterday's backup of the media folder?",
        "1. Please put our new logo in the header.\n2. Please restore yesterday's backup of the media folder.",
        "Kunnen jullie ons logo op de voorpagina zetten? Daarnaast wil ik de backup van gisteren laten terugzetten.",
    ],
)
def test_two_questions_get_two_decisions(decide, text):
    decision = decide(HN, text)
    assert decision.verdict == "mixed"
    assert [part.verdict for part in decision.parts] == ["unsupported", "paid"]
    assert decision.price == decision.parts[1].price


def test_one_question_in_several_sentences_stays_one(decide):
    text = "Our shop is slow. We use Magento 2. Customers complain. What can we do to make it faster?"
    assert decide(HN, text).parts == ()


def test_a_message_without_form_is_one_piece():
    assert pieces("The server is down") == ["The server is down"]
    assert pieces("") == [""]


def test_quotations_and_signatures_decide_nothing(decide):
    body = (
        "Please restore our database from yesterday's backup.\n-- \nSEO agency, your ranking in Google\n\n"
        "On Monday you wrote:\n> Outlook and email clients are not supported\n> Kind regards"
    )
    assert own_words(body) == "Please restore our database from yesterday's backup."
    assert decide(HN, body).verdict == "paid"


def test_a_message_that_is_only_a_quotation_is_still_read():
    assert own_words("> please restore our backup") == "> please restore our backup"
