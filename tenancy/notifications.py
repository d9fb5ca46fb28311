"""What PostgreSQL tells this process while nobody asks: one connection that listens, for everybody in the process.

It is no connection of a pool. A pool's connections forget that they listened, and a pooler in between hands them to
others. Whoever must not miss anything looks for itself as well: what was said while the connection was down is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
from asyncpg_listen import ListenPolicy, Notification, NotificationListener

from tenancy.connection import DEFAULT_SEARCH_PATH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from asyncpg_listen import NotificationOrTimeout

    # Called in the event loop, one after the other; they must neither wait nor take long.
    Heard = Callable[[str], None]

# The library asks the connection for a sign of life three times in so many seconds, and takes none for a loss. At a
# shorter interval it would ask no oftener.
_SILENCE_SECONDS: Final = 3.0
_CONNECTING_SECONDS: Final = 2.0
# Times the number of attempts that have failed.
_RECONNECT_SECONDS: Final = 0.2

APPLICATION_NAME: Final = "fieldgate-listen"

_log = structlog.get_logger()


class Channel(StrEnum):
    """What is told, by triggers only. Payloads hold identifiers and nothing else."""

    # <schema of the tenant>:<type>:<key>:<what happened>
    CHANGE = "fieldgate_change"
    # <key of the session that was ended>
    SESSION = "fieldgate_session"
    # <schema of the tenant whose authorization version has changed>
    AUTHORIZATION = "fieldgate_authorization"
    # Nothing: some operation was published or retired
    OPERATION = "fieldgate_operation"


class Notifications:
    """Tells whoever wants to know what is said on the channels, and each time that something may have been missed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._heard: dict[Channel, list[Heard]] = {channel: [] for channel in Channel}
        self._connected: list[Callable[[], None]] = []

    def on(self, channel: Channel, heard: Heard) -> Callable[[], None]:
        """Call ``heard`` with each payload on ``channel``, until the function that is returned is called."""
        return _added(self._heard[channel], heard)

    def on_connected(self, connected: Callable[[], None]) -> Callable[[], None]:
        """Call ``connected`` each time that listening has begun: what was said before, nobody has heard."""
        return _added(self._connected, connected)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while the block runs. It begins without waiting for the connection, and reconnects for ever."""
        listener = NotificationListener(self._connect, reconnect_delay=_RECONNECT_SECONDS)
        handlers = {channel.value: self._handler(channel) for channel in Channel}
        running = asyncio.create_task(
            listener.run(handlers, policy=ListenPolicy.ALL, notification_timeout=_SILENCE_SECONDS)
        )
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    def _handler(self, channel: Channel) -> Callable[[NotificationOrTimeout], Coroutine[None, None, None]]:
        async def handle(notification: NotificationOrTimeout) -> None:
            if isinstance(notification, Notification):
                for heard in tuple(self._heard[channel]):
                    heard(notification.payload or "")

        return handle

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._url,
            timeout=_CONNECTING_SECONDS,
            server_settings={"search_path": DEFAULT_SEARCH_PATH, "application_name": APPLICATION_NAME},
        )
        try:
            for channel in Channel:
                # The library listens once this function has returned, and those who look for themselves what they have
                # missed have to look after that. So the channels are opened here already; it only adds its callback.
                await connection.add_listener(channel.value, _nobody)
        except BaseException:
            connection.terminate()
            raise
        asyncio.get_running_loop().call_soon(self._say_connected)
        return connection

    def _say_connected(self) -> None:
        _log.info("listening for notifications")
        for connected in tuple(self._connected):
            connected()


def _added(to: list[Callable[..., None]], function: Callable[..., None]) -> Callable[[], None]:
    to.append(function)

    def remove() -> None:
        with contextlib.suppress(ValueError):
            to.remove(function)

    return remove


def _nobody(_connection: object, _pid: int, _channel: str, _payload: str) -> None:
    """Nobody hears what is said between the opening of a channel and the library's own callback, a moment later."""
