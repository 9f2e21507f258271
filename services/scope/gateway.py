"""What was learnt from the packs, kept on disk from one start to the next.

Learning takes a second or two. What comes of it depends on the packs and on our own rules alone, so it is kept under a
name made of both. Only numbers are kept, nothing that could run; a file that cannot be read or written is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import structlog

from services.scope.rules.decide import Decider
from services.scope.rules.likeness import Arrays
from shared.policies import Policies
from shared.settings import settings

log = structlog.get_logger()

RULES = Path(__file__).parent / "rules"
KEPT_OF_EACH = 4
"""Files of one name that stay: of other packs, or of versions that change over."""


def ready_decider(policies: Policies) -> Decider:
    """The decider of these policies; at once when an earlier start has learnt from the same."""
    folder, version = settings().cache_dir, _version(policies)

    def keep(name: str, make: Callable[[], Arrays]) -> Arrays:
        path = folder / f"{name}-{version}.npz"
        with contextlib.suppress(OSError, EOFError, ValueError, zipfile.BadZipFile), path.open("rb") as file:
            return dict(np.load(file, allow_pickle=False))
        made = make()
        try:
            _write(path, made)
            _tidy(path, name)
        except OSError as error:
            log.info("what was learnt is not kept", folder=str(folder), error=error.strerror)
        return made

    return Decider.of(policies, keep)


def _version(policies: Policies) -> str:
    told = hashlib.sha256()
    for policy in sorted(policies.by_provider.values(), key=lambda policy: policy.id):
        told.update(f"{policy.id} {policy.version}".encode())
    for path in sorted(RULES.glob("*.py")):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def _write(path: Path, arrays: Arrays) -> None:
    """Whole or not at all, whoever else writes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        try:
            np.savez(file, **arrays)  # type: ignore[arg-type] # named arrays, as it wants them
        except OSError:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)


def _tidy(path: Path, name: str) -> None:
    others = path.parent.glob(f"{name}-{'?' * 16}.npz")
    newest_first = sorted(others, key=lambda one: one.stat().st_mtime, reverse=True)
    for old in newest_first[KEPT_OF_EACH:]:
        old.unlink(missing_ok=True)
