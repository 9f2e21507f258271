"""H-Sphere's emergency levels follow from facts and their precedence, never from the mark."""

import pytest

from services.scope.rules import emergencies

HS, HS_PRIORITY = "h-sphere/general/regular", "h-sphere/general/priority"


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({"server-down": {"mail-or-web"}, "individual-account": {"yes"}, "emergency-marker": {"yes"}}, "highest"),
        ({"server-down": {"other"}, "just-upgraded": {"yes"}, "apache-or-dns": {"yes"}}, "emergency"),
        ({"just-upgraded": {"yes"}, "apache-or-dns": {"yes"}}, "immediate-after-upgrade"),
        ({"just-upgraded": {"no"}, "apache-or-dns": {"yes"}}, "not-emergency"),
        ({"individual-account": {"yes"}, "emergency-marker": {"yes"}}, "marker-ignored"),
        ({"emergency-marker": {"yes"}}, "not-emergency"),
        ({}, "not-emergency"),
    ],
)
def test_the_first_level_that_holds_is_the_level(facts, level):
    assert emergencies.level(facts) == level


@pytest.mark.parametrize(
    ("text", "notes", "level"),
    [
        ("The mail server is down, nobody can send mail.", (), "highest"),
        ("None of our customers' websites load, Apache does not start.", (), "highest"),
        ("De webserver ligt plat, alle sites zijn onbereikbaar.", (), "highest"),
        ("The MySQL server crashed and does not start.", (), "emergency"),
        (
            "Since our upgrade Apache keeps restarting.",
            ("Upgrade finished 2026-03-09 20:00",),
            "immediate-after-upgrade",
        ),
        ("Since our upgrade Apache keeps restarting.", ("Upgrade finished 2026-02-01",), "not-emergency"),
        ("Apache is slow and the load is high.", (), "not-emergency"),
        ("EMERGENCY! The FTP password of one customer account does not work.", (), "marker-ignored"),
        ("Please help, the mail server is down!", ("Monitoring: the mail server is not down",), "not-emergency"),
    ],
)
def test_a_message_has_the_level_that_its_facts_show(decide, text, notes, level):
    assert decide(HS, text, *notes).emergency == level


def test_the_level_does_not_depend_on_the_plan(decide):
    for plan in (HS, HS_PRIORITY):
        assert decide(plan, "The mail server is down for everybody.").emergency == "highest"


def test_a_subject_is_no_proof_when_one_account_is_meant(decide):
    decision = decide(HS, "One customer's mailbox does not accept its password.", subject="Server down")
    assert decision.emergency == "marker-ignored"


def test_other_policies_know_no_levels(decide):
    assert decide("hypernode/general", "The server is down!").emergency is None
