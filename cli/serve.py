"""``fieldgate serve``: the endpoint, until it is asked to stop."""

from __future__ import annotations

from cyclopts import App

from cli.environment import command_settings
from server.serve import serve as serve_until_stopped

app = App(
    name="serve", help="Serve the endpoint.", help_epilogue="Example: `FIELDGATE_LISTEN=0.0.0.0:8000 fieldgate serve`"
)


@app.default
def serve() -> None:
    """Serve the endpoint on FIELDGATE_LISTEN until SIGTERM or Ctrl-C, then finish the requests that run."""
    with command_settings() as settings:
        serve_until_stopped(settings)
