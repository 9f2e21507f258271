"""The environment variables of the desk."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings


class DeskSettings(BaseSettings):
    """Where the desk listens, and who may write through it."""

    model_config = SettingsConfigDict(env_prefix="SCOPEDESK_DESK_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=1, le=65535)
    token: SecretStr | None = None
    """The bearer token of agents and their tools; without one the desk only reads."""


@lru_cache
def settings() -> DeskSettings:
    """The settings of this process, read once."""
    return read_settings(DeskSettings)
