"""``/livez`` and ``/readyz``: whether to restart this process, and whether to send it requests."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from server.drain import Drain

    # Returns when all is well, raises anything when it is not.
    Check = Callable[[], Awaitable[object]]

_CHECK_SECONDS: Final = 2.0

# Anybody may ask, so asking often must not become work for the database.
_REMEMBERED_SECONDS: Final = 1.0

_log = structlog.get_logger()


async def livez(_request: Request) -> Response:
    """Answers as long as the event loop turns, on purpose without looking at the database."""
    return _answer(200, {"status": "live"})


class Readiness:
    """``/readyz``.

    Args:
        drain: says when the process is on its way out, which makes it unready at once.
        checks: what must hold, by the name under which the answer reports it.
    """

    def __init__(self, drain: Drain, checks: Mapping[str, Check]) -> None:
        self._drain = drain
        self._checks = dict(checks)
        self._lock = asyncio.Lock()
        self._failed: list[str] = []
        self._checked_at = float("-inf")

    async def answer(self, _request: Request) -> Response:
        if self._drain.begun:
            return _answer(503, {"status": "draining"})
        async with self._lock:
            if time.monotonic() - self._checked_at > _REMEMBERED_SECONDS:
                self._failed = [name for name, check in self._checks.items() if not await _holds(name, check)]
                self._checked_at = time.monotonic()
        if self._failed:
            return _answer(503, {"status": "unready", "failed": self._failed})
        return _answer(200, {"status": "ready"})


async def _holds(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except Exception:  # noqa: BLE001 - whatever went wrong, the answer is "not ready", and the log has the reason
        _log.warning("not ready", check=name, exc_info=True)
        return False
    return True


def _answer(status: int, body: Mapping[str, object]) -> Response:
    return JSONResponse(body, status, headers={"cache-control": "no-store"})
