"""Times, money and prices as customers read them, in English and Dutch: the same words in letters and on pages."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.money import Money
from shared.vocabulary import PriceOffer

LANGUAGES = ("en", "nl")

DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
}
MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ),
}  # fmt: skip
UNITS = {
    "job": {"en": "per job", "nl": "per opdracht"},
    "hour": {"en": "per hour", "nl": "per uur"},
    "started-hour": {"en": "per started hour", "nl": "per begonnen uur"},
    "month": {"en": "per month", "nl": "per maand"},
    "year": {"en": "per year", "nl": "per jaar"},
}


def language(wished: str) -> str:
    """The language of a letter: Dutch to Dutch, English to everybody else."""
    return wished if wished in LANGUAGES else "en"


def civil_time(moment: datetime, zone: str, lang: str) -> str:
    """An aware moment with its weekday and the zone's name: `Friday 5 June 2026, 18:00 (CEST, Europe/Amsterdam)`."""
    local = moment.astimezone(ZoneInfo(zone))
    short = local.tzname() or ""
    name = f"{short}, {zone}" if short.isalpha() and short != zone else zone
    return f"{civil_day(local.date(), lang)}, {local:%H:%M} ({name})"


def civil_day(day: date, lang: str) -> str:
    """A date with its weekday: `Friday 5 June 2026`."""
    return f"{DAYS[lang][day.weekday()]} {day.day} {MONTHS[lang][day.month - 1]} {day.year}"


def money(amount: Money, lang: str) -> str:
    """An amount with two decimals: `EUR 1,250.00` in English, `EUR 1.250,00` in Dutch."""
    figure = f"{amount.amount:,.2f}"
    if lang == "nl":
        figure = figure.translate(str.maketrans(",.", ".,"))
    return f"{amount.currency} {figure}"


def unit(name: str, lang: str) -> str:
    """What a price is for; a unit this house has no word for stays as the policy pack writes it."""
    return UNITS.get(name, {}).get(lang, name)


def price(offer: PriceOffer, lang: str) -> str | None:
    """What an offer costs: `EUR 125.00 per job`, or its total and then the price of one unit; None without a price."""
    if offer.amount is None:
        return money(offer.total, lang) if offer.total else None
    each = f"{money(offer.amount, lang)} {unit(offer.unit, lang)}"
    if offer.total is None or offer.total == offer.amount:
        return each
    return f"{money(offer.total, lang)} ({each})"
