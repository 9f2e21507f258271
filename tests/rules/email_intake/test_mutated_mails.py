"""Mails broken by chance, and mails that are large on purpose. `scopedesk bench intake` reads 10,000 of the first."""

import subprocess
import sys

import pytest

from deploy.bench.intake import is_read
from deploy.bench.mutated import mutated, shapes
from samples import TOKENS
from services.email_intake.rules.mailboxes import Mailboxes

OWN = Mailboxes({"support@hypernode.example": "hypernode"}, TOKENS, authserv_ids=frozenset({"mx.example"}))


def test_the_shapes_themselves_are_read():
    assert all(is_read(raw, OWN) for raw in shapes())


@pytest.mark.parametrize("seed", range(5))
def test_broken_mails_are_read(seed):
    assert [raw for raw in mutated(seed, 100) if not is_read(raw, OWN)] == []


def test_the_same_seed_breaks_the_same_mails():
    assert list(mutated(3, 20)) == list(mutated(3, 20)) != list(mutated(4, 20))


MEASURE = """
import base64, resource, sys
from services.email_intake.rules import read
from services.email_intake.rules.mailboxes import Mailboxes

own = Mailboxes({"support@hypernode.example": "hypernode"})
head = b"From: a@b.example\\r\\nTo: support@hypernode.example\\r\\n"
if sys.argv[1] == "large":
    body = base64.encodebytes(b"\\x89PNG\\r\\n\\x1a\\n" + bytes(37_000_000))
    raw = head + b"Content-Type: image/png; name=a.png\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n" + body
else:
    level = b"Content-Type: multipart/mixed; boundary=b%d\\r\\n\\r\\n--b%d\\r\\n"
    opened = b"".join(level % (n, n) for n in range(1000))
    raw = head + opened + b"Content-Type: text/plain\\r\\n\\r\\ndeep\\r\\n"
read(b"Subject: x\\r\\n\\r\\nhi", own)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
reading = read(raw, own)
assert reading.outcome == "read" and (reading.reply.full or reading.mail.attachments)
print(len(raw) // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("shape", "times", "spare_kib"), [("large", 6, 30_000), ("deep", 0, 60_000)])
def test_a_large_or_deep_mail_takes_no_more_memory_than_a_few_times_its_size(shape, times, spare_kib):
    done = subprocess.run([sys.executable, "-c", MEASURE, shape], capture_output=True, text=True, check=True)
    size, grown = map(int, done.stdout.split())
    assert grown <= times * size + spare_kib, (size, grown)
