"""`python -m services.phone_intake.gateway`: accept call records over HTTP until told to stop."""

from __future__ import annotations

import sys

from services.phone_intake.gateway.web import app
from services.phone_intake.settings import settings
from shared import logs
from shared.errors import ScopedeskError
from shared.settings import settings as house
from shared.web import listen, serve


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when it cannot start."""
    try:
        logs.configure()
        wanted = settings()
        house().require_database_url()
        listener = listen(wanted.host, wanted.port, "SCOPEDESK_PHONE_INTAKE_HOST or SCOPEDESK_PHONE_INTAKE_PORT")
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the supervisor shows it
        return 1
    serve(app, listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
