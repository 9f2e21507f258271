"""`python -m deploy.cli`, where the script `scopedesk` is not on the PATH."""

from deploy.cli import main

main()
