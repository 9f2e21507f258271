"""The page on which a customer agrees to a quote: looking changes nothing, the form is checked like any agreement."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from samples import PAID, TOKENS, ticket
from services.billing.tasks import worker
from services.billing.web.app import create_app
from shared import clock
from shared.events import (
    ConsentRecorded,
    ConsentRefused,
    QuotePriced,
    QuoteVoided,
    QuoteWithdrawn,
    ScopeDecided,
    TicketReplied,
    derived_id,
)
from shared.settings import settings
from shared.vocabulary import Channel, Requester
from web_client import Web

ANNA = Requester(name="Anna de Vries", email="anna@winkel.example", may_approve_costs=True)
TICKET = ticket(requester=ANNA, approvers=("anna@winkel.example",))
QUOTE_ID = "Q-HN-1042-1"


@pytest.fixture
def web(database, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_REPLY_SECRET", TOKENS.secret.decode())
    settings.cache_clear()
    yield Web(create_app())
    settings.cache_clear()


@pytest.fixture
def offered(web, say, hear):
    def offered(decision=PAID, **fields):
        say("scope", ScopeDecided(ticket_id="HN-1042", ticket=TICKET, text="Restore", decision=decision, **fields))
        hear(worker, "quote_paid_work")

    offered()
    return offered


def link(version=1, address="anna@winkel.example", quote_id=QUOTE_ID, tokens=TOKENS):
    return f"/quotes/{tokens.consent_mark(quote_id, version, address)}"


def words(page):
    return " ".join(page.text.split())


def agree(web, at=None):
    return web.post(at or link(), data={"choice": "agree"})


def mailed_yes(words=f"I agree to {QUOTE_ID}"):
    return TicketReplied(
        ticket_id="HN-1042",
        arrival_id=derived_id(words),
        ticket=TICKET,
        author=ANNA,
        author_verified=True,
        text=words,
        channel=Channel.EMAIL,
    )


def test_the_page_shows_the_price_the_clause_and_what_is_free_and_asks(web, offered):
    page = web.get(link())
    assert page.status_code == 200
    for told in (
        "Gaat u akkoord met dit werk en de prijs?",
        "EUR 125,00 per opdracht",
        "exclusief btw",
        "hypernode.backups.restore-price",
        "Wat er niet bij hoort",
        "Zonder kosten",
        'value="agree"',
        'value="decline"',
    ):
        assert told in words(page)
    assert "anna" not in page.text.lower()


def test_a_scanner_that_follows_the_link_agrees_to_nothing(web, offered, said):
    for method in ("GET", "HEAD", "GET", "HEAD", "GET"):
        assert web.request(method, link(), headers={"Purpose": "prefetch"}).status_code == 200
    assert web.request("OPTIONS", link()).status_code == 405
    assert web.request("PUT", link(), data={"choice": "agree"}).status_code == 405
    assert said(ConsentRecorded) == []


def test_the_form_records_the_consent_of_whom_the_link_was_sent_to(web, offered, said):
    page = agree(web)
    assert (page.status_code, "uw akkoord is vastgelegd" in words(page)) == (200, True)
    [consent] = said(ConsentRecorded)
    assert (consent.given_by, consent.given_how, consent.total) == ("anna@winkel.example", "link", PAID.price.total)


@pytest.mark.usefixtures("offered")
def test_a_form_that_nobody_filled_in_is_not_taken(web):
    assert web.post(link(), data={"choice": "x" * 300_000}).status_code == 413


def test_a_link_is_spent_by_its_use(web, offered, said):
    agree(web)
    again = agree(web)
    assert (again.status_code, "uw akkoord is vastgelegd" in words(again)) == (200, True)
    assert "button" not in web.get(link()).text
    assert web.post(link(), data={"choice": "decline"}).status_code == 200
    assert len(said(ConsentRecorded)) == 1
    assert said(QuoteWithdrawn) == []


def test_a_customer_can_decline_and_nothing_is_charged_then(web, offered, said):
    page = web.post(link(), data={"choice": "decline"})
    assert (page.status_code, "afgewezen" in words(page)) == (200, True)
    assert [withdrawn.reason for withdrawn in said(QuoteWithdrawn)] == ["the customer declined it"]
    assert agree(web).status_code == 410
    assert said(ConsentRecorded) == []


def test_a_link_to_an_older_version_says_that_there_is_a_newer_one(web, offered, say, hear, said):
    offer = PAID.price.model_copy(update={"quantity": 2, "total": None})
    say("desk", QuotePriced(ticket_id="HN-1042", quote_id=QUOTE_ID, offer=offer, agent="Vera"))
    hear(worker, "price_quote")
    page = agree(web)
    assert (page.status_code, "nieuwere versie" in words(page)) == (410, True)
    assert "250" not in page.text
    assert said(ConsentRecorded) == []
    assert agree(web, link(2)).status_code == 200
    assert [consent.total.minor for consent in said(ConsentRecorded)] == [25000]


def test_a_quote_whose_time_is_over_cannot_be_agreed_to(web, offered, session, said):
    session.execute(text("update billing.quote set valid_until = :then"), {"then": clock.now() - timedelta(seconds=1)})
    session.commit()
    page = agree(web)
    assert (page.status_code, "niet meer geldig" in words(page)) == (410, True)
    assert said(ConsentRecorded) == []


def test_a_quote_that_was_taken_back_says_so(web, offered, say, hear):
    say("desk", QuoteVoided(ticket_id="HN-1042", quote_id=QUOTE_ID, version=1, agent="Vera", reason="an error"))
    hear(worker, "void_quote")
    page = agree(web)
    assert (page.status_code, "ingetrokken" in words(page)) == (410, True)


@pytest.mark.parametrize(
    "forged",
    [
        link(tokens=type(TOKENS)(b"another secret")),
        link().replace(".1.", ".2."),
        link()[:-1] + ("a" if link()[-1] != "a" else "b"),
        link().upper().replace("/QUOTES", "/quotes")[:-1],
        "/quotes/q-hn-1042-1",
        f"/quotes/{QUOTE_ID}.1.anna",
        "/quotes/%00%ff",
    ],
)
def test_a_forged_link_is_a_page_that_shows_and_does_nothing(web, offered, said, forged):
    for page in (web.get(forged), agree(web, forged)):
        assert page.status_code == 404
        assert "125" not in page.text
    assert said(ConsentRecorded) == []


def test_a_link_of_somebody_who_may_not_approve_costs_agrees_to_nothing(web, offered, said):
    page = agree(web, link(address="bob@winkel.example"))
    assert (page.status_code, "125" in page.text) == (403, False)
    assert said(ConsentRecorded) == []


def test_link_and_mail_at_once_are_one_consent(web, offered, say, hear, said):
    say("tickets", mailed_yes())
    with ThreadPoolExecutor(4) as pool:
        pages = [pool.submit(agree, web) for _ in range(3)]
        mail = pool.submit(hear, worker, "read_consent")
        assert {page.result().status_code for page in pages} == {200}
        mail.result()
    assert len(said(ConsentRecorded)) == 1
    assert said(ConsentRefused) == []


@pytest.mark.parametrize("choice", ["", "yes", "AGREE"])
def test_a_form_that_says_neither_asks_again(web, offered, said, choice):
    assert "Gaat u akkoord" in web.post(link(), data={"choice": choice}).text
    assert said(ConsentRecorded) == []


def test_nobody_can_keep_frame_index_or_pass_on_the_page(web, offered):
    headers = web.get(link()).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "set-cookie" not in headers
