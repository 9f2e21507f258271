"""Every letter we send, looked at as it arrives: by another help desk, and by ourselves when it comes back."""

import re
from email import message_from_bytes
from email.policy import default
from uuid import uuid4

import pytest

from samples import PAID, RECEIVED, TOKENS, ticket
from services.email_intake.rules import read
from services.email_intake.rules.mailboxes import Mailboxes
from services.notifications.rules.sending import Kind
from services.notifications.tasks import worker
from shared import clock
from shared.events import (
    ChargeCredited,
    ChargeRecorded,
    ConsentRecorded,
    ConsentRefused,
    EmailTooLarge,
    OnCallPaged,
    QuoteIssued,
    ScopeDecided,
    TicketAnswered,
    TicketPaused,
    TicketResumed,
    TicketRouted,
)
from shared.money import Money
from shared.vocabulary import (
    Basis,
    Decision,
    PauseReason,
    Requester,
    ResumeReason,
    Routing,
    SupplierCase,
    Verdict,
)

US, THEM = "support@luxcloud.example", "helpdesk@partner.example"
OURS = Mailboxes({US: "luxcloud", "on-call@scopedesk.example": "luxcloud"}, TOKENS)
THEIRS = Mailboxes({THEM: "hypernode"})

FACTS = ticket("LC-1042", provider="luxcloud", mailbox=US, requester=Requester(name="Desk", email=THEM))
PRICE = {"line": "x", "clause": "luxcloud.general.sla-suspension", "title": "Work", "unit": "job"}
OFFER = PAID.price.model_copy(update=PRICE)
SURE = Decision(verdict=Verdict.SUPPORTED, needs_person=False)
CASE = SupplierCase(supplier="Microsoft", case_reference="MS-77", message_sent="<m1@luxcloud.example>")
OF = {"ticket_id": "LC-1042"}


def everything():
    """What lets each kind of letter be written, with the handler that writes it."""
    routing = Routing(
        team="Technical support",
        calendar=None,
        counted_on="luxcloud/house-default",
        priority=1,
        starts_at=RECEIVED,
        targets=(),
        policy_version="v1",
    )
    version_2 = SURE.model_copy(update={"version": 2, "verdict": Verdict.UNSUPPORTED})
    pause = TicketPaused(**OF, standstill=CASE, by="Kim")
    again = {"paused_for": PauseReason.SUPPLIER, "why": ResumeReason.SUPPLIER_ANSWERED, "resumed_at": clock.now()}
    quote = {"quote_id": "Q-LC-1042-1", "version": 1}
    euros = Money.of(1, "EUR")
    charge = {"line": "x", "clause": "c", "customer_id": None, "account": None, "provider": "luxcloud", "total": euros}
    page = {"step": 0, "level": "first", "person": None, "reason": "emergency", "best_effort": False, "last": True}
    return {
        Kind.ACKNOWLEDGEMENT: TicketRouted(**OF, ticket=FACTS, decision=SURE, routing=routing),
        Kind.VERDICT: ScopeDecided(**OF, ticket=FACTS, text="Help", decision=version_2),
        Kind.QUOTE: QuoteIssued(
            **OF, **quote, ticket=FACTS, decision=SURE, offer=OFFER, total=euros, valid_until=clock.now()
        ),
        Kind.CONSENT_RECEIPT: ConsentRecorded(
            **OF,
            **quote,
            consent_id=uuid4(),
            given_by=THEM,
            given_how="email",
            total=euros,
            offer=OFFER.model_copy(update={"basis": Basis.HOURS}),
        ),
        Kind.CONSENT_REFUSED: ConsentRefused(**OF, **quote, given_how="email", reason="the sender is not verified"),
        Kind.CHARGE_NOTICE: ChargeRecorded(**OF, **quote, charge_id=uuid4(), **charge),
        Kind.CREDIT_NOTICE: ChargeCredited(
            **OF,
            credit_id=uuid4(),
            charge_id=uuid4(),
            quote_id=quote["quote_id"],
            line="x",
            customer_id=None,
            account=None,
            provider="luxcloud",
            total=euros,
            remaining=euros,
            agent="Kim",
            reason="our own fault",
        ),
        Kind.ANSWER: TicketAnswered(**OF, agent="Kim", text="It is done."),
        Kind.SUSPENSION_START: pause,
        Kind.SUSPENSION_END: TicketResumed(**OF, pause_id=pause.event_id, by="Kim", **again),
        Kind.SIZE_NOTICE: EmailTooLarge(
            arrival_id=uuid4(),
            provider="luxcloud",
            mailbox=US,
            sender=FACTS.requester,
            subject=FACTS.subject,
            message_id=FACTS.message_id,
            size=99_000_000,
            limit=35_000_000,
        ),
        Kind.PAGE: OnCallPaged(
            **OF, **page, page_id=uuid4(), alarm_id=uuid4(), ticket=FACTS, team="Desk", answer_by=clock.now()
        ),
    }


class MailServer:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        self.taken.append(envelope)
        return "250 OK"


WRITERS = {
    Kind.ACKNOWLEDGEMENT: "write_acknowledgement",
    Kind.CHARGE_NOTICE: "write_charge_notice",
    Kind.PAGE: "write_page",
}


@pytest.fixture
def letters(serve_mail, say, hear, monkeypatch):
    """A letter of every kind, as the next mail server got it."""
    post, found = serve_mail(MailServer()), {}
    for limit in ("BURST", "DAILY"):
        monkeypatch.setenv(f"SCOPEDESK_NOTIFICATIONS_{limit}_LIMIT", "100")
    for kind, event in everything().items():
        say("desk", event)
        hear(worker, WRITERS.get(kind, f"write_{kind}"))
        hear(worker, "post_letter")
        found[kind] = post.taken[-1]
    assert len(post.taken) == len(found) == len(Kind)
    return found


def test_every_letter_is_marked_so_that_no_machine_answers_and_no_bounce_is_lost(letters):
    thread = []
    for kind, envelope in letters.items():
        mail = message_from_bytes(envelope.content, policy=default)
        once = ("From", "To", "Subject", "Date", "Message-ID", "X-Loop", "MIME-Version", "Content-Type")
        assert [len(mail.get_all(name, [])) for name in once] == [1] * len(once), kind

        replies = dict.fromkeys((Kind.ACKNOWLEDGEMENT, Kind.SIZE_NOTICE), "auto-replied")
        automatic = ({Kind.ANSWER: None} | replies).get(kind, "auto-generated")
        assert mail["Auto-Submitted"] == automatic, kind
        assert mail["X-Auto-Response-Suppress"] == ("All" if automatic else None), kind
        assert mail["Precedence"] is mail["List-Unsubscribe"] is None, kind

        ours = TOKENS.letter_of(mail["Message-ID"])
        assert ours.ticket_id == ("NONE-0" if kind is Kind.SIZE_NOTICE else "LC-1042")
        assert TOKENS.is_loop_mark(mail["X-Loop"])
        if kind is Kind.PAGE:
            assert (envelope.mail_from, mail["In-Reply-To"]) == ("on-call@scopedesk.example", None)
            continue
        if kind is Kind.SIZE_NOTICE:
            assert envelope.mail_from.strip("<>") == ""
            assert (mail["Reply-To"], mail["In-Reply-To"]) == (US, "<a1@winkel.example>")
            continue
        if kind in {Kind.ACKNOWLEDGEMENT, Kind.SUSPENSION_START, Kind.SUSPENSION_END}:
            assert envelope.mail_from.strip("<>") == "", kind
        else:
            assert OURS.find(envelope.mail_from).returned == ours, kind
        assert OURS.find(mail["Reply-To"]).reply_token == "LC-1042"
        assert mail["From"].addresses[0].addr_spec == US
        assert re.fullmatch(r"Re: .*[^]] \[LC-1042\]", mail["Subject"]), mail["Subject"]
        assert mail["In-Reply-To"] == "<a1@winkel.example>"
        assert mail["References"].split() == ["<a1@winkel.example>", *thread]
        thread.append(mail["Message-ID"])


def test_another_help_desk_sees_at_once_that_only_the_answer_is_a_persons(letters):
    for kind, envelope in letters.items():
        seen = read(envelope.content, THEIRS, recipient=THEM, envelope_from=envelope.mail_from)
        assert seen.notes.kind == ("human" if kind is Kind.ANSWER else "auto"), kind


def test_a_letter_that_comes_back_to_us_is_known_as_ours_even_when_its_message_id_was_replaced(letters):
    for envelope in letters.values():
        assert read(envelope.content, OURS, recipient=US).notes.kind == "own_loop"
        renamed = re.sub(rb"(?im)^Message-ID: .*$", b"Message-ID: <new@relay.example>\r", envelope.content)
        assert read(renamed, OURS, recipient=US).notes.kind == "own_loop"
