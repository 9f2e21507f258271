"""Whether the sender is who From says: what our own mail server found, and nobody else's word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.email_intake.rules.authentication import authenticate
from services.email_intake.rules.message import parse

TRUSTED = {"mx.hypernode.example"}


def found(*results, sender="Jan <jan@klant.example>", more=""):
    head = "".join(f"Authentication-Results: {result}\r\n" for result in results)
    mail = parse(f"{head}{more}From: {sender}\r\nTo: support@hypernode.example\r\n\r\nhi".encode())
    judged = authenticate(mail, TRUSTED)
    return str(judged.result), judged.method


@pytest.mark.parametrize(
    ("results", "judged"),
    [
        ("dmarc=pass header.from=klant.example", ("pass", "dmarc")),
        ("dmarc=pass (p=reject dis=none) header.from=klant.example", ("pass", "dmarc")),
        ("DMARC=Pass", ("pass", "dmarc")),
        ("dkim=pass header.d=klant.example header.s=x header.b=abc", ("pass", "dkim")),
        ("dkim=pass header.i=@klant.example", ("pass", "dkim")),
        ('dkim=pass (a ; "comment" (nested)) header.d="klant.example"', ("pass", "dkim")),
        ("dkim/1 = pass header . d = klant.example", ("pass", "dkim")),
        ("spf=pass smtp.mailfrom=bounces@klant.example", ("pass", "spf")),
        ("dkim=fail header.d=klant.example; spf=pass smtp.mailfrom=klant.example", ("pass", "spf")),
        ("spf=pass smtp.mailfrom=x@bulk.example; dkim=pass header.d=bulk.example", ("none", None)),
        ("spf=fail smtp.mailfrom=klant.example", ("fail", "spf")),
        ("spf=softfail smtp.mailfrom=klant.example", ("none", None)),
        ("dkim=fail header.d=klant.example", ("fail", "dkim")),
        ("dmarc=fail header.from=klant.example", ("fail", "dmarc")),
        ("dkim=pass header.d=klant.example; dmarc=fail header.from=klant.example", ("fail", "dmarc")),
        ("dmarc=temperror header.from=klant.example", ("none", None)),
        ("dmarc=pass header.from=other.example", ("none", None)),
        ("dkim=pass header.d=evilklant.example", ("none", None)),
        ("dkim=pass header.d=shop.klant.example", ("none", None)),
        ("dkim=pass header.d=example", ("none", None)),
        ('dkim=neutral reason="x; dkim=pass header.d=klant.example"', ("none", None)),
        ("none", ("none", None)),
        ("", ("none", None)),
    ],
)
def test_a_method_counts_when_it_vouches_for_the_domain_in_from(results, judged):
    assert found(f"mx.hypernode.example; {results}") == judged


def test_a_domain_above_the_senders_vouches_for_it():
    assert found("mx.hypernode.example; dkim=pass header.d=klant.example", sender="a@shop.klant.example")[0] == "pass"


PASS = "dmarc=pass header.from=klant.example"


@pytest.mark.parametrize(
    "results",
    [
        (),
        (f"mx.attacker.example; {PASS}",),
        (f"mx.attacker.example; {PASS}", f"mx.hypernode.example; {PASS}"),
        (f"mx.hypernode.example.attacker.example; {PASS}",),
        (f"(mx.hypernode.example) mx.attacker.example; {PASS}",),
        (PASS,),
    ],
    ids=["none", "another server's", "below another server's", "a longer name", "in a comment", "without a server"],
)
def test_only_the_topmost_header_counts_and_only_of_a_trusted_server(results):
    assert found(*results) == ("none", None)


def test_what_stands_below_the_topmost_header_of_our_server_is_not_asked():
    assert found("mx.hypernode.example; dmarc=fail header.from=klant.example", f"mx.hypernode.example; {PASS}") == (
        "fail",
        "dmarc",
    )


@pytest.mark.parametrize(
    ("sender", "more"),
    [
        ("Jan <jan@klant.example>, eve@evil.example", ""),
        ("jan@klant.example", "From: eve@evil.example\r\n"),
        ("nobody", ""),
    ],
)
def test_a_mail_with_more_or_less_than_one_sender_is_never_verified(sender, more):
    assert found(f"mx.hypernode.example; {PASS}", sender=sender, more=more) == ("none", None)


def test_the_server_and_a_version_may_be_written_as_servers_do():
    assert found(f'"MX.Hypernode.example" 1; {PASS}')[0] == "pass"


@given(st.text(alphabet='dkimspfarc=;(). "\\a@pass', max_size=300))
def test_any_header_can_be_read(value):
    assert found(f"mx.hypernode.example; {value}")[0] in {"pass", "fail", "none"}
