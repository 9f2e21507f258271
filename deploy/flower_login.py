"""Who may look into Flower: from the settings, else a password made once and kept where only its owner reads it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from deploy.settings import StackSettings
from shared.errors import Misconfigured

LOGIN_FILE = "flower-login"


@dataclass(frozen=True)
class Login:
    """A user and password for Flower; `made_now` when nobody has been told the password yet."""

    user: str
    password: str
    made_now: bool = False


def flower_login(wanted: StackSettings, data_dir: Path) -> Login:
    """The login in the settings, in the data directory, or a new one; Misconfigured when only half of it is set."""
    if wanted.flower_user and wanted.flower_password:
        password = wanted.flower_password.get_secret_value()
        if ":" in wanted.flower_user or "," in wanted.flower_user + password:
            raise Misconfigured("SCOPEDESK_FLOWER_USER and SCOPEDESK_FLOWER_PASSWORD cannot hold a comma or colon")
        return Login(wanted.flower_user, password)
    if wanted.flower_user or wanted.flower_password:
        raise Misconfigured("set both SCOPEDESK_FLOWER_USER and SCOPEDESK_FLOWER_PASSWORD, or neither")
    path = data_dir / LOGIN_FILE
    try:
        user, _, password = path.read_text().strip().partition(":")
    except FileNotFoundError:
        made = Login("operator", secrets.token_hex(8), made_now=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{made.user}:{made.password}\n")
        return made
    if not user or not password:
        raise Misconfigured(f"{path} does not hold user:password; delete it and a new one is made")
    return Login(user, password)
