"""What operators and the billing system read on the command line."""

import json
from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.cli import billing, customers, dead_letters, stack, tickets
from services.desk.tasks import worker as desk
from services.email_intake.store import store_email
from services.tickets.tasks import worker as filing
from shared import clock
from shared.errors import Misconfigured, Permanent
from shared.events import ChargeRecorded, EmailReceived, QuoteExpired, TicketOpened
from shared.money import Money
from shared.vocabulary import Requester

BOOK = """\
- {id: c-1, provider: hypernode, name: Bloemen BV, account: bloemen, emails: [anna@bloemen.example]}
- {id: c-2, provider: hypernode, name: Vazen BV, emails: [anna@bloemen.example, bob@vazen.example]}
"""


@pytest.fixture
def run(database):
    def run(command, *arguments):
        answer = CliRunner().invoke(command.app, arguments)
        if answer.exception:
            raise answer.exception
        return answer

    return run


@pytest.fixture
def ticket(say, hear, said):
    event = EmailReceived(
        arrival_id=uuid4(),
        provider="hypernode",
        mailbox="support@hypernode.example",
        sender=Requester(name="Anna", email="anna@bloemen.example"),
        subject="Shop [red]down[/red]",
        text="Help",
        full_text="Help",
        received_at=clock.now(),
    )
    say("email_intake", event)
    hear(filing, "file_email")
    hear(desk, "show_ticket")
    return said(TicketOpened)[0].ticket_id


def charge(quote_id):
    return ChargeRecorded(
        ticket_id="HN-1001",
        charge_id=uuid4(),
        quote_id=quote_id,
        version=1,
        line="restore",
        clause="hypernode.backups.restore-price",
        customer_id="c-1",
        account="bloemen",
        provider="hypernode",
        total=Money.of(125, "EUR"),
    )


def test_loading_customers_warns_of_an_address_that_will_match_nobody(run, tmp_path):
    (tmp_path / "book.yaml").write_text(BOOK)
    answer = run(customers, "load", str(tmp_path / "book.yaml"))
    assert answer.stdout == "2 customers loaded\n"
    assert "several customers with anna@bloemen.example" in answer.stderr


def test_a_file_with_a_mistake_loads_nobody(run, tmp_path, ticket):
    (tmp_path / "book.yaml").write_text(BOOK.replace("name: Vazen BV, ", ""))
    with pytest.raises(Misconfigured, match=r"book\.yaml:2: "):
        run(customers, "load", str(tmp_path / "book.yaml"))


def test_tickets_are_listed_for_people_and_for_machines(run, ticket):
    assert "Shop [red]down[/red]" in run(tickets, "list").stdout
    [line] = run(tickets, "list", "--json", "--provider", "hypernode").stdout.splitlines()
    assert json.loads(line)["number"] == ticket
    assert run(tickets, "list", "--json", "--provider", "luxcloud").stdout == ""


def test_a_provider_that_is_none_is_told_apart_from_one_without_tickets(run, ticket):
    with pytest.raises(Misconfigured, match="did you mean 'hypernode'"):
        run(tickets, "list", "--provider", "hypernod")


def test_a_ticket_is_shown_for_people_and_for_machines(run, ticket):
    assert "A request by email became this ticket." in run(tickets, "show", ticket.lower()).stdout
    assert json.loads(run(tickets, "show", ticket, "--json").stdout)["facts"]["ticket_id"] == ticket
    with pytest.raises(Permanent, match="HN-9999"):
        run(tickets, "show", "HN-9999")


def test_a_consumer_goes_on_from_its_cursor_and_sees_each_event_once(run, say):
    say("billing", charge("Q-HN-1001-1"))
    say("billing", QuoteExpired(ticket_id="HN-1001", quote_id="Q-HN-1001-2", version=1))
    first, second = map(json.loads, run(billing, "events").stdout.splitlines())
    assert (first["type"], second["type"]) == ("billing.charge.recorded", "billing.quote.expired")
    say("billing", charge("Q-HN-1001-3"))
    [third] = map(json.loads, run(billing, "events", "--after", second["cursor"]).stdout.splitlines())
    assert third["data"]["quote_id"] == "Q-HN-1001-3"
    with pytest.raises(Permanent, match="no cursor"):
        run(billing, "events", "--after", "yesterday")


@pytest.fixture
def unfiled(say, hear, session):
    """An e-mail whose filing died of an error with brackets in it; gives the number of its dead letter."""
    arrival_id = store_email(b"Subject: help\r\n\r\nhelp", source="help.eml")
    event = EmailReceived(
        arrival_id=arrival_id,
        provider="[/b]",
        mailbox="support@hypernode.example",
        sender=Requester(email="anna@bloemen.example"),
        subject="help",
        text="help",
        full_text="help",
        received_at=clock.now(),
    )
    say("email_intake", event)
    session.execute(text("delete from bus.delivery where hearer = 'email_intake.read_email'"))
    session.commit()
    hear(filing, "file_email")
    return session.scalars(text("select id from bus.dead_letter")).one()


@pytest.mark.parametrize("options", [(), ("--trace",)])
def test_dead_letters_are_listed_whatever_stands_in_their_errors(run, unfiled, options):
    assert "[/b]" in run(dead_letters, "list", *options).stdout


def test_an_arrival_in_a_dead_letter_is_held_not_lost(run, unfiled, hear):
    def told():
        found = json.loads(run(stack, "status", "--json").stdout)
        return [found[name] for name in ("received", "under_way", "dead_arrivals", "discarded_arrivals", "balanced")]

    assert told() == [1, 0, 1, 0, True]
    run(dead_letters, "replay", str(unfiled), "--by", "operator")
    assert told() == [1, 1, 0, 0, True]
    hear(filing, "file_email")
    run(dead_letters, "discard", str(unfiled + 1), "--by", "operator")
    assert told() == [1, 0, 0, 1, True]
    assert "discarded" in run(stack, "status").stdout
