"""More commands of `scopedesk tickets`: merge, unmerge, split, one-case, choose-customer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from deploy.cli.tickets import say

app = typer.Typer()

Number = Annotated[str, typer.Argument(metavar="TICKET", help="The ticket's number, such as HN-1001.")]
Agent = Annotated[str, typer.Option(help="Who decides.")]


@app.command("merge")
def merge_tickets(
    into: Annotated[str, typer.Argument(metavar="INTO", help="The ticket that goes on.")],
    number: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket that is merged into it.")],
    agent: Agent,
) -> None:
    """Merge a ticket into another of the same customer: it closes, and what it gets is shown and counted there."""
    from services.desk.web.cases import Merging, merge

    say("merging", number, lambda tx: merge(tx, number, Merging(agent=agent, into=into)))


@app.command("unmerge")
def unmerge_ticket(number: Number, agent: Agent) -> None:
    """Take a merge back, whole: the ticket stands as if it had never been merged."""
    from services.desk.web.cases import Unmerging, unmerge

    say("unmerging", number, lambda tx: unmerge(tx, number, Unmerging(agent=agent)))


@app.command("split")
def split_message(
    number: Number,
    message: Annotated[UUID, typer.Argument(metavar="MESSAGE", help="As `tickets show` names it.")],
    agent: Agent,
) -> None:
    """Make a message a ticket of its own; merging that one puts it back."""
    from services.desk.web.cases import Splitting, split

    say("splitting", number, lambda tx: split(tx, number, Splitting(agent=agent, arrival_id=message)))


@app.command("one-case")
def judge_case(
    number: Number,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The ticket that may be the same case.")],
    agent: Agent,
    *,
    yes: Annotated[bool, typer.Option("--yes/--no", help="One case, so that the later is merged; or two.")],
) -> None:
    """Accept or dismiss that two tickets are one case; what is dismissed is never proposed again."""
    from services.desk.web.cases import Judging, judge

    say("judgement", number, lambda tx: judge(tx, number, Judging(agent=agent, other=other, one_case=yes)))


@app.command("choose-customer")
def choose_customer(
    number: Number,
    agent: Agent,
    customer: Annotated[str | None, typer.Argument(metavar="[CUSTOMER]", help="The customer's id.")] = None,
    *,
    nobody: Annotated[bool, typer.Option("--nobody", help="It is of no customer that we know.")] = False,
) -> None:
    """Say whose a ticket is: it is decided and routed again for that customer."""
    from services.desk.web.cases import Choosing, choose

    if (customer is None) is not nobody:
        raise typer.BadParameter("name a customer, or say --nobody", param_hint="CUSTOMER")
    wish = Choosing(agent=agent, customer_id=customer, nobody=nobody)
    say("customer", number, lambda tx: choose(tx, number, wish))
