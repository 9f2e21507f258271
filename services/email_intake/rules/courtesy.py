"""Closing courtesies: "thanks, solved". They are kept in the ticket and ask for nothing.

Read narrowly, in English, Dutch and German: short, every sentence one of thanks or of success, no question, no "but",
nothing attached. Whatever says one thing more is a reply like any other.
"""

from __future__ import annotations

import re

MAX_LENGTH = 280
MAX_SENTENCES = 6

_SENTENCE = re.compile(r"[.!\n,;:)]+|\s[-\u2013]\s")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_EMOTICON = re.compile(r"[:;]-?[)D]|[\U0001F300-\U0001FAFF\u2600-\u27bf\ufe0f]")
_NEVER = re.compile(
    r"[?\d/@]|\b(?:but|still|only|however|again\b.{0,20}\b(?:down|broken|wrong)|not|n't|never|no longer|unfortunately"
    r"|maar|nog|toch|alleen|echter|niet|geen|nooit|helaas|aber|noch|nur|leider|nicht|kein|keine"
    r"|please|graag|bitte|can you|could you|kunt u|kun je|kan je|können sie)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(?:thanks?|thx|thank you|cheers|appreciated?|bedankt|dank|dankjewel|dankuwel|dankjulliewel|danke|dankeschön"
    r"|merci)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:solved|fixed|resolved|works|working|sorted|up again|opgelost|verholpen|doet het|doen het|werkt|werken"
    r"|in orde|gelukt|gelöst|behoben|funktioniert|läuft|geht wieder|klappt)\b",
    re.IGNORECASE,
)
_SMALL_WORDS = """
    again
    a all and as am are at back day evening everything excellent fast fine for from good great have help helping hello
    hi i is it its it's just kind later much my nice now of ok okay our perfect quick regards reply response site so
    support super team that that's the there this to top very was we weekend well wish with wonderful you your
    aan alles als avond ben beste dag de deze die dit een en erg fantastisch fijn fijne geweldig goed goede groet
    groeten groetjes hallo hartelijk heel het hij hoi hulp ik inmiddels is je jij jou jullie met mij mooi mooie nu ons
    oke oké prima reactie snel snelle uitstekend van veel voor vriendelijke weer wel wij winkel ze zo zeer u uw zijn
    das der die dir es für gut gute guten herzlich herzlichen hilfe ich ihnen ihre ist jetzt mit nun schnell schnelle
    schöne schönen sehr tag und viele vielen vielmals wieder wir grüße
"""
_FILL = frozenset(_SMALL_WORDS.split())
_WISH = re.compile(
    r"\b(?:nog een |noch einen |have a )?(?:fijne|prettige|goede|mooie|schönen|nice|good|great|lovely)"
    r" (?:dag|avond|weekend|week|day|evening|tag|abend)(?: nog| verder)?\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|hoi|hallo|dag|beste|geachte|liebe[rs]?)(?: [^\W\d_]+){1,3}\s?[,!]", re.IGNORECASE
)
_SIGN_OFF = 3
"""Words of a name at the end."""


def is_courtesy(text: str) -> bool:
    """Whether what is new in a reply, without its signature, only says thanks or that it is solved."""
    text = _WISH.sub(" ", _EMOTICON.sub(" ", text).replace("\u2019", "'")).strip()
    text = _GREETING.sub("", text).strip()
    if not text or len(text) > MAX_LENGTH or _NEVER.search(text):
        return False
    sentences = [words for piece in _SENTENCE.split(text) if (words := _WORD.findall(piece.lower()))]
    if not sentences or len(sentences) > MAX_SENTENCES or not (_THANKS.search(text) or _DONE.search(text)):
        return False
    *said, last = sentences
    is_name = said and len(last) <= _SIGN_OFF and text.rstrip(" .").split("\n")[-1].lower().split() == last
    return all(map(_says_nothing_more, said if is_name else sentences))


def _says_nothing_more(words: list[str]) -> bool:
    sentence = " ".join(words)
    rest = _DONE.sub(" ", _THANKS.sub(" ", sentence)).split()
    return all(word in _FILL for word in rest)
