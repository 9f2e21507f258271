"""H-Sphere from end to end: every clause with a verdict, the whole list of exclusions, and the order of emergencies."""

from datetime import UTC, datetime

import pytest

from policy_tables import asked, every, same_side
from shared.money import Money
from shared.policies import load_policies

H_SPHERE = load_policies().provider("h-sphere")
REGULAR, PRIORITY = "h-sphere/general/regular", "h-sphere/general/priority"
SATURDAY_NOON, SATURDAY_NIGHT = (datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((14, 16), (15, 2)))
# 12:00 and 22:00 in New York

REQUESTS = [
    *asked(
        REGULAR,
        """
version.minimum | supported | Do you help with H-Sphere 2.4.3?
version.upgrade-required | unsupported | The control panel shows an error when I add a domain. | H-Sphere 2.3.4
services.general-support | supported | In the control panel a new domain stays on "pending" for hours.
services.server-recovery-crashed | paid | The disk of a box crashed last week. Can you rebuild the server and get its
    data back?
services.server-recovery-hacked | paid | A hacker has taken over our server, please restore it to a sound state.
services.ip-migration | paid | Our data centre gives us new addresses, please renumber all our H-Sphere servers.
services.server-migration | paid | Please move the mail server of our cluster to the new box.
services.installation | paid | We have three fresh machines, please put H-Sphere on them.
services.upgrade | paid | Kunnen jullie onze H-Sphere naar de nieuwste versie brengen?
services.third-party-software | paid | Please install a newer PostgreSQL on the database box.
services.recompilation | paid | We need PHP built again with GD and mcrypt.
plans.regular-included | paid | What is in the Regular plan and what does it cost?
plans.priority-price | paid | We have six servers, what would the Priority plan be a month?
plans.priority-extra-server | paid | What does the fifth server add to the fee of Priority support?
plans.additional-services | paid | Our boxes go to another rack. Please move the logical servers to new hardware,
    what does it cost?
plans.additional-services-price | paid | How much do you ask for changing the external IPs of our servers?
unsupported.firewall | unsupported | Which iptables rules do we need? Please set them on all servers.
unsupported.reverse-dns | unsupported | Kunnen jullie de PTR van ons mailadres instellen?
unsupported.security-configuration | unsupported | Please harden SSH and PHP on our boxes.
unsupported.spam | unsupported | Our customers drown in spam, please configure SpamAssassin against it.
policy.works-as-advertised | supported | The manual says quotas are sent by mail, but H-Sphere does not send them.
policy.dislike-not-support | paid | I find the order of the menu clumsy, please make it different.
policy.change-project-paid | paid | Could you build an extra report into H-Sphere for us?
policy.just-upgraded-immediate | supported | Apache restarts all the time since we upgraded.
    | The upgrade to 2.5.0 was completed 3 hours ago
policy.cannot-troubleshoot | courtesy | The load on the web box is 60, what is Apache doing?
plans.regular-weekday-hours | supported | When can I reach you on a weekday?
plans.regular-weekend-hours | supported | Is er in het weekend iemand?
policy.declared-hours | supported | Until what time do you answer today?
plans.regular-price | paid | How much is the Regular plan a year?
plans.regular-first-year-free | supported | Is support free in the first year with the Regular plan?
plans.priority-order | paid | How do we order the Priority plan?
plans.priority-minimum-term | paid | Wat kost Priority support, en hoe lang zit ik eraan vast?
services.upgrade-registered-only | paid | Can you upgrade our installation from 2.4 to 2.5?
access.remote-connection | procedure | Must you get into our server to solve this?
access.permission | procedure | You may log in to our box as root to look.
policy.change-project-reject | paid | Please add an option to hide the statistics.
policy.non-priority-waits | procedure | Why does it take so long until someone answers my ticket?
policy.priority-first | procedure | Whose tickets do you take first?
policy.emergency-asap | supported | The database server of our cluster is down, please hurry.
policy.complaint-ticket-number | procedure | The reply that I got in ticket 4711 was rude, whom do I tell?
policy.feedback | procedure | I am not happy with how my question was answered.
policy.no-immediate-apache-dns | courtesy | Named goes crazy and some zones give wrong answers.
policy.no-priority-no-immediate | courtesy | Apache is slow today, which customer causes it?
emergency.mail-web-highest | supported | The whole mail server is down, none of our customers gets mail.
emergency.server-down | supported | Our database box is down and does not answer to ping.
emergency.individual-account-ignored | supported | EMERGENCY, the site of one customer shows his old page!
emergency.overuse-downgrade | supported | EMERGENCY! The quota of one site is shown wrongly.
    | Marked "emergency" too often: five times this month without need
emergency.subject-line | procedure | Which words do I put in the subject so that you see it is an emergency?
""",
    ),
    *asked(
        PRIORITY,
        """
plans.priority-weekday-hours | supported | Is iemand van jullie 's nachts bereikbaar?
plans.priority-weekend-hours | supported | From when to when are you there on Sundays?
""",
    ),
]
# A calendar and a broken sentence: nothing that a request could be answered with.
NOT_ASKED_FOR = {"h-sphere.plans.holiday-calendar", "h-sphere.plans.priority-eligibility"}


@every(REQUESTS)
def test_a_request_reaches_its_clause(decide, request_):
    decision = decide(request_.where, request_.text, *request_.notes)
    assert same_side(decision.verdict, request_.verdict)
    assert request_.clause in decision.clauses


def test_every_clause_is_asked_for():
    assert set(H_SPHERE.clauses) - {one.clause for one in REQUESTS} == NOT_ASKED_FOR


EXCLUDED = [one for one in REQUESTS if ".unsupported." in one.clause]


@every(EXCLUDED)
def test_the_priority_plan_does_not_buy_what_is_excluded(decide, request_):
    assert decide(PRIORITY, request_.text).verdict == "unsupported"


# The levels in the order of their precedence: what several facts show is the first of them.
LEVELS = {
    "the mail server is down": ("Not a single message goes in or out, the mail server is dead.", (), "highest"),
    "the web server is down": ("The web server is down, all sites of all customers are gone.", (), "highest"),
    "a whole box that carries mail": ("The box with our mail server does not answer to ping at all.", (), "highest"),
    "another server is down": ("Our MySQL server is down since the night.", (), "emergency"),
    "a server is down after an upgrade": (
        "The mail server is down since our upgrade.",
        ("The upgrade to 2.5.0 was completed 3 hours ago",),
        "highest",
    ),
    "apache misbehaves after an upgrade": (
        "Apache goes crazy since the upgrade.",
        ("The upgrade to 2.5.0 was completed 47 hours ago",),
        "immediate-after-upgrade",
    ),
    "dns misbehaves after an upgrade": (
        "DNS answers wrongly for some zones since the upgrade.",
        ("The upgrade to 2.5.0 was completed 2 hours ago",),
        "immediate-after-upgrade",
    ),
    "the upgrade is two days ago": (
        "Apache goes crazy since the upgrade.",
        ("The upgrade to 2.5.0 was completed 49 hours ago",),
        "not-emergency",
    ),
    "something else after an upgrade": (
        "The reports show wrong totals since the upgrade.",
        ("The upgrade to 2.5.0 was completed 2 hours ago",),
        "not-emergency",
    ),
    "no upgrade": ("Apache goes crazy, the load is at 50.", (), "not-emergency"),
    "slow is not down": ("The web server is very slow for all of us.", (), "not-emergency"),
    "a mark on one account": ("EMERGENCY: the mailbox of one user is full!", (), "marker-ignored"),
    "a mark without any server": ("EMERGENCY: we need an invoice!", (), "not-emergency"),
    "a mark and a server down": ("EMERGENCY: the web server is down for everybody!", (), "highest"),
    "down because of spam": ("The mail server is down under a flood of spam, nobody gets mail.", (), "highest"),
}


@pytest.mark.parametrize("plan", [REGULAR, PRIORITY])
@pytest.mark.parametrize(("text", "notes", "level"), LEVELS.values(), ids=LEVELS)
def test_the_first_level_that_the_facts_show_is_the_level(decide, text, notes, level, plan):
    assert decide(plan, text, *notes).emergency == level


@pytest.mark.parametrize("subject", ["", "EMERGENCY", "Server down", "Urgent!!!", "emergency emergency emergency"])
def test_no_subject_makes_an_emergency_of_one_account(decide, subject):
    decision = decide(REGULAR, "One customer cannot log in to his mailbox.", subject=subject)
    assert decision.emergency in {"not-emergency", "marker-ignored"}
    assert decision.verdict == "supported"


@pytest.mark.parametrize(
    ("plan", "received_at", "open_then"),
    [(REGULAR, SATURDAY_NOON, False), (PRIORITY, SATURDAY_NOON, True), (PRIORITY, SATURDAY_NIGHT, False)],
)
def test_a_level_opens_no_hours(decide, plan, received_at, open_then):
    decision = decide(plan, "The web server is down for everybody.", received_at=received_at)
    assert (decision.emergency, decision.in_support_hours) == ("highest", open_then)


def test_apache_trouble_waits_on_the_regular_plan_and_is_support_on_priority(decide):
    text = "Apache goes crazy, the load is at 50."
    assert decide(REGULAR, text).verdict == "courtesy"
    assert decide(PRIORITY, text).verdict == "supported"


@pytest.mark.parametrize("plan", [REGULAR, PRIORITY])
@pytest.mark.parametrize(("hours", "verdict"), [(1, "supported"), (48, "supported"), (49, "courtesy")])
def test_right_after_an_upgrade_apache_is_looked_at_on_every_plan(decide, plan, hours, verdict):
    note = f"The upgrade to 2.5.0 was completed {hours} hours ago"
    decision = decide(plan, "Apache goes crazy since the upgrade.", note)
    assert decision.verdict == (verdict if plan == REGULAR else "supported")
    assert (decision.emergency == "immediate-after-upgrade") == (hours <= 48)


def test_a_crashed_server_is_an_emergency_first_and_its_recovery_is_paid(decide):
    down = decide(REGULAR, "Our web server crashed and is down for everybody.")
    assert (down.emergency, down.verdict) == ("highest", "supported")
    work = decide(REGULAR, "Please recover our crashed server and all that was on it.")
    assert work.verdict == "paid"
    assert work.price.line == "server-recovery"


@pytest.mark.parametrize(("servers", "month"), [(1, 300), (4, 300), (5, 350), (6, 400), (10, 600)])
def test_a_question_for_the_price_of_priority_is_answered_with_its_months(decide, servers, month):
    price = decide(REGULAR, f"What does the Priority plan cost for {servers} servers?").price
    assert price.amount == Money.of(month, "USD")
    assert price.total == Money.of(3 * month, "USD")


@pytest.mark.parametrize(
    "text",
    [
        "Please move our logical servers to another box.",
        "Please recompile PHP with imap.",
        "Please install H-Sphere on our new servers.",
    ],
)
def test_further_services_are_paid_on_both_plans_and_a_person_names_the_price(decide, text):
    for plan in (REGULAR, PRIORITY):
        decision = decide(plan, text)
        assert decision.verdict == "paid"
        assert decision.price.amount is None
