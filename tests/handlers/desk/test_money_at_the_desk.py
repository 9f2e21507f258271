"""What people see and do of money at the desk: over its API, on its page and on the command line, with real billing."""

import json
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.billing.tasks import worker as billing
from services.desk.tasks import worker as desk
from shared import clock
from shared.errors import Permanent
from shared.events import (
    ChargeBooked,
    ConsentGiven,
    CreditGiven,
    CreditRefused,
    QuotePriced,
    QuoteVoided,
    ScopeDecided,
    TicketOpened,
    WorkRefused,
    WorkReported,
    WorkSettled,
    WorkStarted,
)
from shared.money import Money
from shared.vocabulary import Basis, Channel, Decision, PriceOffer, Requester, TicketFacts, Verdict
from web_client import TOKEN, WRITE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OWNER = "anna@bloemen.example"
NUMBER, QUOTE = "KX-1", "Q-KX-1-1"
CLAUSE = "kenotronix.vps-dedicated.security-correction-paid"
WORK = PriceOffer(line="security-correction", clause=CLAUSE, title="Correction", unit="started-hour", basis=Basis.HOURS)
PAID = Decision(verdict=Verdict.PAID, clauses=(CLAUSE,), price=WORK, needs_person=False)


@pytest.fixture
def go_on(hear):
    """Let billing and the desk hear what waits for them, but no timer."""

    def go_on():
        for _ in range(3):
            for handler in billing.handlers:
                if handler not in {"billing.expire_quote", "billing.reconcile", "billing.ask_again"}:
                    hear(billing, handler.partition(".")[2])
        for handler in desk.handlers:
            hear(desk, handler.partition(".")[2])

    return go_on


@pytest.fixture
def opened(say, go_on):
    """A ticket of paid work without a stated price: a draft waits for a person."""
    facts = TicketFacts(
        ticket_id=NUMBER,
        provider="kenotronix",
        channel=Channel.EMAIL,
        subject="Site hacked",
        requester=Requester(name="Anna", email=OWNER, customer_id="c-1", may_approve_costs=True),
        approvers=(OWNER,),
        received_at=clock.now(),
    )
    say("tickets", TicketOpened(ticket_id=NUMBER, arrival_id=uuid4(), ticket=facts, text="Please clean it"))
    say("scope", ScopeDecided(ticket_id=NUMBER, ticket=facts, text="Please clean it", decision=PAID))
    go_on()


@pytest.fixture
def post(web, go_on):
    def post(path, wish=None, **headers):
        answer = web.post(f"/api/{path}", json={"agent": "Kees"} | (wish or {}), headers=WRITE | headers)
        go_on()
        return answer

    return post


@pytest.fixture
def agreed(opened, post, say, go_on):
    """At most three hours at EUR 60.00, priced by Kees and agreed to."""
    assert post(f"quotes/{QUOTE}/price", {"amount": "60.00", "quantity": 3, "basis": "hours"}).status_code == 202
    say("desk", ConsentGiven(ticket_id=NUMBER, quote_id=QUOTE, version=1, given_by_email=OWNER, taken_by="Kees"))
    go_on()


@pytest.fixture
def billing_of(web):
    def billing_of(number=NUMBER):
        answer = web.get(f"/api/tickets/{number}/billing")
        assert answer.status_code == 200, answer.text
        return answer.json()

    return billing_of


def work(minutes=50, **more):
    return {"minutes": minutes, "note": "cleaned", "quote_id": QUOTE} | more


def send(web, what, filled):
    return web.post(f"/tickets/{NUMBER}/billing/{what}", data={"agent": "Kees", "token": TOKEN} | filled, headers=FORM)


def test_a_priced_draft_is_agreed_to_worked_settled_booked_and_given_back(agreed, post, billing_of, say, go_on):
    assert post(f"tickets/{NUMBER}/work", work(50)).status_code == 202
    assert post(f"tickets/{NUMBER}/work", work(30)).status_code == 202
    assert post(f"quotes/{QUOTE}/settle").status_code == 202
    [quote] = billing_of()["quotes"]
    [charge] = quote["charges"]
    assert charge["total"] == {"minor": 12000, "currency": "EUR"}
    assert quote["sentence"] == (
        f"Correction ({CLAUSE}): EUR 120.00 charged for 2 started hours; {OWNER} agreed (told to Kees); not booked yet."
    )
    assert (quote["priced_by"], quote["work"]["worked"], quote["work"]["settled_by"]) == ("Kees", 80, "Kees")
    assert all(entry["locked"] for entry in quote["work"]["entries"])
    booked = ChargeBooked(
        ticket_id=NUMBER, booked_id=charge["charge_id"], reference="INV-7", total=Money.of(120, "EUR")
    )
    say("billing", booked)
    assert "booked as INV-7" in billing_of()["quotes"][0]["sentence"]
    assert post(f"charges/{charge['charge_id']}/credit", {"amount": "20", "reason": "late"}).status_code == 202
    told = billing_of()
    assert told["headline"] == "EUR 100.00 remains of EUR 120.00 that was charged, without VAT."
    assert told["costs"] == [{"minor": 10000, "currency": "EUR"}]
    assert "1 of 2 not booked yet" in told["quotes"][0]["sentence"]


def test_work_beyond_the_agreement_shows_and_is_never_charged(agreed, post, billing_of):
    post(f"tickets/{NUMBER}/work", work(200))
    first, *_ = billing_of()["quotes"]
    assert (first["work"]["worked"], first["work"]["over"]) == (200, 20)
    assert first["work"]["used_up"] == ["the ticket's 180 minutes are used up: 200 were worked"]
    assert [quote["state"] for quote in billing_of()["quotes"]] == ["agreed", "draft"]


def test_a_clock_runs_from_its_start_until_the_work_is_told(agreed, post, billing_of, said):
    assert post(f"tickets/{NUMBER}/work", work(None)).status_code == 409
    assert post(f"tickets/{NUMBER}/work/start").status_code == 202
    assert [clock["agent"] for clock in billing_of()["clocks"]] == ["Kees"]
    assert post(f"tickets/{NUMBER}/work/start").status_code == 409
    assert post(f"tickets/{NUMBER}/work", work(None)).status_code == 202
    assert (billing_of()["clocks"], len(said(WorkStarted)), said(WorkRefused)) == ([], 1, [])


def test_an_entry_is_taken_back_once_and_both_stay_readable(agreed, post, billing_of):
    post(f"tickets/{NUMBER}/work", work(50))
    [entry] = billing_of()["quotes"][0]["work"]["entries"]
    back = {"reverses": entry["entry_id"], "note": "another ticket"}
    assert post(f"tickets/{NUMBER}/work", back).status_code == 202
    story = billing_of()["quotes"][0]["work"]
    assert (story["worked"], sorted(entry["minutes"] for entry in story["entries"])) == (0, [-50, 50])
    assert post(f"tickets/{NUMBER}/work", back).status_code == 409


def test_courtesy_is_told_apart_from_what_is_paid(agreed, post, billing_of):
    assert post(f"tickets/{NUMBER}/work", {"minutes": 10, "note": "a question", "courtesy": True}).status_code == 202
    assert billing_of()["courtesy"]["worked"] == 10
    assert billing_of()["quotes"][0]["work"]["worked"] == 0


def test_an_offer_is_changed_taken_back_and_further_work_is_offered(opened, post, billing_of):
    post(f"quotes/{QUOTE}/price", {"amount": "60,00"})
    post(f"quotes/{QUOTE}/price", {"amount": 70, "basis": "fixed"})
    [quote] = billing_of()["quotes"]
    assert (quote["version"], quote["price"]) == (2, "EUR 70.00, paid once agreed")
    assert [version["version"] for version in quote["earlier"]] == [0, 1]
    assert post(f"quotes/{QUOTE}/void", {"version": 2, "reason": "a mistake"}).status_code == 202
    [quote] = billing_of()["quotes"]
    assert (quote["state"], quote["withdrawn_by"], quote["withdrawn_because"]) == ("withdrawn", "Kees", "a mistake")
    assert (
        post(f"tickets/{NUMBER}/quotes", {"title": "Move the site", "amount": "90", "quantity": 2}).status_code == 202
    )
    assert billing_of()["quotes"][1]["price"].startswith("EUR 90.00 per started hour, 2 started hours at most: EUR 180")


def test_what_billing_refuses_reaches_the_agent(opened, post, billing_of):
    assert post(f"quotes/{QUOTE}/price", {"amount": "0"}).status_code == 202
    [refusal] = billing_of()["refusals"]
    assert (refusal["agent"], refusal["reason"]) == ("Kees", "the price is not above zero")


def test_what_is_said_and_not_answered_yet_shows_as_on_its_way(opened, web, billing_of):
    web.post(f"/api/quotes/{QUOTE}/price", json={"agent": "Kees", "amount": "60"}, headers=WRITE)
    assert billing_of()["on_their_way"] == ["a price, told by Kees"]


@pytest.mark.parametrize(
    ("path", "wish", "refusal"),
    [
        (f"quotes/{QUOTE}/price", {"amount": "60"}, (409, "is agreed")),
        (f"quotes/{QUOTE}/void", {"version": 1, "reason": "x"}, (409, "is agreed")),
        (f"quotes/{QUOTE}/void", {"version": 2, "reason": "x"}, (409, "at version 1")),
        ("quotes/Q-KX-1-9/settle", {}, (404, "There is no quote")),
        ("tickets/KX-9/work/start", {}, (404, "There is no ticket")),
        ("tickets/KX-9/quotes", {"title": "x", "amount": "1"}, (404, "There is no ticket")),
        (f"tickets/{NUMBER}/quotes", {"amount": "1"}, (422, "say what is offered")),
        (f"tickets/{NUMBER}/quotes", {"title": "x"}, (422, "states no price")),
        (f"tickets/{NUMBER}/quotes", {"line": "nothing"}, (422, "has no price line")),
        (f"tickets/{NUMBER}/quotes", {"title": "x", "amount": "1.005"}, (422, "decimal")),
        (f"tickets/{NUMBER}/work", {"minutes": 5, "note": "x"}, (422, "say what the work is for")),
        (f"tickets/{NUMBER}/work", work(0), (422, "minutes")),
        (f"tickets/{NUMBER}/work", work(5, quote_id="Q-KX-1-9"), (409, f"of KX-1 that are: {QUOTE}")),
        (f"tickets/{NUMBER}/work", {"note": "x", "reverses": str(uuid4())}, (404, "no such entry")),
        (f"charges/{uuid4()}/credit", {"reason": "x"}, (404, "There is no charge")),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(agreed, web, said, *, path, wish, refusal):
    before = [len(said(kind)) for kind in (QuotePriced, QuoteVoided, WorkReported, WorkStarted, WorkSettled)]
    answer = web.post(f"/api/{path}", json={"agent": "Kees"} | wish, headers=WRITE)
    assert (answer.status_code, refusal[1] in answer.text) == (refusal[0], True), answer.text
    assert before == [len(said(kind)) for kind in (QuotePriced, QuoteVoided, WorkReported, WorkStarted, WorkSettled)]


def test_no_more_is_given_back_than_remains_and_nothing_is_settled_twice(agreed, post, billing_of, said):
    post(f"tickets/{NUMBER}/work", work())
    post(f"quotes/{QUOTE}/settle")
    assert post(f"quotes/{QUOTE}/settle").status_code == 409
    [charge] = billing_of()["quotes"][0]["charges"]
    path = f"charges/{charge['charge_id']}/credit"
    answer = post(path, {"amount": "60.01", "reason": "x"})
    assert (answer.status_code, "EUR 60.00 remains" in answer.text) == (409, True)
    assert post(path, {"reason": "x"}).status_code == 202
    assert post(path, {"reason": "x"}).status_code == 409
    assert (len(said(CreditGiven)), said(CreditRefused)) == (1, [])
    assert billing_of()["headline"] == "EUR 60.00 was charged and all of it was given back, without VAT."


@pytest.mark.parametrize(
    ("path", "wish", "kind"),
    [
        (f"tickets/{NUMBER}/work", work(), WorkReported),
        (f"tickets/{NUMBER}/work/start", {}, WorkStarted),
        (f"quotes/{QUOTE}/settle", {}, WorkSettled),
        (f"tickets/{NUMBER}/quotes", {"title": "x", "amount": "1"}, QuotePriced),
    ],
)
def test_the_same_idempotency_key_says_it_once(agreed, post, said, *, path, wish, kind):
    before = len(said(kind))
    first, again = (post(path, wish, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.status_code == 202
    assert again.json() == first.json()
    assert len(said(kind)) == before + 1


@pytest.mark.parametrize("path", [f"tickets/{NUMBER}/work", f"quotes/{QUOTE}/price", f"charges/{uuid4()}/credit"])
def test_without_the_token_nobody_writes(agreed, web, path):
    assert web.post(f"/api/{path}", json={"agent": "Kees"}).status_code == 401


def test_the_page_prices_works_settles_and_gives_back_without_a_script(opened, web, say, go_on, billing_of):
    page = web.get(f"/tickets/{NUMBER}").text
    assert "a person has to name a price" in page
    assert send(web, "price", {"quote_id": QUOTE, "amount": "60", "quantity": "2", "basis": "hours"}).status_code == 303
    assert "On its way: a price, told by Kees" in web.get(f"/tickets/{NUMBER}").text
    go_on()
    say("desk", ConsentGiven(ticket_id=NUMBER, quote_id=QUOTE, version=1, given_by_email=OWNER, taken_by="Kees"))
    go_on()
    assert send(web, "start", {}).status_code == 303
    assert send(web, "work", {"quote_id": QUOTE, "minutes": "61", "note": "cleaned"}).status_code == 303
    assert send(web, "work", {"quote_id": "courtesy", "minutes": "5", "note": "advice"}).status_code == 303
    go_on()
    assert "The started hours of 61 minutes are charged at EUR 60.00 each, EUR 120.00 at most." in " ".join(
        web.get(f"/tickets/{NUMBER}").text.split()
    )
    assert send(web, "settle", {"quote_id": QUOTE}).status_code == 303
    go_on()
    [charge] = billing_of()["quotes"][0]["charges"]
    assert send(web, "credit", {"charge_id": charge["charge_id"], "amount": "60", "reason": "late"}).status_code == 303
    go_on()
    page = web.get(f"/tickets/{NUMBER}").text
    assert "EUR 60.00 remains of EUR 120.00 that was charged, without VAT." in page
    assert "5 minutes were given away as a courtesy." in page


def test_a_form_that_cannot_be_taken_says_why_and_says_nothing(agreed, web, said):
    assert "Look at: quantity" in send(web, "price", {"quote_id": QUOTE, "quantity": "many"}).text
    assert "is agreed" in send(web, "price", {"quote_id": QUOTE, "amount": "1"}).text
    assert "valid UUID" in send(web, "credit", {"charge_id": "x", "reason": "x"}).text
    assert "There is no quote" in send(web, "void", {"version": "1", "reason": "x"}).text
    assert send(web, "price", {"quote_id": QUOTE, "token": "wrong"}).status_code == 401
    assert send(web, "nothing", {}).status_code == 404
    assert len(said(QuotePriced)) == 1


@pytest.fixture
def cli(go_on):
    def cli(*words):
        answer = CliRunner().invoke(app, ["billing", *map(str, words)])
        go_on()
        return answer

    return cli


def test_the_command_line_does_the_same(opened, cli, say, go_on, billing_of):
    by = ("--agent", "Kees")
    cli("price", QUOTE, "--amount", "60.00", "--quantity", 2, "--basis", "hours", *by)
    say("desk", ConsentGiven(ticket_id=NUMBER, quote_id=QUOTE, version=1, given_by_email=OWNER, taken_by="Kees"))
    go_on()
    cli("start", NUMBER, *by)
    cli("work", NUMBER, "--note", "cleaned", "--minutes", 130, "--quote", QUOTE, *by)
    cli("work", NUMBER, "--note", "advice", "--minutes", 5, "--courtesy", *by)
    said = json.loads(cli("settle", QUOTE, "--json", *by).stdout)
    assert said["ticket"] == NUMBER
    [charge] = billing_of()["quotes"][0]["charges"]
    cli("credit", charge["charge_id"], "--reason", "late", "--amount", "20.00", *by)
    cli("quote", NUMBER, "--title", "Move the site", "--amount", "90", *by)
    cli("void", "Q-KX-1-3", "--version", 1, "--reason", "a mistake", *by)
    told = cli("ticket", NUMBER).stdout
    for words in (
        "EUR 100.00 remains of EUR 120.00 that was charged, without VAT.",
        f"Q-KX-1-1  Correction ({CLAUSE}): EUR 120.00 charged for 2 started hours, EUR 20.00 of it given back; {OWNER}",
        "priced by Kees: EUR 60.00 per started hour, 2 started hours at most: EUR 120.00",
        "130 min [10 beyond] [locked]  cleaned",
        "settled by Kees",
        "Courtesy, given away",
        "taken back by Kees: a mistake",
    ):
        assert words in told
    assert json.loads(cli("ticket", NUMBER, "--json").stdout)["costs"] == [{"minor": 10000, "currency": "EUR"}]


def test_the_command_line_says_what_is_wrong(agreed, cli):
    assert isinstance(cli("ticket", "KX-9").exception, Permanent)
    assert "is agreed" in str(cli("price", QUOTE, "--amount", "1", "--agent", "Kees").exception)
    wrong = cli("price", QUOTE, "--amount", "a lot", "--agent", "Kees")
    assert (wrong.exit_code, "--amount" in wrong.output) == (2, True)
    assert cli("work", NUMBER, "--note", "x", "--minutes", 5, "--agent", "Kees").exit_code == 2


def test_a_list_shows_what_was_charged_and_whether_it_is_booked(agreed, post, web, say, go_on):
    def row():
        [row] = web.get("/api/tickets").json()["tickets"]
        return row

    post(f"tickets/{NUMBER}/work", work(200))
    assert row()["used_up"] is True
    assert "time used up" in web.get("/").text
    post("quotes/Q-KX-1-2/price", {"amount": "0"})
    assert row()["money_refused"] is True
    post("quotes/Q-KX-1-2/void", {"version": 0, "reason": "not needed"})
    assert row()["money_refused"] is False
    post(f"quotes/{QUOTE}/settle")
    charged = row()["quotes"][0]
    assert (charged["charged"]["minor"], charged["total"]["minor"], charged["booked"]) == (18000, 18000, False)
    [charge] = web.get(f"/api/tickets/{NUMBER}/billing").json()["quotes"][0]["charges"]
    total = Money.of(180, "EUR")
    say("billing", ChargeBooked(ticket_id=NUMBER, booked_id=charge["charge_id"], reference=None, total=total))
    go_on()
    assert row()["quotes"][0]["booked"] is True
    post(f"charges/{charge['charge_id']}/credit", {"amount": "60", "reason": "late"})
    charged = row()["quotes"][0]
    assert (charged["charged"]["minor"], charged["booked"]) == (12000, False)
    assert "EUR 120.00" in web.get("/").text
