from datetime import UTC, datetime

import pytest

from services.notifications.rules.sending import Kind, Suppression, envelope_sender, suppression
from shared.vocabulary import Channel, Decision, Requester, TicketFacts, Verdict

NOW = datetime(2026, 6, 5, 16, 0, tzinfo=UTC)
OWN = {"support@hypernode.example"}
SURE = Decision(verdict=Verdict.SUPPORTED, needs_person=False)


def ticket(email="anna@winkel.example", **changes):
    return TicketFacts(
        ticket_id="HN-1042",
        provider="hypernode",
        channel=Channel.EMAIL,
        subject="Site down",
        requester=Requester(email=email),
        received_at=NOW,
        **changes,
    )


def test_a_person_who_wrote_gets_every_kind_of_letter():
    assert [suppression(kind, ticket(), SURE, OWN) for kind in Kind] == [None] * len(Kind)


def test_a_caller_without_an_address_gets_no_letter():
    assert suppression(Kind.ANSWER, ticket(email=None), None, OWN) is Suppression.NO_ADDRESS


def test_our_own_mailbox_gets_no_letter():
    assert suppression(Kind.ACKNOWLEDGEMENT, ticket("Support@Hypernode.example"), SURE, OWN) is Suppression.OWN_MAILBOX


@pytest.mark.parametrize("kind", [Kind.ACKNOWLEDGEMENT, Kind.QUOTE])
def test_automatic_mail_gets_no_automatic_letter(kind):
    assert suppression(kind, ticket(may_acknowledge=False), SURE, OWN) is Suppression.AUTOMATIC_MAIL


@pytest.mark.parametrize("kind", [Kind.ANSWER, Kind.CHARGE_NOTICE])
def test_what_follows_a_persons_act_is_always_told(kind):
    assert suppression(kind, ticket(may_acknowledge=False), None, OWN) is None


def test_a_mail_that_needs_no_action_is_not_acknowledged():
    assert (
        suppression(Kind.ACKNOWLEDGEMENT, ticket(), Decision(verdict=Verdict.NO_ACTION), OWN) is Suppression.NO_ACTION
    )


def test_a_doubtful_quote_waits_for_a_person():
    doubtful = Decision(verdict=Verdict.PAID, needs_person=True)
    assert suppression(Kind.QUOTE, ticket(), doubtful, OWN) is Suppression.NEEDS_PERSON


@pytest.mark.parametrize("kind", Kind)
def test_a_notice_has_a_null_return_path_and_of_everything_else_we_hear_when_it_comes_back(kind):
    notices = {Kind.ACKNOWLEDGEMENT, Kind.SIZE_NOTICE, Kind.SUSPENSION_START, Kind.SUSPENSION_END}
    expected = "" if kind in notices else "support@x.example" if kind is Kind.PAGE else "support+mark@x.example"
    assert envelope_sender(kind, "support@x.example", "support+mark@x.example") == expected
