"""Running the server: its socket, its signals, its end.

uvicorn does the work. What it leaves open is decided here: new traffic is turned away before the socket closes, every
wait on the way out has a bound, and a port that is taken is one sentence, not a traceback.
"""

from __future__ import annotations

import errno
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn

from server.app import StartFailedError, create_app
from server.drain import Drain
from server.http_protocol import BoundedHttpProtocol
from server.logging import configure_logging
from server.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from settings import Settings

_LAST_PORT: Final = 65_535

_log = structlog.get_logger()


class ListenError(Exception):
    """The address cannot be listened on. The message is for the person who started the server."""


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


def run(
    app: ASGIApp,
    drain: Drain,
    settings: Settings,
    *,
    listening: socket.socket | None = None,
    started: Callable[[], None] | None = None,
) -> None:
    """Serve ``app`` in this process, on the settings' address where no socket is handed over.

    Raises:
        ListenError: the address is taken, not ours, or not an address.
        StartFailedError: something that requests need could not be opened.
    """
    config = uvicorn.Config(
        app,
        http=BoundedHttpProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nothing here trusts the host, scheme or address that a proxy claims, so nothing needs to be believed.
        proxy_headers=False,
        # A request must not see what another one left behind in its context (cpython issue 140947).
        reset_contextvars=True,
        timeout_graceful_shutdown=settings.shutdown_grace_seconds,
    )
    server = GracefulServer(config, drain, settings, started)
    try:
        server.run(sockets=[listening or listen(settings.listen)])
    except SystemExit:  # uvicorn's way to say that the application's lifespan did not begin
        raise StartFailedError from None


def listen(address: str) -> socket.socket:
    """A listening socket on ``host:port``, where an IPv6 host stands in brackets.

    Raises:
        ListenError: the address cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _LAST_PORT:
        message = f"FIELDGATE_LISTEN must be host:port, not {address!r}"
        raise ListenError(message)
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=2048)
    except OSError as failure:
        is_taken = failure.errno == errno.EADDRINUSE
        reason = "is taken by another program" if is_taken else f"cannot be used ({failure})"
        message = f"The address {address} {reason}. Choose another with FIELDGATE_LISTEN=host:port."
        raise ListenError(message) from None


class GracefulServer(uvicorn.Server):
    """Stops in steps: unready at once, closed to new connections after the drain, gone when the requests are done.

    Args:
        config: uvicorn's own.
        drain: told of the first signal.
        settings: for how long a load balancer is given to notice that ``/readyz`` says no.
        started: called once requests are answered.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Drain, settings: Settings, started: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._settings = settings
        self._when_started = started
        self._drained_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _log.info("serving", address=self._settings.listen, url=self._settings.public_url)
        if self._when_started is not None:
            self._when_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a signal handler
        """First signal: drain. Second: stop now, finishing requests. Ctrl-C once more: do not even finish those.

        The signal is not kept to be raised again when all is over, as uvicorn does: a clean stop exits with 0.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        elif self._drain.begun:
            self.should_exit = True
        else:
            self._drain.begin()
            self._drained_at = time.monotonic() + self._settings.drain_seconds

    async def on_tick(self, counter: int) -> bool:
        if self._drained_at is not None and time.monotonic() >= self._drained_at:
            self.should_exit = True
        return await super().on_tick(counter)
