"""The secret that signs our letters' marks: made once in the data directory unless the settings name one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from shared.settings import REPLY_SECRET_FILE, settings


def keep_reply_secret(data_dir: Path) -> None:
    """Make the secret where there is none; Misconfigured when the one that is there is no good."""
    if settings().find_reply_tokens() is None:
        file = os.open(data_dir / REPLY_SECRET_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as made:
            made.write(f"{secrets.token_hex(24)}\n")
