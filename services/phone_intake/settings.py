"""The environment variables of phone_intake."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.civil_time import zone_named
from shared.settings import read_settings

SAMPLE_NUMBERS = {
    "+31200000042": "hypernode",
    "+442079460142": "kenotronix",
    "+35220000042": "luxcloud",
    "+12025550142": "h-sphere",
}
"""Our own numbers in the sample call log: numbers that no telephone company can give to anybody."""


def _is_zone(key: str) -> str:
    zone_named(key)
    return key


class FollowedLog(BaseModel):
    """How a Master.csv that is followed is read: `zone` of the exchange's clock, else that of all logs.

    `since`: calls that began before that day (of the zone) are left alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: Annotated[str, AfterValidator(_is_zone)] | None = None
    since: date | None = None


class PhoneIntakeSettings(BaseSettings):
    """Which number belongs to which provider, and where call records are accepted over HTTP."""

    model_config = SettingsConfigDict(env_prefix="SCOPEDESK_PHONE_INTAKE_", extra="ignore")

    numbers: dict[str, str] = Field(default=SAMPLE_NUMBERS)
    """Number that was called, in E.164 → provider; as JSON in SCOPEDESK_PHONE_INTAKE_NUMBERS."""
    token: SecretStr | None = None
    """The bearer token that a telephone system shows; without one every record over HTTP is refused."""
    zone: Annotated[str, AfterValidator(_is_zone)] | None = None
    """The zone of the exchange's clock, for call logs whose times have none; None: such records are quarantined."""
    logs: dict[Path, FollowedLog] = {}
    """Asterisk's Master.csv files that are followed while they grow, as a JSON object: path → how."""
    mapping_file: Path | None = None
    """Which columns other systems write, see `gateway.mapping`."""
    response_seconds: int = Field(default=30, ge=1)
    """An outbound call is a response to the customer only when it was talked for so long."""
    twilio_token: SecretStr | None = None
    """Twilio's auth token, with which it signs; without one its webhook is refused."""
    public_url: str | None = None
    """The address under which the outside world reaches this server, when a proxy stands before it."""
    host: str = "127.0.0.1"
    port: int = Field(default=8610, ge=1, le=65535)


@lru_cache
def settings() -> PhoneIntakeSettings:
    """The settings of this process, read once."""
    return read_settings(PhoneIntakeSettings)
