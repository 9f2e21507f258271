"""The history of a ticket's money in sentences: one for each event. Amounts are without VAT."""

from __future__ import annotations

from services.desk.rules import prices
from shared import events as e


def about_money(event: e.Event) -> str | None:
    """Say in a sentence what happened; None of what is not about money."""
    return _of_quotes(event) or _of_work(event) or _of_charges(event) or _of_plans(event)


def _of_quotes(event: e.Event) -> str | None:  # noqa: C901, PLR0911 -- one sentence for each event
    match event:
        case e.QuoteIssued():
            price = prices.in_words(event.offer, event.total)
            return f"Quote {event.quote_id} (version {event.version}) offers {event.offer.title}: {price}."
        case e.QuoteDrafted():
            return f"Quote {event.quote_id} waits for a person to name a price."
        case e.QuotePriced():
            return f"{event.agent} set a price: {event.quote_id or 'further work'}, {event.offer.title}."
        case e.QuoteVoided():
            return f"{event.agent} asked to take {event.quote_id} (version {event.version}) back: {event.reason}."
        case e.QuoteRefused():
            return f"What {event.agent} wanted with {event.quote_id or 'a new quote'} cannot be done: {event.reason}."
        case e.QuoteExpired():
            return f"Nobody agreed to quote {event.quote_id} (version {event.version}) in time."
        case e.QuoteWithdrawn():
            by = f"{event.agent} took it back: " if event.agent else ""
            return f"Quote {event.quote_id} (version {event.version}) no longer holds: {by}{event.reason}."
        case e.ConsentGiven():
            return f"{event.taken_by} took a consent to quote {event.quote_id} (version {event.version})."
        case e.ConsentRecorded():
            return (
                f"{event.given_by} agreed to quote {event.quote_id} (version {event.version}): "
                f"{event.total}, {event.given_how}."
            )
        case e.ConsentRefused():
            return f"An agreement to quote {event.quote_id} ({event.given_how}) does not count: {event.reason}."
        case _:
            return None


def _of_work(event: e.Event) -> str | None:  # noqa: PLR0911 -- one sentence for each event
    match event:
        case e.WorkStarted():
            return f"{event.agent} began to work; the clock runs."
        case e.WorkReported(reverses=None):
            return f"{event.agent} told of work {_for(event.quote_id)}."
        case e.WorkReported():
            return f"{event.agent} asked to take an entry of work back: {event.note}."
        case e.WorkRecorded(reverses=None):
            over = f", {event.over_minutes} of them beyond what was agreed to" if event.over_minutes else ""
            return f"{event.agent} worked {event.minutes} minutes {_for(event.quote_id)}{over}: {event.note}."
        case e.WorkRecorded():
            return f"{event.agent} took {-event.minutes} minutes {_for(event.quote_id)} back: {event.note}."
        case e.WorkRefused():
            return f"What {event.agent} told of work is not recorded: {event.reason}."
        case e.AllowanceUsedUp():
            what = event.quote_id or "the courtesy"
            return (
                f"What {what} allows is used up ({event.whose} {event.allowed_minutes} minutes; "
                f"{event.worked_minutes} were worked): nothing more without agreeing anew."
            )
        case e.WorkSettled():
            return f"{event.agent} said that the work of {event.quote_id} is done."
        case e.QuoteSettled():
            cost = f"{event.total} is charged for it" if event.total else "nothing more is charged for it"
            return f"{event.quote_id} is settled: {event.worked_minutes} minutes were worked, {cost}."
        case _:
            return None


def _of_charges(event: e.Event) -> str | None:  # noqa: PLR0911 -- one sentence for each event
    match event:
        case e.ChargeRecorded():
            period = f" for {event.period_from} to {event.period_until}" if event.period_from else ""
            return f"{event.total}{period} was recorded for the billing system ({event.quote_id}, {event.clause})."
        case e.ChargeBooked():
            known = f" as {event.reference}" if event.reference else ""
            return f"The billing system booked {event.total}{known}."
        case e.BookingAwaited():
            return f"The billing system was told, {event.tries} times so far, and has not said that it booked it."
        case e.CreditGiven():
            return f"{event.agent} asked to give {event.amount or 'all of a charge'} back: {event.reason}."
        case e.ChargeCredited():
            return f"{event.agent} gave {event.total} back, {event.remaining} remains: {event.reason}."
        case e.CreditRefused():
            return f"What {event.agent} wanted to give back cannot be given back: {event.reason}."
        case e.ChargeQuestioned():
            return (
                f"The verdict was changed after {event.total} had been agreed to ({event.quote_id}): "
                "nothing is taken back, a person has to look."
            )
        case _:
            return None


def _of_plans(event: e.Event) -> str | None:  # noqa: PLR0911 -- one sentence for each event
    match event:
        case e.SubscriptionStarted():
            return f"Plan {event.subscription_id} runs from {event.starts_on} on, {event.unit} by {event.unit}."
        case e.SubscriptionChanged():
            return f"Plan {event.subscription_id} covers {event.quantity} from {event.from_day} on."
        case e.SubscriptionPeriodDue():
            return f"Period {event.number} of plan {event.subscription_id} begins on {event.starts_on}."
        case e.SubscriptionCancelled():
            return f"{event.agent} asked to end plan {event.subscription_id} with {event.ends_on}."
        case e.SubscriptionEnding():
            return f"Plan {event.subscription_id} ends with {event.ends_on}."
        case e.SubscriptionEnded():
            return f"Plan {event.subscription_id} ended with {event.ends_on}; it is paid until {event.paid_until}."
        case e.SubscriptionQuestioned():
            return (
                f"A person has to look at plan {event.subscription_id}, "
                f"{event.starts_on} to {event.ends_on}: {event.reason}."
            )
        case e.SubscriptionRefused():
            return f"Plan {event.subscription_id} stays as it is: {event.reason}."
        case _:
            return None


def _for(quote_id: str | None) -> str:
    return f"for {quote_id}" if quote_id else "as a courtesy"
