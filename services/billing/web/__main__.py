"""`python -m services.billing.web`: serve billing's pages until told to stop."""

from __future__ import annotations

import sys

from services.billing.settings import billing_settings
from services.billing.web.app import create_app
from shared import logs
from shared.errors import ScopedeskError
from shared.policies import load_policies
from shared.settings import settings
from shared.web import listen, serve


def main() -> int:
    """Serve until SIGTERM or Ctrl-C; 1 when it cannot start."""
    try:
        logs.configure()
        load_policies()
        settings().require_reply_tokens()
        wanted = billing_settings()
        listener = listen(wanted.host, wanted.port, "SCOPEDESK_BILLING_HOST or SCOPEDESK_BILLING_PORT")
    except ScopedeskError as error:
        print(error, file=sys.stderr)  # noqa: T201 -- the supervisor shows it
        return 1
    serve(create_app(), listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
