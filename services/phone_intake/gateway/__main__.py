"""`python -m services.phone_intake.gateway`: accept call records over HTTP until told to stop."""

from __future__ import annotations

import socket
import sys

from fastapi import FastAPI

from services.phone_intake.gateway.web import app
from services.phone_intake.settings import settings
from shared.settings import settings as house
from shared.web import listen, run


def opened() -> tuple[FastAPI, socket.socket]:
    """The application and its port; a ScopedeskError when it cannot start."""
    wanted = settings()
    house().require_database_url()
    return app, listen(wanted.host, wanted.port, "SCOPEDESK_PHONE_INTAKE_HOST or SCOPEDESK_PHONE_INTAKE_PORT")


if __name__ == "__main__":
    sys.exit(run(opened))
