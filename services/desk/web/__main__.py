"""`python -m services.desk.web`: serve the desk until told to stop."""

from __future__ import annotations

import socket
import sys

from fastapi import FastAPI

from services.desk.settings import settings
from services.desk.web.app import create_app
from shared.policies import load_policies
from shared.web import listen, run


def opened() -> tuple[FastAPI, socket.socket]:
    """The application and its port; a ScopedeskError when it cannot start."""
    load_policies()
    wanted = settings()
    return create_app(), listen(wanted.host, wanted.port, "SCOPEDESK_DESK_HOST or SCOPEDESK_DESK_PORT")


if __name__ == "__main__":
    sys.exit(run(opened))
