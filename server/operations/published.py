"""The documents in service, in memory: naming one costs a request one look into a dictionary.

PostgreSQL tells of each change when it is committed (``tenancy/notifications.py``). Nobody relies on that alone: every
two seconds the process looks for itself, so a retired document stops soon after even if nothing was heard of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import structlog
from tortoise import connections

from server.operations.identifier import identifier_of
from server.operations.registry import MAXIMUM_OPERATIONS
from tenancy.notifications import Channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tenancy.notifications import Notifications

LOOK_SECONDS: Final = 2.0

_LOOKING_SECONDS: Final = 5.0

# Which are in service, in one value. The text of an identifier never changes, so there is nothing else to compare.
_FINGERPRINT: Final = """
SELECT count(*) || ':' || coalesce(sum(hashtextextended(id::text, 0)::numeric), 0) AS fingerprint
FROM fieldgate.operation WHERE retired_at IS NULL
"""
_READ: Final = "SELECT identifier, digest, text FROM fieldgate.operation WHERE retired_at IS NULL ORDER BY id LIMIT $1"

_log = structlog.get_logger()


class PublishedOperations:
    """What is published, as this process knows it.

    Attributes:
        text: gives the text of the document that is published under an identifier, or whose SHA-256 it is. It is the
            dictionary's own look-up, so that there is nothing around it.
    """

    def __init__(self, notifications: Notifications) -> None:
        self._texts: dict[str, str] = {}
        self.text: Callable[[str], str | None] = self._texts.get
        self._fingerprint: str | None = None
        self._told = asyncio.Event()
        notifications.on(Channel.OPERATION, lambda _payload: self._told.set())
        notifications.on_connected(self._told.set)

    @contextlib.asynccontextmanager
    async def kept_current(self) -> AsyncIterator[None]:
        """Look when told to, and every two seconds, while the block runs. It begins after the first look."""
        await self._look_safely()
        running = asyncio.create_task(self._look_again())
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _look_again(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._told.wait()
            self._told.clear()
            await self._look_safely()

    async def _look_safely(self) -> None:
        try:
            async with asyncio.timeout(_LOOKING_SECONDS):
                await self._look()
        except Exception as failure:  # noqa: BLE001 - whatever it is, the next look may succeed, and makes up for this one
            _log.warning("cannot look for published operations", error=type(failure).__name__)

    async def _look(self) -> None:
        shared = connections.get("shared")
        fingerprint = (await shared.execute_query_dict(_FINGERPRINT))[0]["fingerprint"]
        if fingerprint == self._fingerprint:
            return
        texts: dict[str, str] = {}
        for row in await shared.execute_query_dict(_READ, [MAXIMUM_OPERATIONS]):
            texts[row["identifier"]] = texts[identifier_of(row["digest"])] = row["text"]
        self._texts.clear()
        self._texts.update(texts)
        # What has changed between the two statements is seen as a change the next time.
        self._fingerprint = fingerprint
