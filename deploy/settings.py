"""What `scopedesk up` needs to know beyond the house's settings: the ports of the stack and who may look into Flower.

The ports of rooms carry the names that the rooms themselves read, so that one variable moves both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings

ENV_PREFIX = "SCOPEDESK_"


class StackSettings(BaseSettings):
    """SCOPEDESK_…; everything listens on loopback unless a host is named."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore")

    email_intake_smtp_host: str = "127.0.0.1"
    email_intake_smtp_port: int = Field(default=2525, ge=1, le=65535)
    email_intake_lmtp_port: int = Field(default=2524, ge=1, le=65535)
    email_intake_imap: dict[str, Any] = {}
    """Mailboxes to read; what stands in it is the room's business. Without any, no reader is started."""
    phone_intake_logs: dict[str, Any] = {}
    """Call logs to follow; without any, no follower is started."""
    phone_intake_host: str = "127.0.0.1"
    phone_intake_port: int = Field(default=8610, ge=1, le=65535)
    billing_host: str = "127.0.0.1"
    billing_port: int = Field(default=8620, ge=1, le=65535)
    quotes_url: str | None = None
    """Where customers reach the page of a quote; without one, what listens here."""
    desk_host: str = "127.0.0.1"
    desk_port: int = Field(default=8600, ge=1, le=65535)
    flower_host: str = "127.0.0.1"
    flower_port: int = Field(default=5555, ge=1, le=65535)
    catcher_host: str = "127.0.0.1"
    catcher_smtp_port: int = Field(default=1025, ge=1, le=65535)
    catcher_web_port: int = Field(default=8025, ge=1, le=65535)

    notifications_smtp_host: str | None = None
    """Where letters go; without one they go to the mail catcher."""

    flower_user: str | None = None
    flower_password: SecretStr | None = None
    """Without both, a password is made once and kept in the data directory."""


@lru_cache
def stack_settings() -> StackSettings:
    """The settings of this process, read once."""
    return read_settings(StackSettings)


def read_room_settings() -> None:
    """Read the settings of every room that has some; Misconfigured names every wrong variable of the first that is."""
    from services.billing.settings import billing_settings
    from services.desk.settings import settings as desk_settings
    from services.email_intake.settings import settings as email_settings
    from services.notifications.settings import notification_settings
    from services.phone_intake.settings import settings as phone_settings

    for read in (email_settings, phone_settings, billing_settings, notification_settings, desk_settings):
        read()
