"""The desk as agents reach it, over its web server."""

import pytest

from services.desk import settings as desk_settings
from services.desk.web.app import create_app
from web_client import TOKEN, Web


@pytest.fixture
def web(database, monkeypatch):
    monkeypatch.setenv("SCOPEDESK_DESK_TOKEN", TOKEN)
    desk_settings.settings.cache_clear()
    yield Web(create_app())
    desk_settings.settings.cache_clear()
