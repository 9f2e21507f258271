"""`python -m services.billing.web`: serve billing's pages and its feed until told to stop."""

from __future__ import annotations

import socket
import sys

from fastapi import FastAPI

from services.billing.settings import billing_settings
from services.billing.web.app import create_app
from shared.policies import load_policies
from shared.settings import settings
from shared.web import listen, run


def opened() -> tuple[FastAPI, socket.socket]:
    """The application and its port; a ScopedeskError when it cannot start."""
    load_policies()
    settings().require_reply_tokens()
    wanted = billing_settings()
    return create_app(), listen(wanted.host, wanted.port, "SCOPEDESK_BILLING_HOST or SCOPEDESK_BILLING_PORT")


if __name__ == "__main__":
    sys.exit(run(opened))
