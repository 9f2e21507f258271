"""`scopedesk decide`: apply the policies to many requests at a time."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from shared.civil_time import Moment

if TYPE_CHECKING:
    from services.scope.rules.decide import Request
    from shared.vocabulary import Decision, PriceOffer

app = typer.Typer()

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _absent(value: Any) -> Any:
    return "" if value is None else value


Words = Annotated[str, BeforeValidator(_absent)]


class CustomerNotes(BaseModel):
    """What is known of the customer: `facts` are free texts of the record or the monitoring."""

    name: str | None = None
    account: str | None = None
    facts: tuple[str, ...] = ()


class Question(BaseModel):
    """A line of input. Fields that are not known here are ignored, so that a labelled file can be fed as it is."""

    id: str | int | None = None
    provider: str
    product: str | None = None
    plan: str | None = None
    channel: str = "email"
    received_at: Moment
    language: str | None = None
    subject: Words = ""
    body: Words = ""
    customer: CustomerNotes = Field(default_factory=CustomerNotes)

    def request(self) -> "Request":
        """The request as the scope room takes it."""
        from services.scope.rules.decide import Request

        return Request(
            provider=self.provider,
            product=self.product,
            plan=self.plan,
            subject=self.subject,
            body=self.body,
            received_at=self.received_at,
            language=self.language,
            notes=self.customer.facts,
            account_known=self.customer.account is not None,
        )


@app.command()
def decide() -> None:
    """Decide what the policies say of requests. Reads JSON Lines from standard input, writes one line for each.

    Needs no server. A line that cannot be decided gives {"error": …, "line": …}, the rest is decided all the same, and
    the exit code is 1.
    """
    import json
    import sys

    from services.scope.gateway import ready_decider
    from shared.errors import Misconfigured
    from shared.policies import load_policies

    decider, failed = ready_decider(load_policies()), False
    for number, line in enumerate(sys.stdin.buffer, start=1):
        text = line.removeprefix(BYTE_ORDER_MARK).strip() if number == 1 else line.strip()
        if not text:
            continue
        try:
            question = Question.model_validate_json(text)
            answer = {"id": question.id} | _line(decider.decide(question.request()))
        except (ValueError, Misconfigured) as error:
            failed, answer = True, {"error": f"line {number}: {told_of(error)}", "line": number}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


def _line(decision: "Decision") -> dict[str, Any]:
    """A decision as the line of output writes it: amounts in major units."""
    written = decision.model_dump(mode="json", exclude={"version", "decided_by"})
    written["price"] = _price(decision.price) if decision.price else None
    written["parts"] = [_line(part) for part in decision.parts]
    return written


def _price(offer: "PriceOffer") -> dict[str, Any]:
    return {
        "amount": float(offer.amount.amount) if offer.amount else None,
        "currency": offer.amount.currency if offer.amount else None,
        "unit": offer.unit,
        "total": float(offer.total.amount) if offer.total else None,
        "line": offer.line,
        "clause": offer.clause,
        "title": offer.title,
    }


def told_of(error: Exception) -> str:
    """What is wrong with a line, without what stands in it."""
    if not isinstance(error, ValidationError):
        return str(error)
    places = (
        (".".join(map(str, found["loc"])), found["msg"].removeprefix("Value error, "))
        for found in error.errors(include_input=False)
    )
    return "; ".join(f"{place}: {words}" if place else words for place, words in places)
