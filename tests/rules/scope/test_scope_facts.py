"""Facts decide where words do not, and a recorded fact beats what a message says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scope.rules import figures

HN, KX_SHARED, KX_DEV = "hypernode/general", "kenotronix/shared-hosting", "kenotronix/vps-developer"
LC_EXT, HS = "luxcloud/externally-hosted-services", "h-sphere/general/regular"
EXPIRED = "Our SSL certificate has expired, please renew it."
ERROR = "The shop shows error 500 since this morning, please look in the logs."
BROKEN = "Creating a mailbox in the control panel fails with an internal error."
SIGN_IN = "Nobody can sign in to Office 365 since this morning."
APACHE = "Apache goes crazy, the load is high. Before the upgrade all was fine."
TRANSFER = "I want to transfer my domain to you."

FACTS = [
    (HN, EXPIRED, "SSL certificate purchased via Hypernode", "supported"),
    (HN, EXPIRED, "SSL certificate bought elsewhere", "unsupported"),
    (HN, EXPIRED, "Certificate not purchased via Hypernode", "unsupported"),
    (HN, "Please install Varnish on our node.", "Plan includes Varnish", "supported"),
    (HN, "Please install Varnish on our node.", "Varnish is not available on this plan", "unsupported"),
    (HN, ERROR, "Diagnosis: caused by a third-party plugin", "unsupported"),
    (HN, ERROR, "Cause found: the application, custom code", "customer-responsibility"),
    (KX_DEV, "Please install a certificate.", "Certificate bought through Kenotronix", "customer-responsibility"),
    (KX_SHARED, "Please install the SSL certificate.", "SSL certificate purchased through Kenotronix", "supported"),
    (KX_SHARED, TRANSFER, "Domain transfer ordered on the website", "supported"),
    (KX_SHARED, TRANSFER, "Customer since 2019", "customer-responsibility"),
    ("kenotronix/g-suite", "Mails in G Suite are late.", "G Suite bought directly from Google", "unsupported"),
    (LC_EXT, SIGN_IN, "Ticket handed over to Microsoft support on 2026-03-10", "supplier"),
    (LC_EXT, SIGN_IN, "The supplier handed back the case", "supported"),
    (LC_EXT, SIGN_IN, "Handed over to Microsoft, case not handed back", "supplier"),
    (HS, BROKEN, "H-Sphere 2.3.1", "unsupported"),
    (HS, BROKEN, "H-Sphere 2.4.0", "supported"),
    (HS, BROKEN, "H-Sphere 2.10", "supported"),
    (HS, APACHE, "The upgrade to 2.5.0 was completed 3 hours ago", "supported"),
    (HS, APACHE, "The upgrade to 2.5.0 was completed 60 hours ago", "courtesy"),
]


@pytest.mark.parametrize(("where", "text", "note", "verdict"), FACTS, ids=[f"{r[1][:30]} {r[2][:40]}" for r in FACTS])
def test_a_recorded_fact_decides(decide, where, text, note, verdict):
    assert decide(where, text, note).verdict == verdict


def test_the_record_beats_the_message(decide):
    text = "Please renew the SSL certificate that we bought from you."
    assert decide(HN, text).verdict == "supported"
    assert decide(HN, text, "SSL certificate bought elsewhere").verdict == "unsupported"


def test_what_is_asked_is_told_by_the_message_and_not_by_a_note(decide):
    question = "Which IMAP server and port do I enter in my mail program?"
    decision = decide("luxcloud/hosted-services", question, "Import of the address book was explained in May")
    facts = {fact["fact"]: (fact["value"], fact["from"]) for fact in decision.explanation["facts"]}
    assert facts["mail-question"] == ("basic", "message")
    assert decision.verdict == "supported"


def test_a_fact_says_where_it_was_read(decide):
    facts = decide(HN, EXPIRED, "SSL certificate bought elsewhere").explanation["facts"]
    fact = next(fact for fact in facts if fact["fact"] == "certificate-bought-at")
    assert (fact["value"], fact["from"]) == ("elsewhere", "customer record")


def test_a_case_with_the_supplier_suspends_the_service_level(decide):
    decision = decide(LC_EXT, SIGN_IN, "Ticket handed over to Microsoft support on 2026-03-10")
    assert decision.sla == "suspended"
    assert decision.responsible_party == "supplier"
    assert decide(LC_EXT, SIGN_IN).sla == "running"


def test_of_several_notes_the_later_counts(decide):
    handed_over, handed_back = "Handed over to Microsoft on 5 March", "Microsoft handed the case back on 12 March"
    assert decide(LC_EXT, SIGN_IN, handed_over, handed_back).verdict == "supported"
    assert decide(LC_EXT, SIGN_IN, handed_back, handed_over).verdict == "supplier"


def test_without_the_fact_that_decides_a_person_sees_the_guess(decide):
    decision = decide(HN, EXPIRED)
    assert decision.verdict == "supported"
    assert decision.needs_person
    assert decision.explanation["questions"] == ["Did you buy the certificate via Hypernode?"]


@given(st.integers(0, 99), st.integers(0, 99))
def test_versions_are_compared_as_numbers(minor, patch):
    said = f"we run h-sphere 2.{minor}.{patch}"
    found = dict(figure[:2] for figure in figures.read(said, datetime(2026, 3, 10, tzinfo=UTC)))
    assert found["product-version"] == ("supported" if minor >= 4 else "too-old")


TUESDAY = datetime(2026, 3, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("we did the upgrade to 2.5 three weeks ago", "no"),
        ("two days ago we upgraded h-sphere", "yes"),
        ("2 hours after i upgraded, dns is crazy", "yes"),
        ("upgrade on sunday 3 am", "yes"),
        ("we upgraded on friday", "no"),
        ("wij hebben maandag ge-upgraded", "yes"),
        ("upgraded to 2.5 in january", "no"),
        ("since the upgrade of 9 march", "yes"),
        ("u25.0p7 installed on web1 on 2026-03-08 11:30 est by customer", "yes"),
        ("h-sphere update finished 2026-03-08 09:30 est", "no"),
        ("we want to upgrade on friday", None),
        ("yum update ran on sunday", None),
        ("it did so all of last week, then the upgrade came yesterday", None),
    ],
)
def test_an_upgrade_was_just_done_for_48_hours(said, value):
    """HS-A7, by whatever a text tells of its date."""
    assert dict(figure[:2] for figure in figures.read(said, TUESDAY)).get("just-upgraded") == value


@pytest.mark.parametrize(
    ("said", "fact", "value"),
    [
        ("we have a 2.2 box", "product-version", "too-old"),
        ("with you since version 2.0", "product-version", None),
        ("licences for $4,500 and later another $1,500", "licence-fees", "6000"),
        ("our first support year ends in august", "support-year", "2"),
        ("is the first year free", "support-year", "1"),
        ("licence purchased 2025-01-10, usd 1,250", "support-year", "2"),
        ("4 unjustified emergency marks in 30 days", "marked-too-often", "yes"),
        ('2 tickets marked "emergency", none justified', "marked-too-often", "no"),
    ],
)
def test_numbers_are_read_as_they_are_meant(said, fact, value):
    assert dict(figure[:2] for figure in figures.read(said, TUESDAY)).get(fact) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("chrome 4", "too-old"),
        ("chrome 120", "listed"),
        ("firefox 3.10", "listed"),
        ("internet explorer 9", "too-old"),
        ("opera 1", "listed"),
        ("microsoft edge", "not-listed"),
    ],
)
def test_browsers_are_held_to_the_lowest_version(said, value):
    found = dict(figure[:2] for figure in figures.read(said, datetime(2026, 3, 10, tzinfo=UTC)))
    assert found["browser"] == value
