"""The facts that services exchange, in the past tense and frozen.

A field may be added, never given a new meaning; unknown fields are ignored on reading. Events carry what their
hearers need, because order between deliveries is not guaranteed.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from pydantic import AwareDatetime, Field

from shared import clock
from shared.money import Money
from shared.vocabulary import (
    AttachedFile,
    Authentication,
    Channel,
    Decision,
    DueTimeChanged,
    Emergency,
    Fact,
    NoConsent,
    PauseReason,
    Precedent,
    PriceOffer,
    Requester,
    ResumeReason,
    Routing,
    Standstill,
    Stated,
    TargetName,
    TicketFacts,
    Verdict,
)


def derived_id(*parts: object) -> UUID:
    """An event id that follows from the fact itself, so that the same fact can never be said twice."""
    return uuid5(NAMESPACE_URL, "scopedesk:" + ":".join(map(str, parts)))


class Event(Fact):
    """What happened, to which ticket, and because of what. `caused_by` is filled in by the bus."""

    event_id: UUID = Field(default_factory=uuid4)
    ticket_id: str | None = None
    caused_by: UUID | None = None
    happened_at: AwareDatetime = Field(default_factory=clock.now)


# --- intake -----------------------------------------------------------------------------------------------------------


class EmailStored(Event):
    """The raw bytes of one e-mail are durable; nothing has been read yet.

    `mailbox` is the address it was delivered to, empty when only its headers tell. `source` is the way it came: a file
    and its place in it, or the listener.
    """

    arrival_id: UUID
    mailbox: str
    source: str = ""


class EmailReceived(Event):
    """An e-mail from a person was read. `text` is what is new in it, `full_text` all of it.

    `references` are the message ids that it answers, the nearest first. `sender_verified` exactly when
    `authentication` is pass; on fail somebody writes in another's name. `reply_token`: the ticket whose signed reply
    address it was sent to. `is_courtesy`: it only says thanks. `mail_key`: the same for the same mail in another
    mailbox. `forwarded_by`: the agent whose forward of the sender's mail it is; `is_forward`: somebody forwards a mail.
    `warnings`: what a person should know before he trusts it; they name nobody.
    """

    arrival_id: UUID
    provider: str
    mailbox: str
    sender: Requester
    sender_verified: bool = False
    subject: str
    text: str
    full_text: str
    language: str | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    reply_token: str | None = None
    may_acknowledge: bool = True
    authentication: Authentication = Authentication.NONE
    is_courtesy: bool = False
    mail_key: str | None = None
    forwarded_by: str | None = None
    is_forward: bool = False
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    received_at: AwareDatetime


class EmailSuppressed(Event):
    """An e-mail needs no ticket (a duplicate, a bounce, an automatic answer, our own letter); `reason` says why."""

    arrival_id: UUID
    reason: str


class EmailQuarantined(Event):
    """An e-mail could not be read or belongs to no known mailbox; it waits for a person.

    `sender`, `subject` and `excerpt`, the beginning of its text, are what that person has to judge by.
    """

    arrival_id: UUID
    reason: str
    sender: Requester | None = None
    subject: str = ""
    excerpt: str = ""


class EmailTooLarge(Event):
    """An e-mail of `size` bytes was not taken, since `limit` is the most, and its sender may be told.

    Said only where an automatic answer to the sender can harm nobody else.
    """

    arrival_id: UUID
    provider: str
    mailbox: str
    sender: Requester
    subject: str
    message_id: str | None = None
    size: int
    limit: int


class EmailReleased(Event):
    """A person lets an e-mail out of quarantine: it is read again, as delivered to `mailbox` where he names one."""

    arrival_id: UUID
    mailbox: str = ""
    agent: Stated
    reason: Stated


class EmailRejected(Event):
    """A person decided that an e-mail in quarantine becomes no ticket."""

    arrival_id: UUID
    agent: Stated
    reason: Stated


class CallStored(Event):
    """One record of a call log is durable; nothing has been read yet."""

    arrival_id: UUID
    source: str


class CallLogged(Event):
    """A telephone call that asks for something. `adds_to`: the call whose ticket it belongs to, if it has none."""

    arrival_id: UUID
    adds_to: UUID | None = None
    provider: str
    caller: Requester
    agent: str | None = None
    subject: str
    text: str
    language: str | None = None
    outcome: str
    started_at: AwareDatetime
    duration_seconds: int


class CallMade(Event):
    """Somebody of ours called a number and spoke for so long that it counts as a response to whoever was called.

    `callee` is E.164, `answered_at` when the conversation began, which may be long before this is heard.
    """

    arrival_id: UUID
    provider: str
    callee: str
    agent: str | None = None
    note: str = ""
    answered_at: AwareDatetime
    talk_seconds: int


class CallSuppressed(Event):
    """A call needs no ticket (a duplicate record, internal, outgoing, answered without a note)."""

    arrival_id: UUID
    reason: str


class CallQuarantined(Event):
    """A call record could not be read or its number belongs to no provider; it waits for a person."""

    arrival_id: UUID
    reason: str


# --- tickets ----------------------------------------------------------------------------------------------------------


class TicketOpened(Event):
    """A request became a ticket. `attachments` and `warnings` are those of its mail."""

    arrival_id: UUID
    ticket: TicketFacts
    text: str
    related_ticket_id: str | None = None
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()


class TicketRouteAdded(Event):
    """A mail that is in this ticket already came to another mailbox of the provider too: one ticket, two routes."""

    arrival_id: UUID
    mailbox: str


class TicketReplied(Event):
    """The requester or another authorised person added to a ticket.

    `received_at`: when it reached us, which may be long before it is heard; None in events older than the field.
    `is_courtesy`: it only says thanks. `is_repeat`: its author wrote the same words in this ticket within a day, as a
    machine does. Neither reopens anything or starts a clock.
    `case`: the other tickets that are one case with this one, by merging; it may speak of theirs.
    """

    arrival_id: UUID
    ticket: TicketFacts
    author: Requester
    author_verified: bool
    text: str
    channel: Channel
    received_at: AwareDatetime | None = None
    is_courtesy: bool = False
    is_repeat: bool = False
    case: tuple[str, ...] = ()
    attachments: tuple[AttachedFile, ...] = ()
    warnings: tuple[str, ...] = ()


class OneCaseProposed(Event):
    """This ticket and another may be one case: a call and a mail of one customer about one thing. A person decides.

    Said of both tickets; `evidence` tells what they have in common.
    """

    other_ticket_id: str
    evidence: tuple[str, ...]


class OneCaseDismissed(Event):
    """An agent found that this ticket and another are two cases; it is not proposed again. Said of both tickets."""

    other_ticket_id: str
    agent: Stated


class MergeRequested(Event):
    """An agent found that this ticket is one case with `into`, where it is to go on."""

    into: str
    agent: Stated


class TicketsMerged(Event):
    """A ticket goes on in another, until that is undone: it is closed, and what it gets is shown there.

    Said of both tickets.
    """

    merge_id: UUID
    merged: str
    into: str
    by: str
    merged_at: AwareDatetime


class UnmergeRequested(Event):
    """An agent found that the merging of this ticket into another was a mistake."""

    agent: Stated


class MergeUndone(Event):
    """A ticket stands alone again, as if it had never been merged. Said of both tickets."""

    merge_id: UUID
    merged: str
    into: str
    by: str


class SplitRequested(Event):
    """An agent found that a message of this ticket asks for something else."""

    arrival_id: UUID
    agent: Stated


class MessageSplit(Event):
    """A message of this ticket became a ticket of its own. `reply_id` is the id of its `TicketReplied`."""

    arrival_id: UUID
    reply_id: UUID
    new_ticket_id: str
    by: str


class CustomerChosen(Event):
    """An agent told which customer this ticket is of; None: of none that we know."""

    customer_id: str | None
    agent: Stated


class CustomerRecorded(Event):
    """A ticket has the customer that a person chose, and what his record says."""

    ticket: TicketFacts
    by: str


class FilingRefused(Event):
    """What an agent asked (to merge, take back, split, choose a customer) was not done; `reason` says why."""

    agent: str
    reason: str


class CustomerCalledBack(Event):
    """The customer of a ticket was called and answered: a response, at `answered_at`.

    `one_of`: the call may have been about any of these tickets, so it counts for none until a person says so.
    """

    arrival_id: UUID
    agent: str | None = None
    text: str = ""
    answered_at: AwareDatetime
    talk_seconds: int
    one_of: tuple[str, ...] = ()


# --- decisions --------------------------------------------------------------------------------------------------------


class ScopeDecided(Event):
    """The policy was applied to a ticket."""

    ticket: TicketFacts
    text: str
    decision: Decision


class OverrideDismissed(Event):
    """What an agent decided or corrected does not count; `reason` says why. The decision stands as it was."""

    agent: str
    reason: str


class PrecedentsFound(Event):
    """People have decided requests like this one: the most similar first. They are shown, and change nothing."""

    precedents: tuple[Precedent, ...]


class TicketRouted(Event):
    """A ticket has a team and due times."""

    ticket: TicketFacts
    decision: Decision
    routing: Routing


class TargetTimerSet(Event):
    """A due time is being watched; heard again by `sla` when so many percent of its minutes are over: 100 is due.

    `rings_at` is that moment, or the next opening when it was heard outside support hours; None: `due_at`.
    """

    target: TargetName
    routing_version: int
    due_at: AwareDatetime
    percent: int = 100
    rings_at: AwareDatetime | None = None

    @property
    def moment(self) -> datetime:
        """When it is to be heard."""
        return self.rings_at or self.due_at


class TargetWarned(Event):
    """So many percent of a target's minutes are over, and nothing has reached it."""

    target: TargetName
    percent: int
    due_at: AwareDatetime
    team: str


class TargetBreached(Event):
    """A due time passed unanswered."""

    target: TargetName
    due_at: AwareDatetime
    team: str


class BreachWithdrawn(Event):
    """A due time that was said to have passed had been reached in time: what reached it became known late.

    `others`: the targets of the ticket that stay breached.
    """

    target: TargetName
    due_at: AwareDatetime
    reached_at: AwareDatetime
    others: tuple[TargetName, ...] = ()


class TicketEscalated(Event):
    """A breach is brought before `to`: the lead of a team or, `on_call`, the person on call.

    `level` counts the targets of this run of the ticket that are breached.
    """

    level: int
    to: str
    on_call: bool
    target: TargetName
    due_at: AwareDatetime


class TargetsRederived(Event):
    """Due times were derived anew, and why: the clocks were stopped or run again, or what they rest on changed."""

    changes: tuple[DueTimeChanged, ...]
    why: str
    routing_version: int


class TicketPaused(Event):
    """An agent stopped the clocks, until a moment at most or, with `until` None, the limit of the policy."""

    standstill: Standstill
    by: str
    until: AwareDatetime | None = None


class PauseLimitSet(Event):
    """A pause ends by itself at a moment; heard again by `sla` when that is reached."""

    pause_id: UUID
    until: AwareDatetime


class TicketResumed(Event):
    """The clocks run again since `resumed_at`, which lies before this event when an answer had arrived unseen.

    `paused_for` and `pause_id` name the pause that is over; `minutes_given_back` of open time had been counted as a
    pause after the answer arrived. `by` None: by itself.
    """

    pause_id: UUID | None = None
    paused_for: PauseReason
    why: ResumeReason
    by: str | None = None
    resumed_at: AwareDatetime
    minutes_given_back: int = 0


class TicketLeftClosed(Event):
    """A reply to a resolved ticket reopened nothing: replies have reopened it as often as they may in a day.

    `replied_at` is when the reply was said, `reopenings` how many there were. A person has to look.
    """

    replied_at: AwareDatetime
    reopenings: int


class TicketReclassified(Event):
    """An agent gave a ticket another plan or emergency level; with neither, its due times are only derived anew."""

    by: str
    why: str
    plan: str | None = None
    emergency: Emergency | None = None


# --- on call ----------------------------------------------------------------------------------------------------------


class OnCallPaged(Event):
    """Somebody on call is told of a ticket; heard again by `sla` when it is time to tell the next, `answer_by`.

    An alarm is all the pages of one reason. `person` is the id of an entry in the rota; None: the team's mailbox.
    `best_effort`: it is outside support hours, nothing is promised, and the next is told only when they begin. `last`:
    nobody is left to tell after this.
    """

    page_id: UUID
    alarm_id: UUID
    step: int
    level: str
    person: str | None
    reason: str
    best_effort: bool
    last: bool
    ticket: TicketFacts
    team: str
    answer_by: AwareDatetime


class PageAcknowledged(Event):
    """Somebody who was paged, or an agent for him, has taken the ticket."""

    page_id: UUID
    alarm_id: UUID
    by: str


class PagingEnded(Event):
    """Nobody else is told of an alarm: somebody has taken it (`by`), or its ticket needs nobody now; `why` says so."""

    alarm_id: UUID
    why: str
    by: str | None = None


class PageDelivered(Event):
    """A page reached the mail server or the webhook of the person; `way` says which."""

    page_id: UUID
    way: str


class PageUndelivered(Event):
    """A page did not reach the person this way; `reason` is the answer, without any address."""

    page_id: UUID
    way: str
    reason: str


# --- money ------------------------------------------------------------------------------------------------------------


class QuoteIssued(Event):
    """A price was offered to the requester. Amounts are without VAT."""

    quote_id: str
    version: int
    ticket: TicketFacts
    decision: Decision
    offer: PriceOffer
    total: Money
    valid_until: AwareDatetime

    @property
    def token(self) -> str:
        """What a reply must name to agree to this quote: its id and, from the second version on, the version."""
        return self.quote_id if self.version == 1 else f"{self.quote_id} v{self.version}"


class QuoteDrafted(Event):
    """Paid work without a stated price: a person must quote before anything is offered."""

    quote_id: str
    version: int = 0
    ticket: TicketFacts
    offer: PriceOffer


class QuoteExpired(Event):
    """Nobody agreed to a quote in time."""

    quote_id: str
    version: int


class QuoteWithdrawn(Event):
    """An offer or draft no longer holds. `reason`: why, for an agent to read; `agent` None: no agent took it back."""

    quote_id: str
    version: int
    reason: str = "the verdict that it rested on was changed"
    agent: str | None = None


class ChargeQuestioned(Event):
    """A decision was changed after its quote had been agreed to: nothing is taken back, a person has to look."""

    quote_id: str
    version: int
    total: Money
    decision_version: int


class ConsentRecorded(Event):
    """An authorised person agreed to exactly this version and amount of a quote."""

    quote_id: str
    version: int
    consent_id: UUID
    given_by: str
    given_how: str
    total: Money
    offer: PriceOffer | None = None


class ConsentRefused(Event):
    """Somebody agreed to a quote and it does not count; `reason` tells an agent what is missing.

    `newest` is the version that can be agreed to now; None: there is none on offer.
    """

    quote_id: str
    version: int
    given_how: str
    reason: str
    because: NoConsent | None = None
    newest: int | None = None


class ChargeRecorded(Event):
    """The billing system has to book this amount, `quantity` times a `unit`.

    Its `event_id` derives from quote, version and line, and of a plan also from the first day of the period that it
    pays for.
    """

    charge_id: UUID
    quote_id: str
    version: int
    line: str
    clause: str
    customer_id: str | None
    account: str | None
    provider: str
    total: Money
    unit: str = "job"
    quantity: int = 1
    period_from: date | None = None
    period_until: date | None = None


class ChargeCredited(Event):
    """Money is given back. `total` is positive; `remaining` is what stays of the charge; all of it: a reversal."""

    credit_id: UUID
    charge_id: UUID
    quote_id: str
    line: str
    customer_id: str | None
    account: str | None
    provider: str
    total: Money
    remaining: Money
    agent: str
    reason: str


class CreditRefused(Event):
    """An agent wanted to give back what cannot be given back; `reason` tells him why."""

    charge_id: UUID
    agent: str
    reason: str


class ChargeBooked(Event):
    """The billing system has booked a charge or a credit (`booked_id`), under a `reference` of its own."""

    booked_id: UUID
    reference: str | None
    total: Money


class BookingAwaited(Event):
    """The billing system was told to book a charge or a credit (`booked_id`), and has not said yet that it has.

    Heard again by `billing` when it has had its time, and said again with one more of `tries`.
    """

    booked_id: UUID
    tries: int


class WorkRecorded(Event):
    """Time that an agent worked on a ticket. Never changed: a mistake is taken back by an entry with its time negative.

    `quote_id` None: courtesy, given away. `over_minutes`: what lies beyond what was agreed to, and is not charged.
    """

    entry_id: UUID
    agent: str
    started_at: AwareDatetime
    minutes: int
    note: str
    quote_id: str | None = None
    version: int | None = None
    over_minutes: int = 0
    reverses: UUID | None = None


class WorkRefused(Event):
    """Time was reported that cannot be recorded so; `reason` tells the agent what to do."""

    agent: str
    reason: str


class QuoteSettled(Event):
    """The work of a quote is done, and its entries are locked.

    `charge_id` None: nothing is charged for it, because nothing was worked or because it was paid when it was agreed.
    """

    quote_id: str
    version: int
    agent: str
    worked_minutes: int
    over_minutes: int
    charge_id: UUID | None = None
    total: Money | None = None


class BooksDue(Event):
    """What was agreed, worked, charged and booked is to be compared once this day (UTC) has begun."""

    day: date


class BooksCompared(Event):
    """What was agreed, worked, charged and booked was compared; each finding in a sentence, none when all agrees."""

    day: date
    findings: tuple[str, ...] = ()


class AllowanceUsedUp(Event):
    """Nothing more may be worked without agreeing anew: what a quote allows, or the courtesy (None), is used up."""

    quote_id: str | None
    version: int | None
    allowed_minutes: int
    worked_minutes: int
    whose: str = "the ticket's"


class SubscriptionStarted(Event):
    """A plan runs from a day on. Its id is the quote that was agreed to.

    `first_period` is what its first period costs, nothing where that is free; `minimum`: so many periods are due,
    however early it ends. A period is one `unit`, a month or a year.
    """

    subscription_id: str
    version: int
    line: str
    customer_id: str | None
    account: str | None
    provider: str
    starts_on: date
    quantity: int
    unit: str = "month"
    first_period: Money | None = None
    minimum: int = 1


class SubscriptionChanged(Event):
    """A plan covers another number of servers, from the period that begins on `from_day`."""

    subscription_id: str
    version: int
    quantity: int
    from_day: date


class SubscriptionPeriodDue(Event):
    """A period of a plan begins: it is charged when it does."""

    subscription_id: str
    number: int
    starts_on: date


class SubscriptionEnding(Event):
    """A plan will have ended when `ends_on` is over; heard again by `billing` then."""

    subscription_id: str
    ends_on: date
    agent: str


class SubscriptionEnded(Event):
    """A plan ended: `ends_on` is its last day, `paid_until` what is due for its minimum term all the same."""

    subscription_id: str
    ends_on: date
    paid_until: date
    agent: str


class SubscriptionQuestioned(Event):
    """A person has to look what is due of a plan for these days; `reason` tells why nothing is charged by itself.

    With another plan named, both would be billed for the same time.
    """

    subscription_id: str
    other_subscription_id: str | None = None
    starts_on: date
    ends_on: date
    reason: str


class SubscriptionRefused(Event):
    """What somebody wanted with a plan cannot be done; `reason` tells why. `agent` None: the customer, by a consent."""

    subscription_id: str
    agent: str | None = None
    reason: str


# --- letters ----------------------------------------------------------------------------------------------------------


class LetterWritten(Event):
    """A letter is ready to be handed to the mail server."""

    letter_id: UUID
    kind: str


class LetterSent(Event):
    """The mail server took a letter. `text` is what the requester reads.

    Not `confirmed`: it got the letter several times over and never said that it took it.
    """

    letter_id: UUID
    kind: str
    message_id: str
    subject: str = ""
    text: str = ""
    confirmed: bool = True


class LetterRefused(Event):
    """The mail server refused a letter for good; the requester has not been told."""

    letter_id: UUID
    kind: str
    reason: str
    subject: str = ""
    text: str = ""


class LetterBounced(Event):
    """A letter of ours came back: for good (`permanent`), or it is late and may yet arrive.

    Said only of letters whose Message-ID we signed. `status` as RFC 3463 numbers it, empty when the report has none.
    """

    letter_id: UUID
    arrival_id: UUID
    permanent: bool
    status: str = ""


class LetterUndelivered(Event):
    """A letter that the mail server had taken did not arrive; the requester has not been told."""

    letter_id: UUID
    kind: str
    status: str = ""


class LetterSuppressed(Event):
    """A letter stays unwritten or is never sent; `reason` says why (no address, a limit, a machine to answer)."""

    letter_id: UUID
    kind: str
    reason: str


class LetterHeld(Event):
    """A letter is written and not sent, because it would break the limit in `reason`: a person may release it."""

    letter_id: UUID
    kind: str
    reason: str


class LetterReleased(Event):
    """A person lets a letter that was held go out."""

    letter_id: UUID
    by: Stated


class AutomaticLettersStopped(Event):
    """The breaker of a provider: as many automatic letters as a loop would make. No more go out; people's answers do.

    `letters` in `minutes` wanted to go out. Said again each time that it is looked at and has not become quiet; `since`
    is when it began. Heard again by `notifications` when it is time to look.
    """

    provider: str
    since: AwareDatetime
    letters: int
    minutes: int


class AutomaticLettersResumed(Event):
    """Automatic letters of a provider go out again. `by` None: by itself, because it became quiet."""

    provider: str
    by: str | None = None


# --- what people say at the desk --------------------------------------------------------------------------------------


class ConsentGiven(Event):
    """An agent took a person's agreement to a quote, by telephone for instance; billing checks and records it."""

    quote_id: str
    version: int
    given_by_email: str
    taken_by: str


class QuotePriced(Event):
    """A person set the price of paid work: of a draft or an offer to change (`quote_id`), or of further work (None)."""

    quote_id: str | None
    offer: PriceOffer
    agent: str


class QuoteRefused(Event):
    """What an agent wanted with a quote cannot be done; `reason` tells him why. `quote_id` None: with a new one."""

    quote_id: str | None
    agent: str
    reason: str


class QuoteVoided(Event):
    """A person takes an offer back."""

    quote_id: str
    version: int
    agent: str
    reason: str


class WorkStarted(Event):
    """An agent begins to work on a ticket: his clock runs until he reports the work."""

    agent: str


class WorkReported(Event):
    """An agent tells what he worked. `minutes` None: what his running clock says. `quote_id` None: as a courtesy.

    With `reverses` the entry of that id is taken back; nothing else of the report counts then.
    """

    agent: str
    minutes: int | None = None
    started_at: AwareDatetime | None = None
    note: str
    quote_id: str | None = None
    reverses: UUID | None = None


class WorkSettled(Event):
    """An agent says that the work of a quote is done: what was worked is charged, and its entries are locked."""

    quote_id: str
    agent: str


class CreditGiven(Event):
    """A person gives back a charge, or a part of it."""

    charge_id: UUID
    amount: Money | None = None
    agent: str
    reason: str


class LicenceBought(Event):
    """A licence fee that a customer paid: what a plan that costs a share of them rests on."""

    provider: str
    customer_id: str
    bought_on: date
    fee: Money
    agent: str


class SubscriptionCancelled(Event):
    """A customer ends a plan, as an agent took it; `ends_on` is its last day."""

    subscription_id: str
    ends_on: date
    agent: str


class TicketAnswered(Event):
    """An agent answered a ticket: the first response is given."""

    agent: str
    text: str


class TicketResolved(Event):
    """An agent closed a ticket as done. `case`: the tickets that go on in it, by merging, whose work is done too."""

    agent: str
    case: tuple[str, ...] = ()


class TicketReopened(Event):
    """An agent reopened a ticket: something in it asks for more after all."""

    agent: str


class AttachmentReleased(Event):
    """A person has looked at a held attachment and lets it be opened. `position`: its place in the mail, from 0."""

    arrival_id: UUID
    position: int
    name: str
    agent: str
    reason: Stated


class VerdictOverridden(Event):
    """An agent decided a ticket himself, or confirmed what the policy was read to say.

    `version` is that of the decision he had before him; `question`, from 1, the part of it that he decided, None the
    whole. `topic` None: the topic was right. `approver` is the second person who answers for giving work away or
    taking it back.
    """

    ticket: TicketFacts
    version: int
    question: int | None = None
    verdict: Verdict
    clauses: tuple[str, ...] = ()
    topic: str | None = None
    price_line: str | None = None
    reason: Stated
    agent: Stated
    approver: str | None = None


class TicketFactCorrected(Event):
    """An agent told a fact that the decision of this `version` had wrong; it holds as if it stood in the record."""

    ticket: TicketFacts
    version: int
    fact: Stated
    agent: Stated
