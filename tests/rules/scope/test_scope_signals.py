"""A fact that is worded in too many ways is learnt from examples: heard in plain speech, taken back by the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scope.rules.clauses import Meanings
from services.scope.rules.signals import NO, Signal
from shared.vocabulary import Emergency

HS, HN, KX, LC = "h-sphere/general/regular", "hypernode/general", "kenotronix/vps-dedicated", "luxcloud/hosted-services"

DOWN = {
    "The machine that hosts our sixty customers has stopped answering, neither ping nor ssh gets a reply.": HS,
    "All our websites have been unreachable since this morning and webmail does not load either.": LC,
    "Nobody in the company can send or receive mail, the mail server refuses every connection.": LC,
    "Nginx is dead and refuses to start, none of the shops on the node opens.": HN,
    "Thanks for the invoice. By the way, since last night web4 does not boot and all sites on it are gone.": HS,
    "Onze server reageert nergens meer op en alle websites liggen eruit.": KX,
    "Geen enkele klant kan nog mailen, de mailserver weigert alle verbindingen.": HS,
}
NOT_DOWN = {
    "My site is blank since I edited the theme, my other sites on the same server open fine.": KX,
    "Thanks, the server is back up and all sites load again.": HS,
    "Last night the server was down for ten minutes, now it is fine again. What was the reason?": HS,
    "What do you regard as an emergency, and who is called when a server goes down at night?": HS,
    "We will switch off the mail server on Saturday night to add memory.": HS,
    "The web server is slow this week, pages take ten seconds but they do load.": HS,
    "The checkout gives an error, the rest of the shop works.": HN,
    "Alleen mijn postbus ontvangt niets, collega's op dezelfde server krijgen hun mail wel.": LC,
    "Bedankt, alles werkt weer.": HN,
}
POLITE = st.sampled_from(
    [
        "Hello,",
        "Dear support team,",
        "Thank you for your time.",
        "Kind regards",
        "Beste mensen,",
        "Met vriendelijke groet",
    ]
)


def down(decision):
    return {one["value"] for one in decision.explanation["facts"] if one["fact"] == "server-down"} - {NO}


@pytest.mark.parametrize(("text", "where"), DOWN.items(), ids=list(DOWN))
def test_a_server_that_is_down_is_heard(decide, text, where):
    assert down(decide(where, text))


@pytest.mark.parametrize(("text", "where"), NOT_DOWN.items(), ids=list(NOT_DOWN))
def test_what_is_not_down_is_not_taken_to_be(decide, text, where):
    assert not down(decide(where, text))


@given(before=POLITE, after=POLITE, text=st.sampled_from(sorted(DOWN)))
@settings(max_examples=40, deadline=None)
def test_politeness_does_not_change_it(decide, before, after, text):
    assert down(decide(DOWN[text], f"{before}\n\n{text}\n\n{after}"))


def test_quoted_older_mail_does_not_count(decide):
    older = "\n".join(f"> {text}" for text in DOWN)
    assert not down(decide(HS, f"The field for the company name is too short, please make it longer.\n\n{older}"))


def test_a_note_of_the_monitoring_is_heard(decide):
    note = "monitoring: web6 does not answer on port 80 and 443 since 09:14 UTC, all sites down"
    decision = decide(HS, "Something is odd with my site, could you look?", note)
    assert decision.emergency is Emergency.HIGHEST
    fact = next(one for one in decision.explanation["facts"] if one["fact"] == "server-down")
    assert fact["from"] == "customer record"


def test_what_else_is_down_is_told_by_the_message_and_a_note_confirms_it(decide):
    text = "The control panel machine does not boot, nobody can log in to the panel. Web and mail servers run."
    decision = decide(HS, text, "monitoring: cp1 no ping since 22:10 UTC")
    assert decision.emergency is Emergency.EMERGENCY


def test_a_learnt_fact_is_told_by_words_of_the_message(decide):
    text = "Nginx is dead and refuses to start, none of the shops on the node opens."
    fact = next(one for one in decide(HN, text).explanation["facts"] if one["fact"] == "server-down")
    told = fact["words"].split(" \u2026 ")
    assert 0 < len(told) <= 3
    assert all(word in text.lower() for word in told)


SHOWN = {
    "rain": ["it rains in Delft", "rain all day", "it is pouring"],
    NO: ["no rain", "it does not rain, the sun shines"],
}
ORDINARY = ["which train goes to Gouda", "the soup is cold", "sunny all day"]
MEANINGS = Meanings({"wet": ["rain*", "pouring"], "denial": ["no", "not"]})


def test_the_same_examples_give_the_same_weights():
    texts = ("rain in Gouda", "the soup is warm", "it did not rain at all")
    once, twice = (Signal(Signal.learn(SHOWN, ORDINARY, MEANINGS), MEANINGS) for _ in range(2))
    assert [once.heard(text, -2) for text in texts] == [twice.heard(text, -2) for text in texts]


def test_words_that_mean_the_same_are_heard_alike_and_a_denial_turns_them():
    signal = Signal(Signal.learn(SHOWN, ORDINARY, MEANINGS), MEANINGS)
    rain, pouring, denied = (signal.heard(text, -2).level for text in ("raindrops", "pouring", "not raindrops"))
    assert rain > 0 < pouring
    assert denied < rain


@given(st.text(max_size=200))
def test_no_text_is_too_odd_to_be_heard(text):
    heard = Signal(Signal.learn(SHOWN, ORDINARY, MEANINGS), MEANINGS).heard(text, -9)
    assert heard is not None
    assert heard.value == "rain"
