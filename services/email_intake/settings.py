"""Environment variables of the email_intake room."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.email_intake.rules.mailboxes import Mailboxes
from shared.settings import read_settings

MEBIBYTE = 1 << 20


class EmailIntakeSettings(BaseSettings):
    """Which mailboxes are ours, how large a mail may be, and where the SMTP listener is."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="SCOPEDESK_EMAIL_INTAKE_")

    mailboxes: dict[str, str] = {
        f"support@{provider}.example": provider for provider in ("hypernode", "kenotronix", "luxcloud", "h-sphere")
    }
    """Address to provider, as a JSON object."""
    size_limit: int = Field(default=35 * MEBIBYTE, ge=MEBIBYTE, le=100 * MEBIBYTE)
    """Bytes of the largest e-mail taken: what others send with 25 MB of files, encoded."""
    smtp_host: str = "127.0.0.1"
    """The listener expects a mail server in front of it, so only this machine reaches it by default."""
    smtp_port: int = Field(default=2525, ge=0, le=65535)
    smtp_max_recipients: int = Field(default=50, ge=1)

    @field_validator("mailboxes")
    @classmethod
    def _plain_addresses(cls, mailboxes: dict[str, str]) -> dict[str, str]:
        for address in mailboxes:
            local, at, domain = address.strip().rpartition("@")
            if not (local and at and domain) or "+" in local:
                raise ValueError(f"{address!r} is no mailbox address (one @, no +)")
        if not mailboxes:
            raise ValueError("no mailbox is named")
        return {address.strip().lower(): provider for address, provider in mailboxes.items()}

    @property
    def own(self) -> Mailboxes:
        """Our mailboxes, for the rules."""
        return Mailboxes(self.mailboxes)


@lru_cache
def settings() -> EmailIntakeSettings:
    """The settings of this process, read once."""
    return read_settings(EmailIntakeSettings)
