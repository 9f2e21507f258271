"""One message may ask several things: one decision each."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scope.rules.questions import pieces
from services.scope.rules.words import own_words

HN = "hypernode/general"
calm = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ASKED = {
    "en": {
        "unsupported": ["Please put our new logo in the header.", "How do I set up Outlook for my mailbox?"],
        "paid": ["Please restore yesterday's backup of the media folder.", "Can you restore our database from backup?"],
        "procedure": ["We want to cancel our contract.", "I want to file a complaint about your service."],
    },
    "nl": {
        "unsupported": ["Kunnen jullie ons logo op de voorpagina zetten?", "Hoe stel ik mijn mailbox in Outlook in?"],
        "paid": ["Graag de backup van gisteren van de map media terugzetten.", "Willen jullie de backup terugzetten?"],
        "procedure": ["Wij willen ons contract opzeggen.", "Ik wil een klacht indienen over jullie service."],
    },
}
BETWEEN = {
    "en": ["{}\n\nAlso, {}", "1. {}\n2. {}", "- {}\n- {}", "Two things. (1) {} (2) {}", "{} Another question: {}",
           "{}\nPS: {}", "{} And while you're at it: {}", "{} And when you have me on the line anyway, {}"],
    "nl": ["{}\n\nDaarnaast, {}", "1) {}\n2) {}", "* {}\n* {}", "Vraag 1: {} Vraag 2: {}", "{} Verder: {}",
           "{} O ja, {}", "{} Nog een vraag: {}", "{} En als jullie toch bezig zijn: {}"],
}  # fmt: skip
POLITE = {
    "en": (
        "Hi,\n\n{}\n\nThanks in advance!\nKind regards,\nAnna",
        "Good morning, hope you are well. {} Is that possible?",
    ),
    "nl": ("Hallo,\n\n{}\n\nAlvast bedankt!\nGroeten,\nAnna", "Goedemorgen, ik hoop dat alles goed gaat. {} Kan dat?"),
}


@st.composite
def two_questions(draw):
    language = draw(st.sampled_from(["en", "nl"]))
    verdicts = draw(st.permutations(list(ASKED[language])))[:2]
    asked = [draw(st.sampled_from(ASKED[language][verdict])) for verdict in verdicts]
    return draw(st.sampled_from(BETWEEN[language])).format(*asked), verdicts


@st.composite
def one_polite_question(draw):
    language = draw(st.sampled_from(["en", "nl"]))
    asked = draw(st.sampled_from([text for texts in ASKED[language].values() for text in texts]))
    return draw(st.sampled_from(POLITE[language])).format(asked)


def texts(body, subject=""):
    return [piece.text for piece in pieces(subject, body)]


@given(message=two_questions())
@calm
def test_two_questions_joined_in_any_of_these_ways_get_both_answers_in_their_order(decide, message):
    text, verdicts = message
    decision = decide(HN, text)
    assert [part.verdict for part in decision.parts] == verdicts
    assert decision.verdict == "mixed"


@given(text=one_polite_question())
@calm
def test_politeness_makes_no_second_question(decide, text):
    assert decide(HN, text).parts == ()


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
    assert texts("The server is down") == ["The server is down"]
    assert texts("") == [""]


def test_quotations_and_signatures_decide_nothing(decide):
    body = (
        "Please restore our database from yesterday's backup.\n-- \nSEO agency, your ranking in Google\n\n"
        "On Monday you wrote:\n> Outlook and email clients are not supported\n> Kind regards"
    )
    assert own_words(body) == "Please restore our database from yesterday's backup."
    assert decide(HN, body).verdict == "paid"


def test_a_message_that_is_only_a_quotation_is_still_read():
    assert own_words("> please restore our backup") == "> please restore our backup"


def test_two_questions_with_one_verdict_keep_it_and_cite_both(decide):
    logo, mail = ASKED["en"]["unsupported"]
    decision = decide(HN, f"1. {logo}\n2. {mail}")
    assert decision.verdict == "unsupported"
    assert decision.clauses[:2] == tuple(part.clauses[0] for part in decision.parts)


def test_steps_that_only_tell_what_was_done_are_no_questions():
    assert len(texts("1. I open the shop\n2. I choose a product\n3. I get an error in the basket")) == 1


def test_a_story_goes_with_the_question_that_it_leads_to():
    told = "We have a new logo since May. Can you put it in the header? Also, our node was moved. Is it monitored?"
    assert texts(told) == [
        "We have a new logo since May. Can you put it in the header?",
        "Also, our node was moved. Is it monitored?",
    ]


def test_a_question_that_points_back_belongs_to_the_one_before():
    assert len(texts("Our shop gives error 503 since noon. Is it possible to fix this?")) == 1


def test_who_announces_several_things_means_the_next_one_by_and():
    text = "Please put our logo in the header. And restore yesterday's backup of the media folder, please."
    assert not pieces("", text)[1].plain
    assert pieces("Two questions", text)[1].plain
