"""A due time in a sentence for the customer, in Dutch or English, in the provider's zone and in his own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.wording import civil_time

WORDS = {
    "en": {
        "first-response": "The first response to ticket {ticket} is due by {due}.",
        "next-response": "The response to your last message on ticket {ticket} is due by {due}.",
        "resolution": "Ticket {ticket} is due to be resolved by {due}.",
        "standing": "The clock of ticket {ticket} stands still at present, so nothing is due.",
        "also": "{here}, that is {there}",
        "counted": "{minutes} minutes of support hours were counted from {start} on.",
        "holidays": "Days with other hours on the way: {days}.",
        "waiting-for-customer": "From {begin} to {end} we waited for your answer; that time does not count.",
        "supplier": "From {begin} to {end} {supplier} had the case; that time does not count.",
        "resolved": "From {begin} to {end} the ticket was resolved; that time does not count.",
        "ours": "This is a target of our own, not part of the policy.",
        "theirs": "The policy states it: {clauses}.",
        "a supplier": "a supplier",
    },
    "nl": {
        "first-response": "De eerste reactie op ticket {ticket} volgt uiterlijk {due}.",
        "next-response": "De reactie op uw laatste bericht bij ticket {ticket} volgt uiterlijk {due}.",
        "resolution": "Ticket {ticket} is uiterlijk {due} opgelost.",
        "standing": "De klok van ticket {ticket} staat nu stil, dus er is geen uiterste tijd.",
        "also": "{here}, dat is {there}",
        "counted": "Daarvoor zijn {minutes} minuten supporttijd geteld vanaf {start}.",
        "holidays": "Dagen met andere tijden in die periode: {days}.",
        "waiting-for-customer": "Van {begin} tot {end} wachtten wij op uw antwoord; die tijd telt niet mee.",
        "supplier": "Van {begin} tot {end} had {supplier} de zaak; die tijd telt niet mee.",
        "resolved": "Van {begin} tot {end} was het ticket opgelost; die tijd telt niet mee.",
        "ours": "Dit is een eigen streeftijd, geen onderdeel van het beleid.",
        "theirs": "Het staat in het beleid: {clauses}.",
        "a supplier": "een leverancier",
    },
}


def due_sentence(ticket: str, proof: Mapping[str, Any], language: str, zone: str) -> str:
    """Tell from a stored proof when something is due, from when it was counted and what was left out."""
    words = WORDS[language]

    def told(written: str) -> str:
        moment = datetime.fromisoformat(written)
        here = civil_time(moment, proof["zone"], language)
        there = civil_time(moment, zone, language)
        return here if zone == proof["zone"] else words["also"].format(here=here, there=there)

    if proof["due"] is None:
        return words["standing"].format(ticket=ticket)
    return " ".join(
        (
            words[proof["target"]].format(ticket=ticket, due=told(proof["due"])),
            words["counted"].format(minutes=proof["minutes"], start=told(proof["start"])),
            *_left_out(proof, words, language),
            words["ours"] if proof["source"]["house_default"] else _by_clauses(proof, words),
        )
    )


def _left_out(proof: Mapping[str, Any], words: Mapping[str, str], language: str) -> Iterator[str]:
    for pause in proof["pauses"]:
        begin, end = (
            civil_time(datetime.fromisoformat(pause[edge]), proof["zone"], language) for edge in ("from", "until")
        )
        supplier = pause["evidence"].get("supplier", words["a supplier"])
        yield words[pause["reason"]].format(begin=begin, end=end, supplier=supplier)
    if proof["holidays"]:
        yield words["holidays"].format(days=", ".join(proof["holidays"]))


def _by_clauses(proof: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return words["theirs"].format(clauses=", ".join(proof["source"]["clauses"]))
