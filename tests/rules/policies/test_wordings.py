"""The words of facts: which value shows, and mistakes that an author is told."""

import re

import pytest
from pydantic import ValidationError

from shared.policies.wordings import Wordings


def wordings(**facts):
    return Wordings.model_validate({"words": {"ours": ("us", "you")}, "facts": facts})


def test_the_first_value_with_a_wording_that_matches_is_the_value():
    read = wordings(bought={"values": {"elsewhere": ["not from <ours>"], "provider": ["from <ours>"]}})
    assert list(read.found_in("bought not from you", "bought")) == [("elsewhere", "not from you")]
    assert list(read.found_in("bought from us", "bought")) == [("provider", "from us")]
    assert list(read.found_in("bought", "bought")) == []


def test_several_values_hold_where_several_may():
    read = wordings(wish={"several": True, "values": {"advice": ["how"], "work": ["install"]}})
    assert [value for value, _ in read.found_in("how do i install", "wish")] == ["advice", "work"]


def test_a_value_without_wordings_is_never_read_in_a_text():
    assert list(wordings(age={"values": {"old": []}}).found_in("old", "age")) == []


@pytest.mark.parametrize("said", ["dns", "the dns zone", "nameserver", "server", "my server", "|server", "[dns"])
def test_wordings_together_find_what_each_finds_alone(said):
    alone = [r"\bdns\b", r"\b(?:zone|file)s?\b", r"\bname|server", r"\b[)|(]server", "my", r"\bzone"]
    found = [match[0] for wording in alone if (match := re.search(wording, said))]
    together = [words for _, words in wordings(dns={"values": {"yes": alone}}).found_in(said, "dns")]
    assert bool(together) == bool(found)
    assert set(together) <= set(found)


@pytest.mark.parametrize(("wording", "told"), [("from <theirs>", "no <theirs>"), ("(", "no regular expression")])
def test_a_mistake_in_a_wording_is_told(wording, told):
    with pytest.raises(ValidationError, match=told):
        wordings(bought={"values": {"yes": [wording]}})
