"""Running an application until a signal asks to stop, and stopping it so that nobody notices.

uvicorn does the work. What it leaves open is decided here: new traffic is turned away before the socket closes, and
every wait on the way out has a bound.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn

from server.http_protocol import BoundedHttpProtocol
from server.listening import listen
from server.websocket_protocol import BoundedWebSocketProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp

    from server.drain import Drain
    from settings import Settings

# For streams to say that they end. uvicorn would cut WebSockets off with a code of its own.
_GOODBYE_SECONDS: Final = 0.3

_log = structlog.get_logger()


class StartFailedError(Exception):
    """Something that requests need could not be opened. The log says what."""

    def __init__(self) -> None:
        super().__init__("the server could not start; the log says why")


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
        ws=BoundedWebSocketProtocol,
        ws_max_size=settings.limit_body_bytes,
        # Compressed, a few bytes could become as many as there is memory.
        ws_per_message_deflate=False,
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
        # What is there now stays. Looking through it for garbage took a tenth of a second, each time for everybody.
        gc.collect()
        gc.freeze()
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
        is_over = await super().on_tick(counter)
        if is_over:
            self._drain.end()
            await asyncio.sleep(_GOODBYE_SECONDS)
        return is_over
