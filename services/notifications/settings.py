"""How letters leave the house: the environment variables of the notifications room."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Misconfigured
from shared.settings import read_settings


class NotificationSettings(BaseSettings):
    """SCOPEDESK_NOTIFICATIONS_…; the defaults speak to the mail catcher of `scopedesk up`."""

    model_config = SettingsConfigDict(env_prefix="SCOPEDESK_NOTIFICATIONS_", extra="ignore")

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_starttls: bool = False
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    smtp_timeout_seconds: float = Field(default=300.0, gt=0, le=540)
    """For each answer of the mail server, five minutes as RFC 5321 4.5.3.2 asks; its last one may take longer."""
    senders: dict[str, str] = Field(
        default={
            "hypernode": "support@hypernode.example",
            "kenotronix": "support@kenotronix.example",
            "luxcloud": "support@luxcloud.example",
            "h-sphere": "support@h-sphere.example",
        },
    )
    """Provider to the mailbox of its letters on tickets that came to none (calls); else its policy's address. JSON."""
    team_mailbox: str = "on-call@scopedesk.example"
    """Pages come from here, and go here when the rota has nobody to tell. Not a mailbox that becomes tickets."""
    burst_limit: int = Field(default=3, ge=0)
    """Acknowledgements to one address within `burst_minutes`."""
    burst_minutes: int = Field(default=10, ge=1)
    daily_limit: int = Field(default=5, ge=0)
    """Acknowledgements to one address within 24 hours."""

    @property
    def burst(self) -> timedelta:
        """The span of `burst_limit`."""
        return timedelta(minutes=self.burst_minutes)

    def smtp_password(self) -> SecretStr | None:
        """The password in `smtp_password_file`; Misconfigured when a named file cannot be read."""
        if self.smtp_password_file is None:
            return None
        try:
            return SecretStr(self.smtp_password_file.read_text().strip())
        except OSError as error:
            raise Misconfigured(f"SCOPEDESK_NOTIFICATIONS_SMTP_PASSWORD_FILE: {error.strerror}") from error


@lru_cache
def notification_settings() -> NotificationSettings:
    """The settings of this process, read once."""
    return read_settings(NotificationSettings)
