"""`python -m services.phone_intake.gateway`: accept call records over HTTP until told to stop."""

import os
import socket
import sys

import uvicorn

from services.phone_intake.gateway.web import app
from services.phone_intake.settings import settings
from shared.errors import Misconfigured, ScopedeskError
from shared.settings import settings as house


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on {host} port {port}: {os.strerror(error.errno) if error.errno else error}. "
            "SCOPEDESK_PHONE_INTAKE_HOST and SCOPEDESK_PHONE_INTAKE_PORT choose another address",
        ) from error


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first."""
    try:
        wanted = settings()
        house().require_database_url()
        listener = _listen(wanted.host, wanted.port)
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the supervisor shows it
        return 1
    uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning")).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
