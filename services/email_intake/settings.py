"""Environment variables of the email_intake room."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.email_intake.gateway.account import Account
from services.email_intake.rules.mailboxes import Mailboxes
from shared.settings import read_settings
from shared.settings import settings as house_settings

MEBIBYTE = 1 << 20


class EmailIntakeSettings(BaseSettings):
    """Which mailboxes are ours, how large a mail may be, which are read by IMAP, and where SMTP and LMTP are spoken."""

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
    lmtp_port: int = Field(default=2524, ge=0, le=65535)
    """On the same host."""
    smtp_max_connections: int = Field(default=20, ge=1)
    """Of SMTP and LMTP together; each may hold a mail of `size_limit` in memory."""
    smtp_relays: tuple[IPv4Network | IPv6Network, ...] = ()
    """Who may hand over mail, as a JSON list of addresses and networks; empty: whoever reaches the port."""
    smtp_certificate: Path | None = None
    smtp_certificate_key: Path | None = None
    """With a certificate (PEM) STARTTLS is offered; the key may stand in the same file."""
    imap: dict[str, Account] = {}
    """Mailboxes that are read by IMAP, as a JSON object: a name, mostly the mailbox's address, to its account."""

    trusted_authserv_ids: frozenset[str] = frozenset()
    """Whose Authentication-Results header counts, as a JSON list: the name that your own mail server writes there."""
    agents: frozenset[str] = frozenset()
    """Addresses of people of ours, as a JSON list: a mail that they forward is a request of whoever wrote it."""
    forms: frozenset[str] = frozenset()
    """Senders of contact forms, as a JSON list: there, and nowhere else, Reply-To is the person who asks."""

    @field_validator("trusted_authserv_ids", "agents", "forms")
    @classmethod
    def _lower_case(cls, names: frozenset[str]) -> frozenset[str]:
        return frozenset(name.strip().lower() for name in names if name.strip())

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

    @model_validator(mode="after")
    def _read_ours_only(self) -> EmailIntakeSettings:
        for name, account in self.imap.items():
            if account.address and account.address.lower() not in self.mailboxes:
                raise ValueError(f"imap {name}: {account.address} is none of our mailboxes")
        return self

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The mailboxes that are read by IMAP; one that is called as a mailbox of ours is that mailbox."""
        return tuple(
            account.named(name, name.lower() if name.lower() in self.mailboxes else "")
            for name, account in self.imap.items()
        )

    @property
    def own(self) -> Mailboxes:
        """Our mailboxes, for the rules."""
        return Mailboxes(
            self.mailboxes, house_settings().find_reply_tokens(), self.trusted_authserv_ids, self.agents, self.forms
        )


@lru_cache
def settings() -> EmailIntakeSettings:
    """The settings of this process, read once."""
    return read_settings(EmailIntakeSettings)
