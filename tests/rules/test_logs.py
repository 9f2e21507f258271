"""What logs tell of an error: where it happened, and nothing that anybody wrote."""

import subprocess
import sys

import pytest

FAIL = """
import logging, structlog
from shared import logs
logs.configure()
def read(mail):
    try:
        int(mail)
    except ValueError as error:
        raise LookupError(mail) from error
try:
    read("anna@" + "winkel.example")
except LookupError:
    structlog.get_logger().exception("broken here")
    logging.getLogger("uvicorn.error").error("broken there", exc_info=True)
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_error_is_logged_with_its_places_and_without_any_value(form, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_LOG_FORMAT", form)
    told = subprocess.run([sys.executable, "-c", FAIL], capture_output=True, text=True, check=True).stderr
    for words in ("broken here", "broken there", "in read", "ValueError", "LookupError"):
        assert words in told
    assert "anna@winkel.example" not in told
