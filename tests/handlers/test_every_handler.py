"""Every handler there is, held to the same two promises.

Heard twice, it does its work once. Failing, it leaves nothing behind but a dead letter, and that can be replayed.
"""

import json
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text
from sqlmodel import Session

from holding_back import hold_back
from journey import Journey
from services.email_intake.settings import settings as email_settings
from services.email_intake.store import TooLarge, store_email
from services.notifications.settings import notification_settings
from services.phone_intake.store import store_call
from services.tickets import gateway as customer_book
from services.tickets import store as tickets
from shared import clock, settings
from shared.bus import Transaction, dead_letters
from shared.db import engine
from shared.events import (
    AllowanceUsedUp,
    BookingAwaited,
    ChargeBooked,
    ChargeCredited,
    ConsentGiven,
    CreditGiven,
    CreditRefused,
    CustomerChosen,
    EmailRejected,
    EmailReleased,
    LicenceBought,
    MergeRequested,
    OneCaseDismissed,
    PageAcknowledged,
    QuotePriced,
    QuoteRefused,
    QuoteVoided,
    SplitRequested,
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionEnded,
    SubscriptionQuestioned,
    SubscriptionRefused,
    SubscriptionStarted,
    TicketAnswered,
    TicketFactCorrected,
    TicketPaused,
    TicketReclassified,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    UnmergeRequested,
    VerdictOverridden,
    WorkRefused,
    WorkReported,
    WorkSettled,
    WorkStarted,
    derived_id,
)
from shared.money import Money
from shared.topology import HEARERS
from shared.vocabulary import Basis, PauseReason, PriceOffer, ResumeReason, SupplierCase, TicketFacts, Verdict
from webhooks import webhook

ALL = [(event, hearer) for event, hearers in HEARERS.items() for hearer in hearers]

CUSTOMERS = """
- id: hn-1
  provider: hypernode
  name: Kaas en Co
  account: kaas
  product: general
  language: en
  emails: [owner@kaas.example]
  phones: ["+31205550101"]
- id: hs-1
  provider: h-sphere
  name: Example Hosting
  product: general
  plan: regular
  language: en
  emails: [refused@hosting.example, noc@hosting.example]
  facts: ["runs H-Sphere 2.4.3"]
"""


ROTA = """
people:
  anna: {{name: Anna, email: anna@scopedesk.example, webhook: "{webhook}"}}
levels:
  - name: first
    layers:
      - {{name: first, zone: Europe/Amsterdam, people: [anna], handover: {{first: 2026-01-05 09:00}}}}
"""


class Post:
    """A mail server that refuses one address for good and takes everything else."""

    def __init__(self):
        self.taken = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 -- aiosmtpd's name
        if address.startswith("refused@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.taken.append(envelope.content)
        return "250 OK"


def mail(to, subject, words, *, sender="owner@kaas.example", **headers):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = format_datetime(clock.now()), make_msgid(domain="customer.example")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(words)
    return message.as_bytes()


def ticket_of(session, subject):
    session.rollback()
    statement = text("select number from tickets.ticket where facts->>'subject' = :subject")
    return session.scalars(statement, {"subject": subject}).one()


def ticket_of_caller(session):
    statement = text("select number from tickets.ticket where facts->'requester'->>'phone' = :phone")
    return session.scalars(statement, {"phone": NO_CUSTOMER}).one()


@pytest.fixture(scope="module")
def journey(empty_tables, free_port, tmp_path_factory):
    """Mails and calls of every outcome, then what people do at the desk, then every timer."""
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    environment = pytest.MonkeyPatch()
    environment.setenv("SCOPEDESK_NOTIFICATIONS_SMTP_PORT", str(controller.port))
    notification_settings.cache_clear()
    empty_tables()
    files = tmp_path_factory.mktemp("files")
    book, rota = files / "customers.yaml", files / "rota.yaml"
    book.write_text(CUSTOMERS)
    environment.setenv("SCOPEDESK_ONCALL_FILE", str(rota))
    settings.settings.cache_clear()
    mailboxes = email_settings().mailboxes | {"help@kenotronix.example": "kenotronix"}
    environment.setenv("SCOPEDESK_EMAIL_INTAKE_MAILBOXES", json.dumps(mailboxes))
    email_settings.cache_clear()
    try:
        with Session(engine()) as session, webhook() as hook:
            rota.write_text(ROTA.format(webhook=hook.address))
            yield travel(session, book)
    finally:
        controller.stop()
        environment.undo()
        notification_settings.cache_clear()
        email_settings.cache_clear()
        settings.settings.cache_clear()


def travel(session, book):
    journey = Journey(session, seed=1)
    with Transaction.begin("tickets") as tx:
        for customer in customer_book.read_customers(book):
            tickets.save_customer(tx.session, customer)

    restore = "Please restore my shop from a backup"
    store_email(
        mail("support@hypernode.example", restore, "Please restore the database from yesterday's backup for us."),
        source="test",
    )
    store_email(
        mail(
            "support@h-sphere.example",
            "Recompile PHP",
            "Please recompile php with imap on our H-Sphere box.",
            sender="refused@hosting.example",
        ),
        source="test",
    )
    to_two_mailboxes = mail("support@kenotronix.example", "FTP", "FTP is refused for everybody.", sender="a@b.example")
    for mailbox in ("support@kenotronix.example", "help@kenotronix.example"):
        store_email(to_two_mailboxes, mailbox, source="test")
    store_email(
        mail("support@hypernode.example", "Out of office", "I am away.", Auto_Submitted="auto-replied"), source="test"
    )
    store_email(
        mail("support@luxcloud.example", "Mailbox", "Our Exchange mailbox is empty.", sender="c@d.example"),
        source="test",
    )
    store_email(b"\x00\x01\x02 no e-mail", source="test")
    for number, fields in enumerate(CALLS):
        store_call(fields, f"calls.csv, line {number + 2}")
    journey.go_on()

    number = ticket_of(session, restore)
    come_back(journey, number)
    store_email(
        mail("support@hypernode.example", f"Re: {restore} [{number}]", f"I agree to Q-{number}-1."), source="test"
    )
    journey.go_on()
    quote = {"quote_id": f"Q-{number}-1", "version": 1, "given_by_email": "owner@kaas.example", "taken_by": "an agent"}
    with Transaction.begin("desk") as tx:
        tx.say(ConsentGiven(ticket_id=number, **quote))
        tx.say(TicketAnswered(ticket_id=number, agent="an agent", text="We start now."))
        tx.say(TicketAnswered(ticket_id=ticket_of_caller(session), agent="an agent", text="Done."))
    journey.go_on()
    # Timers: first those of tickets that nobody answered, then the offers that nobody took.
    journey.go_on(timers=["sla.check_target", "billing.expire_quote"])
    store_call(CALLED_BACK, "calls.csv, line 9")  # known only after the due time
    journey.go_on()
    again = "Restore an older backup please"
    store_email(
        mail("support@hypernode.example", again, "Please restore the database from last week's backup for us."),
        source="test",
    )
    journey.go_on()
    journey.go_on(timers=["billing.expire_quote"])
    look_into_quarantine(journey)
    page(journey)
    stand_still(journey, ticket_of(session, "Mailbox"))
    work_for_money(journey, number)
    change_minds(journey, ticket_of(session, restore))
    with Transaction.begin("desk") as tx:
        tx.say(TicketResolved(ticket_id=number, agent="an agent"))
        tx.say(TicketReopened(ticket_id=number, agent="an agent"))
    journey.go_on()
    to = "support@hypernode.example"
    hold_back(journey, number, lambda words: store_email(mail(to, f"Re: [{number}]", words), source="test"))
    file_otherwise(journey, number)
    subscribe(journey, ticket_of(session, "Server down"))
    tell_the_billing_system(journey, number)
    question(journey, number)
    return journey


NO_CUSTOMER = "+31205550199"


def come_back(journey, number):
    """The acknowledgement of a ticket cannot be delivered."""
    statement = text("select message_id from notifications.letter where ticket_id = :number and state = 'sent'")
    message_id = journey.session.scalars(statement, {"number": number}).first()
    journey.session.rollback()
    report = (
        "From: MAILER-DAEMON@mx.example\nTo: support@hypernode.example\nSubject: Undelivered\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        "Final-Recipient: rfc822; owner@kaas.example\nAction: failed\nStatus: 5.1.1\n\n"
        f"--B\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n--B--\n"
    )
    store_email(report.encode(), source="test")
    journey.go_on()


def look_into_quarantine(journey):
    """Of two mails of which only the headers were taken a person releases one and rejects the other."""
    large = TooLarge(50 << 20, 35 << 20, "a folder")
    waiting = [
        store_email(
            mail("support@hypernode.example", subject, "", sender="large@shop.example"), source="test", too_large=large
        )
        for subject in ("A video", "Another video")
    ]
    journey.go_on()
    why = {"agent": "an agent", "reason": "the headers say enough"}
    for event in (EmailReleased(arrival_id=waiting[0], **why), EmailRejected(arrival_id=waiting[1], **why)):
        with Transaction.begin("desk") as tx:
            tx.say(event)
    journey.go_on()


def page(journey):
    """Nobody on call answers until everybody has been told; then somebody takes the ticket."""
    words = "Our mail server is down for everybody."
    store_email(mail("support@h-sphere.example", "Server down", words, sender="noc@hosting.example"), source="test")
    journey.go_on()
    journey.go_on(timers=["sla.page_next"])
    number = ticket_of(journey.session, "Server down")
    pages = journey.session.execute(text("select page_id, alarm_id from desk.page where ticket_id = :t"), {"t": number})
    page_id, alarm_id = pages.first()
    with Transaction.begin("desk") as tx:
        tx.say(PageAcknowledged(ticket_id=number, page_id=page_id, alarm_id=alarm_id, by="Anna"))
    journey.go_on()


def stand_still(journey, number):
    """A supplier has the case until his time is up, and once more until an agent takes it back."""
    case = SupplierCase(supplier="Microsoft", case_reference="MS-77", message_sent="Please look at mailbox 5.")
    again = {"paused_for": PauseReason.SUPPLIER, "why": ResumeReason.SUPPLIER_ANSWERED, "resumed_at": clock.now()}
    for event in (
        TicketReclassified(ticket_id=number, by="an agent", why="on the calendars of today"),
        TicketPaused(ticket_id=number, standstill=case, by="an agent"),
        TicketPaused(ticket_id=number, standstill=case, by="an agent"),
        TicketResumed(ticket_id=number, by="an agent", **again),
    ):
        with Transaction.begin("desk") as tx:
            tx.say(event)
        journey.go_on(timers=["sla.end_pause"])


def change_minds(journey, paid):
    """A verdict is corrected, then overridden: an offer is withdrawn, one that was agreed to is in question."""
    words = "Please restore the database from the backup of last month for us."
    store_email(mail("support@hypernode.example", "One more backup", words), source="test")
    journey.go_on()
    number = ticket_of(journey.session, "One more backup")
    facts = ticket_facts(journey.session, number)
    agreed = ticket_facts(journey.session, paid)
    mind = {"verdict": Verdict.COURTESY, "reason": "our backup had failed", "agent": "Kim", "approver": "Noor"}
    for event in (
        TicketFactCorrected(ticket_id=number, ticket=facts, version=1, fact="the shop is on a trial", agent="Kim"),
        VerdictOverridden(ticket_id=number, ticket=facts, version=2, **mind),
        VerdictOverridden(ticket_id=paid, ticket=agreed, version=1, **mind),
    ):
        with Transaction.begin("desk") as tx:
            tx.say(event)
        journey.go_on()


def work_for_money(journey, number):
    """Further work is priced and taken back; what was agreed to is worked, settled and given back; the books agree."""
    offer = PriceOffer(
        line="further-work",
        clause="",
        title="More",
        unit="started-hour",
        basis=Basis.HOURS,
        amount=Money.of(60, "EUR"),
    )
    agreed, agent = f"Q-{number}-1", {"ticket_id": number, "agent": "Kim"}
    known = text("select quote_id from billing.quote where ticket_id = :t and line = 'further-work'")

    def further():
        journey.session.rollback()
        return journey.session.scalars(known, {"t": number}).one()

    for event in (
        lambda: QuotePriced(**agent, quote_id=None, offer=offer),
        lambda: QuoteVoided(**agent, quote_id=further(), version=1, reason="not needed"),
        lambda: WorkStarted(**agent),
        lambda: WorkReported(**agent, note="Restored", quote_id=agreed),
        lambda: WorkReported(**agent, note="Looked at it", minutes=45),
        lambda: WorkSettled(**agent, quote_id=agreed),
        lambda: CreditGiven(**agent, charge_id=derived_id("charge", agreed, 1, "restore"), reason="our own fault"),
    ):
        with Transaction.begin("desk") as tx:
            tx.say(event())
        journey.go_on(timers=["billing.reconcile"])


def file_otherwise(journey, number):
    """A message is split off and merged back, the merge is undone, two tickets are two cases, a customer is chosen."""
    split = text("select arrival_id from tickets.message where ticket_number = :t and not opened_ticket")
    arrival_id = journey.session.scalars(split, {"t": number}).first()
    new = text("select number from tickets.ticket where related_ticket_id = :t")

    def split_off():
        journey.session.rollback()
        return journey.session.scalars(new, {"t": number}).one()

    for event in (
        lambda: SplitRequested(ticket_id=number, arrival_id=arrival_id, agent="Kim"),
        lambda: MergeRequested(ticket_id=split_off(), into=number, agent="Kim"),
        lambda: UnmergeRequested(ticket_id=split_off(), agent="Kim"),
        lambda: OneCaseDismissed(ticket_id=split_off(), other_ticket_id=number, agent="Kim"),
        lambda: CustomerChosen(ticket_id=split_off(), customer_id=None, agent="Kim"),
    ):
        with Transaction.begin("desk") as tx:
            tx.say(event())
        journey.go_on()


def subscribe(journey, number):
    """A plan is offered, agreed to, rests on a licence fee, and is cancelled on its first day."""
    plan = PriceOffer(
        line="priority-plan",
        clause="h-sphere.plans.priority-price",
        title="Priority support plan",
        unit="month",
        basis=Basis.PLAN,
    )
    with Transaction.begin("desk") as tx:
        tx.say(QuotePriced(ticket_id=number, quote_id=None, offer=plan, agent="an agent"))
    journey.go_on()
    statement = text("select quote_id from billing.quote where line = 'priority-plan'")
    quote_id = journey.session.scalars(statement).one()
    journey.session.rollback()
    agreed = {"quote_id": quote_id, "version": 1, "given_by_email": "noc@hosting.example", "taken_by": "an agent"}
    today = clock.now().date()
    fee = {"bought_on": today, "fee": Money.of(4500, "USD"), "agent": "an agent"}
    for event in (
        ConsentGiven(ticket_id=number, **agreed),
        LicenceBought(provider="h-sphere", customer_id="hs-1", **fee),
        SubscriptionCancelled(ticket_id=number, subscription_id=quote_id, ends_on=today, agent="an agent"),
    ):
        with Transaction.begin("desk") as tx:
            tx.say(event)
        journey.go_on()
    journey.go_on(timers=["billing.end_plan"])


def tell_the_billing_system(journey, number):
    """Of every kind of event of the feed one is told; nobody is asked again for what is acknowledged."""
    whose = {"customer_id": "hn-1", "account": "kaas", "provider": "hypernode"}
    plan = {"ticket_id": number, "subscription_id": f"Q-{number}-9"}
    money, today = Money.of(25, "EUR"), clock.now().date()
    credit = {"credit_id": uuid4(), "charge_id": uuid4(), "quote_id": f"Q-{number}-1", "line": "restore"}
    with Transaction.begin("billing") as tx:
        tx.say(
            ChargeCredited(ticket_id=number, **credit, **whose, total=money, remaining=money, agent="Kim", reason="-")
        )
        tx.say(SubscriptionStarted(**plan, **whose, version=1, line="plan", starts_on=today, quantity=1))
        tx.say(SubscriptionChanged(**plan, version=2, quantity=2, from_day=today))
        tx.say(SubscriptionEnded(**plan, ends_on=today, paid_until=today, agent="Kim"))
        tx.say(BookingAwaited(ticket_id=number, booked_id=uuid4(), tries=1))
    journey.go_on()


def question(journey, number):
    """What agents wanted is refused, time is used up, a plan is in question; and the billing system has booked."""
    refused = {"ticket_id": number, "agent": "Kim", "reason": "it cannot be"}
    today = clock.now().date()
    with Transaction.begin("billing") as tx:
        tx.say(QuoteRefused(**refused, quote_id=None))
        tx.say(WorkRefused(**refused))
        tx.say(CreditRefused(**refused, charge_id=uuid4()))
        tx.say(SubscriptionRefused(**refused, subscription_id=f"Q-{number}-9"))
        tx.say(
            SubscriptionQuestioned(
                ticket_id=number, subscription_id=f"Q-{number}-9", starts_on=today, ends_on=today, reason="paid twice"
            )
        )
        tx.say(AllowanceUsedUp(ticket_id=number, quote_id=None, version=None, allowed_minutes=30, worked_minutes=45))
        tx.say(ChargeBooked(ticket_id=number, booked_id=uuid4(), reference="INV-7", total=Money.of(25, "EUR")))
    journey.go_on()


def ticket_facts(session, number):
    session.rollback()
    statement = text("select facts from desk.ticket where ticket_id = :number")
    return TicketFacts.model_validate(session.scalars(statement, {"number": number}).one())


CALLED_BACK = {
    "call_id": "c5",
    "started_at": "2026-06-03T10:06:00+02:00",
    "direction": "outbound",
    "from": "201",
    "to": "+31205550101",
    "did": "+31200000042",
    "outcome": "answered",
    "talk_seconds": "90",
}
CALLS = [
    {
        "call_id": "c1",
        "started_at": "2026-06-03T10:00:00+02:00",
        "direction": "inbound",
        "from": "0205550101",
        "did": "+31200000042",
        "outcome": "answered",
        "duration_seconds": "120",
        "summary": "The shop shows a 502 error since this morning, please look at the server.",
    },
    {
        "call_id": "c2",
        "started_at": "2026-06-03T10:05:00+02:00",
        "direction": "outbound",
        "from": "+31200000042",
        "did": "+31205550101",
        "outcome": "answered",
    },
    {
        "call_id": "c4",
        "started_at": "2026-06-03T10:10:00+02:00",
        "direction": "inbound",
        "from": NO_CUSTOMER,
        "did": "+31200000042",
        "outcome": "answered",
        "duration_seconds": "60",
        "summary": "The shop does not answer at all.",
    },
    {"call_id": "c3", "started_at": "yesterday", "direction": "inbound"},
]


@pytest.mark.parametrize(("event", "hearer"), ALL, ids=lambda value: getattr(value, "__name__", value))
def test_a_handler_works_once_and_fails_without_a_trace(journey, event, hearer):
    assert (event, hearer) in journey.heard, "the journey never came here"
    assert journey.heard[event, hearer] == []


def test_no_delivery_of_the_journey_is_dead(journey):
    assert [letter.hearer for letter in dead_letters.waiting()] == []
