"""Help desks that answer each other and responders that answer everything: each loop ends by itself, within limits."""

import asyncio
import json
import smtplib
from collections import Counter
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from urllib.request import Request, urlopen

import pytest
from aiosmtpd.controller import Controller

from running_stack import Stack, eventually, free_ports

HOUSE, PARTNER = "desk@house.example", "help@partner.example"
TOKEN = "a-token"
AT_ONCE = 3
"""Automatic letters that an address gets within ten minutes."""


class Switchboard:
    """The mail server of both houses: it hands each letter to whoever answers for the domain of its recipient."""

    def __init__(self):
        self.ways, self.letters = {}, Counter()

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        [recipient] = envelope.rcpt_tos
        self.letters[recipient.partition("+")[0].partition("@")[0] + "@" + recipient.rpartition("@")[2]] += 1
        way = self.ways.get(recipient.rpartition("@")[2])
        if way:
            await asyncio.to_thread(way, envelope.mail_from, recipient, envelope.content)
        return "250 OK"


def hand_to(stack, sender, recipient, content):
    """Deliver a mail at the door of a house."""
    with smtplib.SMTP("127.0.0.1", stack.ports["EMAIL_INTAKE_SMTP_PORT"], timeout=60) as door:
        door.sendmail(sender.strip("<>"), [recipient], content)


def written(sender, recipient, subject, words, **headers):
    """A mail as people write it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
    mail["Message-ID"] = make_msgid(domain=sender.partition("@")[2])
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(words)
    return mail.as_bytes()


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """Two Scopedesks, each with a mailbox and everything of its own, whose letters pass one switchboard."""
    switchboard, [port] = Switchboard(), free_ports(1)
    controller = Controller(switchboard, hostname="127.0.0.1", port=port)
    controller.start()
    stacks = []
    try:
        for mailbox, provider in ((HOUSE, "hypernode"), (PARTNER, "kenotronix")):
            stack = Stack(
                tmp_path_factory.mktemp("house"),
                SCOPEDESK_EMAIL_INTAKE_MAILBOXES=json.dumps({mailbox: provider}),
                SCOPEDESK_NOTIFICATIONS_SENDERS=json.dumps({provider: mailbox}),
                SCOPEDESK_NOTIFICATIONS_SMTP_HOST="127.0.0.1",
                SCOPEDESK_NOTIFICATIONS_SMTP_PORT=str(port),
                SCOPEDESK_DESK_TOKEN=TOKEN,
            )
            stacks.append(stack)
            stack.up()
        yield switchboard, *stacks
    finally:
        for stack in stacks:
            stack.close()
        controller.stop()


@pytest.fixture
def switchboard(houses):
    """The switchboard, with nothing counted yet and no way but to the doors of the houses."""
    found, house, partner = houses
    found.letters.clear()
    found.ways.clear()
    found.ways |= {
        "house.example": lambda *mail: hand_to(house, *mail),
        "partner.example": lambda *mail: hand_to(partner, *mail),
    }
    return found


@pytest.fixture
def house(houses):
    return houses[1]


@pytest.fixture
def still(houses):
    """Wait until nothing moves any more, neither in a house nor between them; gives how each has changed since."""
    switchboard, *stacks = houses

    def look():
        return [stack.status() for stack in stacks], sum(switchboard.letters.values())

    before, _ = look()

    def nothing_moves():
        statuses, letters = look()
        again, later = look()
        rests = not any(room["under_way"] for status in (*statuses, *again) for room in status["rooms"].values())
        same = letters == later and [s["received"] for s in statuses] == [s["received"] for s in again]
        return again if rests and same else None

    def still():
        now = eventually(nothing_moves, "nothing moves any more")
        assert all(status["balanced"] and status["dead"] == 0 for status in now)
        return [
            Counter({name: new[name] - old[name] for name in FIGURES}) for old, new in zip(before, now, strict=True)
        ]

    return still


FIGURES = ("received", "ticketed", "appended", "suppressed", "sent", "letters_suppressed", "letters_held")


def ask(house, sender, subject="The shop is slow", words="Our shop is slow since this morning. Can you look at it?"):
    hand_to(house, sender, HOUSE, written(sender, HOUSE, subject, words))


# --- two houses -------------------------------------------------------------------------------------------------------


def test_two_houses_that_answer_each_other_stop_at_the_first_letter(switchboard, house, still):
    ask(house, PARTNER)
    ours, theirs = still()
    assert (ours["ticketed"], ours["sent"]) == (1, 1)
    assert (theirs["received"], theirs["suppressed"], theirs["sent"]) == (1, 1, 0)
    assert switchboard.letters == {PARTNER: 1}


def test_two_houses_stop_within_the_limits_when_a_relay_takes_every_mark_off_their_letters(switchboard, house, still):
    def stripped(way):
        def relay(_sender, recipient, content):
            letter = message_from_bytes(content, policy=SMTP)
            author = letter["From"].addresses[0].addr_spec
            plain = recipient.partition("+")[0].partition("@")[0] + "@" + recipient.rpartition("@")[2]
            words = letter["Subject"].partition("[")[0].replace("Re:", "").strip()
            way(author, plain, written(author, plain, words, letter.get_content()))

        return relay

    switchboard.ways = {domain: stripped(way) for domain, way in switchboard.ways.items()}
    ask(house, PARTNER, "The mail server is down")
    ours, theirs = still()
    assert set(switchboard.letters) == {HOUSE, PARTNER}
    assert all(1 < letters <= AT_ONCE for letters in switchboard.letters.values())
    assert ours["sent"] + theirs["sent"] == sum(switchboard.letters.values())
    assert ours["letters_suppressed"] + ours["letters_held"] + theirs["letters_suppressed"] + theirs["letters_held"] > 0
    assert ours["received"] == ours["ticketed"] == switchboard.letters[HOUSE] + 1
    assert theirs["received"] == theirs["ticketed"] == switchboard.letters[PARTNER]


# --- responders -------------------------------------------------------------------------------------------------------


def responder(house, address, answer):
    """Answers every letter to an address at once, at the address that stands in From."""

    def respond(_sender, _recipient, content):
        letter = message_from_bytes(content, policy=SMTP)
        hand_to(house, address, HOUSE, answer(letter))

    return respond


def test_a_polite_out_of_office_ends_at_its_first_answer(switchboard, house, still):
    anna = "anna@polite.example"

    def answer(letter):
        marks = {"Auto_Submitted": "auto-replied", "In_Reply_To": letter["Message-ID"]}
        return written(anna, HOUSE, f"Re: {letter['Subject']}", "I am away until Monday.", **marks)

    switchboard.ways["polite.example"] = responder(house, anna, answer)
    ask(house, anna)
    ours, _ = still()
    assert (ours["ticketed"], ours["suppressed"], ours["sent"]) == (1, 1, 1)

    ask(house, anna, "Another question", "How large may an attachment of a mail be?")
    ours, _ = still()
    assert ours["ticketed"] == 2


def test_a_bad_out_of_office_ends_within_the_limits_and_its_owner_is_still_heard(switchboard, house, still):
    bob = "bob@bad.example"

    def answer(_letter):  # no mark, nothing that it answers, and never the same mail twice
        return written(bob, HOUSE, "Hello", "I am at the seaside and read nothing before Monday. Ask my colleague.")

    switchboard.ways["bad.example"] = responder(house, bob, answer)
    ask(house, bob)
    ours, _ = still()
    assert switchboard.letters == {bob: AT_ONCE}
    assert ours["sent"] == AT_ONCE
    assert ours["received"] == AT_ONCE + 1
    assert ours["letters_suppressed"] + ours["letters_held"] > 0

    ask(house, bob, "Back again", "My site shows error 502 since an hour. Can you look at the server?")
    later, _ = still()
    assert later["received"] - ours["received"] == later["ticketed"] - ours["ticketed"] == 1
    assert later["sent"] == ours["sent"]


# --- replies to one ticket --------------------------------------------------------------------------------------------


def desk(house, path, **told):
    request = Request(f"http://127.0.0.1:{house.ports['DESK_PORT']}/api/{path}")
    if told:
        request.method, request.data = "POST", json.dumps(told).encode()
        request.add_header("Authorization", f"Bearer {TOKEN}")
        request.add_header("Content-Type", "application/json")
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_replies_to_one_ticket_reopen_it_twice_and_then_wait_for_a_person(switchboard, house, still):
    eve, said = "eve@chatty.example", []

    def answer(letter):
        said.append(letter["Message-ID"])
        words = f"We have received your message number {len(said)} and will not read it."
        return written(eve, HOUSE, letter["Subject"], words, In_Reply_To=letter["Message-ID"])

    switchboard.ways["chatty.example"] = responder(house, eve, answer)
    ask(house, eve)
    still()
    [number] = [row["number"] for row in desk(house, "tickets?sort=newest")["tickets"] if row["requester"] == eve]
    states = []
    for turn in range(4):
        if states[-1:] != [("resolved", True)]:
            desk(house, f"tickets/{number}/resolve", agent="Kim")
        desk(house, f"tickets/{number}/answer", agent="Kim", text=f"Turn {turn}: it works again.")
        ours, _ = still()
        row = desk(house, f"tickets/{number}")["ticket"]
        states.append((row["state"], row["left_closed"]))
    assert states == [("open", False), ("open", False), ("resolved", True), ("resolved", True)]
    assert (ours["ticketed"], ours["appended"]) == (1, 5)
    assert switchboard.letters == {eve: 5}  # the acknowledgement, and every answer of a person
    assert desk(house, "held")["left_closed"] == [number]


def test_a_responder_that_says_the_same_words_again_reopens_nothing(switchboard, house, still):
    max_ = "max@same.example"

    def answer(letter):
        return written(max_, HOUSE, letter["Subject"], "I am away.", In_Reply_To=letter["Message-ID"])

    switchboard.ways["same.example"] = responder(house, max_, answer)
    ask(house, max_)
    still()
    [number] = [row["number"] for row in desk(house, "tickets?sort=newest")["tickets"] if row["requester"] == max_]
    desk(house, f"tickets/{number}/resolve", agent="Kim")
    desk(house, f"tickets/{number}/answer", agent="Kim", text="It works again.")
    ours, _ = still()
    row = desk(house, f"tickets/{number}")["ticket"]
    assert (row["state"], row["left_closed"], ours["appended"]) == ("resolved", False, 2)
