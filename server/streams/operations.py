"""One operation on a stream: one answer for a query or a mutation, one for each event of a subscription."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from engine.result import Result
from errors import ErrorCode, error
from tenancy.changes import TooSlowError
from tenancy.errors import StaleAuthorizationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from auth.viewer import Viewer
    from engine.engine import Engine
    from engine.request import Request
    from server.streams.stream_viewer import StreamViewer
    from tenancy.changes import Change, Changes, Topic, Waiting

Answer = TypeVar("Answer")

_MAXIMUM_RENEWALS: Final = 3

_log = structlog.get_logger()


class Operations:
    """Runs them. Events take half of the tenants' connections at most, so that requests always find one."""

    def __init__(self, engine: Engine, changes: Changes, pool_size: int) -> None:
        self._engine = engine
        self._changes = changes
        self._turns = asyncio.Semaphore(max(1, pool_size // 2))

    async def results(self, request: Request, stream: StreamViewer) -> AsyncGenerator[Result, None]:
        """Every answer to an operation. One without data is the last."""
        try:
            topic = await _renewing(stream, lambda viewer: self._engine.subscribe(request, viewer))
            if topic is None:
                yield await _renewing(stream, lambda viewer: self._engine.execute(request, viewer))
            elif isinstance(topic, Result):
                yield topic
            else:
                async for result in self._events(request, stream, topic):
                    yield result
        except TooSlowError:
            message = "More has changed than could be sent. Read what you show anew, and subscribe again."
            yield Result(None, (error(message, ErrorCode.RATE_LIMITED),))
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a masked error and the log the rest
            _log.exception("operation failed")
            masked = error("Internal server error", ErrorCode.INTERNAL_SERVER_ERROR, requestId=request.request_id)
            yield Result(None, (masked,))

    async def _events(self, request: Request, stream: StreamViewer, topic: Topic) -> AsyncGenerator[Result, None]:
        waiting = self._changes.wait(topic)
        try:
            while True:
                renewed = stream.renewed
                change = await _next(waiting, renewed)
                if change is None:
                    again = await _renewing(stream, lambda viewer: self._engine.subscribe(request, viewer))
                    if isinstance(again, Result):
                        yield again
                        return
                    continue
                result = await self._event(request, stream, change)
                if result is not None:
                    yield result
                    if result.data is None:
                        return
        finally:
            self._changes.stop(waiting)

    async def _event(self, request: Request, stream: StreamViewer, change: Change) -> Result | None:
        async with self._turns:
            return await _renewing(stream, lambda viewer: self._engine.event(request, viewer, change))


async def _next(waiting: Waiting, renewed: asyncio.Event) -> Change | None:
    """The next change; ``None`` when the grants have changed before there was one."""
    change, grants = asyncio.ensure_future(waiting.next()), asyncio.ensure_future(renewed.wait())
    try:
        await asyncio.wait({change, grants}, return_when=asyncio.FIRST_COMPLETED)
        return change.result() if change.done() else None
    finally:
        change.cancel()
        grants.cancel()


async def _renewing(stream: StreamViewer, call: Callable[[Viewer], Awaitable[Answer]]) -> Answer:
    for _ in range(_MAXIMUM_RENEWALS):
        try:
            return await call(stream.viewer)
        except StaleAuthorizationError:
            await stream.renew()
            if stream.ended.done():
                break
    return await call(stream.viewer)
