"""Charges are given back at most once, and never rewritten, on real tables."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from paid_work import LUX_QUOTE
from services.billing.tasks import worker
from shared.bus.worker import Outcome
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    CreditGiven,
    CreditRefused,
)
from shared.money import Money


def test_a_part_of_a_charge_is_given_back_and_then_the_rest(bought_hour, give_back, said):
    give_back(Money.of(50, "EUR"))
    give_back()
    assert [(credit.total, credit.remaining) for credit in said(ChargeCredited)] == [
        (Money.of(50, "EUR"), Money.of(100, "EUR")),
        (Money.of(100, "EUR"), Money.of(0, "EUR")),
    ]
    first = said(ChargeCredited)[0]
    assert (first.ticket_id, first.quote_id, first.line, first.account) == (
        "LC-1",
        LUX_QUOTE,
        "paid-support",
        "bloemen",
    )


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (Money.of(151, "EUR"), "EUR 150.00 remain of the charge, which is less than EUR 151.00"),
        (Money.of(10, "USD"), "the charge is in EUR, not in USD"),
        (Money.of(0, "EUR"), "the amount is not above zero"),
    ],
)
def test_no_more_is_given_back_than_what_remains(bought_hour, give_back, said, amount, reason):
    give_back(amount)
    assert (said(ChargeCredited), said(CreditRefused)[0].reason) == ([], reason)


def test_what_was_given_back_wholly_or_never_charged_is_not_given_back(bought_hour, give_back, said):
    give_back()
    give_back()
    nothing = uuid4()
    give_back(charge_id=nothing)
    assert [refused.reason for refused in said(CreditRefused)] == [
        "all of it was given back already",
        f"there is no charge {nothing}",
    ]


def test_two_people_who_give_a_charge_back_at_the_same_moment_give_it_back_once(bought_hour, say, said, session):
    charge_id = said(ChargeRecorded)[0].charge_id
    say("desk", *(CreditGiven(charge_id=charge_id, agent=agent, reason="twice") for agent in ("Kees", "Vera")))
    waiting = session.scalars(text("select id from bus.delivery where hearer = 'billing.credit'")).all()
    session.rollback()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda at: worker.deliver("billing.credit", at), waiting)) == [Outcome.DONE] * 2
    assert (len(said(ChargeCredited)), len(said(CreditRefused))) == (1, 1)


@pytest.mark.parametrize("table", ["charge", "credit", "work_entry", "consent", "settlement"])
def test_the_database_refuses_to_rewrite_money(bought_hour, report, settle, give_back, session, *, table):
    report("LC-1", 40, LUX_QUOTE)
    settle("LC-1", LUX_QUOTE)
    give_back()
    for statement in (f"update billing.{table} set quote_id = quote_id", f"delete from billing.{table}"):
        changed = statement.replace("quote_id = quote_id", "reason = ''") if table == "credit" else statement
        with pytest.raises(DBAPIError, match=f"billing.{table} is append-only"):
            session.execute(text(changed))
        session.rollback()


def test_consents_to_hours_are_charged_nothing_at_once(three_hours, said):
    assert len(said(ConsentRecorded)) == 1
    assert said(ChargeRecorded) == []
