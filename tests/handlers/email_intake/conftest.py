"""A real mail server for tests that read mailboxes."""

import pytest

import dovecot as mail_server


@pytest.fixture
def dovecot():
    """A running Dovecot with empty mailboxes; where it cannot run, its tests are skipped and say so."""
    if reason := mail_server.missing():
        pytest.skip(f"MAILBOXES ARE NOT TESTED: {reason}")
    server = mail_server.Dovecot()
    try:
        yield server.start()
    finally:
        server.close()
