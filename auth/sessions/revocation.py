"""Sessions that were ended, known to this process within seconds, so that their access tokens die before they expire.

PostgreSQL tells of each end when it is committed (``tenancy/notifications.py``). Nobody relies on that alone: every two
seconds the process looks for itself, so an end is known soon after even if nothing was heard of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID

import structlog
from tortoise import connections

from tenancy.notifications import Channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tenancy.notifications import Notifications

    Ended = Callable[[], None]

LOOK_SECONDS: Final = 2.0
# Longer than any access token lives: afterwards there is none that could be shown.
REMEMBERED_SECONDS: Final = 600.0

# An end is dated when its transaction began, and seen when it was committed; servers' clocks differ as well.
_OVERLAP_SECONDS: Final = 120.0
_LOOKING_SECONDS: Final = 5.0

_LOOK: Final = """
SELECT id FROM fieldgate.session WHERE revoked_at > now() - make_interval(secs => $1)
UNION ALL
SELECT id FROM fieldgate.personal_access_token WHERE revoked_at > now() - make_interval(secs => $1)
"""

_log = structlog.get_logger()


class Revocations:
    """The sessions, and the personal access tokens, that were ended a short while ago."""

    def __init__(self, notifications: Notifications) -> None:
        # By when each may be forgotten, on the monotonic clock. The order is that of time, so the oldest is the first.
        self._ended: dict[UUID, float] = {}
        self._waiting: defaultdict[UUID, list[Ended]] = defaultdict(list)
        self._looked_at = time.monotonic() - REMEMBERED_SECONDS + _OVERLAP_SECONDS
        notifications.on(Channel.SESSION, self._heard)

    def is_revoked(self, session_id: UUID) -> bool:
        """Whether the session is over, as far as this process knows."""
        return session_id in self._ended

    def on_revoked(self, session_id: UUID, ended: Ended) -> Callable[[], None]:
        """Call ``ended`` once when the session ends, or now if it has; the function returned takes that back."""
        if session_id in self._ended:
            ended()
            return lambda: None
        waiting = self._waiting[session_id]
        waiting.append(ended)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                waiting.remove(ended)
            if not waiting and self._waiting.get(session_id) is waiting:
                del self._waiting[session_id]

        return unsubscribe

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look every two seconds while the block runs. It begins when the process has looked once, or could not."""
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
            await asyncio.sleep(LOOK_SECONDS)
            await self._look_safely()

    async def _look_safely(self) -> None:
        try:
            async with asyncio.timeout(_LOOKING_SECONDS):
                await self._look()
        except Exception as failure:  # noqa: BLE001 - whatever it is, the next look may succeed, and makes up for this one
            _log.warning("cannot look for ended sessions", error=type(failure).__name__)

    async def _look(self) -> None:
        now = time.monotonic()
        seconds = min(now - self._looked_at + _OVERLAP_SECONDS, REMEMBERED_SECONDS)
        rows = await connections.get("shared").execute_query_dict(_LOOK, [seconds])
        self._looked_at = now
        for row in rows:
            # asyncpg's identifiers are of a class of its own, equal to and hashed as UUID.
            self._end(cast("UUID", row["id"]))
        self._make_room(now)

    def _heard(self, payload: str) -> None:
        # Anybody who may connect to the database can say anything on a channel; the worst is a session to begin anew.
        with contextlib.suppress(ValueError):
            self._end(UUID(payload))

    def _end(self, session_id: UUID) -> None:
        if session_id in self._ended:
            return
        self._ended[session_id] = time.monotonic() + REMEMBERED_SECONDS
        for ended in self._waiting.pop(session_id, ()):
            ended()

    def _make_room(self, now: float) -> None:
        for session_id in [each for each, until in self._ended.items() if until < now]:
            del self._ended[session_id]
