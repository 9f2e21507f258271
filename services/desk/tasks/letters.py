"""What the requester was told, what he was not, and what is held."""

from __future__ import annotations

from services.desk.store import heard, holding
from services.desk.tasks.worker import number, worker
from shared.bus import Transaction
from shared.events import (
    AutomaticLettersResumed,
    AutomaticLettersStopped,
    LetterHeld,
    LetterRefused,
    LetterReleased,
    LetterSent,
    LetterSuppressed,
    LetterUndelivered,
)

OVERTAKEN = {"superseded", "offer-over"}
"""Why a letter that was held is given up."""


@worker.hears(LetterSent)
def show_letter(event: LetterSent, tx: Transaction) -> None:
    """Show when the requester was last written to."""
    heard.merge(tx.session, number(event), event.happened_at, {"written_to_at": {}})


@worker.hears(LetterRefused)
def show_letter_refused(event: LetterRefused, tx: Transaction) -> None:
    """Show that the requester has not been told."""
    heard.merge(tx.session, number(event), event.happened_at, {"letter_refused_at": {}})


@worker.hears(LetterSuppressed)
def show_letter_suppressed(event: LetterSuppressed, tx: Transaction) -> None:
    """Show that the requester was not told something; nobody misses an acknowledgement or what is overtaken."""
    if event.reason in OVERTAKEN:
        holding.keep_over(tx.session, event.letter_id, number(event), event.happened_at)
    elif event.kind != "acknowledgement":
        heard.merge(tx.session, number(event), event.happened_at, {"letter_suppressed_at": {}})


@worker.hears(LetterHeld)
def show_letter_held(event: LetterHeld, tx: Transaction) -> None:
    """Show a letter that waits until a person releases it."""
    holding.keep_held(tx.session, event)


@worker.hears(LetterReleased)
def show_letter_released(event: LetterReleased, tx: Transaction) -> None:
    """Show that a letter is on its way after all."""
    holding.keep_over(tx.session, event.letter_id, number(event), event.happened_at)


@worker.hears(AutomaticLettersStopped)
def show_letters_stopped(event: AutomaticLettersStopped, tx: Transaction) -> None:
    """Show an operator that a provider's automatic letters are stopped."""
    holding.keep_stopped(tx.session, event)


@worker.hears(AutomaticLettersResumed)
def show_letters_resumed(event: AutomaticLettersResumed, tx: Transaction) -> None:
    """Show that a provider's automatic letters go out again."""
    holding.keep_resumed(tx.session, event)


@worker.hears(LetterUndelivered)
def show_letter_undelivered(event: LetterUndelivered, tx: Transaction) -> None:
    """Show that a letter came back: the requester has not been told."""
    heard.merge(tx.session, number(event), event.happened_at, {"letter_refused_at": {}})
