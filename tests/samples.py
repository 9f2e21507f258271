"""What many tests speak of: a ticket of a Hypernode customer about paid work, received on a Friday morning."""

from datetime import UTC, datetime

from shared.money import Money
from shared.reply_tokens import ReplyTokens
from shared.vocabulary import Channel, Decision, PriceOffer, Requester, TicketFacts, Verdict

TOKENS = ReplyTokens(b"a secret of the tests")
RECEIVED = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)
RESTORE = PriceOffer(
    line="restore",
    clause="hypernode.backups.restore-price",
    title="Restoring from a backup",
    unit="job",
    amount=Money.of(125, "EUR"),
    total=Money.of(125, "EUR"),
)
PAID = Decision(
    verdict=Verdict.PAID,
    clauses=("hypernode.backups.restore-by-support",),
    topic="backup-restore",
    price=RESTORE,
    needs_person=False,
    reply_language="nl",
)


def ticket(number="HN-1042", **changes):
    known = {
        "ticket_id": number,
        "provider": "hypernode",
        "channel": Channel.EMAIL,
        "subject": "Back-up terugzetten",
        "requester": Requester(name="Anna de Vries", email="anna@winkel.example"),
        "mailbox": "support@hypernode.example",
        "message_id": "<a1@winkel.example>",
        "received_at": RECEIVED,
    }
    return TicketFacts(**known | changes)
