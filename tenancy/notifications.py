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
from asyncpg_listen import NotificationListener

from tenancy.connection import DEFAULT_SEARCH_PATH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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
        self._heard: dict[str, list[Heard]] = {channel.value: [] for channel in Channel}
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
        # The library looks after the connection and hears nothing: its way takes a queue, a timer and a task for each
        # thing that is said, where asyncpg hands it over in the next turn of the loop.
        listener = NotificationListener(self._connect, reconnect_delay=_RECONNECT_SECONDS)
        running = asyncio.create_task(listener.run({}, notification_timeout=_SILENCE_SECONDS))
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._url,
            timeout=_CONNECTING_SECONDS,
            server_settings={"search_path": DEFAULT_SEARCH_PATH, "application_name": APPLICATION_NAME},
        )
        try:
            for channel in Channel:
                await connection.add_listener(channel.value, self._told)
        except BaseException:
            connection.terminate()
            raise
        # Those who look for themselves what they have missed have to look once the channels are open.
        asyncio.get_running_loop().call_soon(self._say_connected)
        return connection

    def _told(self, _connection: object, _pid: int, channel: str, payload: str) -> None:
        for heard in tuple(self._heard[channel]):
            heard(payload)

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
