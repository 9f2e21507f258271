"""`scopedesk tickets`: what the desk shows, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli import attachments

if TYPE_CHECKING:
    from services.desk.rules.story import Said, TicketStory
    from services.desk.rules.summary import TicketRow
    from shared.bus import Transaction
    from shared.events import Event
    from shared.vocabulary import Precedent

app = typer.Typer(no_args_is_help=True, help="List tickets, show one with everything that explains it, decide one.")

app.add_typer(attachments.app, name="attachments")

WIDTH_IN_FILES = 200
"""Columns of a table that goes into a file or a pipe, where nothing has to be folded."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]


@app.command("list")
def list_tickets(
    provider: Annotated[str | None, typer.Option(help="Only tickets of this provider.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the newest first.")] = 200,
    *,
    as_json: AsJson = False,
) -> None:
    """List tickets, the newest first: a table, or with --json one line of JSON per ticket."""
    from services.desk import store
    from services.desk.rules.summary import Sort
    from shared.policies import load_policies

    if provider:
        load_policies().provider(provider)  # a typing error must not look like an empty list
    with store.reading() as session:
        rows = store.list_tickets(session, provider=provider, sort=Sort.NEWEST, limit=limit)
    if as_json:
        for row in rows:
            typer.echo(row.model_dump_json())
    elif rows:
        _print_list(rows)
    else:
        typer.echo("no tickets")


@app.command("show")
def show_ticket(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The ticket's number, such as HN-1001.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a ticket: conversation, decision with its clauses, due times with their proof, money, letters, history."""
    from services.desk import store
    from shared.errors import Permanent

    with store.reading() as session:
        story = store.show_ticket(session, number)
    if story is None:
        raise Permanent(f"there is no ticket {number}: `scopedesk tickets list` shows which there are")
    if as_json:
        typer.echo(story.model_dump_json(indent=2))
    else:
        _print_story(story)


@app.command("override")
def override_ticket(
    number: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number, such as HN-1001.")],
    *,
    verdict: Annotated[str, typer.Option(help="What it is: supported, courtesy, paid, unsupported, …")],
    reason: Annotated[str, typer.Option(help="Why, for colleagues.")],
    agent: Annotated[str, typer.Option(help="Who decides.")],
    clause: Annotated[
        list[str] | None, typer.Option(help="The clause it rests on; again for more, best first.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The right topic, where it was read wrongly.")] = None,
    price_line: Annotated[str | None, typer.Option(help="The price line of paid work.")] = None,
    question: Annotated[int | None, typer.Option(min=1, help="Decide only this question of the message.")] = None,
    approver: Annotated[
        str | None, typer.Option(help="Who else answers for giving work away or taking it back.")
    ] = None,
) -> None:
    """Decide a ticket yourself; the same verdict confirms what a person had to look at.

    It stands as the next version: due times, quotes and the letter to the customer follow.
    """
    from pydantic import ValidationError

    from services.desk.rules.overrides import Overriding
    from services.desk.web.overrides import override

    told: dict[str, Any] = {"verdict": verdict, "reason": reason, "agent": agent, "topic": topic, "approver": approver}
    told |= {"price_line": price_line, "question": question, "clauses": tuple(clause or ())}
    try:
        wish = Overriding.model_validate(told)
    except ValidationError as error:
        problem = error.errors()[0]
        raise typer.BadParameter(problem["msg"], param_hint=f"--{problem['loc'][0]}") from error
    say("override", number, lambda tx: [override(tx, number, wish)])


@app.command("correct")
def correct_ticket(
    number: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number, such as HN-1001.")],
    fact: Annotated[str, typer.Option(help="What is so, as the customer record would say it.")],
    agent: Annotated[str, typer.Option(help="Who says so.")],
) -> None:
    """Have a ticket decided again with a fact that was wrong or missing."""
    from services.desk.web.overrides import Correcting, correction

    correcting = Correcting(agent=agent, fact=fact)
    say("correction", number, lambda tx: [correction(tx, number, correcting)])


def say(what: str, number: str, events_of: Callable[[Transaction], Iterable[Event]]) -> None:
    """Say what a person decided of a ticket; Permanent when he may not."""
    from shared.bus import Transaction
    from shared.errors import Permanent
    from shared.web import Problem

    try:
        with Transaction.begin("desk") as tx:
            for event in events_of(tx):
                tx.say(event)
    except Problem as problem:
        raise Permanent(f"{problem.title}. {problem.detail}") from problem
    typer.echo(f"the {what} of {number.upper()} is said; `scopedesk tickets show {number.upper()}` shows what follows")


def _print_list(rows: Iterable[TicketRow]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Ticket", "Provider", "State", "Verdict", "Clause", "Due (UTC)", "Team", "Price", "Subject"):
        table.add_column(name, overflow="fold", no_wrap=name == "Ticket", min_width=6)
    for row in rows:
        verdict = f"{row.verdict or '…'}{' ?' if row.needs_person else ''}"
        due = f"{_moment(row.due_at)}{' !' if row.breached else ''}" if row.due_at else ""
        cells = (row.number, row.provider, row.state, verdict, row.clause, due, row.team, row.price, row.subject)
        table.add_row(*(Text(cell or "") for cell in cells))  # Text: what customers wrote is no markup
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_IN_FILES
    console.print(table)
    console.print("?  a person has to look at the verdict    !  a due time has passed", style="dim")


def _print_story(story: TicketStory) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)

    def part(title: str, lines: Iterable[str]) -> None:
        told = list(lines)
        if told:
            console.print(f"\n{title}", style="bold")
            for line in told:
                console.print(line, soft_wrap=True)

    row = story.ticket
    console.print(f"{row.number}  {row.subject}", style="bold")
    console.print(f"{row.provider}, by {row.channel} from {row.requester or 'unknown'}, {_moment(row.received_at)} UTC")
    related = f", refers to {story.related_ticket}" if story.related_ticket else ""
    console.print(f"{row.state}{f' into {row.merged_into}' if row.merged_into else ''}{related}")
    part("Merged into this", story.merged_tickets)
    part("One case?", (f"{case.ticket_id}  {'; '.join(case.evidence)}" for case in story.proposed_cases))
    part("Whose ticket?", story.facts.customer_candidates)
    part("Decision", _decision(story))
    part("Decided by people before", map(_precedent, story.precedents))
    part("Due times", _due_times(story))
    part("Money", _money(story))
    part("Letters", (f"{_moment(letter.at)}  {letter.kind}  {letter.state}" for letter in story.letters))
    part("Conversation", map(_said, story.conversation))
    part("History", (f"{_moment(line.at)}  {line.words}" for line in story.history))


def _money(story: TicketStory) -> Iterable[str]:
    if story.billing.quotes:
        yield story.billing.headline
        yield from (f"{quote.quote_id} v{quote.version}  {quote.sentence}" for quote in story.billing.quotes)
        yield f"(`scopedesk billing ticket {story.ticket.number}` shows it in full)"


def _said(said: Said) -> str:
    message = f"  message {said.arrival_id}" if said.arrival_id else ""
    return f"{_moment(said.at)}  {said.by} ({said.author}){message}\n{_indented(said.text)}"


def _decision(story: TicketStory) -> Iterable[str]:
    if decision := story.decision:
        doubt = "; a person has to look" if decision.needs_person else ""
        by = f", by {decision.decided_by}" if decision.decided_by else ""
        yield f"{decision.verdict}, {decision.topic or 'no topic'}, confidence {decision.confidence:.0%}{by}{doubt}"
        yield from (f"{clause.id}\n{_indented(f'“{clause.quote}”')}" for clause in story.clauses)


def _precedent(precedent: Precedent) -> str:
    clauses = ", ".join(precedent.clauses) or "no clause"
    approved = f", approved by {precedent.approver}" if precedent.approver else ""
    return (
        f"{precedent.ticket_id}  {precedent.likeness:.0%} alike  {precedent.verdict}, {precedent.topic or 'no topic'}, "
        f"{clauses}\n  {precedent.agent}{approved}: {precedent.reason}"
    )


def _due_times(story: TicketStory) -> Iterable[str]:
    if not story.routing:
        return
    yield f"{story.routing.team}, counted on {story.routing.counted_on}"
    for target in story.routing.targets:
        ours = " (house target, not policy)" if target.house_default else ""
        yield f"{target.name}: {_moment(target.due_at) if target.due_at else 'not stated'} UTC{ours}"
        for window in target.windows:
            holiday = f", {window.holiday}" if window.holiday else ""
            yield f"  {_moment(window.opens_at)} to {_moment(window.closes_at)}: {window.counted_seconds} s{holiday}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
