"""The words that services share: closed sets first, then the small facts that events carry.

Verdicts, parties and departments are used exactly as in the policy documents' clause inventory.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.money import Money


class Fact(BaseModel):
    """A frozen piece of an event. Unknown fields are ignored, so an older reader understands a newer writer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Verdict(StrEnum):
    """What the policy says of a request."""

    SUPPORTED = "supported"
    COURTESY = "courtesy"
    PAID = "paid"
    UNSUPPORTED = "unsupported"
    CUSTOMER_RESPONSIBILITY = "customer-responsibility"
    SUPPLIER = "supplier"
    PROCEDURE = "procedure"
    NOT_COVERED = "not-covered"
    NEEDS_INFO = "needs-info"
    NO_ACTION = "no-action"
    MIXED = "mixed"


class Party(StrEnum):
    """Who has to act."""

    PROVIDER = "provider"
    CUSTOMER = "customer"
    DEVELOPER = "developer"
    REGISTRAR = "registrar"
    SOFTWARE_VENDOR = "software-vendor"
    SUPPLIER = "supplier"
    BANK = "bank"


class Department(StrEnum):
    """Which part of the provider answers."""

    TECHNICAL = "technical"
    FINANCIAL = "financial"
    SALES = "sales"


class Emergency(StrEnum):
    """H-Sphere's levels, highest first; other policies know none."""

    HIGHEST = "highest"
    EMERGENCY = "emergency"
    IMMEDIATE_AFTER_UPGRADE = "immediate-after-upgrade"
    NOT_EMERGENCY = "not-emergency"
    MARKER_IGNORED = "marker-ignored"


class Channel(StrEnum):
    """How a request reached us."""

    EMAIL = "email"
    PHONE = "phone"


class Authentication(StrEnum):
    """What our mail server found of the sender of an e-mail: who From says, somebody else, or nothing."""

    PASS = "pass"  # noqa: S105 -- a verdict of RFC 8601
    FAIL = "fail"
    NONE = "none"


class TargetName(StrEnum):
    """What a due time is for. The next response is due after a reply, once the first response was given."""

    FIRST_RESPONSE = "first-response"
    NEXT_RESPONSE = "next-response"
    RESOLUTION = "resolution"


class PauseReason(StrEnum):
    """Why clocks stand still. `resolved` is the time between resolving and reopening, where a clock goes on after."""

    WAITING_FOR_CUSTOMER = "waiting-for-customer"
    SUPPLIER = "supplier"
    RESOLVED = "resolved"


class ResumeReason(StrEnum):
    """Why clocks run again. The limit is the policy's, or the moment that was named when the clocks were stopped."""

    CUSTOMER_ANSWERED = "customer-answered"
    SUPPLIER_ANSWERED = "supplier-answered"
    LIMIT_REACHED = "limit-reached"
    RESOLVED = "resolved"
    AGENT = "agent"
    DECIDED_ANEW = "decided-anew"


class Requester(Fact):
    """The person who asks. `customer_id` is set when a customer record matches exactly."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    customer_id: str | None = None
    may_approve_costs: bool = False


class TicketFacts(Fact):
    """What every service needs to know of a ticket, as it was when the event happened."""

    ticket_id: str
    provider: str
    product: str | None = None
    plan: str | None = None
    channel: Channel
    language: str | None = None
    subject: str
    requester: Requester
    account: str | None = None
    customer_facts: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    """E-mail addresses, in lower case, of the people of this account who may approve costs."""
    mailbox: str | None = None
    message_id: str | None = None
    may_acknowledge: bool = True
    received_at: AwareDatetime
    customer_found_by: str | None = None
    """What told whose ticket it is: address, phone, domain, named (in the text, which proves nothing), or a person."""
    customer_candidates: tuple[str, ...] = ()
    """Customers that it may be of, when more than one fits: a person is asked."""


Stated = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]
"""Words that must be there."""


class AttachedFile(Fact):
    """A file that came with an e-mail: its type by content, its size in bytes, and where `shared.files` has its bytes.

    `content_hash` is None for a file beyond the limits, which the stored e-mail alone holds. `held`: why nobody
    should open it before a person has looked.
    """

    name: str
    content_type: str
    size: int
    content_hash: str | None = None
    held: str | None = None


class WaitingForCustomer(Fact):
    """Clocks stand still because only the customer can go on."""

    reason: Literal[PauseReason.WAITING_FOR_CUSTOMER] = PauseReason.WAITING_FOR_CUSTOMER


class SupplierCase(Fact):
    """Clocks stand still because a supplier has the case: whose case it is, and what was sent to him (LC-A3).

    `message_sent` is the id or the text of that message.
    """

    reason: Literal[PauseReason.SUPPLIER] = PauseReason.SUPPLIER
    supplier: Stated
    case_reference: Stated
    message_sent: Stated


Standstill = Annotated[WaitingForCustomer | SupplierCase, Field(discriminator="reason")]
"""What an agent must know to stop the clocks of a ticket."""


class Pause(Fact):
    """A stretch in which clocks stand still. `ends_at` None: they still do.

    `evidence` is the supplier's case, or the clause by which a decision stopped the clocks. It ends by itself at
    `until`. `known_at` is when we learned of its end, later than `ends_at` when an answer had reached us unseen.
    `resumed_by` None: nobody, it ended by itself.
    """

    id: UUID
    begins_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    reason: PauseReason
    by: str | None = None
    evidence: dict[str, str] = Field(default_factory=dict)
    until: AwareDatetime | None = None
    ended_because: ResumeReason | None = None
    resumed_by: str | None = None
    known_at: AwareDatetime | None = None


class Basis(StrEnum):
    """How paid work is charged once it is agreed to."""

    FIXED = "fixed"
    """As agreed, at once."""
    PREPAID = "prepaid"
    """Hours that were bought: at once; work draws on them."""
    HOURS = "hours"
    """By the started hours worked, at most as many as were agreed to, when the work is done."""
    PLAN = "plan"
    """Period by period, from the first to the last."""


FURTHER = "further-work"
"""The line of work that a person offered without a price line: no decision asked for it, none takes it back."""


class NoConsent(StrEnum):
    """Why somebody's agreement to a quote does not count."""

    ANOTHER_QUOTE = "another-quote"
    OTHER_VERSION = "other-version"
    NOT_ON_OFFER = "not-on-offer"
    TOO_LATE = "too-late"
    NOT_AUTHORISED = "not-authorised"
    UNVERIFIED = "unverified"


class PriceOffer(Fact):
    """A price line of the policy as offered. `amount` None: the policy states no price, a person quotes.

    `amount` is the price of one unit, `quantity` how many are offered (of a plan: the servers it covers), `total` what
    is paid at most, of a plan at least, without agreeing anew.
    """

    line: str
    clause: str
    title: str
    unit: str
    basis: Basis = Basis.FIXED
    quantity: int = Field(default=1, ge=1)
    amount: Money | None = None
    total: Money | None = None


class Decision(Fact):
    """The verdict on one request, with everything that explains it.

    `version` counts the decisions on a ticket. `decided_by` is the agent who decided; None: the policy was applied.
    """

    version: int = 1
    decided_by: str | None = None
    verdict: Verdict
    clauses: tuple[str, ...] = ()
    topic: str | None = None
    responsible_party: Party | None = None
    department: Department = Department.TECHNICAL
    emergency: Emergency | None = None
    language: str | None = None
    reply_language: str = "en"
    in_support_hours: bool | None = None
    price: PriceOffer | None = None
    sla: str = "running"
    preconditions: tuple[str, ...] = ()
    confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    needs_person: bool = True
    policy_version: str = ""
    explanation: dict[str, Any] = Field(default_factory=dict)
    parts: tuple[Decision, ...] = ()


class Precedent(Fact):
    """What a person once decided about a request that is like this one. It never changes a verdict by itself.

    `likeness` of the two texts lies between 0 and 1. `topic` is the one that the person found right.
    """

    ticket_id: str
    product: str | None = None
    topic: str | None = None
    verdict: Verdict
    clauses: tuple[str, ...] = ()
    reason: str
    agent: str
    approver: str | None = None
    decided_at: AwareDatetime
    likeness: float = Field(ge=0.0, le=1.0)


class CountedWindow(Fact):
    """One open window that a due time was counted in, in UTC, with the holiday that shaped it, if any."""

    opens_at: AwareDatetime
    closes_at: AwareDatetime
    counted_seconds: int
    holiday: str | None = None


class Target(Fact):
    """A due time with its proof. `due_at` None: the clock is suspended, and `Routing.note` says why.

    `holidays` names the holidays and exceptions between start and due, also those on which nothing was open. `clauses`
    state the minutes, unless they are a house default. Work that takes as long as is typical for the house can begin
    at `latest_start_at` at the latest.
    """

    name: TargetName
    minutes: int
    due_at: AwareDatetime | None
    house_default: bool
    clauses: tuple[str, ...] = ()
    windows: tuple[CountedWindow, ...] = ()
    holidays: tuple[str, ...] = ()
    started_at: AwareDatetime | None = None
    pauses: tuple[Pause, ...] = ()
    latest_start_at: AwareDatetime | None = None


class DueTimeChanged(Fact):
    """A due time before and after. None: the clock stands still."""

    target: TargetName
    before: AwareDatetime | None
    after: AwareDatetime | None


class Routing(Fact):
    """Who has the ticket and by when. `calendar` None: the policy states no hours. `priority` 1 is served first.

    `level` is that of the support, where the provider has several.
    `paused`: why the clocks stand still now, if they do.
    """

    team: str
    level: str | None = None
    calendar: str | None
    counted_on: str
    priority: int
    starts_at: AwareDatetime
    targets: tuple[Target, ...]
    policy_version: str
    note: str = ""
    paused: Pause | None = None
