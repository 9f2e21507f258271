"""How late a warning or breach is told of while many tickets are open and mails come in."""

from __future__ import annotations

import smtplib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from statistics import quantiles
from typing import Self

from deploy.bench import store
from deploy.bench.own_stack import own_stack
from deploy.settings import StackSettings
from shared import clock
from shared.bus import Transaction
from shared.errors import Permanent
from shared.events import Event, ScopeDecided
from shared.policies import load_policies
from shared.vocabulary import Channel, Decision, Requester, TicketFacts, Verdict

PROVIDER = "kenotronix"
"""Open at all hours, so that timers ring whenever this is run."""
WARNED_AT = 0.9
"""Half of the timers that ring are due times, the others the warnings at this part of their minutes."""
MODELS = 100
"""Tickets that wait for longer than the measurement are copies of so many."""
CAPACITY_MAILS = 200
HEAD_START = timedelta(seconds=10)
PATIENCE_SECONDS = 600


class Watching(Transaction):
    """Says only what waits for its moment: nobody is written to about tickets that never were."""

    def say(self, event: Event, *, wait: dict[str, datetime] | None = None) -> None:  # type: ignore[override]
        """Say a timer, drop anything else."""
        if wait:
            super().say(event, wait=wait)


@dataclass(frozen=True)
class Lateness:
    """Seconds between the moments of timers and the sla room's transactions that tell of them; what went wrong."""

    tickets: int
    timers: int
    seconds: float
    mails_per_second: float
    capacity_per_second: float
    p50: float
    p95: float
    p99: float
    most: float
    lost: int
    doubled: int


def watch(moments: Sequence[datetime], prefix: str = "BENCH") -> list[str]:
    """Open a ticket for each moment, by the sla room's own hand, whose clock has a timer then; gives their numbers.

    Every other one is due then, the rest are warned of.
    """
    from services.sla.tasks.clocks import route_ticket

    minutes = timedelta(minutes=load_policies().provider(PROVIDER).targets(None).first_response)
    numbers = []
    with Watching.begin("sla") as tx:
        for at, moment in enumerate(moments):
            facts = TicketFacts(
                ticket_id=f"{prefix}-{at:06}",
                provider=PROVIDER,
                channel=Channel.EMAIL,
                subject="Measurement",
                requester=Requester(),
                received_at=moment - (minutes if at % 2 else WARNED_AT * minutes),
            )
            decision = Decision(verdict=Verdict.SUPPORTED)
            route_ticket(ScopeDecided(ticket=facts, decision=decision, text=""), tx)
            numbers.append(facts.ticket_id)
    return numbers


def measure(tickets: int, ringing: int, seconds: float) -> Lateness:
    """Measure on a stack of our own: so many open tickets, of which some ring within so many seconds, at half load."""
    with own_stack() as stack:
        capacity = _capacity(stack)
        models = watch([clock.now() + timedelta(days=1, minutes=n) for n in range(MODELS)], prefix="MODEL")
        for model in models:
            store.multiply(model, max(1, (tickets - ringing) // MODELS) - 1)
        store.settle()
        begin = clock.now() + HEAD_START + timedelta(milliseconds=10 * ringing)  # they are opened one by one
        end = begin + timedelta(seconds=seconds)
        watch([begin + n * (end - begin) / ringing for n in range(ringing)])
        timers = _settled(ringing, begin, end)
        with _Mails(stack, capacity / 2) as sent:
            told = _wait_for(timers, end)
        late = sorted(max(0.0, one.late) for one in told)
        percentiles = quantiles(late, n=100)
        again = Counter((one.name, one.timer) for one in told)
        return Lateness(
            tickets=store.open_tickets(),
            timers=len(timers),
            seconds=seconds,
            mails_per_second=round(sent.rate, 1),
            capacity_per_second=round(capacity, 1),
            p50=round(percentiles[49], 3),
            p95=round(percentiles[94], 3),
            p99=round(percentiles[98], 3),
            most=round(late[-1], 3),
            lost=len(set(timers) - {one.timer for one in told}),
            doubled=sum(times - 1 for times in again.values()),
        )


def _settled(ringing: int, begin: datetime, end: datetime) -> list[str]:
    """The timers that will ring, once the warnings that were late from the start are told and the next ones wait."""
    pause = threading.Event()
    while len(timers := store.timers(end)) < ringing and clock.now() < begin - HEAD_START / 2:
        pause.wait(0.5)
    return timers


def _wait_for(timers: Sequence[str], end: datetime) -> list[store.Told]:
    """Wait until every timer has rung, or much longer than any may take."""
    pause = threading.Event()
    pause.wait((end - clock.now()).total_seconds())  # looking on would be a load of its own
    while True:
        told = store.told(timers)
        rung = len({one.timer for one in told}) == len(timers)
        if rung or clock.now() > end + timedelta(seconds=60):
            return told
        pause.wait(1)


class _Mails:
    """Mails that come in at a steady rate through the SMTP door, from people who have never written before."""

    def __init__(self, stack: StackSettings, rate: float) -> None:
        self._stack, self._rate, self._sent = stack, rate, 0
        self._stop, self._began = threading.Event(), time.monotonic()
        self._thread = threading.Thread(target=self._feed)

    @property
    def rate(self) -> float:
        """Mails per second so far."""
        return self._sent / (time.monotonic() - self._began)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _feed(self) -> None:
        with smtplib.SMTP(self._stack.email_intake_smtp_host, self._stack.email_intake_smtp_port) as door:
            while not self._stop.wait(max(0.0, self._began + self._sent / self._rate - time.monotonic())):
                door.send_message(_mail(f"load-{self._sent}"))
                self._sent += 1


def _capacity(stack: StackSettings) -> float:
    """Mails per second from the SMTP door to the last acknowledgement, when all come at once."""
    before, began = store.letters(), time.monotonic()
    with smtplib.SMTP(stack.email_intake_smtp_host, stack.email_intake_smtp_port) as door:
        for number in range(CAPACITY_MAILS):
            door.send_message(_mail(f"capacity-{number}"))
    pause = threading.Event()
    while store.letters() < before + CAPACITY_MAILS:
        if time.monotonic() > began + PATIENCE_SECONDS:
            raise Permanent(f"{CAPACITY_MAILS} mails were not acknowledged within {PATIENCE_SECONDS} seconds")
        pause.wait(0.1)
    return CAPACITY_MAILS / (time.monotonic() - began)


def _mail(name: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = f"person@{name}.example", f"support@{PROVIDER}.example"
    message["Subject"], message["Message-ID"] = f"FTP refused ({name})", f"<{name}@customer.example>"
    message.set_content("FTP is refused for every client since this morning.")
    return message
