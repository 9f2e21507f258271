"""The rota of this installation, from the file that SCOPEDESK_ONCALL_FILE names.

It is read whenever somebody has to be told, so that a changed turn counts at once and without a restart.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from shared.errors import Misconfigured
from shared.policies.yaml_source import WrongYaml, locate, read_yaml
from shared.rota import Rota, check_rota
from shared.settings import settings

log = structlog.get_logger()


def load_rota() -> Rota | None:
    """The rota as it stands now; None when none is configured, and when it is wrong.

    A mistake in it must not leave an emergency untold; `scopedesk doctor` names file, line and mend.
    """
    path = settings().oncall_file
    try:
        return read_rota(path) if path else None
    except Misconfigured as error:
        log.error("the rota cannot be used", error=type(error).__name__)  # noqa: TRY400 (its text may name people)
        return None


def read_rota(path: Path) -> Rota:
    """The rota in a file; Misconfigured has every mistake in it, with its line."""
    rota = read_yaml(path, Rota)
    if found := list(check_rota(rota)):
        raise WrongYaml(locate(path, found))
    return rota
