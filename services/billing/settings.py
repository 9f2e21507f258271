"""The environment variables of billing."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings


class BillingSettings(BaseSettings):
    """Where billing's web application listens."""

    model_config = SettingsConfigDict(env_prefix="SCOPEDESK_BILLING_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8620, ge=1, le=65535)


@lru_cache
def billing_settings() -> BillingSettings:
    """The settings of this process, read once."""
    return read_settings(BillingSettings)
