"""`python -m services.desk.web`: serve the desk until told to stop."""

from __future__ import annotations

import socket
import sys

import uvicorn

from services.desk.settings import settings
from services.desk.web.app import create_app
from shared import logs
from shared.errors import Misconfigured, ScopedeskError
from shared.policies import load_policies


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on {host} port {port}: {error.strerror or error}. "
            "SCOPEDESK_DESK_HOST and SCOPEDESK_DESK_PORT choose another address",
        ) from error


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first."""
    try:
        logs.configure()
        load_policies()
        wanted = settings()
        listener = _listen(wanted.host, wanted.port)
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the supervisor shows it
        return 1
    uvicorn.Server(uvicorn.Config(create_app(), access_log=False, log_config=None)).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
