"""Serving: the application on its address, in one process or several."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from server.app import create_app
from server.drain import Drain
from server.graceful_server import StartFailedError, run
from server.listening import listen
from server.logging import configure_logging
from server.workers import Workers

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from starlette.routing import BaseRoute

    from settings import Settings


def serve(
    settings: Settings, *, extra_routes: Sequence[BaseRoute] = (), started: Callable[[], None] | None = None
) -> None:
    """Serve until a signal asks to stop, and return when everything has been closed.

    Args:
        settings: of the whole server.
        extra_routes: what a development server has beside the rest.
        started: called once requests are answered.

    Raises:
        ListenError: the address is taken, not ours, or not an address.
        WorkersError: one of several processes could not start.
        StartFailedError: the only process could not start.
    """
    configure_logging(settings.log_format)
    with listen(settings.listen) as listening:
        # What a development server has beside the rest cannot be handed to another process, and one is enough there.
        if settings.workers > 1 and not extra_routes and started is None:
            Workers(settings.workers, _serve_as_worker, settings, listening).run()
        else:
            drain = Drain()
            app = create_app(settings, drain=drain, extra_routes=extra_routes)
            run(app, drain, settings, listening=listening, started=started)


def _serve_as_worker(settings: Settings, listening: socket.socket) -> None:
    configure_logging(settings.log_format)
    drain = Drain()
    try:
        run(create_app(settings, drain=drain), drain, settings, listening=listening)
    except StartFailedError:
        sys.exit(1)
