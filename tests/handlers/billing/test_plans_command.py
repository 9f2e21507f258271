"""Plans and licence fees on the command line and over the desk's API."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from deploy.cli import app
from plans import TODAY, priority, usd
from services.billing.tasks import worker
from services.desk import settings as desk_settings
from services.desk.tasks import worker as desk
from services.desk.web.app import create_app
from services.tickets.gateway import read_customers
from services.tickets.store import save_customer
from shared.bus import Transaction
from shared.errors import ScopedeskError
from shared.events import LicenceBought, SubscriptionCancelled
from web_client import TOKEN, WRITE, Web


@pytest.fixture
def scopedesk():
    def scopedesk(*words):
        return CliRunner().invoke(app, ["billing", *map(str, words)])

    return scopedesk


@pytest.fixture
def plan(agree, hear_due, hear):
    """A plan for six servers that has begun and is known to the desk."""
    quote_id = agree(priority(6))
    hear_due("begin_period")
    hear(desk, "show_quote")
    return quote_id


@pytest.fixture
def web(database, monkeypatch):
    monkeypatch.setattr(desk_settings.settings(), "token", SecretStr(TOKEN))
    return Web(create_app())


def test_plans_are_listed_and_one_is_shown_with_its_terms_and_charges(plan, scopedesk):
    assert f"priority-plan, 6 servers, since {TODAY}, goes on" in scopedesk("subscriptions", "list").stdout
    told = json.loads(scopedesk("subscriptions", "show", plan, "--json").stdout)
    assert told["charged"] == [{"from": str(TODAY), "total": "USD 400.00"}]
    assert [terms["fee"] for terms in told["terms"]] == ["USD 400.00"]
    assert f"period from {TODAY}: USD 400.00" in scopedesk("subscriptions", "show", plan).stdout


def test_a_plan_that_is_cancelled_tells_until_when_it_is_due(plan, scopedesk, hear, said):
    day = TODAY + timedelta(days=3)
    assert scopedesk("subscriptions", "cancel", plan, "--on", day, "--agent", "Vera").exit_code == 0
    hear(worker, "cancel_plan")
    told = json.loads(scopedesk("subscriptions", "list", "--json").stdout)
    assert told["ends_on"] == str(day) < told["paid_until"]
    assert [cancelled.ticket_id for cancelled in said(SubscriptionCancelled)] == ["HS-1"]


def test_a_plan_that_nobody_has_is_told_so(database, scopedesk):
    assert scopedesk("subscriptions", "list").stdout == "no plans\n"
    for words in (["show", "Q-HS-9-1"], ["cancel", "Q-HS-9-1", "--on", TODAY, "--agent", "Vera"]):
        assert isinstance(scopedesk("subscriptions", *words).exception, ScopedeskError)


def test_a_licence_fee_is_recorded_for_a_customer_of_the_book_only(database, scopedesk, said, tmp_path):
    book = tmp_path / "customers.yaml"
    book.write_text("- {id: hs-1, provider: h-sphere, name: Hosting, emails: [lee@hosting.example]}")
    with Transaction.begin("tickets") as tx:
        for customer in read_customers(book):
            save_customer(tx.session, customer)
    words = ["--on", TODAY - timedelta(days=1), "--agent", "Vera"]
    assert scopedesk("licence", "add", "hs-1", "--fee", "4500.00", *words).exit_code == 0
    assert scopedesk("licence", "add", "hs-1", "--fee", "-4500", *words).exit_code == 0
    assert [bought.fee for bought in said(LicenceBought)] == [usd(4500), usd(-4500)]
    assert isinstance(scopedesk("licence", "add", "hs-2", "--fee", "4500", *words).exception, ScopedeskError)
    assert scopedesk("licence", "add", "hs-1", "--fee", "a lot", *words).exit_code == 2
    later = ["--on", TODAY + timedelta(days=2), "--agent", "Vera"]
    assert isinstance(scopedesk("licence", "add", "hs-1", "--fee", "4500", *later).exception, ScopedeskError)


def test_the_api_ends_a_plan_once_for_a_key(plan, web, said):
    wish = {"agent": "Vera", "ends_on": str(TODAY)}
    for _ in range(2):
        answer = web.post(f"/api/subscriptions/{plan}/cancel", json=wish, headers=WRITE | {"Idempotency-Key": "one"})
        assert (answer.status_code, answer.json()["ticket"]) == (202, "HS-1")
    assert len(said(SubscriptionCancelled)) == 1
    assert web.post("/api/subscriptions/Q-HS-9-1/cancel", json=wish, headers=WRITE).status_code == 404
    assert web.post(f"/api/subscriptions/{plan}/cancel", json=wish).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, 202), ({"provider": "hypernode"}, 422), ({"provider": "nobody"}, 404), ({"amount": "1.005"}, 422)],
)
def test_the_api_records_a_licence_fee_where_a_plan_rests_on_them(web, said, changes, status):
    paid = {"agent": "Vera", "provider": "h-sphere", "customer_id": "hs-1", "bought_on": str(TODAY), "amount": "4500"}
    assert web.post("/api/licences", json=paid | changes, headers=WRITE).status_code == status
    assert [bought.fee for bought in said(LicenceBought)] == ([usd(4500)] if status == 202 else [])
