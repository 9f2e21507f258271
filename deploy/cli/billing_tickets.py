"""More commands of `scopedesk billing`: what a ticket costs, and what people do of it; as the desk's page has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from services.desk.rules.charges import ChargeView
    from services.desk.rules.money import QuoteStory, QuoteVersion, Trail
    from services.desk.rules.work import WorkStory
    from shared.bus import Transaction
    from shared.events import Event

    Wish = TypeVar("Wish", bound=BaseModel)

app = typer.Typer()

Number = Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number, such as HN-1042.")]
QuoteId = Annotated[str, typer.Argument(metavar="QUOTE", help="The quote's number, such as Q-HN-1042-1.")]
Agent = Annotated[str, typer.Option(help="Who says so; stands in the record.")]
Why = Annotated[str, typer.Option(help="Why, for colleagues.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]
Amount = Annotated[
    str | None, typer.Option(help="The price of one, as 60.00, without VAT; else what the policy states.")
]
Quantity = Annotated[int, typer.Option(min=1, max=1000, help="How many hours, jobs, or servers of a plan.")]
Basis = Annotated[
    str | None,
    typer.Option(help="hours: by the started hours worked, at most the quantity; fixed: one job; prepaid: bought."),
]


@app.command("ticket")
def show_ticket(number: Number, *, as_json: AsJson = False) -> None:
    """Show what a ticket costs: its quotes, who agreed, the work, the charges, and whether they are booked.

    Amounts are without VAT, times are UTC.
    """
    from services.desk import store
    from shared.errors import Permanent

    with store.reading() as session:
        trail = store.billing(session, number)
    if trail is None:
        raise Permanent(f"there is no ticket {number}: `scopedesk tickets list` shows which there are")
    for line in [trail.model_dump_json(indent=2)] if as_json else _told(trail):
        typer.echo(line)


@app.command("quote")
def offer_work(
    number: Number,
    *,
    agent: Agent,
    line: Annotated[
        str | None, typer.Option(help="A price line of the policy: `scopedesk policy show` lists them.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What it is, in the requester's language, without a line.")] = None,
    amount: Amount = None,
    quantity: Quantity = 1,
    basis: Basis = None,
    as_json: AsJson = False,
) -> None:
    """Offer further work of a ticket as a quote of its own; nothing is owed before somebody agrees."""
    from services.desk.web.paid_work import Offering, further

    told = {"agent": agent, "line": line, "title": title, "amount": amount, "quantity": quantity, "basis": basis}
    _say(Offering, told, lambda tx, wish: further(tx, number, wish), as_json=as_json)


@app.command("price")
def price_quote(
    quote: QuoteId,
    agent: Agent,
    amount: Amount = None,
    quantity: Quantity = 1,
    basis: Basis = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Name the price of a draft, or change that of an offer: it is the next version, and goes out in a letter.

    A yes to an earlier version no longer counts. Example: --amount 60.00 --quantity 3 --basis hours
    """
    from services.desk.web.paid_work import Pricing, price

    told = {"agent": agent, "amount": amount, "quantity": quantity, "basis": basis}
    _say(Pricing, told, lambda tx, wish: price(tx, quote, wish), as_json=as_json)


@app.command("void")
def void_quote(
    quote: QuoteId,
    version: Annotated[int, typer.Option(min=0, help="The version that you saw; 0 is a draft.")],
    reason: Why,
    agent: Agent,
    *,
    as_json: AsJson = False,
) -> None:
    """Take an offer or a draft back: nobody can agree to it any more."""
    from services.desk.web.paid_work import Voiding, void

    told = {"agent": agent, "version": version, "reason": reason}
    _say(Voiding, told, lambda tx, wish: void(tx, quote, wish), as_json=as_json)


@app.command("start")
def start_work(number: Number, agent: Agent, *, as_json: AsJson = False) -> None:
    """Let your clock run on a ticket, until you tell of the work with `billing work`."""
    from services.desk.web.paid_work import Starting, start

    _say(Starting, {"agent": agent}, lambda tx, wish: start(tx, number, wish), as_json=as_json)


@app.command("work")
def tell_work(
    number: Number,
    *,
    note: Annotated[str, typer.Option(help="What was done.")],
    agent: Agent,
    minutes: Annotated[int | None, typer.Option(min=1, help="How long; else what your running clock says.")] = None,
    quote: Annotated[str | None, typer.Option(help="The quote that it is for; somebody has agreed to it.")] = None,
    reverse: Annotated[
        UUID | None, typer.Option(help="Take this entry back instead: `billing ticket` names it.")
    ] = None,
    courtesy: Annotated[bool, typer.Option("--courtesy", help="It is given away.")] = False,
    as_json: AsJson = False,
) -> None:
    """Record what you worked, for a quote or as courtesy; or take an entry back.

    What lies beyond the agreement, or beyond the courtesy, is recorded and never charged; a further offer follows.
    """
    from services.desk.web.paid_work import Working, work

    told: dict[str, Any] = {"agent": agent, "note": note, "minutes": minutes, "quote_id": quote}
    told |= {"courtesy": courtesy, "reverses": reverse}
    _say(Working, told, lambda tx, wish: work(tx, number, wish), as_json=as_json)


@app.command("settle")
def settle_quote(quote: QuoteId, agent: Agent, *, as_json: AsJson = False) -> None:
    """Say that the work of a quote is done.

    What is paid by the hours worked is charged, at most what was agreed to; the entries are locked.
    """
    from services.desk.web.paid_work import Settling, settle

    _say(Settling, {"agent": agent}, lambda tx, wish: settle(tx, quote, wish), as_json=as_json)


@app.command("credit")
def give_back(
    charge: Annotated[UUID, typer.Argument(metavar="CHARGE", help="As `billing ticket` names it.")],
    reason: Why,
    agent: Agent,
    amount: Annotated[str | None, typer.Option(help="So much of it, as 25.00; else all that remains.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Give a charge back, or a part of it: the billing system books that; the charge itself stays on record."""
    from services.desk.web.paid_work import Crediting, credit

    told = {"agent": agent, "reason": reason, "amount": amount}
    _say(Crediting, told, lambda tx, wish: credit(tx, charge, wish), as_json=as_json)


def _say(kind: type[Wish], told: dict[str, Any], deed: Callable[[Transaction, Wish], Event], *, as_json: bool) -> None:
    """Say what a person decided; a wrong use where he said it wrongly, Permanent when it cannot be."""
    from pydantic import ValidationError

    from shared.bus import Transaction
    from shared.errors import Permanent
    from shared.web import Problem

    try:
        wish = kind.model_validate(told)
        with Transaction.begin("desk") as tx:
            event = deed(tx, wish)
            tx.say(event)
    except ValidationError as error:
        problem = error.errors()[0]
        hint = f"--{problem['loc'][0]}" if problem["loc"] else None
        raise typer.BadParameter(problem["msg"], param_hint=hint) from error
    except Problem as problem:
        raise Permanent(f"{problem.title}. {problem.detail}") from problem
    if as_json:
        typer.echo(json.dumps({"event_id": str(event.event_id), "ticket": event.ticket_id}))
    else:
        typer.echo(f"said; `scopedesk billing ticket {event.ticket_id}` shows what follows")


def _told(trail: Trail) -> Iterable[str]:
    yield trail.headline
    yield from (f"on its way: {words}" for words in trail.on_their_way)
    yield from (f"not done for {told.agent or 'the requester'}: {told.reason}" for told in trail.refusals[-1:])
    for quote in trail.quotes:
        yield ""
        yield from _quote(quote)
    yield from (
        f"a yes to {told.quote_id} version {told.version} ({told.given_how}) does not count: {told.reason}"
        for told in trail.refused_consents
    )
    if trail.courtesy.entries:
        yield "\nCourtesy, given away"
        yield from _work(trail.courtesy)
    yield from (f"{clock.agent} works on it since {_moment(clock.since)}" for clock in trail.clocks)


def _quote(quote: QuoteStory) -> Iterable[str]:
    yield f"{quote.quote_id}  {quote.sentence}"
    yield from _version(quote)
    for version in reversed(quote.earlier):
        yield from _version(version, replaced=version.state in {"draft", "offered"})
    yield from _work(quote.work)
    if quote.plan:
        end = f", ends with {quote.plan.ends_on}" if quote.plan.ends_on else ""
        yield f"  plan since {quote.plan.starts_on}, {quote.plan.unit} by {quote.plan.unit}{end}"
        yield from (f"  a person has to look: {question}" for question in quote.plan.questions)
    for charge in quote.charges:
        yield from _charge(charge)


def _version(version: QuoteVersion, *, replaced: bool = False) -> Iterable[str]:
    priced = f", priced by {version.priced_by}" if version.priced_by else ""
    yield f"  version {version.version}, {'replaced' if replaced else version.state}{priced}: {version.price}"
    if version.agreed_by and version.agreed_at:
        yield f"    {version.agreed_by} agreed, {version.agreed_how}, {_moment(version.agreed_at)}"
    if version.withdrawn_because:
        yield f"    taken back by {version.withdrawn_by or 'nobody'}: {version.withdrawn_because}"


def _work(work: WorkStory) -> Iterable[str]:
    for entry in work.entries:
        marks = (
            f"{entry.over_minutes} beyond" if entry.over_minutes > 0 else "",
            "takes one back" if entry.reverses else "",
            "taken back" if entry.taken_back else "",
            "locked" if entry.locked else "",
        )
        marked = "".join(f" [{mark}]" for mark in marks if mark)
        took = f"{entry.minutes} min{marked}"
        yield f"  {_moment(entry.started_at)}  {entry.agent}  {took}  {entry.note}  {entry.entry_id}"
    if work.entries:
        beyond = f", {work.over} of them beyond what was allowed: never charged" if work.over else ""
        yield f"  {work.worked} minutes in all{beyond}"
    yield from (f"  {words}" for words in work.used_up)
    if work.settled_by and work.settled_at:
        yield f"  settled by {work.settled_by}, {_moment(work.settled_at)}"


def _charge(charge: ChargeView) -> Iterable[str]:
    period = f" for {charge.period_from} to {charge.period_until}" if charge.period_from else ""
    yield f"  charge {charge.charge_id}  {charge.total}{period}, {_booked(charge.booked_at, charge.reference)}"
    for item in charge.credits:
        booked = _booked(item.booked_at, item.reference)
        yield f"    {item.total} given back by {item.agent}, {booked}: {item.reason}"


def _booked(at: datetime | None, reference: str | None) -> str:
    if at is None:
        return "not booked yet"
    return f"booked {_moment(at)}{f' as {reference}' if reference else ''}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
