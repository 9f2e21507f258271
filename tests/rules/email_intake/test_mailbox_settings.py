"""Mailboxes in the settings: what follows from what, and what is refused before anything is read."""

import json

import pytest

from services.email_intake.settings import EmailIntakeSettings
from shared.errors import Misconfigured
from shared.settings import read_settings

BOX = "support@hypernode.example"


def accounts(monkeypatch, **described):
    monkeypatch.setenv("SCOPEDESK_EMAIL_INTAKE_IMAP", json.dumps(described))
    return read_settings(EmailIntakeSettings).accounts


def test_a_mailbox_needs_only_its_host_and_a_secret(monkeypatch):
    [account] = accounts(monkeypatch, **{BOX: {"host": "imap.example", "password": "x"}})
    assert (account.user, account.address, account.port, account.folders) == (BOX, BOX, 993, ("INBOX",))
    assert (account.then, account.processed, account.idle) == ("move", "Processed", True)


def test_a_mailbox_for_several_addresses_leaves_the_choice_to_the_headers(monkeypatch):
    described = {"host": "imap.example", "user": "all", "token_command": "gettoken", "security": "starttls"}
    [account] = accounts(monkeypatch, everything=described)
    assert (account.user, account.address, account.port, account.uses_token) == ("all", "", 143, True)


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"password": "x"}, "host: Field required"),
        ({"host": "imap.example"}, "needs one of password"),
        ({"host": "imap.example", "password": "x", "token_file": "y"}, "needs one of password"),
        ({"host": "imap.example", "password": "x", "adress": "y"}, "adress: Extra inputs"),
        ({"host": "imap.example", "password": "x", "address": "sales@other.example"}, "is none of our mailboxes"),
        ({"host": "imap.example", "password": "x", "processed": "INBOX"}, "is read and moved to"),
        ({"host": "imap.example", "password": "x", "then": "delete"}, "then: Input should be"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name_and_no_secret_is_repeated(monkeypatch, described, said):
    with pytest.raises(Misconfigured, match=said) as refused:
        accounts(monkeypatch, **{BOX: described | ({"password": "s3cret"} if "password" in described else {})})
    assert "s3cret" not in str(refused.value)
