"""How letters leave the house: the environment variables of the notifications room."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notifications.rules.limits import Limit, Per
from services.notifications.rules.sending import Suppression
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
    """Automatic letters to one address within `burst_minutes`."""
    burst_minutes: int = Field(default=10, ge=1)
    daily_limit: int = Field(default=5, ge=0)
    """Automatic letters to one address within 24 hours."""
    domain_limit: int = Field(default=10, ge=0)
    """Automatic letters to all addresses of one mail domain within an hour."""
    public_domains: frozenset[str] = frozenset(
        {
            "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.nl", "live.com", "live.nl", "msn.com",
            "icloud.com", "me.com", "yahoo.com", "proton.me", "protonmail.com", "gmx.net", "gmx.de", "web.de",
            "ziggo.nl", "home.nl", "kpnmail.nl", "planet.nl", "hetnet.nl", "xs4all.nl", "telfort.nl", "upcmail.nl",
        }
    )  # fmt: skip
    """Mail domains whose addresses have nothing to do with each other: no `domain_limit` holds there. JSON list."""
    breaker_limit: int = Field(default=30, ge=1)
    """Automatic letters of one provider within `breaker_minutes`; the next one stops them."""
    breaker_limits: dict[str, Annotated[int, Field(ge=1)]] = {}
    """The same for single providers, by what they are used to. JSON."""
    breaker_minutes: int = Field(default=15, ge=1)

    @field_validator("public_domains")
    @classmethod
    def _lower_case(cls, domains: frozenset[str]) -> frozenset[str]:
        return frozenset(domain.strip().lower() for domain in domains)

    def limits(self, provider: str) -> tuple[Limit, ...]:
        """Every limit on the automatic letters of a provider; its breaker is the last."""
        burst, hour, day = timedelta(minutes=self.burst_minutes), timedelta(hours=1), timedelta(days=1)
        return (
            Limit(Per.ADDRESS, self.burst_limit, burst, Suppression.BURST_LIMIT),
            Limit(Per.ADDRESS, self.daily_limit, day, Suppression.DAILY_LIMIT),
            Limit(Per.DOMAIN, self.domain_limit, hour, Suppression.DOMAIN_LIMIT),
            self.breaker(provider),
        )

    def breaker(self, provider: str) -> Limit:
        """The limit on everything automatic that a provider sends."""
        at_most = self.breaker_limits.get(provider, self.breaker_limit)
        return Limit(Per.PROVIDER, at_most, timedelta(minutes=self.breaker_minutes), Suppression.BREAKER)

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
