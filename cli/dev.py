"""``fieldgate dev``: everything on this machine, for as long as the command runs."""

from __future__ import annotations

import os
from importlib.util import find_spec

from cyclopts import App

from cli.environment import development_settings
from cli.failure import CommandFailedError, UsageError

app = App(
    name="dev",
    help="Start everything on this machine: a database, two demo tenants, the server.",
    help_epilogue="Example: `FIELDGATE_LISTEN=127.0.0.1:9000 fieldgate dev`",
)


@app.default
def dev() -> None:
    """Start a database, two demo tenants and the server, and say what to open. Ctrl-C stops all of it.

    The data is kept for the next start. With FIELDGATE_DATABASE_URL set, that database is used instead.
    """
    if os.environ.get("FIELDGATE_ENVIRONMENT") == "production":
        message = "dev is for a developer's machine, and FIELDGATE_ENVIRONMENT says production"
        raise UsageError(message)
    if find_spec("development") is None:
        message = "dev needs the checkout; this installation has what production needs"
        raise CommandFailedError(message)
    from cli.development_server import run_development_server  # noqa: PLC0415 - not there in production

    run_development_server(development_settings())
