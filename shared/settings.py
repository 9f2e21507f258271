"""Settings that every process shares, read once from the environment.

Without DATABASE_URL and REDIS_URL a command joins the stack that `scopedesk up` runs on the data directory: it finds
the addresses in that directory's `stack.json`.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.errors import Misconfigured
from shared.reply_tokens import ReplyTokens

STACK_FILE = "stack.json"
REPLY_SECRET_FILE = "reply-secret"  # noqa: S105 -- the name of a file
REPLY_SECRET_LENGTH = 16

S = TypeVar("S", bound=BaseSettings)


def _cache_dir() -> Path:
    """The user's own, as the XDG base directory specification has it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "scopedesk"


class Settings(BaseSettings):
    """The environment variables of the house; each room adds its own in its `settings.py`."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix="SCOPEDESK_", populate_by_name=True)

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    data_dir: Path = Path(".scopedesk")
    cache_dir: Path = Field(default_factory=_cache_dir)
    """What can be made again but takes a while: what was learnt from the policy packs."""
    policy_dir: Path | None = None
    """A folder of further policy packs, read beside the built-in ones."""
    calendar_overlay: Path | None = None
    """A file of changes to the calendars of the packs: holidays, closures, other weeks."""
    oncall_file: Path | None = None
    """A file that says who is on call when; without one, pages go to the team's mailbox."""
    reply_secret: SecretStr | None = Field(default=None, min_length=REPLY_SECRET_LENGTH)
    """Signs the reply addresses and Message-IDs of letters; the same for every process, and kept as long as they live.

    Without one it stands in the data directory, where `scopedesk up` makes it once.
    """
    quotes_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+(/[^\s]*)?$")
    """Where customers reach the page on which they agree to quotes; without it letters only ask for an answer by mail.

    The page is served by `python -m services.billing.web`; put your TLS proxy before it.
    """
    worker_concurrency: int = Field(default=4, ge=1, le=64)
    heartbeat_file: Path | None = None
    """A file that a worker and the relay touch while they are connected and at work; for container health checks."""
    log_format: str = Field(default="console", pattern="^(console|json)$")
    log_level: str = "INFO"

    def beat(self) -> None:
        """Leave a sign of life, where a health check looks for it."""
        if self.heartbeat_file:
            self.heartbeat_file.touch()

    def running_stack(self) -> dict[str, Any]:
        """What `scopedesk up` wrote about the stack on this data directory; empty when none runs."""
        try:
            found: dict[str, Any] = json.loads((self.data_dir / STACK_FILE).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError) as error:
            raise Misconfigured(f"cannot read {self.data_dir / STACK_FILE}: {error}") from error
        return found

    def require_database_url(self) -> str:
        """Where PostgreSQL is; Misconfigured when nobody said and no stack runs here."""
        return self._require("database_url", "DATABASE_URL")

    def require_redis_url(self) -> str:
        """Where Redis is; Misconfigured when nobody said and no stack runs here."""
        return self._require("redis_url", "REDIS_URL")

    def find_reply_tokens(self) -> ReplyTokens | None:
        """What signs and checks the marks of our letters; None when there is no secret."""
        if self.reply_secret:
            return ReplyTokens(self.reply_secret.get_secret_value().encode())
        path = self.data_dir / REPLY_SECRET_FILE
        try:
            secret = path.read_text().strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Misconfigured(f"cannot read {path}: {error.strerror}") from error
        if len(secret) < REPLY_SECRET_LENGTH:
            raise Misconfigured(f"{path} holds no secret; delete it and the next `scopedesk up` makes a new one")
        return ReplyTokens(secret.encode())

    def require_reply_tokens(self) -> ReplyTokens:
        """What signs and checks the marks of our letters; Misconfigured when there is no secret."""
        found = self.find_reply_tokens()
        if found is None:
            raise Misconfigured(
                "SCOPEDESK_REPLY_SECRET is not set: answers would not find their tickets. "
                "Set it, the same for every process (`openssl rand -hex 24` makes a good one)",
            )
        return found

    def _require(self, name: str, variable: str) -> str:
        url = getattr(self, name) or self.running_stack().get(name)
        if not url:
            raise Misconfigured(
                f"{variable} is not set and no stack runs on {self.data_dir}: "
                f"start one with `scopedesk up`, or set {variable}",
            )
        return str(url)


def read_settings(kind: type[S]) -> S:
    """Settings of a kind from the environment; Misconfigured names every wrong variable, never its value."""
    try:
        return kind()
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
        raise Misconfigured(_wrong(lines)) from error
    except SettingsError as error:  # a variable that should hold JSON does not
        raise Misconfigured(_wrong([f"{kind.model_config.get('env_prefix', '')}…: {error}"])) from error


def _wrong(lines: list[str]) -> str:
    return "wrong settings in the environment:\n  " + "\n  ".join(lines)


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings(Settings)
