"""A real mail server for tests that read mailboxes."""

import pytest

import dovecot as mail_server


@pytest.fixture
def dovecot():
    """A running Dovecot of the test's own."""
    with mail_server.running() as server:
        yield server
