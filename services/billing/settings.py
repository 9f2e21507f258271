"""The environment variables of billing."""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings

SECRET_PREFIX = "whsec_"  # noqa: S105 -- what every secret begins with
SECRET_BYTES = range(24, 65)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class BillingSystem(StrEnum):
    """How the billing system hears us, so how it is asked again for what it has not acknowledged."""

    NONE = "none"
    """There is none yet: events wait for it, and nothing is missed."""
    EXCHANGE = "exchange"
    FEED = "feed"
    WEBHOOK = "webhook"


class BillingSettings(BaseSettings):
    """Where billing's web application listens, and how the billing system is told what to book."""

    model_config = SettingsConfigDict(env_prefix="SCOPEDESK_BILLING_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8620, ge=1, le=65535)
    system: BillingSystem = BillingSystem.NONE
    exchange_url: SecretStr | None = None
    """The broker of the exchange (`redis://`, `amqp://`); by default the house's Redis."""
    exchange_queue: str = Field(default="scopedesk.billing", min_length=1)
    """The queue that is declared with the exchange, in which events wait for their first consumer."""
    ask_again_seconds: int = Field(default=60, ge=1)
    """How long an acknowledgement is waited for at first; then twice as long each time, an hour at most."""
    late_hours: int = Field(default=24, ge=1)
    """From when on a booking that is not acknowledged is a fault."""
    webhook_url: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    """`whsec_` and Base64 of 24 to 64 random bytes, as Standard Webhooks has it."""
    api_key: SecretStr | None = Field(default=None, min_length=16)
    """The bearer token of the billing system at the feed over HTTP; without one every request there is refused."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.system is BillingSystem.WEBHOOK and self.webhook_url is None:
            raise ValueError("a billing system that is told by webhook needs SCOPEDESK_BILLING_WEBHOOK_URL")
        if self.webhook_url:
            place = urlsplit(self.webhook_url.get_secret_value())
            if place.scheme != "https" and not (place.scheme == "http" and place.hostname in LOOPBACK):
                raise ValueError("SCOPEDESK_BILLING_WEBHOOK_URL must be https://, unless it is on this machine")
            if self.webhook_secret is None:
                raise ValueError("SCOPEDESK_BILLING_WEBHOOK_URL needs SCOPEDESK_BILLING_WEBHOOK_SECRET, which signs")
            webhook_key(self.webhook_secret)
        return self


def webhook_key(secret: SecretStr) -> bytes:
    """The bytes of a `whsec_…` secret; ValueError when they are none, too few or too many."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise ValueError("SCOPEDESK_BILLING_WEBHOOK_SECRET is not whsec_ and Base64 of 24 to 64 random bytes")
    return key


@lru_cache
def billing_settings() -> BillingSettings:
    """The settings of this process, read once."""
    return read_settings(BillingSettings)
