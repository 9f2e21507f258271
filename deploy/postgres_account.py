"""PostgreSQL refuses to run as root; under root it gets a system user of its own, and ways to what it must reach."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path

from shared.errors import Misconfigured

POSTGRES_ACCOUNT = "pgserver"


class PostgresAccount:
    """The user that PostgreSQL runs as under root, and what it must be able to reach."""

    def __init__(self, programs: Path) -> None:
        entry = account(POSTGRES_ACCOUNT) or self._create()
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        _open_the_way(programs)
        for path in (programs, *programs.rglob("*")):
            _allow(path, 0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044)

    def _create(self) -> pwd.struct_passwd:
        try:
            argv = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", POSTGRES_ACCOUNT]
            subprocess.run(argv, check=True, capture_output=True)  # noqa: S603  # fixed words
        except (OSError, subprocess.CalledProcessError) as error:
            raise Misconfigured(
                f"PostgreSQL does not run as root, and the user {POSTGRES_ACCOUNT} cannot be created ({error}): "
                "run scopedesk as another user, or set DATABASE_URL",
            ) from error
        return pwd.getpwnam(POSTGRES_ACCOUNT)

    def give(self, *paths: Path) -> None:
        """Make it the owner of these, and let it pass through the folders above."""
        for path in paths:
            os.chown(path, self.uid, self.gid)
            _open_the_way(path)


def _open_the_way(path: Path) -> None:
    """Let other users pass (not read) the folders above `path`."""
    for folder in path.parents:
        _allow(folder, 0o011)


def _allow(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)


def account(name: str) -> pwd.struct_passwd | None:
    """The system user of that name, None when there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
