"""Which language a message is written in, by counting the small words that every sentence has."""

from __future__ import annotations

from collections import Counter

from services.scope.rules.words import plain, words

_WORDS = {
    "en": """
        the and you that was for are with his they this have from or had but not what all were when your can
        there an which their said if will each about how up out them then many some so these would other into
        has more her two like him see could no make than been its who now my did get it is of to we i do does
        why where our me am please hello any after since
    """,
    "nl": """
        de het een en van ik te dat die niet zijn op aan met als voor er maar om hij dan zou wat mijn men dit zo
        door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze want nog zal u wij
        jullie geen kan wordt worden na iets veel onze ons hun toch al waar wanneer graag goedendag beste hallo
        sinds kunnen uw
    """,
    "de": """
        der die und den von zu das mit sich des auf ist im dem nicht ein eine als auch es an werden aus er hat
        dass sie nach wird bei einer um am sind noch wie einem uber einen so zum war haben nur oder aber vor zur
        bis mehr durch man wir ich mein meine unsere bitte kann wenn warum seit ihre hallo guten kein keine
    """,
    "fr": """
        le la les de des et un une du en que qui dans pour pas sur est au avec ce il je vous nous ne plus par
        sont mais on ou mon ma mes notre nos votre vos se son sa cette comme depuis bonjour merci avez ont etait
        fait peut tout aux quand pourquoi comment
    """,
    "es": """
        el la los las de y que en un una por con no para su al lo como mas pero sus le ya o este si porque esta
        cuando muy sin sobre me hay mi nos todo desde mis tengo puedo hola gracias nuestro nuestra como donde
    """,
    "it": """
        il lo la gli le di e che un una per con non sono ho da del della dei mi si ma come piu anche al ci nel
        questo questa mio mia nostro quando buongiorno grazie posso perche dal alla
    """,
    "pt": """
        o os as de e que em um uma para com nao por mais dos da do se na no como mas foi ao ele das tem seu sua
        ou meu minha nos nosso ola obrigado voce quando isso esta
    """,
    "pl": """
        i w na z do nie sie jest ze to jak co o po za od ale czy tak juz moje moja mam prosze dzien dobry dla
        jestem nasz dlaczego kiedy
    """,
}

SMALL_WORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_LANGUAGES = {
    word: tuple(language for language, small in SMALL_WORDS.items() if word in small)
    for word in frozenset().union(*SMALL_WORDS.values())
}

ENOUGH = 2
"""Fewer small words than this decide nothing."""

AHEAD = 1.2
"""How far the first language must be ahead of the second."""


def detect(text: str) -> str | None:
    """The language as an ISO 639-1 code; None for a text too short or too mixed to say."""
    counts = Counter(language for word in words(plain(text)) for language in _LANGUAGES.get(word, ()))
    (most, first), (next_most, _), *_ = sorted(((counts[language], language) for language in SMALL_WORDS), reverse=True)
    return first if most >= ENOUGH and most >= AHEAD * next_most else None
