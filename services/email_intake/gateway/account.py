"""A mailbox on a mail server, as the settings describe it, and its secret."""

from __future__ import annotations

import shlex
import subprocess
from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from shared.errors import Misconfigured

TOKEN_SECONDS = 30.0
"""How long a token command may take."""

PORTS = {"tls": 993, "starttls": 143, "none": 143}


class Security(StrEnum):
    """How the connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Then(StrEnum):
    """What happens to an e-mail in its folder once it is stored."""

    MOVE = "move"
    SEEN = "seen"
    FLAG = "flag"
    LEAVE = "leave"


class Account(BaseModel):
    """One mailbox that is read by IMAP. A secret may stand here, in a file, or be printed by a command.

    `address`: the mailbox of ours that it is; empty when one account takes mail for several, and headers tell.
    `since`: mails that arrived before that day are left alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    host: str = Field(min_length=1)
    port: int = Field(default=0, ge=0, le=65535)
    security: Security = Security.TLS
    ca_file: Path | None = None
    user: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    token_command: str | None = None
    address: str = ""
    folders: tuple[str, ...] = Field(default=("INBOX",), min_length=1)
    then: Then = Then.MOVE
    processed: str = "Processed"
    since: date | None = None
    idle: bool = True
    poll_seconds: int = Field(default=60, ge=1, le=540)

    @model_validator(mode="after")
    def _one_secret(self) -> Account:
        if sum(map(bool, (self.password, self.password_file, self.token_file, self.token_command))) != 1:
            raise ValueError("needs one of password, password_file, token_file, token_command")
        if self.then is Then.MOVE and self.processed in self.folders:
            raise ValueError(f"{self.processed!r} is read and moved to: name another folder in `processed`")
        return self

    def named(self, name: str, address: str) -> Account:
        """The same account with what follows from its name in the settings."""
        chosen = {"name": name, "user": self.user or name, "port": self.port or PORTS[self.security]}
        return self.model_copy(update=chosen | {"address": self.address or address})

    @property
    def uses_token(self) -> bool:
        """Whether the login is OAuth2."""
        return bool(self.token_file or self.token_command)

    def secret(self) -> str:
        """The password or the token, fetched anew each time; Misconfigured says which file or command fails."""
        if self.password:
            return self.password.get_secret_value()
        if self.token_command:
            return _printed(self.token_command)
        path = self.password_file or self.token_file
        assert path
        try:
            found = path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is no text'}") from error
        if not found:
            raise Misconfigured(f"{path} is empty")
        return found


def _printed(command: str) -> str:
    """What a token command prints; what it says on stderr may hold a secret and is not repeated."""
    try:
        done = subprocess.run(  # noqa: S603 -- it is the operator's own command, without a shell
            shlex.split(command), capture_output=True, text=True, timeout=TOKEN_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise Misconfigured(f"the token command cannot be run ({type(error).__name__}): run it by hand") from error
    if done.returncode or not done.stdout.strip():
        raise Misconfigured(f"the token command ended with {done.returncode} and no token: run it by hand")
    return done.stdout.strip()
