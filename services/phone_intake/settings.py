"""The environment variables of phone_intake."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings

SAMPLE_NUMBERS = {
    "+31200000042": "hypernode",
    "+442079460142": "kenotronix",
    "+35220000042": "luxcloud",
    "+12025550142": "h-sphere",
}
"""Our own numbers in the sample call log: numbers that no telephone company can give to anybody."""


class PhoneIntakeSettings(BaseSettings):
    """Which number belongs to which provider, and where call records are accepted over HTTP."""

    model_config = SettingsConfigDict(env_prefix="SCOPEDESK_PHONE_INTAKE_", extra="ignore")

    numbers: dict[str, str] = Field(default=SAMPLE_NUMBERS)
    """Number that was called, in E.164 → provider; as JSON in SCOPEDESK_PHONE_INTAKE_NUMBERS."""
    token: SecretStr | None = None
    """The bearer token that a telephone system shows; without one every record over HTTP is refused."""
    host: str = "127.0.0.1"
    port: int = Field(default=8610, ge=1, le=65535)


@lru_cache
def settings() -> PhoneIntakeSettings:
    """The settings of this process, read once."""
    return read_settings(PhoneIntakeSettings)
