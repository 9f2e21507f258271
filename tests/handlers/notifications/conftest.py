"""Real mail servers for the letters of a test."""

import pytest
from aiosmtpd.controller import Controller

from services.notifications.settings import notification_settings


@pytest.fixture
def serve_mail(monkeypatch, free_port):
    """Start a mail server that a handler of the test's own answers for, and send our letters there."""
    started = []

    def serve(handler):
        controller = Controller(handler, hostname="127.0.0.1", port=free_port())
        controller.start()
        started.append(controller)
        monkeypatch.setenv("SCOPEDESK_NOTIFICATIONS_SMTP_PORT", str(controller.port))
        notification_settings.cache_clear()
        return handler

    yield serve
    for controller in started:
        controller.stop()
    notification_settings.cache_clear()
