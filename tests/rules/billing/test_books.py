"""The books agree when nothing was tampered with, and only then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.billing import rules
from services.billing.rules import Entry, books
from services.billing.rules.books import Kind
from services.billing.rules.records import Agreed, Booked, Books, Charged, Credited, Settled
from shared.money import Money
from shared.vocabulary import Basis, PriceOffer

NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=3)
DAY = timedelta(days=1)


def offer(basis, quantity, minor, currency="EUR"):
    amount = Money(minor=minor, currency=currency)
    fields = {"line": "work", "clause": "a.b.c", "title": "Work", "unit": "started-hour"}
    return PriceOffer(**fields, basis=basis, quantity=quantity, amount=amount, total=amount.times(quantity))


def sold(number, wanted, minutes=(), *, settled=True, credits_=(), least=1):
    """One quote that was agreed to, with everything that follows from it."""
    quote_id, ticket_id = f"Q-HN-{number}-1", f"HN-{number}"
    agreed = Agreed(quote_id, 1, ticket_id, wanted, wanted.total, NOON)
    entries, allowed = [], rules.allowed_minutes(wanted)
    for worked in minutes:
        over = rules.beyond(worked, rules.within(entries), allowed)
        entries.append(Entry(uuid4(), ticket_id, worked, over, quote_id, 1))
    hours = min(rules.started_hours(rules.within(entries), least), wanted.quantity)
    if wanted.basis is Basis.HOURS:
        quantity, total = hours if settled else 0, wanted.amount.times(hours)
    else:
        quantity, total = wanted.quantity, wanted.total
    charged = [Charged(uuid4(), quote_id, 1, ticket_id, quantity, total, NOON)] if quantity else []
    credited = [
        Credited(uuid4(), charge.charge_id, Money(minor=minor, currency=total.currency), NOON)
        for charge in charged
        for minor in credits_
    ]
    asked = [(row.charge_id, row.total) for row in charged] + [(row.credit_id, row.total) for row in credited]
    return Books(
        agreed=(agreed,),
        entries=tuple(entries),
        settled=(Settled(quote_id, 1, rules.worked(entries), rules.within(entries), least),) if settled else (),
        charged=tuple(charged),
        credited=tuple(credited),
        booked=tuple(Booked(*row) for row in asked),
        last_worked={quote_id: NOON} if entries else {},
    )


def joined(*several):
    columns = ("agreed", "entries", "settled", "charged", "credited", "booked")
    rows = {name: tuple(row for one in several for row in getattr(one, name)) for name in columns}
    return Books(**rows, last_worked={key: at for one in several for key, at in one.last_worked.items()})


@st.composite
def histories(draw):
    several = []
    for number in range(draw(st.integers(1, 4))):
        basis = draw(st.sampled_from([Basis.FIXED, Basis.PREPAID, Basis.HOURS]))
        wanted = offer(
            basis,
            draw(st.integers(1, 4)),
            draw(st.integers(2, 20_000)),
            draw(st.sampled_from(["EUR", "USD"])),
        )
        minutes = draw(st.lists(st.integers(1, 300), min_size=1, max_size=4))
        credits_ = [wish for wish in (1, wanted.amount.minor // 2) if wish and draw(st.booleans())]
        settled = draw(st.booleans()) or basis is Basis.HOURS
        several.append(sold(number, wanted, minutes, settled=settled, credits_=credits_))
    return joined(*several)


def kinds(found, now=LATER, within=DAY):
    return [finding.kind for finding in books.compare(found, now, within)]


@given(histories())
def test_a_history_that_follows_the_rules_has_no_finding(found):
    assert kinds(found) == []


DOUBLED = ("charged", "credited")
TAMPERED = {
    "agreed": [
        lambda row: replace(row, total=row.total.plus(Money(minor=1, currency=row.total.currency))),
        lambda row: replace(row, version=2),
    ],
    "charged": [
        lambda row: replace(row, total=row.total.plus(Money(minor=1, currency=row.total.currency))),
        lambda row: replace(row, total=Money(minor=row.total.minor, currency="GBP")),
        lambda row: replace(row, version=2),
        lambda row: replace(row, charge_id=uuid4()),
    ],
    "credited": [
        lambda row: replace(row, total=row.total.plus(Money(minor=1, currency=row.total.currency))),
        lambda row: replace(row, charge_id=uuid4()),
        lambda row: replace(row, credit_id=uuid4()),
    ],
    "booked": [
        lambda row: replace(row, total=row.total.plus(Money(minor=-1, currency=row.total.currency))),
        lambda row: replace(row, booked_id=uuid4()),
    ],
    "settled": [
        lambda row: replace(row, minutes=row.minutes + 1),
        lambda row: replace(row, worked_minutes=row.worked_minutes + 1),
        lambda row: replace(row, version=2),
    ],
}


def dear(row):
    """Whether the finding of a consent that is raised by a cent can show: hours are agreed to as a limit only."""
    return not isinstance(row, Agreed) or row.offer.basis is not Basis.HOURS


@given(histories(), st.data())
def test_whatever_is_taken_away_added_or_changed_leaves_a_finding(found, data):
    column = data.draw(st.sampled_from([name for name in TAMPERED if getattr(found, name)]))
    rows = list(getattr(found, column))
    at = data.draw(st.integers(0, len(rows) - 1))
    ways = [*TAMPERED[column], *([lambda row: None] if column != "settled" else [])]
    changed = data.draw(st.sampled_from(ways))(rows[at])
    if isinstance(changed, Agreed) and changed.version == 1:
        assume(dear(changed))
    rest = [*rows[:at], *([changed] if changed else []), *rows[at + 1 :]]
    assert kinds(replace(found, **{column: tuple(rest)})) != []


@given(histories(), st.data())
def test_a_charge_or_credit_that_stands_twice_leaves_a_finding(found, data):
    column = data.draw(st.sampled_from([name for name in DOUBLED if getattr(found, name)] or ["charged"]))
    rows = getattr(found, column)
    assume(rows)
    twin = data.draw(st.sampled_from(rows))
    twin = replace(twin, **{"charge_id" if column == "charged" else "credit_id": uuid4()})
    assert kinds(replace(found, **{column: (*rows, twin)})) != []
    if column == "charged":
        assert kinds(replace(found, charged=(*rows, twin)), within=None) != []


@given(histories(), st.data())
def test_settled_work_that_is_changed_or_gone_leaves_a_finding(found, data):
    settled = {row.quote_id for row in found.settled}
    own = [entry for entry in found.entries if entry.quote_id in settled]
    assume(own)
    entry = data.draw(st.sampled_from(own))
    more = replace(entry, minutes=entry.minutes + data.draw(st.integers(1, 60)))
    rest = [other for other in found.entries if other is not entry]
    for changed in (rest, [*rest, more], [*found.entries, replace(entry, entry_id=uuid4())]):
        assert Kind.WORK_CHANGED in kinds(replace(found, entries=tuple(changed)))


@given(histories())
def test_the_sums_are_those_of_the_rows_and_no_currency_mixes(found):
    for row in books.sums(found):
        charged = [charge.total.minor for charge in found.charged if charge.total.currency == row.currency]
        given_back = [credit.total.minor for credit in found.credited if credit.total.currency == row.currency]
        assert (row.charged, row.credited) == (sum(charged), sum(given_back))
        assert row.booked == row.charged - row.credited


# --- examples ---------------------------------------------------------------------------------------------------------

RESTORE, HOUR = offer(Basis.FIXED, 1, 12_500), offer(Basis.PREPAID, 1, 15_000)
WORKED = offer(Basis.HOURS, 3, 6_000)


def test_a_charge_without_work_comes_with_the_command_that_gives_it_back():
    found = sold(1, RESTORE)
    [finding] = books.compare(found, LATER, DAY)
    assert (finding.kind, finding.amount, finding.ticket_id) == (Kind.NO_WORK, Money.of(125, "EUR"), "HN-1")
    assert finding.todo.startswith(f"scopedesk billing credit {found.charged[0].charge_id} ")


def test_a_charge_without_work_that_was_given_back_is_none():
    assert kinds(sold(1, RESTORE, credits_=[12_500])) == []
    assert kinds(sold(1, RESTORE, credits_=[12_000])) == [Kind.NO_WORK]


def test_a_charge_whose_ticket_is_still_worked_on_needs_no_work_yet():
    assert kinds(sold(1, RESTORE, settled=False)) == []


def test_forty_minutes_are_enough_for_a_bought_hour():
    assert kinds(sold(1, HOUR, [40])) == []


def test_what_was_agreed_to_a_moment_ago_is_under_way_and_later_it_is_missed():
    found = replace(sold(1, HOUR, [40], settled=False), charged=(), booked=())
    assert kinds(found, NOON + timedelta(minutes=5)) == []
    assert kinds(found) == [Kind.NEVER_CHARGED]


def test_hours_that_nobody_settles_are_found_after_a_month():
    found = sold(1, WORKED, [40], settled=False)
    assert kinds(found) == []
    assert kinds(found, NOON + timedelta(days=31)) == [Kind.NEVER_SETTLED]


@pytest.mark.parametrize(("within", "expected"), [(DAY, [Kind.NOT_BOOKED]), (timedelta(days=9), []), (None, [])])
def test_a_charge_that_is_not_booked_in_time_is_found_where_somebody_tells_of_bookings(within, expected):
    assert kinds(replace(sold(1, HOUR, [40]), booked=()), within=within) == expected


def test_a_booking_of_another_amount_names_both():
    found = sold(1, HOUR, [40])
    wrong = replace(found, booked=(Booked(found.charged[0].charge_id, Money.of(105, "EUR")),))
    [finding] = books.compare(wrong, LATER, DAY)
    assert (finding.kind, finding.said) == (Kind.OTHER_BOOKING, "EUR 105.00 is booked, not EUR 150.00")


def test_work_that_is_taken_back_otherwise_than_it_was_recorded_is_found():
    found = sold(1, WORKED, [40], settled=False)
    back = replace(found.entries[0], entry_id=UUID(int=1), minutes=-30, reverses=found.entries[0].entry_id)
    assert kinds(replace(found, entries=(*found.entries, back))) == [Kind.WORK_CHANGED]


def test_hours_beyond_the_agreement_that_count_as_agreed_to_are_found():
    found = sold(1, WORKED, [240], settled=False)
    assert kinds(found) == []
    assert kinds(replace(found, entries=(replace(found.entries[0], over_minutes=0),))) == [Kind.WORK_CHANGED]


def test_work_without_a_consent_is_found():
    assert Kind.NO_CONSENT in kinds(replace(sold(1, WORKED, [40], settled=False), agreed=()))
