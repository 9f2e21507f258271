"""`python -m services.desk.web`: serve the desk until told to stop."""

from __future__ import annotations

import sys

from services.desk.settings import settings
from services.desk.web.app import create_app
from shared import logs
from shared.errors import ScopedeskError
from shared.policies import load_policies
from shared.web import listen, serve


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when it cannot start."""
    try:
        logs.configure()
        load_policies()
        wanted = settings()
        listener = listen(wanted.host, wanted.port, "SCOPEDESK_DESK_HOST or SCOPEDESK_DESK_PORT")
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the supervisor shows it
        return 1
    serve(create_app(), listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
